"""Films of the media sandbox: a picture that sways, as MP4 with H.264 that browsers play.

The first frame is the picture in raw macroblocks, larger than the film by a margin; each other one is that
frame moved by one vector, a hundred bytes. Sources: ITU-T H.264 (clauses 7.3, 8.4.1), ISO/IEC 14496-12, -15.
"""

import math
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final

from deploy.local.picture import Colour, pattern

FPS: Final = 24
MARGIN: Final = 32  # pixels on each side that only show while the picture sways
_REACH: Final = MARGIN - 8
_PERIOD_S: Final = 4.0
# (macroblocks of a frame at most, level_idc): table A-1.
_LEVELS: Final = ((1_620, 30), (3_600, 31), (8_192, 40), (36_864, 51), (139_264, 60))
_ZEROS: Final = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(prompt: str, seed: int, size: tuple[int, int], seconds: int) -> bytes:
    """A film of that size in pixels and that length. An odd side is rounded up: chroma is halved."""
    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    across, down = (-(-(side + 2 * MARGIN) // 16) for side in (width, height))
    sets = (_sequence(across, down, width, height), _picture_set())
    frames = [_key_frame(prompt, seed, across, down)]
    frames += [_swayed(number, across, down) for number in range(1, seconds * FPS)]
    samples = [struct.pack(">I", len(frame)) + frame for frame in frames]
    head = _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    moov = _moov((width, height), samples, sets, 0)
    moov = _moov((width, height), samples, sets, len(head) + len(moov) + 8)
    return head + moov + _box(b"mdat", *samples)


class _Bits:
    """Bits from left to right, as H.264 writes them (clause 7.2)."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def u(self, value: int, bits: int) -> "_Bits":
        self._text.append(f"{value:0{bits}b}")
        return self

    def ue(self, value: int) -> "_Bits":
        """Exp-Golomb (clause 9.1)."""
        code = f"{value + 1:b}"
        self._text.append("0" * (len(code) - 1) + code)
        return self

    def se(self, value: int) -> "_Bits":
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def aligned(self) -> bytes:
        """The bits so far, filled with zeros to a whole byte."""
        text = "".join(self._text)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")

    def closed(self) -> bytes:
        """With rbsp_trailing_bits."""
        return self.u(1, 1).aligned()


def _nal(kind: int, data: bytes) -> bytes:
    return bytes((kind,)) + _ZEROS.sub(b"\0\0\3", data)


def _sequence(across: int, down: int, width: int, height: int) -> bytes:
    level = next(level for most, level in _LEVELS if across * down <= most)
    bits = _Bits().u(66, 8).u(0xC0, 8).u(level, 8).ue(0)  # constrained baseline
    bits.ue(0).ue(0).ue(12)  # frame numbers of 4 bits; picture order count type 0, of 16 bits
    bits.ue(1).u(0, 1).ue(across - 1).ue(down - 1).u(0b11, 2)  # one reference; frames only
    right, below = across * 16 - width - MARGIN, down * 16 - height - MARGIN
    bits.u(1, 1).ue(MARGIN // 2).ue(right // 2).ue(MARGIN // 2).ue(below // 2)
    return _nal(0x67, bits.u(0, 1).closed())


def _picture_set() -> bytes:
    bits = _Bits().ue(0).ue(0).u(0, 2).ue(0).ue(0).ue(0).u(0, 3)  # CAVLC, one slice group, one reference
    return _nal(0x68, bits.se(0).se(0).se(0).u(0b100, 3).closed())  # deblocking is the slices' to say


def _key_frame(prompt: str, seed: int, across: int, down: int) -> bytes:
    """An IDR slice whose macroblocks are raw samples (I_PCM)."""
    head = _Bits().ue(0).ue(7).ue(0).u(0, 4).ue(0).u(0, 16).u(0, 2).se(0).ue(1)
    data = [head.ue(25).aligned()]
    blocks = _macroblocks(prompt, seed, across, down)
    data.append(next(blocks))
    for block in blocks:
        data += (b"\x0d\x00", block)  # mb_type 25 as Exp-Golomb, then zeros up to the byte
    return _nal(0x65, b"".join(data) + b"\x80")


def _macroblocks(prompt: str, seed: int, across: int, down: int) -> Iterator[bytes]:
    """The samples of each: 16 rows of luma, 8 of either chroma."""
    made = pattern(prompt, seed)
    luma, blue, red = _tables(made.palette)
    lines = list(made.lines(across * 16, down * 16))
    for top in range(0, len(lines), 16):
        planes = (
            (16, [line.translate(luma) for line in lines[top : top + 16]]),
            (8, [line[::2].translate(blue) for line in lines[top : top + 16 : 2]]),
            (8, [line[::2].translate(red) for line in lines[top : top + 16 : 2]]),
        )
        for x in range(across):
            yield b"".join(row[x * side : (x + 1) * side] for side, rows in planes for row in rows)


def _tables(palette: Sequence[Colour]) -> tuple[bytes, bytes, bytes]:
    """Palette index → Y, Cb, Cr by BT.601 in studio range; H.264 forbids zeros in raw samples."""
    weights = (
        (65.738, 129.057, 25.064, 16),
        (-37.945, -74.494, 112.439, 128),
        (112.439, -94.154, -18.285, 128),
    )
    luma, blue, red = (
        bytes(round((r * a + g * b + c * d) / 256 + e) for r, g, c in palette) for a, b, d, e in weights
    )
    return luma, blue, red


def _swayed(number: int, across: int, down: int) -> bytes:
    """A frame that nobody refers to: the first one, moved by one vector in quarters of a pixel."""
    angle = 2 * math.pi * number / (FPS * _PERIOD_S)
    x, y = round(4 * _REACH * math.sin(angle)), round(2 * _REACH * math.sin(2 * angle))
    bits = _Bits().ue(0).ue(5).ue(0).u(1, 4).u(2 * number, 16).u(0, 2).se(0).ue(1)
    if x == y == 0:
        return _nal(0x01, bits.ue(across * down).closed())
    # The first block says the vector. Along the upper and the left edge none may be skipped; all others take
    # their neighbours' vector by being skipped (clauses 8.4.1.1, 8.4.1.3).
    bits.ue(0).ue(0).se(x).se(y).ue(0)
    for _ in range(across - 1):
        bits.ue(0).ue(0).se(0).se(0).ue(0)
    for row in range(1, down):
        bits.ue(0 if row == 1 else across - 1).ue(0).se(0).se(0).ue(0)
    return _nal(0x01, bits.ue(across - 1).closed())


def _box(name: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I", 8 + sum(map(len, parts))) + name + b"".join(parts)


def _full(name: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _moov(size: tuple[int, int], samples: Sequence[bytes], sets: tuple[bytes, bytes], offset: int) -> bytes:
    """The film's description; times in frames."""
    count = len(samples)
    mvhd = struct.pack(">IIIIIHH8x", 0, 0, FPS, count, 0x10000, 0x100, 0) + _MATRIX + bytes(24) + b"\0\0\0\2"
    tkhd = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, count, 0, 0, 0, 0) + _MATRIX
    tkhd += struct.pack(">II", size[0] << 16, size[1] << 16)
    stbl = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _avc1(size, sets)),
        _full(b"stts", struct.pack(">III", 1, count, 1)),
        _full(b"stss", struct.pack(">II", 1, 1)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(">II", 0, count), *(struct.pack(">I", len(s)) for s in samples)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    dinf = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    mdia = _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, FPS, count, 0x55C4, 0)),
        _full(b"hdlr", b"\0\0\0\0vide" + bytes(12) + b"CloudAPI sandbox\0"),
        _box(b"minf", _full(b"vmhd", bytes(8), flags=1), dinf, stbl),
    )
    return _box(b"moov", _full(b"mvhd", mvhd), _box(b"trak", _full(b"tkhd", tkhd, flags=7), mdia))


def _avc1(size: tuple[int, int], sets: tuple[bytes, bytes]) -> bytes:
    sequence, picture = sets
    avcc = bytes((1, *sequence[1:4], 0xFF, 0xE1)) + struct.pack(">H", len(sequence)) + sequence
    avcc += b"\1" + struct.pack(">H", len(picture)) + picture
    entry = struct.pack(">6xH16xHHIIIH32sHh", 1, *size, 0x480000, 0x480000, 0, 1, b"", 24, -1)
    return _box(b"avc1", entry, _box(b"avcC", avcc))
