"""Speech and transcripts: a real WAV of a tone, and words about the sound that came."""

import base64
import email.parser
import email.policy
import hashlib
import io
import json
import math
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.upstream.plan import LIES, Plan
from tests.upstream.wire import Request

RATE = 24_000
CHARACTER_S = 0.06
KINDS = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "pcm": "audio/pcm",
}
WORDS = ("salom ", "bu ", "ovoz ", "дўстлар ", "🙂 ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A sound or a transcript as it shall come."""

    data: bytes = b""
    words: tuple[str, ...] = ()
    seconds: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def tone(seconds: float, hertz: int = 440, rate: int = RATE) -> bytes:
    """A WAV file, mono, 16 bits."""
    wave_of = (round(8000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(rate // 20))
    period = struct.pack(f"<{rate // 20}h", *wave_of)  # a twentieth of a second holds whole periods of 440 Hz
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        frames = round(seconds * rate)
        writer.writeframes((period * (frames * 2 // len(period) + 1))[: frames * 2])
    return file.getvalue()


# --- Speech


def spoken_wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The text to be said steers."""
    return {"model": body.get("model"), "messages": [{"role": "user", "content": body.get("input") or ""}]}


def compose_speech(plan: Plan, body: dict[str, Any]) -> Sound:
    """A tone as long as the text, or `completion_tokens` seconds of it."""
    length = (
        plan.completion_tokens if plan.completion_tokens is not None else len(body["input"]) * CHARACTER_S
    )
    return Sound(data=tone(length))


def speech(plan: Plan, sound: Sound, body: dict[str, Any]) -> bytes:
    """The file; every format is answered by the WAV's bytes."""
    return sound.data


def speech_kind(body: dict[str, Any], plan: Plan) -> str:
    """The content type; `plan.text` names a wrong one."""
    return plan.text or KINDS.get(body.get("response_format") or "mp3", "audio/wav")


def speech_events(plan: Plan, sound: Sound, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The file in pieces as `stream_format: sse` tells it."""
    step = -(-len(sound.data) // (plan.chunks or 4))
    for start in range(0, len(sound.data), step):
        piece = base64.b64encode(sound.data[start : start + step]).decode()
        yield 1, _json({"type": "speech.audio.delta", "audio": piece})
    if plan.fault != "no_done":
        counts = {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12}
        yield 0, _json({"type": "speech.audio.done", "usage": counts})


# --- Transcripts


def read_form(request: Request) -> dict[str, Any]:
    """The fields of a form, and of its file what can be told of it; the standard library reads it."""
    kind = dict(request.headers)["content-type"]
    head = f"content-type: {kind}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + bytes(request.body))
    body: dict[str, Any] = {"files": []}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True) or b""
        if part.get_filename() is None:
            body.setdefault(name, data.decode())
        else:
            body["files"].append(
                {"field": name, "name": part.get_filename(), "kind": part.get_content_type(), **_told(data)}
            )
    return body


def _told(data: bytes) -> dict[str, Any]:
    try:
        with wave.open(io.BytesIO(data)) as reader:
            seconds = reader.getnframes() / reader.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        seconds = 0.0
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "seconds": seconds}


def heard_wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The prompt steers."""
    return {"model": body.get("model"), "messages": [{"role": "user", "content": body.get("prompt") or ""}]}


def compose_transcript(plan: Plan, body: dict[str, Any]) -> Sound:
    """Words, and the length of the sound or `completion_tokens` seconds."""
    words = WORDS if plan.text is None else tuple(word + " " for word in plan.text.split(" "))
    length = sum(file["seconds"] for file in body["files"])
    return Sound(
        words=words, seconds=math.ceil(length if plan.completion_tokens is None else plan.completion_tokens)
    )


def heard_kind(body: dict[str, Any], plan: Plan) -> str:
    """JSON, or plain text for the formats that people read."""
    return "text/plain; charset=utf-8" if _format(body) in {"text", "srt", "vtt"} else "application/json"


def transcript(plan: Plan, sound: Sound, body: dict[str, Any]) -> bytes:
    """The transcript in the format that was asked for."""
    text = "".join(sound.words).strip()
    if (form := _format(body)) == "text":
        return text.encode() + b"\n"
    if form in {"srt", "vtt"}:
        head, mark = ("WEBVTT\n\n", ".") if form == "vtt" else ("1\n", ",")
        return f"{head}00:00:00{mark}000 --> 00:00:0{sound.seconds % 10}{mark}000\n{text}\n\n".encode()
    told = {"text": text}
    if form == "verbose_json":
        told |= {"task": "transcribe", "language": "uzbek", "duration": float(sound.seconds), "segments": []}
    counts = heard_usage(plan, sound, body)
    return _json(told | ({"usage": counts} if counts is not None else {}))


def heard_usage(plan: Plan, sound: Sound, body: dict[str, Any]) -> dict[str, Any] | None:
    """Seconds, as whisper reports them; the plan's lies are about them."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    return {"type": "duration", "seconds": LIES[plan.lie] if plan.lie else sound.seconds}


def transcript_events(plan: Plan, sound: Sound, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The transcript word by word."""
    for word in sound.words:
        yield 1, _json({"type": "transcript.text.delta", "delta": word})
    if plan.fault != "no_done":
        counts = heard_usage(plan, sound, body)
        done = {"type": "transcript.text.done", "text": "".join(sound.words)}
        yield 0, _json(done | ({"usage": counts} if counts is not None else {}))


def _format(body: dict[str, Any]) -> str:
    return str(body.get("response_format") or "json")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
