"""POST /v1/audio/speech over an upstream of the same dialect: JSON in, sound out, paid by the character.

Source: openai-python `SpeechCreateParams`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from proxy.bridge import Ask, Bounds, Bridge, Stream
from proxy.call import Call
from proxy.dialects import fields, json_body, media, openai
from proxy.dialects.octets import Octets
from proxy.dialects.told_events import ToldEvents
from proxy.errors import invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

INPUT_MAX: Final = 4096
FORMATS: Final = frozenset({"mp3", "opus", "aac", "flac", "wav", "pcm"})


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    text = fields.text(body, "input", INPUT_MAX)
    if not isinstance(body.get("voice"), (str, dict, type(None))):
        raise invalid("invalid_type", "'voice' must be a string or an object.", "voice")
    fields.choice(body, "response_format", FORMATS, "mp3")
    fields.choice(body, "stream_format", {"audio", "sse"}, "audio")
    fields.number(body, "speed", 0.25, 4)
    size = media.text_bytes([text, body.get("instructions")])
    return Call(
        kind="speech",
        modality="speech",
        asked=asked,
        body=body,
        stream=True,
        wants_usage=False,
        copies=1,
        input_bound=size,
        input_estimate=max(1, size // 4),
        output_limit=None,
        output_field="",
        needs=frozenset(),
        produces=False,
        units=MappingProxyType({"character": len(text)}),
    )


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request as it came, under the upstream's name of the model."""
    return Ask("/audio/speech", orjson.dumps({**call.body, "model": endpoint.upstream_name}))


def stream(call: Call, model: bytes, kind: bytes) -> Stream:
    """The sound as bytes, or as events where the caller asked for them."""
    if call.body.get("stream_format") == "sse":
        return ToldEvents("speech.audio.done")
    return Octets(kind)


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage:
    """The characters of the text: they are known before, whatever the upstream reports."""
    return Usage(character=call.units["character"])


OPENAI: Final = Bridge(
    ask=ask,
    answer=lambda call, reply, model: None,  # it is always a stream
    stream=stream,
    usage=read_usage,
    refusal=openai.refusal,
)
