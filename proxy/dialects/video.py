"""Videos: a request becomes a Call, a Call a job at an OpenAI-dialect provider, and the job's state is read.

Source: openai-python 3.x `VideoCreateParams` and `Video`. Whole seconds are what is paid for, so the provider
is always told how many. CloudGPT's plain form of the same (`/api/video`) is read here too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from proxy.bridge import Answer, Ask, Bounds, Bridge, Reply, Unsupported
from proxy.call import Call, Part
from proxy.dialects import fields, form, json_body, openai, pollinations, translated
from proxy.errors import invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

PROMPT_MAX: Final = 32_000
SECONDS_DEFAULT: Final = 4
SIDE_MIN, SIDE_MAX = 64, 4096
_SIZE_DEFAULT: Final = "1280x720"
MP4: Final = b"video/mp4"
_SIZE: Final = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_ID_MAX: Final = 512
_CODE: Final = re.compile(r"[\w.-]{1,64}")
# Other servers of the dialect have words of their own for OpenAI's four.
_STATUSES: Final = {
    "queued": "queued",
    "pending": "queued",
    "submitted": "queued",
    "completed": "completed",
    "succeeded": "completed",
    "success": "completed",
    "failed": "failed",
    "error": "failed",
    "cancelled": "failed",
    "canceled": "failed",
    "expired": "failed",
}

_Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """What a provider says of its job. `seconds`: of the film, rounded up; None where it doesn't tell."""

    id: str
    status: str  # queued | in_progress | completed | failed
    progress: int = 0
    seconds: int | None = None
    size: str = ""
    error_code: str = ""

    @property
    def over(self) -> bool:
        return self.status in ("completed", "failed")


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """The body of POST /v1/videos, a form as the SDKs send it or JSON. Raises ApiError 400 or 413."""
    if inbound.get(b"content-type", [b""])[0].lower().startswith(b"multipart/"):
        sent = form.parse(raw, inbound)
        body, files = form.typed(sent.fields, numbers=("duration",)), sent.files
    else:
        body, files = json_body.parse(raw), ()
    name = "seconds" if body.get("seconds") is not None else "duration"
    rest = {key: value for key, value in body.items() if key != "duration" and value is not None}
    rest["seconds"] = str(_seconds(body, name))
    if "size" in rest:
        _size(rest["size"])
    return _call("videos", rest, files, {name: ("size",)})


