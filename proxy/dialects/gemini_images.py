"""Pictures from models of the gemini dialect that draw: generateContent answers with inlineData.

Source: ai.google.dev/gemini-api/docs/image-generation. One call makes one picture, of one of ten aspect
ratios; Gemini 3 knows three sizes.
"""

import base64
import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import orjson

from proxy.bridge import Answer, Ask, Bridge, Reply, Unsupported
from proxy.call import Call, Part
from proxy.dialects import form, images, media
from proxy.dialects.chat_to_gemini import generation
from proxy.dialects.gemini_reader import refusal
from proxy.dialects.image_request import size_of
from proxy.errors import invalid
from routing.snaps import EndpointSnap

_RATIOS: Final = ((1, 1), (2, 3), (3, 2), (3, 4), (4, 3), (4, 5), (5, 4), (9, 16), (16, 9), (21, 9))
# 1792x1024 is asked for as 16:9, and is 1.6 % away from it.
_OFF_MAX: Final = 0.05
_SIZES: Final = ((1024, "1K"), (2048, "2K"), (8192, "4K"))
_COUNTS: Final = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request for one picture from words. Raises Unsupported."""
    return _ask(call, endpoint, ())


def ask_edit(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The same with pictures to go by. Raises Unsupported."""
    if form.files_of(call.files, "mask"):
        raise Unsupported("mask", "This model takes no mask; say in the prompt what to change.")
    return _ask(call, endpoint, form.files_of(call.files, "image"))


def _ask(call: Call, endpoint: EndpointSnap, sources: Iterable[Part]) -> Ask:
    if call.units["image"] > 1:
        raise Unsupported("n", "This model's provider makes one picture per call; ask with n=1.")
    model = endpoint.upstream_name
    config: dict[str, Any] = {"responseModalities": ["IMAGE"]}
    if size := size_of(call.body):
        config["imageConfig"] = _picture(size, model)
    parts = [*map(_source, sources), {"text": call.body["prompt"]}]
    body = {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}
    return Ask(f"/models/{quote(model, safe='')}:generateContent", orjson.dumps(body))


def _source(part: Part) -> dict[str, Any]:
    kind = (media.image_kind(part.data) or b"image/png").decode()
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(part.data).decode()}}


def _picture(size: tuple[int, int], model: str) -> dict[str, str]:
    """imageConfig. Raises Unsupported for a shape that Gemini doesn't draw."""
    width, height = size

    def off(ratio: tuple[int, int]) -> float:
        return abs(width * ratio[1] / (height * ratio[0]) - 1)

    across, down = min(_RATIOS, key=off)
    if off((across, down)) > _OFF_MAX:
        told = ", ".join(f"{one}:{other}" for one, other in _RATIOS)
        raise Unsupported("size", f"This model draws pictures of these shapes only: {told}.")
    config = {"aspectRatio": f"{across}:{down}"}
    if generation(model) >= (3, 0):
        config["imageSize"] = next(name for side, name in _SIZES if max(size) <= side)
    return config


def answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The pictures as OpenAI's ImagesResponse; None if there is none.

    Raises ApiError 400 where Google's filters took offence: the next endpoint's would too.
    """
    try:
        parsed = orjson.loads(reply.data)
    except orjson.JSONDecodeError:
        return None
    match parsed:
        case {"candidates": [{"content": {"parts": list(parts)}}, *_]} if found := _found(parts):
            as_url = call.body.get("response_format") == "url"
            whole = {"created": int(time.time()), "data": [_item(part, as_url=as_url) for part in found]}
            tokens = _tokens(parsed.get("usageMetadata"))
            told = whole | ({"usage": tokens} if tokens else {})
            return Answer(orjson.dumps(told), images.counted(call, len(found), tokens))
        case {"promptFeedback": {"blockReason": str()}}:
            raise _offensive()
        case {"candidates": [{"finishReason": str(reason)}, *_]} if reason in _BLOCKS:
            raise _offensive()
    return None


_BLOCKS: Final = frozenset({
    "SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "RECITATION",
    "IMAGE_RECITATION", "BLOCKLIST", "SPII",
})  # fmt: skip


def _offensive() -> Exception:
    return invalid("content_policy_violation", "The provider's safety system refused this picture.", "prompt")


def _found(parts: list[Any]) -> list[tuple[str, str]]:
    """(content type, base64) of each picture that isn't a draft of the model's thoughts."""
    found = []
    for part in parts:
        match part:
            case {"thought": True}:
                continue
            case {"inlineData": {"mimeType": str(kind), "data": str(data)}} if data:
                found.append((kind, data))
    return found


def _item(picture: tuple[str, str], *, as_url: bool) -> dict[str, str]:
    kind, data = picture
    return {"url": f"data:{kind};base64,{data}"} if as_url else {"b64_json": data}


def _tokens(reported: Any) -> dict[str, int] | None:
    """Google's counts under the images endpoint's names; None if they are no counts."""
    counts = [reported.get(name, 0) if isinstance(reported, dict) else None for name in _COUNTS]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        return None
    prompt, drawn, thought = (int(count or 0) for count in counts)
    if not prompt:
        return None
    return {
        "input_tokens": prompt,
        "output_tokens": drawn + thought,
        "total_tokens": prompt + drawn + thought,
    }


GENERATIONS: Final = Bridge(ask=ask, answer=answer, usage=images.read_usage, refusal=refusal)
EDITS: Final = Bridge(ask=ask_edit, answer=answer, usage=images.read_usage, refusal=refusal)
PLAIN: Final = images.binary(GENERATIONS)
