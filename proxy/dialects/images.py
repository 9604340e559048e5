"""Pictures from upstreams of the openai dialect, paid for by the piece (api.md §1.5).

How many were delivered is counted; tokens count where the upstream reports them and the model has a price for
them.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply
from proxy.call import Call
from proxy.dialects import form, media, openai
from proxy.meter import Usage
from routing.snaps import EndpointSnap

# gpt-image's largest and best picture is 6,240 tokens; nobody's is ten times that.
_PICTURE_TOKENS_MAX: Final = 65_536
# Fields that OpenAI's own models refuse, though their rivals take them: first letters of a name → fields.
_UNKNOWN: Final = {
    "gpt-image": {"response_format", "seed"},
    "chatgpt-image": {"response_format", "seed"},
    "dall-e": {"seed"},
}


def counted(call: Call, pictures: int, tokens: Any = None) -> dict[str, Any]:
    """A report for `read_usage`: never more pictures than were asked for and held."""
    return {"image": min(pictures, call.units["image"]), "tokens": tokens}


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage | None:
    """Pictures as counted; their tokens as reported, else a labelled estimate of the prompt."""
    pictures, tokens = reported["image"], reported["tokens"]
    prompt = _count(tokens, "input_tokens")
    if prompt is None or prompt > bounds.input:
        return Usage(image=pictures, input=call.input_estimate, estimated=True)
    drawn = _count(tokens, "output_tokens") or 0
    return Usage(image=pictures, input=prompt, output=drawn if drawn <= _PICTURE_TOKENS_MAX * pictures else 0)


def _count(tokens: Any, name: str) -> int | None:
    value = tokens.get(name) if isinstance(tokens, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The caller's own body under the upstream's model name."""
    return Ask("/images/generations", orjson.dumps({**call.body, "model": endpoint.upstream_name}))


def ask_edit(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The caller's own form under the upstream's model name."""
    kind, body = form.build({**call.body, "model": endpoint.upstream_name}, call.files)
    return Ask("/images/edits", body, (("content-type", kind),))


def ask_one(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """One picture as base64; the fields that OpenAI's own models don't know are left out for them."""
    name = endpoint.upstream_name.rpartition("/")[2]
    unknown = next((fields for start, fields in _UNKNOWN.items() if name.startswith(start)), set())
    body = {field: value for field, value in call.body.items() if field not in unknown}
    return Ask("/images/generations", orjson.dumps({**body, "model": endpoint.upstream_name}))


def read_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The upstream's own bytes under the caller's model name; None if there is no picture in them."""
    try:
        parsed = orjson.loads(reply.data)
    except orjson.JSONDecodeError:
        return None
    items = parsed.get("data") if isinstance(parsed, dict) else None
    pictures = sum(map(_is_picture, items)) if isinstance(items, list) else 0
    if not pictures:
        return None
    # Few name their model, and looking for it in megabytes of base64 takes long.
    data = openai.rename(reply.data, model) if "model" in parsed else reply.data
    return Answer(data, counted(call, pictures, parsed.get("usage")))


def _is_picture(item: Any) -> bool:
    found = [item.get("b64_json"), item.get("url")] if isinstance(item, dict) else []
    return any(isinstance(value, str) and value for value in found)


def binary(bridge: Bridge, ask: Callable[[Call, EndpointSnap, int], Ask] | None = None) -> Bridge:
    """The same bridge for a caller who gets one picture as bytes instead of JSON with base64 in it."""

    def answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
        whole = bridge.answer(call, reply, model)
        data = None if whole is None else _first_picture(whole.body(Usage()))
        kind = None if data is None else media.image_kind(data)
        if whole is None or data is None or kind is None:
            return None
        return Answer(data, whole.usage, whole.finish_reason, whole.text, kind)

    return Bridge(ask=ask or bridge.ask, answer=answer, usage=bridge.usage, refusal=bridge.refusal)


def _first_picture(body: bytes) -> bytes | None:
    """The bytes of the first picture; None where there is but an address, which nobody here fetches."""
    items = orjson.loads(body)["data"]
    encoded = items[0].get("b64_json") if isinstance(items[0], dict) else None
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else None
    except (binascii.Error, ValueError):
        return None


GENERATIONS: Final = Bridge(ask=ask, answer=read_answer, usage=read_usage, refusal=openai.refusal)
EDITS: Final = Bridge(ask=ask_edit, answer=read_answer, usage=read_usage, refusal=openai.refusal)
PLAIN: Final = binary(GENERATIONS, ask_one)
