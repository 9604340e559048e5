"""How long an MP4 is, by its movie header (ISO/IEC 14496-12 §8.2.2). Reads boxes, decodes nothing."""

import struct
from collections.abc import Iterator
from typing import Final

_LONGEST_S: Final = 3600


def is_mp4(data: bytes) -> bool:
    """Whether the first box is the file type box, as that of every MP4 is."""
    return data[4:8] == b"ftyp"


def seconds_of(data: bytes) -> int | None:
    """Whole seconds, a started one counted; None where no header tells."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"moov":
            for inner, first, last in _boxes(data, start, end):
                if inner == b"mvhd":
                    return _duration(data[first:last])
    return None


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of the contents of each box between two places."""
    while at + 8 <= end:
        size, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:  # the size is 64 bits long and comes after the type
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:  # to the end of the file
            size = end - at
        if size < head:
            return
        yield kind, at + head, min(at + size, end)
        at += size


def _duration(header: bytes) -> int | None:
    layout, start = (">IQ", 20) if header[:1] == b"\x01" else (">II", 12)
    try:
        scale, units = map(int, struct.unpack_from(layout, header, start))
    except struct.error:
        return None
    if not scale or units in (0, 2**32 - 1, 2**64 - 1):  # all ones: unknown
        return None
    return min(-(-units // scale), _LONGEST_S)
