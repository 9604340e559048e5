"""Pictures of the media sandbox: a girih of eight-pointed stars in turquoise and cobalt, as PNG.

The same prompt, seed and size make the same picture. Rows are whole bytes objects: a tile is computed pixel
by pixel, all else is repetition, so that a megapixel takes some 10 ms.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]

TURQUOISE: Final[tuple[Colour, ...]] = ((23, 162, 168), (64, 196, 190), (15, 127, 150))
COBALT: Final[tuple[Colour, ...]] = ((27, 63, 156), (18, 40, 110), (44, 88, 190))
IVORY, GOLD = (244, 236, 214), (214, 170, 84)
_STEPS: Final = 32  # of the gradient; eight tones in each
_TONES: Final = 8
_LINE: Final = 1.6  # half the width of a strap, in pixels


@dataclass(frozen=True, slots=True)
class Pattern:
    """A picture as rows of palette indices. `palette`: 256 colours."""

    palette: tuple[Colour, ...]
    rows: tuple[bytes, ...]  # of one tile, each a tile wide
    offset: tuple[int, int]

    def lines(self, width: int, height: int) -> Iterator[bytes]:
        """Each row of the picture, one byte per pixel."""
        side = len(self.rows)
        left, top = self.offset
        tables = [
            bytes(tone * _STEPS + step for tone in range(_TONES)).ljust(256, b"\0") for step in range(_STEPS)
        ]
        wide = [(row * (width // side + 2))[left : left + width] for row in self.rows]
        for y in range(height):
            yield wide[(y + top) % side].translate(tables[y * _STEPS // height])


def pattern(prompt: str, seed: int) -> Pattern:
    """The pattern that belongs to a prompt and a seed."""
    dice = hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()
    half = 40 + 8 * (dice[0] % 4)
    quarter = _quarter(half, dice[1] % 5 / 20)
    upper = [row[::-1] + row for row in quarter]
    sky, deep = TURQUOISE[dice[2] % 3], COBALT[dice[3] % 3]
    if dice[4] % 2:
        sky, deep = deep, sky
    return Pattern(
        palette=_palette(sky, deep),
        rows=(*reversed(upper), *upper),
        offset=(dice[5] % (2 * half), dice[6] % (2 * half)),
    )


def png(prompt: str, seed: int, width: int, height: int) -> bytes:
    """A PNG of that size in pixels (W3C PNG, colour type 3)."""
    made = pattern(prompt, seed)
    squeeze = zlib.compressobj(1)
    data = [squeeze.compress(b"\0" + line) for line in made.lines(width, height)]
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(value for colour in made.palette for value in colour)),
        (b"tEXt", b"Software\0CloudAPI sandbox"),
        (b"IDAT", b"".join(data) + squeeze.flush()),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _quarter(half: int, turn: float) -> list[bytes]:
    """Tones of a quarter tile, row by row from its middle: a star there, another in the corner."""
    return [bytes(_tone(x + 0.5, y + 0.5, half, turn) for x in range(half)) for y in range(half)]


def _tone(x: float, y: float, half: int, turn: float) -> int:
    """0 ground, 1 field, 2–3 star, 4–5 corner star, 6 strap, 7 heart."""
    near, far = _star(x, y), _star(half - x, half - y)
    rim, corner = half * (0.62 + turn / 2), half * (0.34 - turn / 3)
    straps = (near - rim, near - rim * 0.55, far - corner, abs(x - y) - half * 0.02 if near > rim else half)
    if any(abs(distance) < _LINE for distance in straps):
        return 6
    if near < rim:
        return 7 if near < rim * 0.25 else 3 if near < rim * 0.55 else 2
    if far < corner:
        return 5 if far < corner * 0.5 else 4
    return int(x > y)


def _star(x: float, y: float) -> float:
    """Distance from the middle in a norm whose circle is two squares, one turned by 45°."""
    return min(max(x, y), (x + y) * 0.7071)


def _palette(sky: Colour, deep: Colour) -> tuple[Colour, ...]:
    """Eight tones, each from the top of the picture to its bottom."""
    tops = (sky, _mix(sky, deep, 0.25), _mix(deep, sky, 0.3), deep, _mix(sky, IVORY, 0.35), GOLD, IVORY, GOLD)
    feet = (
        deep,
        _mix(deep, sky, 0.2),
        sky,
        _mix(sky, IVORY, 0.2),
        _mix(deep, IVORY, 0.3),
        GOLD,
        IVORY,
        IVORY,
    )
    pairs = zip(tops, feet, strict=True)
    return tuple(_mix(top, foot, step / (_STEPS - 1)) for top, foot in pairs for step in range(_STEPS))


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
