"""How alike two pictures look: a difference hash of 64 bits. Pure.

Each bit says whether a pixel of the picture, made 9 × 8 and grey, is brighter than the next one of its row.
Scaling and recompressing change few of them.
"""

from typing import Final

WIDTH: Final = 9
HEIGHT: Final = 8
ALIKE: Final = 6  # bits that may differ


def difference_hash(grey: bytes) -> int:
    """Of 9 × 8 grey pixels, row by row: 64 bits as a signed integer, as PostgreSQL keeps it."""
    bits = 0
    for row in range(HEIGHT):
        for column in range(WIDTH - 1):
            at = row * WIDTH + column
            bits = bits << 1 | (grey[at] > grey[at + 1])
    return bits - (1 << 64) if bits >> 63 else bits


def distance(one: int, other: int) -> int:
    """In how many of the 64 bits two hashes differ."""
    return ((one ^ other) & (1 << 64) - 1).bit_count()
