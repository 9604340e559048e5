"""One HTTP exchange over ASGI: what comes in through the door and what is sent back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from accounts.keyformat import checksum_ok
from proxy.contents.reel import Reel
from proxy.errors import ApiError, Voice, invalid
from proxy.limits import Taken
from proxy.routes import Route

JSON = b"application/json"
# Our own ASGI extension (cloudapi/wire.py): the request's Line.
LINE = "cloudapi.line"
BODY_MAX = 32 * 1024 * 1024
_BODY_STEP_S = 30.0
_KEY_NAMES = frozenset({"key", "api_key", "api-key", "apikey", "access_token"})

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Line(Protocol):
    """What the server does for one request beside ASGI's messages."""

    def body(self) -> bytes | None:
        """The whole body, if it has come already: the usual case of a small request. To be taken once."""

    def answer(self, status: int, headers: Headers, data: bytes) -> bool:
        """Sends a whole answer in one piece. False where only ASGI's messages will do."""

    def cut(self) -> None:
        """Closes the connection when what was sent has left."""


class Exchange:
    """Reads the request once, answers once. `gone` turns true when the client has left."""

    __slots__ = (
        *("_ended", "_line", "_receive", "_send", "_voice"),
        *("body_max", "gone", "id", "inbound", "reel", "route", "scope", "started", "taken"),
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, door: tuple[Route, Voice]
    ) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._line: Line = scope["extensions"][LINE]
        self.route, self._voice = door
        self.id = request_id
        self.body_max = BODY_MAX
        self.taken: Taken | None = None
        self.started = False
        self.gone = False
        self._ended = False
        self.reel: Reel | None = None  # keeps what is sent, for a project that logs
        self.inbound: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            self.inbound.setdefault(name, []).append(value)

    @property
    def ip(self) -> str:
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def is_anonymous(self) -> bool:
        """Nothing identifies the caller; a wrong key is a wrong key, not nobody's."""
        return b"authorization" not in self.inbound and b"x-api-key" not in self.inbound

    def header(self, name: bytes) -> str:
        return b",".join(self.inbound.get(name, ())).decode("latin-1")

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for value in self.inbound.get(name, ())]

    def check(self, hosts: Iterable[str]) -> None:
        """What the headers alone can refuse. Raises ApiError."""
        allowed = tuple(hosts)
        if "*" not in allowed and _host(self.header(b"host")) not in allowed:
            raise unknown_host()
        query = self.scope.get("query_string")
        if query:
            check_query(query.decode("latin-1"))
        self._check_content()

    def _check_content(self) -> None:
        if self.route.form and not (self.route.json_too and self._is_json):
            self._check_form()
            return
        if (
            self.inbound.get(b"content-type") == [b"application/json"]
            and b"content-encoding" not in self.inbound
        ):
            self._check_length()
            return
        kind, _, parameters = self.header(b"content-type").lower().partition(";")
        if kind.strip() != "application/json":
            raise ApiError(415, "unsupported_media_type", "Send the body as application/json.")
        charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
        if charset and charset not in ("utf-8", "utf8"):
            raise ApiError(415, "unsupported_charset", "Send the body as UTF-8.")
        self._check_encoding()
        self._check_length()

    @property
    def _is_json(self) -> bool:
        return self.header(b"content-type").lower().startswith("application/json")

    def _check_form(self) -> None:
        kind = self.header(b"content-type").lower().partition(";")[0]
        if kind.strip() != "multipart/form-data":
            raise ApiError(415, "unsupported_media_type", "Send the body as multipart/form-data.")
        self._check_encoding()
        self._check_length()

    def _check_encoding(self) -> None:
        if self.header(b"content-encoding").lower() not in ("", "identity"):
            raise ApiError(415, "unsupported_content_encoding", "Send the body uncompressed.")

    def _check_length(self) -> None:
        length = self.header(b"content-length")
        if length.isdigit() and int(length) > self.body_max:
            raise _too_large(self.body_max)

    async def body(self) -> bytes:
        """The whole body. Raises ApiError 413 past the cap, 408 when it stops coming."""
        whole = self._line.body()
        if whole is not None:
            return whole
        message = await self._next()
        data: bytes = message.get("body", b"")
        if not message.get("more_body"):
            return data
        parts, size = [data], len(data)
        while message.get("more_body"):
            message = await self._next()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.body_max:
                raise _too_large(self.body_max)
        return b"".join(parts)

    async def _next(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(_BODY_STEP_S):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(
                408, "request_timeout", "The body stopped coming.", headers={"connection": "close"}
            ) from None
        if message["type"] == "http.disconnect":
            self.gone = True
            raise ClientGone
        return message

    async def over(self) -> None:
        """Waits until the answer has ended or the client has left, whichever is first."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self._ended:
            self.gone = True

    def own_headers(self) -> Headers:
        name = self.id.encode()
        headers: Headers = [(b"x-request-id", name), (b"request-id", name), (b"cache-control", b"no-store")]
        return headers + (
            self.taken.headers(unix_time=self.route.unix_time) if self.taken is not None else []
        )

    async def answer(self, status: int, data: bytes, headers: Headers, kind: bytes) -> None:
        """A whole answer at once."""
        head = [
            *self.own_headers(),
            *headers,
            (b"content-type", kind),
            (b"content-length", b"%d" % len(data)),
        ]
        self.started = True
        if self.reel is not None:
            self.reel.begin(status, kind)
            self.reel.add(data)
        if self._line.answer(status, head, data):
            self._ended = True
            return
        await self._out({"type": "http.response.start", "status": status, "headers": head})
        self._ended = True
        await self._out({"type": "http.response.body", "body": data})

    async def refuse(self, error: ApiError) -> None:
        """An error: a status while nothing has left, an event afterwards."""
        if self.started:
            await self.fail(error.event(self.id, self._voice) if self._voice.error_event else b"")
            return
        headers = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()
        ]
        await self.answer(error.status, error.body(self.id, self._voice), headers, JSON)

    async def start_stream(self, headers: Headers, kind: bytes) -> None:
        head = [*self.own_headers(), *headers, (b"content-type", kind)]
        head.append((b"x-accel-buffering", b"no"))
        self.started = True
        if self.reel is not None:
            self.reel.begin(200, kind)
        await self._out({"type": "http.response.start", "status": 200, "headers": head})

    async def send(self, data: bytes) -> None:
        if self.reel is not None:
            self.reel.add(data)
        await self._out({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        self._ended = True
        if self.reel is not None:
            self.reel.add(data)
        await self._out({"type": "http.response.body", "body": data})

    async def fail(self, data: bytes) -> None:
        """The end of a stream that broke. Where nothing can be said of it the connection is cut, so that what
        came never looks whole.
        """
        if data:
            await self.end(data)
        else:
            self._ended = True
            self._line.cut()

    async def _out(self, message: MutableMapping[str, Any]) -> None:
        if not self.gone:
            await self._send(message)


class ClientGone(Exception):
    """The client left while its body was still coming."""


def check_query(query: str) -> None:
    """Raises ApiError 401 for a key in a URL: proxies, histories and logs on the way would keep it."""
    for name, value in parse_qsl(query):
        if name.lower() in _KEY_NAMES or checksum_ok(value):
            raise ApiError(
                401, "key_in_url", "An API key belongs in the Authorization header, never in a URL."
            )


def unknown_host() -> ApiError:
    """400: the request was meant for somebody else, or for nobody."""
    return invalid("invalid_host", "The Host header names no site of ours.")


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header.partition("]")[0].lower() + "]"
    return header.partition(":")[0].lower()


def _too_large(most: int) -> ApiError:
    return ApiError(
        413,
        "request_too_large",
        f"The body is over {most // 2**20} MB.",
        headers={"connection": "close"},
    )
