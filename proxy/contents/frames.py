"""What a worker and its sealer say to each other: a frame with content there, a line of JSON back."""

from collections.abc import Sequence
from struct import Struct
from typing import BinaryIO, Final, TypedDict

_SIZES: Final = Struct(">II")  # of the head, JSON, and of the data behind it


class Answer(TypedDict):
    """kept, lost: calls. away: why nothing could be written for now; else empty."""

    kept: int
    lost: int
    troubles: list[str]
    away: str


def frame(head: bytes, data: Sequence[bytes] = ()) -> bytes:
    """The bytes of one frame."""
    return b"".join((_SIZES.pack(len(head), sum(map(len, data))), head, *data))


def read_frame(inbound: BinaryIO) -> tuple[bytes, bytes] | None:
    """Head and data of the next frame; None where the writer has gone, be it in the middle of one."""
    sizes = inbound.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        return None
    head_size, data_size = _SIZES.unpack(sizes)
    head, data = inbound.read(head_size), inbound.read(data_size)
    return (head, data) if len(data) == data_size else None
