"""Requests that are none: what llhttp refuses or lets grow without end gets an answer like any other mistake.

uvicorn answers broken HTTP in plain text, even into the middle of another answer, and knows no limit for
heads, trailers and bodies. Nothing here costs a well-made request more than comparisons. RFC 9112 §2, §6, §7.
"""

import re
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from billing.ids import new_op_id
from proxy.errors import ApiError, invalid
from proxy.exchange import BODY_MAX, LINE, Headers

HEAD_BYTES_MAX: Final = 32 * 1024
HEADERS_MAX: Final = 100
# How much framing each piece of a chunked body may bring along; more is an endless chunk extension.
FRAMING_BYTES: Final = 16
# Exchange refuses at the cap itself, with the caller's rate windows; this end is for those who don't count.
BODY_END: Final = BODY_MAX + 1024 * 1024
LINGER_S: Final = 2.0
# What no header may have; CR and LF are counted.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_REASONS: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    431: b"Request Header Fields Too Large",
}


class Wire(HttpToolsProtocol):
    """One connection. `inside`: between a head and the end of its body, where `_loose` bytes were no body."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.inside = False
        self._loose = 0
        self._body_bytes = 0
        self._refusal: ApiError | None = None
        self._deaf = False

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._loose += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.turn_away(self._refusal or _malformed())
        if self._loose > HEAD_BYTES_MAX and not self._deaf:
            self.turn_away(_head_too_large())
        if self.inside and self.cycle.transport is self.transport:
            self.cycle.transport = _Patient(self)  # type: ignore[assignment]

    def _decline(self, rest: bytes) -> None:
        """llhttp leaves the body to the protocol that is offered: reads the head again without the offer.

        curl --http2 and Java's HttpClient make it with their first request.
        """
        lines = [b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade"]
        version = self.parser.get_http_version().encode()
        first = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._loose = 0
        self.data_received(b"\r\n".join([first, *lines]) + b"\r\n\r\n" + rest)

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise self._refused(_malformed())
            return  # _decline() follows
        if len(self.headers) > HEADERS_MAX or self._head_is_large():
            raise self._refused(_head_too_large())
        super().on_headers_complete()
        self.scope["extensions"] = {LINE: WireLine(self.cycle)}  # type: ignore[dict-item]
        self.inside = True
        # What llhttp finds from here on are trailers: they must never count as headers.
        self.headers = []

    def _head_is_large(self) -> bool:
        if self._loose <= HEAD_BYTES_MAX:  # with all that came along
            return False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return size > HEAD_BYTES_MAX

    def on_body(self, body: bytes) -> None:
        self._loose = max(0, self._loose - len(body) - FRAMING_BYTES)
        self._body_bytes += len(body)
        if self._body_bytes > BODY_END:
            raise self._refused(_body_too_large())
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.inside:
            super().on_message_complete()
        self.inside = False
        self._loose = self._body_bytes = 0

    def _refused(self, error: ApiError) -> ApiError:
        """Raised inside a callback, llhttp turns it into an error of its own."""
        self._refusal = error
        return error

    def turn_away(self, error: ApiError) -> None:
        """Reads nothing more. A whole request still gets its answer, anything else `error`; then the end."""
        self._deaf = True
        cycle = self.cycle
        answered = cycle is None or cycle.response_complete
        if not self.inside and not answered:
            cycle.keep_alive = False
            return
        if self.inside:
            if answered or self.pipeline or cycle.response_started:
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(_answer(error))
        self.linger()

    def linger(self) -> None:
        """Closes our half now, the rest a little later: a client that still writes would be met by a reset,
        which can take the answer away that it has not read yet.
        """
        self._deaf = True
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_S, self.transport.close)


class WireLine:
    """proxy.exchange.Line over uvicorn's cycle: two messages, a lock and two regular expressions for each
    header were a tenth of a call's CPU (docs/performance.md).
    """

    __slots__ = ("_cycle", "cut")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self.cut = cycle.transport.close  # See Line.cut(); the transport itself, which doesn't linger

    def body(self) -> bytes | None:
        """See Line.body()."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected:
            return None
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        data, cycle.body = bytes(cycle.body), bytearray()
        return data

    def answer(self, status: int, headers: Headers, data: bytes) -> bool:
        """See Line.answer(). Raises ValueError for a header that would end its line."""
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.disconnected or cycle.response_started or not cycle.keep_alive:
            return False
        if cycle.scope["method"] == "HEAD":
            return False
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        head = b"".join(lines)
        if _CONTROL.search(head) or not head.count(b"\n") == head.count(b"\r") == len(lines):
            raise ValueError("a control character in a header")
        if b"\r\nconnection: " in head:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, data))
        cycle.message_event.set()
        cycle.on_response()
        return True


class _Patient:
    """The transport of an answer that may be over before its request is; close() lingers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.write = wire.transport.write
        self.is_closing = wire.transport.is_closing

    def close(self) -> None:
        if self._wire.inside:
            self._wire.linger()
        else:
            self._wire.transport.close()


def _malformed() -> ApiError:
    return invalid("invalid_http", "This is no well-formed HTTP/1.1 request.")


def _head_too_large() -> ApiError:
    return ApiError(
        431,
        "headers_too_large",
        f"Request line and headers may have {HEAD_BYTES_MAX // 1024} KB and {HEADERS_MAX} fields.",
    )


def _body_too_large() -> ApiError:
    return ApiError(413, "request_too_large", f"The body is over {BODY_MAX // 2**20} MB.")


def _answer(error: ApiError) -> bytes:
    name = str(new_op_id())
    body = error.body(name)
    head = (
        f"HTTP/1.1 {error.status} {_REASONS[error.status].decode()}\r\n"
        f"x-request-id: {name}\r\nrequest-id: {name}\r\ncache-control: no-store\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
