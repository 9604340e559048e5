"""Speech of the media sandbox: no voice, but a melody with a note for each letter, as WAV.

The same text and voice make the same melody; it is as long as somebody would read the text aloud.
"""

import hashlib
import math
import struct
from array import array
from typing import Final

RATE: Final = 24_000  # Hz, 16 bits, mono: what OpenAI calls pcm
LETTER_S: Final = 0.065  # 15 letters a second
_SCALE: Final = (0, 1, 4, 5, 7, 8, 11, 12, 13, 16)  # semitones of Hijaz over an octave and a third
_LOUD: Final = 9_000
_FADE_S: Final = 0.008


def pcm(text: str, voice: str, speed: float) -> bytes:
    """Samples of the melody, little-endian. `speed`: 1 is 15 letters a second."""
    length = max(1, round(RATE * LETTER_S / speed))
    base = 220.0 * 2 ** (hashlib.sha256(voice.encode()).digest()[0] % 12 / 12)
    rest = bytes(2 * length)
    notes = {place: _note(base * 2 ** (semitones / 12), length) for place, semitones in enumerate(_SCALE)}
    return b"".join(notes[ord(sign) % len(_SCALE)] if sign.isalnum() else rest for sign in text)


def wav(samples: bytes, text: str = "") -> bytes:
    """The samples as a file (Microsoft RIFF, format 1), with the text as its comment: see hearing.py."""
    said = text.encode() + b"\0" * (1 + (len(text.encode()) + 1) % 2)
    note = struct.pack("<4sI4s4sI", b"LIST", 12 + len(said), b"INFO", b"ICMT", len(said)) + said
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form + note + data), b"WAVE") + form + note + data


def _note(hertz: float, length: int) -> bytes:
    """One note, faded in and out so that it doesn't click."""
    fade = min(length // 2, round(RATE * _FADE_S)) or 1
    step = 2 * math.pi * hertz / RATE
    samples = array(
        "h",
        (
            round(
                _LOUD
                * min(1.0, at / fade, (length - at) / fade)
                * (math.sin(step * at) + 0.3 * math.sin(2 * step * at))
            )
            for at in range(length)
        ),
    )
    return samples.tobytes() if struct.pack("=H", 1) == struct.pack("<H", 1) else _swapped(samples)


def _swapped(samples: "array[int]") -> bytes:
    samples.byteswap()
    return samples.tobytes()
