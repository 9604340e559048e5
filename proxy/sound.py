"""A second of sound for test calls: a falling tone in a file as plain as can be, which all can read. Pure."""

import io
import math
import struct
import wave
from functools import cache
from typing import Final

RATE: Final = 16_000  # samples a second, 16 bits, mono
SECONDS: Final = 1
_LOUD: Final = 8_000
_HIGH: Final = 660  # Hz at the beginning; half of it at the end


@cache
def tone() -> bytes:
    """WAV; the same bytes each time."""
    count = RATE * SECONDS
    samples = (
        round(_LOUD * math.sin(2 * math.pi * _HIGH * (at - at * at / (4 * count)) / RATE))
        for at in range(count)
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(struct.pack(f"<{count}h", *samples))
    return file.getvalue()
