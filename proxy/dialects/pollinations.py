"""The pollinations dialect: pictures and films by URL, chat in OpenAI's words (api.md §1.5).

Source: gen.pollinations.ai's OpenAPI document, `GET /image/{prompt}`. One call makes one picture or one film,
answered as bytes.
"""

import base64
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from proxy.bridge import Answer, Ask, Bridge, Reply, Unsupported
from proxy.call import Call
from proxy.dialects import images, media, openai, openai_reader
from proxy.dialects.image_request import size_of
from proxy.dialects.translated import Far, refusal
from routing.snaps import EndpointSnap

# Proxies and servers take 8 KB of request line.
PATH_MAX: Final = 7_500
# OpenAI's words → theirs, for the models that know a quality.
_QUALITIES: Final = {"low": "low", "medium": "medium", "standard": "medium", "high": "high", "hd": "hd"}


def image_ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request for one picture. Raises Unsupported for what a URL can't say."""
    body = call.body
    if call.units["image"] > 1:
        raise Unsupported("n", "This model's provider makes one picture per call; ask with n=1.")
    query: dict[str, Any] = {}
    size = size_of(body)
    if size is not None:
        query |= {"width": size[0], "height": size[1]}
    if quality := _QUALITIES.get(body.get("quality") or ""):
        query["quality"] = quality
    if body.get("background") == "transparent":
        query["transparent"] = "true"
    return _ask(endpoint, body["prompt"], query, body.get("seed"))


def video_ask(
    endpoint: EndpointSnap, prompt: str, *, seconds: int, size: tuple[int, int], seed: int | None = None
) -> Ask:
    """The request for one film; the answer's body is the MP4. Raises Unsupported for too long a prompt."""
    width, height = size
    query = {
        "duration": seconds,
        "aspectRatio": "16:9" if width >= height else "9:16",
        "width": width,
        "height": height,
    }
    return _ask(endpoint, prompt, query, seed)


def _ask(endpoint: EndpointSnap, prompt: str, query: Mapping[str, Any], seed: int | None) -> Ask:
    """Without a seed of the caller's each call is another picture: theirs would be 0, the same each time.

    `private` keeps the prompt out of the provider's public feed.
    """
    words = quote(prompt.replace("\x00", ""), safe="")
    if not words.strip("."):
        words += "%20"  # a path that ends in a dot segment leads elsewhere (RFC 3986 §5.2.4)
    asked = {"model": endpoint.upstream_name, **query, "seed": -1 if seed is None else seed}
    path = f"/image/{words}?{urlencode(asked | {'nologo': 'true', 'private': 'true'})}"
    if len(path) > PATH_MAX:
        raise Unsupported("prompt", "The prompt is too long for this model's provider.")
    return Ask(path, b"", method="GET")


def is_video(data: bytes) -> bool:
    """Whether a body is an MP4: its first box says so (ISO/IEC 14496-12 §4.3)."""
    return data[4:8] == b"ftyp"


def _image_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The picture in OpenAI's JSON: as base64, or as a data: URL for who asked for a URL."""
    kind = media.image_kind(reply.data)
    if kind is None:
        return None
    encoded = base64.b64encode(reply.data).decode()
    as_url = call.body.get("response_format") == "url"
    item = {"url": f"data:{kind.decode()};base64,{encoded}"} if as_url else {"b64_json": encoded}
    return Answer(orjson.dumps({"created": int(time.time()), "data": [item]}), images.counted(call, 1))


def _plain_answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    """The picture as it came."""
    kind = media.image_kind(reply.data)
    return None if kind is None else Answer(reply.data, images.counted(call, 1), kind=kind)


def _chat_ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    return _versioned(openai.CHAT.ask(call, endpoint, output_bound))


def _far_ask(call: Call, chat: dict[str, Any], endpoint: EndpointSnap, output_bound: int) -> Ask:
    return _versioned(openai_reader.FAR.ask(call, chat, endpoint, output_bound))


def _versioned(ask: Ask) -> Ask:
    """Pictures lie at the root of this dialect's address, chat under /v1."""
    return replace(ask, path="/v1" + ask.path)


CHAT: Final = replace(openai.CHAT, ask=_chat_ask)
FAR: Final[Far] = replace(openai_reader.FAR, ask=_far_ask)
IMAGES: Final = Bridge(ask=image_ask, answer=_image_answer, usage=images.read_usage, refusal=refusal)
PLAIN: Final = replace(IMAGES, answer=_plain_answer)
