"""What lies between a caller's dialect and an upstream's: the question as it is sent, the answer as it comes.

Pure values and shapes; proxy/surfaces.py is the table of all bridges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from accounts.values import value
from proxy.call import Call
from proxy.errors import ApiError
from proxy.meter import Usage
from routing.snaps import EndpointSnap

JSON = b"application/json"
EVENTS = b"text/event-stream; charset=utf-8"


class Unsupported(Exception):
    """This upstream dialect can't do what is asked: the next endpoint may. `param`: the field that asks."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


@value(frozen=True)
class Ask:
    """One HTTP request to an upstream. `path` comes after the provider's base URL.

    `headers` beside those that each call to the provider carries; a content-type here replaces JSON's.
    """

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"


@value(frozen=True)
class Reply:
    """An upstream's whole 200 as it came. `kind`: its content type."""

    data: bytes
    kind: bytes


@value(frozen=True)
class Answer:
    """A whole answer as the caller will get it.

    `usage`: the upstream's own report, read by Bridge.usage. `text`: UTF-8 of all that the model said, for an
    estimate where there is no report. `told`: makes `data` once the usage is known, where it is in it.
    """

    data: bytes
    usage: Any
    finish_reason: str = ""
    text: bytes = b""
    kind: bytes = JSON
    told: Callable[[Usage], bytes] | None = None

    def body(self, usage: Usage) -> bytes:
        """What the caller gets."""
        return self.data if self.told is None else self.told(usage)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a report can't truly exceed, in tokens (reliability.md fault 25)."""

    input: int
    output: int


class Stream(Protocol):
    """A stream on its way: feed it the upstream's bytes, forward what it gives back in the caller's dialect.

    What ends the answer is kept for `end`, because nothing terminal leaves before the charge is committed.
    """

    broken: bool  # what came can't be read

    def feed(self, data: bytes) -> bytes:
        """The bytes to forward at once; no `data` is the proper end. Raises sse.EventTooLarge."""

    @property
    def usage(self) -> Any:
        """The upstream's own report so far."""

    @property
    def finish_reason(self) -> str:
        """In OpenAI's words."""

    @property
    def said(self) -> int:
        """Events with text so far, about a token each."""

    @property
    def events(self) -> int:
        """The upstream's events so far."""

    @property
    def error(self) -> Any:
        """The upstream's error event."""

    @property
    def done(self) -> bool:
        """The upstream said that this is all."""

    @property
    def begun(self) -> bool:
        """The answer has begun, though there may be nothing to forward yet: no other endpoint is asked."""

    @property
    def text_bytes(self) -> int:
        """UTF-8 bytes of all that the model said: text, reasoning, arguments."""

    @property
    def text(self) -> bytes:
        """As much of what the model said as was kept, for an estimate."""

    @property
    def over(self) -> bool:
        """Nothing more is to be expected of this stream."""

    @property
    def complete(self) -> bool:
        """The answer came to its own end."""

    @property
    def kind(self) -> bytes:
        """Content type of what the caller gets."""

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        """The terminal part. `note`: what the route headers would have said, and the cost."""

    def failed(self, error: ApiError, request_id: str) -> bytes:
        """How the stream ends when it broke after its first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """One caller dialect over one upstream dialect.

    ask: (call, endpoint, granted output tokens) → the request; raises Unsupported.
    answer: (call, reply, the model's name as JSON) → what the caller gets; None if it is no such answer.
    stream: (call, the model's name as JSON, the upstream's content type) → a fresh Stream.
    usage: (call, the upstream's report, bounds) → units; None when it is missing or can't be true;
    `estimated` where it doesn't tell the output.
    refusal: (status, the upstream's words) → the caller's error; None where the caller is not to blame.
    """

    ask: Callable[[Call, EndpointSnap, int], Ask]
    answer: Callable[[Call, Reply, bytes], Answer | None]
    stream: Callable[[Call, bytes, bytes], Stream] | None = None
    usage: Callable[[Call, Any, Bounds], Usage | None]
    refusal: Callable[[int, bytes], ApiError | None]
