"""Transcription of the media sandbox: it reads back the words that the sandbox's own speech carries.

No model listens here. A melody of ours has its text in the file (RIFF INFO, ICMT); of any other sound its
length is told, and that nobody understood it.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.dialects import audio_length

STRANGE: Final = "[Sandbox: {seconds} s of sound. It understands its own speech only; nobody has listened.]"
_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Heard:
    """What is in a sound. seconds: started ones count."""

    text: str
    seconds: int

    def told(self, form: str, task: str) -> tuple[bytes, str]:
        """Body and content type in one of OpenAI's formats."""
        if form == "text":
            return f"{self.text}\n".encode(), _TEXT
        if form == "srt":
            return f"1\n{_clock(0, ',')} --> {_clock(self.seconds, ',')}\n{self.text}\n".encode(), _TEXT
        if form == "vtt":
            cue = f"{_clock(0, '.')} --> {_clock(self.seconds, '.')}"
            return f"WEBVTT\n\n{cue}\n{self.text}\n".encode(), "text/vtt"
        usage = {"type": "duration", "seconds": self.seconds}
        found: dict[str, Any] = {"text": self.text, "usage": usage}
        if form in ("verbose_json", "diarized_json"):
            segment = {"id": 0, "start": 0.0, "end": float(self.seconds), "text": self.text}
            found |= {"task": task, "duration": float(self.seconds), "segments": [segment]}
        return orjson.dumps(found), "application/json"


def heard(sound: bytes) -> Heard:
    """The text of our own speech, or what can be said of any other sound."""
    seconds = audio_length.seconds(sound) or audio_length.usual_s(sound)
    return Heard(_carried(sound) or STRANGE.format(seconds=seconds), seconds)


def _carried(sound: bytes) -> str:
    """The comment of a WAV file; empty where there is none."""
    at = 12
    while sound.startswith(b"RIFF") and at + 8 <= len(sound):
        name, size = sound[at : at + 4], int.from_bytes(sound[at + 4 : at + 8], "little")
        if name == b"LIST" and sound[at + 8 : at + 16] == b"INFOICMT":
            length = int.from_bytes(sound[at + 16 : at + 20], "little")
            return sound[at + 20 : at + 20 + length].rstrip(b"\0").decode("utf-8", "replace")
        at += 8 + size + size % 2
    return ""


def _clock(seconds: int, point: str) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}000"