def parse_plain(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """The body of CloudGPT's POST /api/video. Raises ApiError 400."""
    body = json_body.parse(raw)
    known = {key: value for key, value in body.items() if key not in ("duration", "width", "height")}
    width = fields.whole(body, "width", SIDE_MIN, SIDE_MAX) or 1280
    height = fields.whole(body, "height", SIDE_MIN, SIDE_MAX) or 720
    seconds = str(_seconds(body, "duration"))
    body = {**known, "seconds": seconds, "size": f"{width}x{height}"}
    return _call("api_video", body, (), {"duration": ("width", "height")})


def _call(kind: str, body: dict[str, Any], files: tuple[Part, ...], names: Mapping[str, _Names]) -> Call:
    """`names`: the field that asks for the length → those that ask for the size."""
    [(length, sides)] = names.items()
    prompt = fields.text(body, "prompt", PROMPT_MAX).encode()
    return Call(
        kind=kind,
        asked=fields.model_name(body),
        body=body,
        stream=False,
        wants_usage=False,
        copies=1,
        input_bound=len(prompt),
        input_estimate=max(1, len(prompt) // 4),
        output_limit=None,
        output_field=length,
        needs=frozenset(),
        modality="video",
        produces=False,
        units={"second": int(body["seconds"])},
        sides=_sides(body.get("size"), sides),
        files=files,
    )


def _seconds(body: Mapping[str, Any], name: str) -> int:
    """The SDKs send the number as a string."""
    value = body.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        value = int(value)
    seconds = fields.whole({name: value}, name, 1, 3600)
    return SECONDS_DEFAULT if seconds is None else seconds


def _size(value: Any) -> None:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not all(SIDE_MIN <= int(side) <= SIDE_MAX for side in found.groups()):
        raise invalid("invalid_value", f"'size' must be WxH, {SIDE_MIN} to {SIDE_MAX} pixels a side.", "size")


def _sides(size: str | None, names: _Names) -> dict[str, int]:
    """What each of the fields asks for; one field for both sides asks for the longer."""
    sides = [int(side) for side in size.split("x")] if size else []
    return dict(zip(names, sides if len(names) > 1 else [max(sides, default=0)], strict=False))


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The job's creation. Every server of this dialect reads forms, as the SDKs send nothing else.

    What a form can't say, such as an object, goes as the JSON that it came in.
    """
    body = {**call.body, "model": endpoint.upstream_name}
    if any(isinstance(value, (dict, list, bool)) for value in body.values()):
        return Ask("/videos", orjson.dumps(body))
    kind, data = form.build({name: str(value) for name, value in body.items()}, call.files)
    return Ask("/videos", data, (("content-type", kind),))


def look(upstream_id: str) -> Ask:
    """How far is it?"""
    return Ask(_path(upstream_id), b"", method="GET")


def content(upstream_id: str) -> Ask:
    """The film itself."""
    return Ask(_path(upstream_id) + "/content", b"", method="GET")


def remove(upstream_id: str) -> Ask:
    """Nobody wants it any more."""
    return Ask(_path(upstream_id), b"", method="DELETE")


def _path(upstream_id: str) -> str:
    return "/videos/" + quote(upstream_id, safe="")


def read(data: bytes) -> Film | None:
    """A video object as the provider tells it; None if it is none."""
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or not _is_id(told.get("id")):
        return None
    status = told.get("status")
    error = told.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    size = told.get("size")
    return Film(
        id=told["id"],
        status=_STATUSES.get(status.lower(), "in_progress") if isinstance(status, str) else "queued",
        progress=_progress(told.get("progress")),
        seconds=_told_seconds(told.get("seconds")),
        size=size if isinstance(size, str) and _SIZE.fullmatch(size) else "",
        error_code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
    )


def _is_id(value: Any) -> bool:
    """Whether it may stand in an address of ours: dots alone would lead elsewhere."""
    if not isinstance(value, str) or not value.isprintable():
        return False
    return 0 < len(value) <= _ID_MAX and value.strip(".") != ""


def _progress(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return 0
    return int(min(100, max(0, value)))


def _told_seconds(value: Any) -> int | None:
    """Whole seconds, started ones counted; None for what can't be a length."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        seconds = float(value) if len(str(value)) <= 16 else 0.0
    except ValueError:
        return None
    return int(-(-seconds // 1)) if 0 < seconds <= 3600 else None


def _answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
    film = read(reply.data)
    return None if film is None else Answer(b"", film)


def _usage(call: Call, reported: Any, bounds: Bounds) -> Usage | None:
    """Nothing is metered at the creation: the job's end tells."""
    return None


def _ask_by_url(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The film itself, from a provider that has no jobs. Raises Unsupported."""
    body = call.body
    if call.files or "input_reference" in body:
        raise Unsupported("input_reference", "This model's provider makes films from words alone.")
    width, _, height = body.get("size", _SIZE_DEFAULT).partition("x")
    seed = fields.whole(body, "seed", 0, 2**32 - 1) if isinstance(body.get("seed"), int) else None
    size = int(width), int(height)
    return pollinations.video_ask(
        endpoint, body["prompt"], seconds=call.units["second"], size=size, seed=seed
    )


OPENAI: Final = Bridge(ask=ask, answer=_answer, usage=_usage, refusal=openai.refusal)
POLLINATIONS: Final = Bridge(ask=_ask_by_url, answer=_answer, usage=_usage, refusal=translated.refusal)
