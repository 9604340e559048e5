"""Calls to providers: addresses, time-outs, and what a failure means for the next candidate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy import http1
from proxy.blame import TOLD
from proxy.bridge import Ask
from proxy.watch import Watch
from routing.snaps import ProviderSnap

ANSWER_MAX: Final = 64 * 1024 * 1024
ERROR_MAX: Final = 64 * 1024
ANTHROPIC_VERSION: Final = "2023-06-01"
_TARGETS_MAX: Final = 2_000
_HEADERS: Final = {
    "content-type": "application/json",
    "accept": "*/*",
    "accept-encoding": "identity",
    "user-agent": "CloudAPI/1",
}
# A request that the next provider would refuse just the same.
_CALLERS_FAULT: Final = frozenset({400, 409, 413, 415, 422})


class UpstreamError(Exception):
    """An endpoint could not answer. `body`: its own words, where they tell whose fault it is (blame.py).

    `param`, `message`: what its dialect has no way to say.
    """

    def __init__(  # noqa: PLR0913
        self,
        reason: str,
        *,
        status: int | None = None,
        body: bytes = b"",
        retry_after: str = "",
        param: str = "",
        message: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.body = body
        self.retry_after = retry_after
        self.param = param
        self.message = message


@dataclass(slots=True)
class Opened:
    """A 200 whose first bytes are here, until they are read: a slow stream must not keep them."""

    answer: http1.Answer
    first: bytes

    @property
    def kind(self) -> bytes:
        """Its content type."""
        return self.answer.headers.get(b"content-type", b"")

    def close(self) -> None:
        self.answer.close()

    def whole(self) -> bytes | None:
        """The first bytes, if there is nothing after them."""
        return self.first if self.answer.at_end else None

    async def more(self) -> bytes:
        """The next bytes; empty at the end. Raises UpstreamError when the answer is cut."""
        if self.first:
            data, self.first = self.first, b""
            return data
        try:
            return await self.answer.read()
        except OSError as error:
            raise UpstreamError("cut", status=200) from error

    async def read(self, watch: Watch, idle_s: float) -> bytes:
        """The whole answer. Raises UpstreamError when it is cut, past 64 MB or stalls for `idle_s`."""
        parts, size = list[bytes](), 0
        while data := await self._next(watch, idle_s):
            parts.append(data)
            size += len(data)
            if size > ANSWER_MAX:
                raise UpstreamError("answer_too_large", status=200)
        return b"".join(parts)

    async def _next(self, watch: Watch, idle_s: float) -> bytes:
        try:
            with watch.within(idle_s):
                return await self.more()
        except TimeoutError:
            raise UpstreamError("stalled", status=200) from None


class Upstream:
    """The connections to all providers."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._targets: dict[tuple[Any, ...], http1.Target] = {}
        self._pool = http1.Pool()

    def close(self) -> None:
        self._pool.close()

    def tidy(self) -> None:
        """Ends connections that were idle for long; to be called now and then."""
        self._pool.tidy()

    async def open(self, provider: ProviderSnap, ask: Ask, first_byte_s: float) -> Opened:
        """Asks and waits for the first bytes of a 200. Raises UpstreamError."""
        try:
            with self._watch.within(first_byte_s):
                return await self._send(provider, ask)
        except TimeoutError:
            raise UpstreamError("timeout") from None
        except OSError as error:
            raise UpstreamError(_reason(error)) from error

    async def _send(self, provider: ProviderSnap, ask: Ask) -> Opened:
        answer = await self._pool.post(self._target(provider, ask), ask.body)
        try:
            if answer.status != 200 or answer.headers.get(b"content-encoding", b"identity") != b"identity":
                raise await _failure(answer, provider.secret)
            first = await answer.read()
            if not first:
                raise UpstreamError("empty", status=200)
        except BaseException:
            answer.close()
            raise
        return Opened(answer, first)

    def _target(self, provider: ProviderSnap, ask: Ask) -> http1.Target:
        """Address and headers for a provider, made once. Raises UpstreamError when they can't be used."""
        name = (provider.id, provider.base_url, provider.secret, ask.method, ask.path, ask.headers)
        target = self._targets.get(name)
        if target is None:
            url = provider.base_url.rstrip("/") + ask.path
            try:
                target = http1.Target.of(url, headers_to(provider, ask), ask.method)
            except ValueError:
                raise UpstreamError("misconfigured") from None
            if len(self._targets) >= _TARGETS_MAX:  # callers' headers and prompts are part of some
                self._targets.clear()
            self._targets[name] = target
        return target


def headers_to(provider: ProviderSnap, ask: Ask) -> dict[str, str]:
    """What each request to this provider carries, its credential among it."""
    return {**_HEADERS, **_CREDENTIALS[provider.dialect](provider.secret), **dict(ask.headers)}


def _bearer(secret: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def _anthropic(secret: str | None) -> dict[str, str]:
    key = {"x-api-key": secret} if secret else {}
    return {"anthropic-version": ANTHROPIC_VERSION, **key}


def _gemini(secret: str | None) -> dict[str, str]:
    return {"x-goog-api-key": secret} if secret else {}


# Dialect → the headers of every call to such a provider; the caller's anthropic-version wins over ours.
_CREDENTIALS: Final[Mapping[str, Callable[[str | None], dict[str, str]]]] = {
    "openai": _bearer,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "pollinations": _bearer,
}


async def _failure(answer: http1.Answer, secret: str | None) -> UpstreamError:
    status = answer.status
    body = b""
    if status in _CALLERS_FAULT or status in TOLD:
        body = await _at_most(answer, ERROR_MAX)
        if secret:
            body = body.replace(secret.encode(), b"***")
        if not _is_object(body):
            body = b""  # not in the dialect: an HTML page of some proxy in between, or more than 64 KB
    retry_after = answer.headers.get(b"retry-after", b"").decode("latin-1")
    return UpstreamError(f"http_{status}", status=status, body=body, retry_after=retry_after)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(orjson.loads(body), dict)
    except orjson.JSONDecodeError:
        return False


async def _at_most(answer: http1.Answer, size: int) -> bytes:
    body = b""
    while len(body) < size and (data := await answer.read()):
        body += data
    return body[:size]


def _reason(error: OSError) -> str:
    if isinstance(error, http1.Unreachable):
        return "unreachable"
    return "broken" if isinstance(error, http1.Malformed) else "reset"
