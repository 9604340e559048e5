"""How long a sound is, by its file's own headers: what is paid by the second is bounded before it is heard.

Sources: RIFF/WAVE (Microsoft, 1991), ISO/IEC 11172-3 §2.4 (MP3 frames), RFC 3533 and 7845 (Ogg, Opus),
RFC 9639 (FLAC), ISO/IEC 14496-12 §8.2.2 (MP4), RFC 8794 and 9559 (EBML, Matroska).
"""

import math
import struct
from collections.abc import Callable, Iterator
from typing import Final

_LENGTH_MAX_MS: Final = 7 * 24 * 3600 * 1000
# No codec that people send speaks in less than 8 kbit/s; of a file that tells nothing 64 is a fair guess.
_LOWEST_BYTES_PER_S: Final = 1000
_USUAL_BYTES_PER_S: Final = 8000


def length_ms(data: bytes) -> int | None:
    """Milliseconds of a sound; None where its headers don't tell."""
    for is_one, read in _READERS:
        if is_one(data):
            try:
                found = read(data)
            except (struct.error, IndexError, ZeroDivisionError, OverflowError, ValueError):
                return None
            return found if found is not None and 0 < found <= _LENGTH_MAX_MS else None
    return None


def seconds(data: bytes) -> int | None:
    """Whole seconds, a started one counts; None where the headers don't tell."""
    found = length_ms(data)
    return None if found is None else -(-found // 1000)


def longest_s(data: bytes) -> int:
    """Seconds that a sound of so many bytes can't exceed."""
    return -(-len(data) // _LOWEST_BYTES_PER_S)


def usual_s(data: bytes) -> int:
    """Seconds of a sound of so many bytes as most are."""
    return -(-len(data) // _USUAL_BYTES_PER_S)


def _wav(data: bytes) -> int | None:
    at, rate, frame = 12, 0, 0
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            form, channels, rate, per_second, _, bits = struct.unpack_from("<HHIIHH", data, at + 8)
            frame = channels * bits // 8
            if form not in (1, 3, 0xFFFE):  # compressed: only the header knows
                rate, frame = per_second, 1
        elif name == b"data":
            rest = len(data) - at - 8  # a stream that was never finished claims nothing, or everything
            return 1000 * (min(size or rest, rest) // frame) // rate
        at += 8 + size + size % 2
    return None


# kbit/s by (MPEG-1?, layer III?) and index.
_BITRATES: Final = {
    (True, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
# Sample rates by the version's bits: 2.5, reserved, 2, 1.
_RATES: Final = ((11_025, 12_000, 8_000), (), (22_050, 24_000, 16_000), (44_100, 48_000, 32_000))
_FRAMES_MAX: Final = 300_000
_STRAY_MAX: Final = 64


def _mp3(data: bytes) -> int | None:
    """Walks the frames: each tells its own size and rate, and what lies between them is skipped."""
    at = _after_id3(data)
    nanos = frames = stray = 0
    while frames < _FRAMES_MAX:
        frame = _FRAMES.get(data[at : at + 3])
        if frame is None:
            at = data.find(b"\xff", at + 1)
            stray += 1
            if at < 0 or stray > _STRAY_MAX:
                break
            continue
        size, length = frame
        at += size
        nanos += length
        frames += 1
    if frames < 2:
        return None
    rest = len(data) - at if 0 < at < len(data) else 0  # as long as it can be
    return nanos // 1_000_000 + rest * 1000 // _LOWEST_BYTES_PER_S


def _frames() -> Iterator[tuple[bytes, tuple[int, int]]]:
    """The first three bytes of each possible frame → (bytes, nanoseconds)."""
    for version in (0, 2, 3):
        for layer, samples in ((1, 1152 if version == 3 else 576), (2, 1152)):
            for index, kbit in enumerate(_BITRATES[version == 3, layer]):
                for place, rate in enumerate(_RATES[version]):
                    for low in range(4):  # padding and the private bit
                        size = samples * kbit * 125 // rate + (low >> 1)
                        for free in (0, 1) if kbit else ():  # with a checksum, without
                            second = 0xE0 | version << 3 | layer << 1 | free
                            third = index << 4 | place << 2 | low
                            yield bytes((0xFF, second, third)), (size, samples * 1_000_000_000 // rate)


_FRAMES: Final = dict(_frames())


def _after_id3(data: bytes) -> int:
    if not data.startswith(b"ID3") or len(data) < 10:
        return 0
    a, b, c, d = data[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)


def _is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or data[:3] in _FRAMES


def _ogg(data: bytes) -> int | None:
    """The last page tells the position of its end, the first one what it counts in."""
    skip, rate = 0, 0
    if (at := data.find(b"OpusHead", 0, 512)) >= 0:
        skip, rate = int.from_bytes(data[at + 10 : at + 12], "little"), 48_000
    elif (at := data.find(b"\x01vorbis", 0, 512)) >= 0:
        rate = int.from_bytes(data[at + 12 : at + 16], "little")
    last = data.rfind(b"OggS\x00")
    (position,) = struct.unpack_from("<q", data, last + 6)
    return int(1000 * (position - skip) // rate)


def _flac(data: bytes) -> int | None:
    packed = int.from_bytes(data[18:26], "big")  # rate 20 bits, channels 3, depth 5, samples 36
    return 1000 * (packed & (1 << 36) - 1) // (packed >> 44)


def _mp4(data: bytes) -> int | None:
    movie = _box(data, b"moov", 0, len(data))
    if movie is None:
        return None
    found = _box(data, b"mvhd", *movie)
    return None if found is None else _movie_length(data, found[0])


def _movie_length(data: bytes, at: int) -> int:
    """Version 1 has times and duration of 64 bits."""
    scale, length = struct.unpack_from(
        ">IQ" if data[at] == 1 else ">II", data, at + (20 if data[at] == 1 else 12)
    )
    return int(1000 * length // scale)


def _box(data: bytes, name: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Where a box's content begins and ends."""
    while at + 8 <= end:
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if data[at + 4 : at + 8] == name:
            return at + head, min(end, at + size if size else end)
        if size < head:
            return None
        at += size
    return None


_SEGMENT, _INFO, _SCALE, _DURATION = 0x18538067, 0x1549A966, 0x2AD7B1, 0x4489
_CLUSTER: Final = b"\x1f\x43\xb6\x75"
_TIMECODE, _SIMPLE_BLOCK = 0xE7, 0xA3
_ELEMENTS_MAX: Final = 10_000


def _webm(data: bytes) -> int | None:
    """By its duration; a recording that was streamed has none, but its last cluster has a time."""
    scale, length = 1_000_000, 0.0  # nanoseconds per tick
    segment = next((e for e in _elements(data, 0, len(data)) if e[0] == _SEGMENT), None)
    if segment is None:
        return None
    info = next((e for e in _elements(data, *segment[1:]) if e[0] == _INFO), None)
    for name, start, end in _elements(data, *info[1:]) if info else ():
        if name == _SCALE:
            scale = int.from_bytes(data[start:end], "big")
        elif name == _DURATION:
            (length,) = struct.unpack(">f" if end - start == 4 else ">d", data[start:end])
    ticks = length if math.isfinite(length) and length > 0 else _last_tick(data)
    return int(ticks * scale / 1_000_000)


def _last_tick(data: bytes) -> int:
    """When the last block begins."""
    at = data.rfind(_CLUSTER)
    if at < 0:
        return 0
    _, inside = _number(data, at + 4, keep=False)
    base = last = 0
    for name, start, end in _elements(data, inside, len(data)):
        if name == _TIMECODE:
            base = int.from_bytes(data[start:end], "big")
        elif name == _SIMPLE_BLOCK:
            _, after = _number(data, start, keep=False)
            last = max(last, int.from_bytes(data[after : after + 2], "big", signed=True))
    return base + last


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(id, start, end) of the elements side by side; one of unknown size goes to the end."""
    for _ in range(_ELEMENTS_MAX):
        if at >= end:
            return
        name, at = _number(data, at, keep=True)
        width = 9 - data[at].bit_length()
        size, at = _number(data, at, keep=False)
        until = end if size == (1 << 7 * width) - 1 else min(end, at + size)
        yield name, at, until
        at = until


def _number(data: bytes, at: int, *, keep: bool) -> tuple[int, int]:
    """A variable-size integer and where it ends; `keep` leaves its length marker in, as ids have it."""
    width = 9 - data[at].bit_length()
    if width > 8:
        raise ValueError("an EBML number of more than 8 bytes")
    value = int.from_bytes(data[at : at + width], "big")
    return value if keep else value & (1 << 7 * width) - 1, at + width


_READERS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], int | None]], ...]] = (
    (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE", _wav),
    (lambda data: data.startswith(b"OggS"), _ogg),
    (lambda data: data.startswith(b"fLaC"), _flac),
    (lambda data: data[4:8] == b"ftyp", _mp4),
    (lambda data: data.startswith(b"\x1a\x45\xdf\xa3"), _webm),
    (_is_mp3, _mp3),
)
