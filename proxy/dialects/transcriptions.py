"""POST /v1/audio/transcriptions and /v1/audio/translations over an upstream of the same dialect.

A form with a sound goes in; JSON, text, subtitles or events come out, paid by the second.
Source: openai-python `TranscriptionCreateParams`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply, Stream
from proxy.call import Call, Part
from proxy.dialects import audio_length, fields, form, openai
from proxy.dialects.told_events import ToldEvents
from proxy.errors import invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

FORMATS: Final = frozenset({"json", "text", "srt", "verbose_json", "vtt", "diarized_json"})
GRANULARITIES: Final = frozenset({"word", "segment"})
PROMPT_MAX: Final = 16_384
_DONE: Final = "transcript.text.done"
_TEXT: Final = b"text/plain; charset=utf-8"


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A form to be transcribed, as a Call. Raises ApiError 400 or 413."""
    return _parse("transcriptions", raw, inbound)


def parse_translation(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A form to be translated into English, as a Call. Raises ApiError 400 or 413."""
    return _parse("translations", raw, inbound)


def _parse(kind: str, raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    given = form.parse(raw, inbound)
    values = form.typed(given.fields, numbers=("temperature",), flags=("stream",))
    asked = fields.model_name(values)
    fields.choice(values, "response_format", FORMATS, "json")
    fields.number(values, "temperature", 0, 1)
    for name in form.array(given.fields, "timestamp_granularities"):
        fields.choice({"timestamp_granularities": name}, "timestamp_granularities", GRANULARITIES, "segment")
    prompt = fields.text(values, "prompt", PROMPT_MAX) if "prompt" in values else ""
    sound = _sound(given.files)
    known = audio_length.seconds(sound.data)
    return Call(
        kind=kind,
        modality="transcription",
        asked=asked,
        body=given.fields,
        stream=fields.flag(values, "stream"),
        wants_usage=False,
        copies=1,
        input_bound=len(prompt.encode()),
        input_estimate=len(prompt) // 4,
        output_limit=None,
        output_field="",
        needs=frozenset(),
        produces=False,
        # A vendor may count a second more than the header.
        units=MappingProxyType(
            {"second": audio_length.longest_s(sound.data) if known is None else known + 1}
        ),
        files=given.files,
    )


def _sound(files: tuple[Part, ...]) -> Part:
    found = form.files_of(files, "file")
    if not found:
        raise invalid("missing_required_parameter", "The field 'file' is missing: send it as a file.", "file")
    if len(found) > 1:
        raise invalid("invalid_value", "'file' is given more than once.", "file")
    if not found[0].data:
        raise invalid("invalid_value", "'file' is empty.", "file")
    return found[0]


def _ask(path: str, call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The form as it came, under the upstream's name of the model."""
    kind, body = form.build({**call.body, "model": endpoint.upstream_name}, call.files)
    return Ask(path, body, (("content-type", kind),))


def read_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The transcript as it came; None if it is none. What isn't JSON leaves as plain text, whatever it is."""
    kind = reply.kind.lower()
    if kind.startswith(b"application/json"):
        told = _told(reply.data)
        return None if told is None else Answer(openai.rename(reply.data, model), _report(told))
    if _wants_json(call) or not kind.startswith(
        (b"text/plain", b"text/vtt", b"text/srt", b"application/x-subrip")
    ):
        return None
    return Answer(reply.data, None, kind=_TEXT)


def _wants_json(call: Call) -> bool:
    return call.body.get("response_format", "json") in ("", "json", "verbose_json", "diarized_json")


def _told(data: bytes) -> dict[str, Any] | None:
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) and isinstance(parsed.get("text"), str) else None


def _report(told: Mapping[str, Any]) -> Any:
    """Where the seconds are: whisper's usage, else the length in a verbose answer."""
    usage = told.get("usage")
    return usage if isinstance(usage, dict) and "seconds" in usage else {"seconds": told.get("duration")}


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage:
    """Whole seconds by the report, else by the file's own headers, else a guess by its size."""
    told = reported.get("seconds") if isinstance(reported, dict) else None
    (sound,) = form.files_of(call.files, "file")
    known = audio_length.seconds(sound.data)
    most = 2 * call.units["second"] + 10
    if isinstance(told, (int, float)) and not isinstance(told, bool) and 0 < told <= most:
        return Usage(second=math.ceil(told))
    if known is not None:
        return Usage(second=known, estimated=told is not None)
    return Usage(second=audio_length.usual_s(sound.data), estimated=True)


def stream(call: Call, model: bytes, kind: bytes) -> Stream:
    """The transcript's events; some models answer with one JSON body although events were asked for."""
    return Told() if kind.lower().startswith(b"application/json") else ToldEvents(_DONE)


@dataclass(slots=True)
class Told(ToldEvents):
    """bridge.Stream that makes the two events of a transcript which came in one piece."""

    last: str = _DONE
    _data: list[bytes] = field(default_factory=list)

    def feed(self, data: bytes) -> bytes:
        if data:
            self._data.append(data)
            return b""
        told = _told(b"".join(self._data))
        if told is None:
            self.broken = True
            return b""
        done = {"type": _DONE, "text": told["text"], "usage": told.get("usage")}
        delta = {"type": "transcript.text.delta", "delta": told["text"]}
        # As the events of a stream they come to their end like all others.
        return ToldEvents.feed(
            self, b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in (delta, done))
        )


def _bridge(ask: Callable[[Call, EndpointSnap, int], Ask]) -> Bridge:
    return Bridge(ask=ask, answer=read_answer, stream=stream, usage=read_usage, refusal=openai.refusal)


OPENAI: Final = _bridge(partial(_ask, "/audio/transcriptions"))
OPENAI_TRANSLATIONS: Final = _bridge(partial(_ask, "/audio/translations"))
