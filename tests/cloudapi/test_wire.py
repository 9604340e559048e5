"""The way past ASGI's messages on which whole answers leave."""

from types import SimpleNamespace
from typing import Any

import pytest

from cloudapi.wire import WireLine


class Transport:
    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None: ...


def line(**state: Any) -> tuple[WireLine, Any]:
    """A line over a request whose body has come."""
    told: list[str] = []
    flow = SimpleNamespace(write_paused=False, resume_reading=lambda: told.append("reads"))
    event = SimpleNamespace(set=lambda: told.append("wakes"), clear=lambda: told.append("sleeps"))
    cycle: Any = SimpleNamespace(
        **{
            "flow": flow,
            "message_event": event,
            "transport": Transport(),
            "default_headers": [(b"date", b"today")],
            "scope": {"method": "POST"},
            "body": bytearray(b"{}"),
            "more_body": False,
            "disconnected": False,
            "keep_alive": True,
            "response_started": False,
            "response_complete": False,
            "on_response": lambda: told.append("over"),
        }
        | state
    )
    cycle.told = told
    return WireLine(cycle), cycle


def test_a_whole_answer_leaves_in_one_piece():
    wire, cycle = line()
    assert wire.answer(200, [(b"content-length", b"2")], b"{}")
    assert cycle.transport.written == b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\n{}"
    assert cycle.response_complete
    assert cycle.told == ["wakes", "over"]


@pytest.mark.parametrize(
    "state",
    [
        {"keep_alive": False},
        {"disconnected": True},
        {"response_started": True},
        {"scope": {"method": "HEAD"}},
        {"flow": SimpleNamespace(write_paused=True)},
    ],
)
def test_what_needs_more_thought_is_left_to_the_server(state: dict[str, Any]):
    wire, cycle = line(**state)
    assert not wire.answer(200, [(b"content-length", b"2")], b"{}")
    assert cycle.transport.written == b""


def test_who_says_that_the_connection_closes_leaves_that_to_the_server():
    wire, cycle = line()
    assert not wire.answer(413, [(b"a", b"b"), (b"connection", b"close")], b"")
    assert cycle.transport.written == b""


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"\x7f"])
def test_no_header_ends_its_line(value: bytes):
    wire, cycle = line()
    with pytest.raises(ValueError, match="control character"):
        wire.answer(200, [(b"x-cloudapi-model", value)], b"")
    assert cycle.transport.written == b""


def test_a_body_is_taken_once_and_only_whole():
    wire, cycle = line()
    assert wire.body() == b"{}"
    assert wire.body() == b""
    assert line(more_body=True)[0].body() is None
    assert line(disconnected=True)[0].body() is None
