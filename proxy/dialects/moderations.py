"""POST /v1/moderations over an upstream of the same dialect: no tokens are counted and nothing is charged.

Source: openai-python `ModerationCreateParams`.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply
from proxy.call import Call
from proxy.dialects import fields, json_body, media, openai
from proxy.errors import invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

ITEMS_MAX: Final = 2048
MODEL: Final = "omni-moderation-latest"
_PARTS: Final = frozenset({"text", "image_url"})


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400."""
    body = {"model": MODEL, **json_body.parse(raw)}
    weight = media.weigh([{"content": _parts(body.get("input"))}])
    return Call(
        kind="moderations",
        modality="moderation",
        asked=fields.model_name(body),
        body=body,
        stream=False,
        wants_usage=False,
        copies=1,
        input_bound=weight.text_bytes + weight.media_tokens_max,
        input_estimate=max(1, weight.text_bytes // 4),
        output_limit=None,
        output_field="",
        needs=frozenset({"vision"} if weight.images else ()),
        remote_media=weight.remote,
        produces=False,
    )


def _parts(given: Any) -> list[dict[str, Any]]:
    """What is to be judged, as the parts of a message. Raises ApiError 400."""
    if given is None:
        raise invalid("missing_required_parameter", "The field 'input' is missing.", "input")
    items = [given] if isinstance(given, str) else given
    if not isinstance(items, list) or not 1 <= len(items) <= ITEMS_MAX:
        raise invalid("invalid_value", f"'input' must be a text or 1 to {ITEMS_MAX} items.", "input")
    return [_part(item, place) for place, item in enumerate(items)]


def _part(item: Any, place: int) -> dict[str, Any]:
    if isinstance(item, str):
        return {"type": "text", "text": item}
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str) or kind not in _PARTS:
        where = f"input[{place}]"
        raise invalid("invalid_value", f"'{where}' must be a text or a part of {sorted(_PARTS)}.", where)
    found: dict[str, Any] = item
    return found


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request as it came, under the upstream's name of the model."""
    return Ask("/moderations", orjson.dumps({**call.body, "model": endpoint.upstream_name}))


def read_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The verdicts as they came; None if there are none."""
    try:
        parsed = orjson.loads(reply.data)
    except orjson.JSONDecodeError:
        return None
    results = parsed.get("results") if isinstance(parsed, dict) else None
    if not isinstance(results, list) or not results:
        return None
    return Answer(openai.rename(reply.data, model), None)


def read_usage(call: Call, reported: Any, bounds: Bounds) -> Usage:
    """Nothing: no vendor counts the tokens of a moderation."""
    return Usage()


OPENAI: Final = Bridge(
    ask=ask,
    answer=read_answer,
    usage=read_usage,
    refusal=openai.refusal,
)
