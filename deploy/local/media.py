"""The media sandbox: pictures, melodies, films, transcripts and verdicts for people without any account
elsewhere.

    SANDBOX_KEY=… python -m deploy.local.media PORT

Speaks the openai dialect. What it makes is real PNG, WAV and MP4 of the size and length asked for, the same
for the same request; nothing in it was made by a model. It hears its own speech only, and judges by a list of
words.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson
import uvicorn

from deploy.local import film, hearing, manners, melody, picture
from proxy.dialects import form
from proxy.errors import ApiError

SIDE_LEAST, SIDE_MAX = 16, 4096
SECONDS_MAX: Final = 60
PICTURES_MAX: Final = 10
LETTERS_MAX: Final = 4096
FILMS_MAX: Final = 1_000  # jobs remembered
FILM_TAKES_S: Final = 1.0
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_FILM: Final = re.compile(r"/v1/videos/(video_[0-9a-f]{32})(/content)?")
_SOUND: Final = re.compile(r"/v1/audio/(transcription|translation)s")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Wrong(ValueError):
    """A request that can't be served; its text and the field go to the caller."""

    def __init__(self, message: str, param: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    data: bytes
    kind: str = "application/json"
    status: int = 200

    @classmethod
    def of(cls, value: Any, status: int = 200) -> "Answer":
        return cls(orjson.dumps(value), status=status)


@dataclass(frozen=True, slots=True)
class Film:
    """A job. Nothing is drawn before somebody wants to see it."""

    prompt: str
    seed: int
    size: tuple[int, int]
    seconds: int
    model: str
    begun: float

    def report(self, name: str) -> dict[str, Any]:
        """OpenAI's Video object."""
        progress = min(100, int((time.time() - self.begun) / FILM_TAKES_S * 100))
        done = progress == 100
        return {
            "id": name,
            "object": "video",
            "model": self.model,
            "status": "completed" if done else "in_progress",
            "progress": progress,
            "created_at": int(self.begun),
            "completed_at": int(self.begun + FILM_TAKES_S) if done else None,
            "expires_at": None,
            "size": f"{self.size[0]}x{self.size[1]}",
            "seconds": str(self.seconds),
            "prompt": self.prompt,
            "error": None,
        }


class Sandbox:
    """The ASGI application."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._films: dict[str, Film] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, await _body(receive))
        except Wrong as wrong:
            error = {"message": str(wrong), "type": "invalid_request_error", "param": wrong.param or None}
            answer = Answer.of({"error": error | {"code": None}}, wrong.status)
        except ApiError as error:  # a form that can't be read
            answer = Answer(error.body(""), status=error.status)
        head = [(b"content-type", answer.kind.encode()), (b"content-length", b"%d" % len(answer.data))]
        await send({"type": "http.response.start", "status": answer.status, "headers": head})
        await send({"type": "http.response.body", "body": answer.data})

    async def _answer(self, scope: Scope, raw: bytes) -> Answer:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"authorization", b""), b"Bearer " + self._key.encode()):
            raise Wrong("Incorrect API key provided.", status=401)
        method, path = scope["method"], scope["path"]
        if found := _FILM.fullmatch(path):
            return await self._film(method, found[1], bool(found[2]))
        if found := _SOUND.fullmatch(path):
            return await asyncio.to_thread(_heard, _form(headers, raw), found[1])
        make = {
            "/v1/images/generations": _pictures,
            "/v1/images/edits": _pictures,
            "/v1/audio/speech": _speech,
            "/v1/moderations": _judged,
            "/v1/videos": self._begin,
        }.get(path)
        if make is None or method != "POST":
            raise Wrong(f"There is no {method} {path} here.", status=404)
        return await asyncio.to_thread(make, _asked(headers, raw))

    def _begin(self, asked: dict[str, Any]) -> Answer:
        """A new job; of very many the oldest is forgotten."""
        seconds = _whole(asked, "seconds", 1, SECONDS_MAX, 4)
        name = f"video_{uuid4().hex}"
        made = Film(
            prompt=_text(asked, "prompt"),
            seed=_whole(asked, "seed", -1, 2**53, 0),
            size=_size(asked, (1280, 720)),
            seconds=seconds,
            model=str(asked.get("model")),
            begun=time.time(),
        )
        self._films[name] = made
        while len(self._films) > FILMS_MAX:
            del self._films[next(iter(self._films))]
        return Answer.of(made.report(name))

    async def _film(self, method: str, name: str, content: bool) -> Answer:
        made = self._films.get(name)
        if made is None:
            raise Wrong(f"There is no video {name}.", status=404)
        if method == "DELETE" and not content:
            del self._films[name]
            return Answer.of({"id": name, "object": "video.deleted", "deleted": True})
        if method != "GET":
            raise Wrong(f"There is no {method} for a video.", status=405)
        if not content:
            return Answer.of(made.report(name))
        if made.report(name)["status"] != "completed":
            raise Wrong("The video isn't ready yet.", status=409)
        data = await asyncio.to_thread(film.mp4, made.prompt, made.seed, made.size, made.seconds)
        return Answer(data, "video/mp4")


def _pictures(asked: dict[str, Any]) -> Answer:
    """OpenAI's ImagesResponse; a changed picture is but another one."""
    width, height = _size(asked, (1024, 1024))
    prompt, seed = _text(asked, "prompt"), _whole(asked, "seed", -1, 2**53, 0)
    count = _whole(asked, "n", 1, PICTURES_MAX, 1)
    prompt += asked.get("sources", "")
    items = []
    for place in range(count):
        encoded = base64.b64encode(picture.png(prompt, seed + place, width, height)).decode()
        as_url = asked.get("response_format") == "url"
        items.append({"url": f"data:image/png;base64,{encoded}"} if as_url else {"b64_json": encoded})
    words = max(1, len(prompt.encode()) // 4)
    usage = {"input_tokens": words, "output_tokens": 0, "total_tokens": words}
    about = {"created": int(time.time()), "output_format": "png", "size": f"{width}x{height}"}
    return Answer.of({**about, "data": items, "usage": usage})


def _speech(asked: dict[str, Any]) -> Answer:
    """A melody; formats other than pcm are answered as WAV, and say so."""
    text = _text(asked, "input")
    if len(text) > LETTERS_MAX:
        raise Wrong(f"'input' may have {LETTERS_MAX} characters at most.", "input")
    speed = asked.get("speed") or 1.0
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.25 <= speed <= 4:
        raise Wrong("'speed' must be a number from 0.25 to 4.", "speed")
    samples = melody.pcm(text, str(asked.get("voice")), float(speed))
    if asked.get("response_format") == "pcm":
        return Answer(samples, "audio/pcm")
    return Answer(melody.wav(samples, text), "audio/wav")


def _judged(asked: dict[str, Any]) -> Answer:
    """OpenAI's moderation object."""
    texts = manners.texts(asked.get("input"))
    if texts is None:
        raise Wrong("'input' must be a text, texts or parts.", "input")
    results = [manners.judged(text) for text in texts]
    return Answer.of({"id": f"modr-{uuid4().hex}", "model": asked.get("model"), "results": results})


def _heard(sent: form.Form, task: str) -> Answer:
    """The transcript in the form that was asked for."""
    sounds = form.files_of(sent.files, "file")
    if not sounds or not sounds[0].data:
        raise Wrong("The file 'file' is missing.", "file")
    wanted = str(sent.fields.get("response_format") or "json")
    data, kind = hearing.heard(sounds[0].data).told(
        wanted, "transcribe" if task == "transcription" else "translate"
    )
    return Answer(data, kind)


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _form(headers: dict[bytes, bytes], raw: bytes) -> form.Form:
    return form.parse(raw, {name: [value] for name, value in headers.items()})


def _asked(headers: dict[bytes, bytes], raw: bytes) -> dict[str, Any]:
    """The fields of a JSON body or a form; under `sources` a digest of the form's files."""
    if headers.get(b"content-type", b"").startswith(b"multipart/form-data"):
        sent = _form(headers, raw)
        digest = hashlib.sha256(b"".join(part.data for part in sent.files)).hexdigest()
        typed = form.typed(sent.fields, numbers=("n", "seed", "seconds"))
        return typed | ({"sources": digest} if sent.files else {})
    try:
        asked = orjson.loads(raw)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise Wrong("The body must be a JSON object.")
    return asked | {"sources": ""}


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise Wrong(f"'{name}' must be a text.", name)
    return value


def _whole(asked: dict[str, Any], name: str, low: int, high: int, default: int) -> int:
    """A whole number, also as text: OpenAI's SDK sends `seconds` that way."""
    value = asked.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Wrong(f"'{name}' must be a whole number from {low} to {high}.", name)
    return value


def _size(asked: dict[str, Any], default: tuple[int, int]) -> tuple[int, int]:
    size = asked.get("size")
    if size in (None, "auto"):
        return default
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not SIDE_LEAST <= min(sides) <= max(sides) <= SIDE_MAX:
        raise Wrong(f"'size' must be WIDTHxHEIGHT, {SIDE_LEAST} to {SIDE_MAX} pixels each.", "size")
    return sides


def main() -> None:
    """Serve until told to stop."""
    sandbox = Sandbox(os.environ["SANDBOX_KEY"])
    uvicorn.run(sandbox, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
