"""One tiny real call to one endpoint, through our own gateway, as a customer's client would make it.

It is sent as the organization `platform`, which pays for it, and its outcome counts in the endpoint's figures
like any call's (vitals.py). Whether the gateway itself could be reached is told apart: then nobody is blamed.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import requests
from django.conf import settings
from sseclient import SSEClient

from proxy.dialects.openai_request import bound_name
from proxy.sound import tone
from routing.snaps import EndpointSnap, ModelSnap

CONNECT_S: Final = 3.0
# The gateway itself gives its last candidate a minute and pings every 10 s meanwhile.
READ_S: Final = 75.0
TOTAL_S: Final = 120
SHOWN: Final = 200
ANSWER_MAX: Final = 32 * 1024 * 1024
OUTPUT: Final = 32  # enough for a token rate
# Refused for the model's sake: the others may do.
_OF_THIS_MODEL: Final = frozenset({400, 404, 429})
_ASKED: Final = "x-cloudapi-attempts"
_COUNTING: Final = "Count from 1 to 20."
SHORTEST_S: Final = 4  # of a film: what OpenAI's and Google's makers begin with; ours makes a second too

Asking = Callable[[ModelSnap, EndpointSnap], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of endpoints of one modality. cheap: it costs next to nothing, so that jobs may ask.

    sound: it goes as a form with a second of sound. film: the answer is a job, which tells later.
    """

    path: str
    body: Asking
    stream: bool = False
    cheap: bool = True
    sound: bool = False
    film: bool = False


def _chat(_: ModelSnap, endpoint: EndpointSnap) -> dict[str, Any]:
    messages = [{"role": "user", "content": _COUNTING}]
    return {"messages": messages, bound_name(endpoint): OUTPUT, "stream": True}


def _film(model: ModelSnap, endpoint: EndpointSnap) -> dict[str, Any]:
    """The shortest one: its seconds are what it costs."""
    seconds = 1 if endpoint.provider.sandbox else min(SHORTEST_S, model.max_duration_s or SHORTEST_S)
    return {"prompt": "A blue circle, still.", "seconds": str(seconds)}


QUESTIONS: Final[Mapping[str, Question]] = {
    "chat": Question("/v1/chat/completions", _chat, stream=True),
    "embedding": Question("/v1/embeddings", lambda *_: {"input": "ping"}),
    "moderation": Question("/v1/moderations", lambda *_: {"input": "ping"}),
    "image": Question("/v1/images/generations", lambda *_: {"prompt": "A blue circle."}, cheap=False),
    "speech": Question("/v1/audio/speech", lambda *_: {"input": "Salom!", "voice": "alloy"}, cheap=False),
    "transcription": Question("/v1/audio/transcriptions", lambda *_: {}, cheap=False, sound=True),
    "video": Question("/v1/videos", _film, cheap=False, film=True),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of it. status: 0 where our own gateway couldn't be reached. error: a code, and what it says.

    asked: the endpoint was called. Times in milliseconds, as the client saw them; call: the request's id.
    film: the job that the endpoint took, whose end tells the rest.
    """

    status: int
    asked: bool = False
    error: str = ""
    message: str = ""
    latency_ms: int = 0
    ttft_ms: int | None = None
    call: str = ""
    answer: str = ""
    film: str = ""

    @property
    def answered(self) -> bool:
        return self.status == 200 and not self.error

    @property
    def is_ours(self) -> bool:
        """Nobody was asked nor would be: the gateway is away, say, or the day's money is spent."""
        return not self.asked and self.status not in _OF_THIS_MODEL


def ask(model: ModelSnap, endpoint: EndpointSnap, key: str) -> Finding:
    """Asks; never raises. The answer's beginning is for the eyes of who asked, and is kept nowhere."""
    question = QUESTIONS[model.modality]
    pin = {"endpoint": endpoint.id, "allow_fallbacks": False}
    body = {"model": model.slug, "provider": pin, **question.body(model, endpoint)}
    began = time.monotonic()
    try:
        with _session(key) as session:
            return _asked(session, question, body, began)
    except requests.RequestException as error:
        # Its words may hold the address with what is in it; its name is enough.
        return Finding(0, error=type(error).__name__, latency_ms=_since(began))


def _session(key: str) -> requests.Session:
    """Without the environment's proxies and .netrc, which would see our key."""
    session = requests.Session()
    session.trust_env = False
    session.headers["authorization"] = f"Bearer {key}"
    return session


def _asked(session: requests.Session, question: Question, body: dict[str, Any], began: float) -> Finding:
    url = settings.GATEWAY_URL + question.path
    sent = _form(body) if question.sound else {"json": body}
    with session.post(url, **sent, stream=True, timeout=(CONNECT_S, READ_S), allow_redirects=False) as reply:
        call = reply.headers.get("x-request-id", "")
        if reply.status_code != 200:
            code, message = _refusal(_content(reply))
            asked = _ASKED in reply.headers
            return Finding(reply.status_code, asked, code, message, _since(began), call=call)
        if question.stream:
            return _streamed(reply, call, began)
        data = _content(reply)
        film = str(_parsed(data).get("id") or "") if question.film else ""
        answer = "" if film else _shown(data)
        return Finding(200, asked=True, latency_ms=_since(began), call=call, answer=answer, film=film)


def _form(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a form can't say goes as JSON (wishes.py)."""
    fields = {name: value if isinstance(value, str) else orjson.dumps(value) for name, value in body.items()}
    return {"data": fields, "files": {"file": ("tone.wav", tone(), "audio/wav")}}


def _streamed(reply: requests.Response, call: str, began: float) -> Finding:
    """A stream that doesn't end as it should has failed, whatever came of it before."""
    text, ttft_ms, error, message = "", None, "cut", ""
    for event in SSEClient(reply.iter_content(None)).events():
        if event.data == "[DONE]":
            error = ""
            break
        chunk = _parsed(event.data)
        if "error" in chunk:
            error, message = _refusal(event.data.encode())
            break
        if ttft_ms is None and chunk.get("choices"):
            ttft_ms = _since(began)
        text += _said(chunk)
        if _since(began) > TOTAL_S * 1000:
            error = "too_slow"
            break
    return Finding(200, True, error, message, _since(began), ttft_ms, call, text[:SHOWN])


def _said(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    return str((choices[0].get("delta") or {}).get("content") or "")


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(data: bytes) -> tuple[str, str]:
    """Code and message of our error envelope."""
    error = _parsed(data).get("error")
    if not isinstance(error, dict):
        return "unreadable", ""
    return str(error.get("code") or error.get("type") or "error"), str(error.get("message") or "")[:500]


def _content(reply: requests.Response) -> bytes:
    data = b""
    for part in reply.iter_content(65_536):
        data += part
        if len(data) > ANSWER_MAX:
            break
    return data


def _shown(data: bytes) -> str:
    """The beginning of text; of anything else its size."""
    beginning = data[: 4 * SHOWN].decode("utf-8", "replace")
    readable = beginning.isprintable() or beginning.lstrip().startswith(("{", "["))
    return beginning[:SHOWN] if readable else f"{len(data)} bytes"


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
