"""Inputs 27–53 of reliability.md §4: bodies that say nothing sensible, or nothing that may be done."""

import base64
import json
import socket
import struct
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import PATH, directive, port_of
from tests.live.raw import HELLO, PATIENCE_S, Bad, head, post, read, refused, send, talk
from tests.processes import until
from tests.stack import Stack

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"
HUGE_PNG = PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", 50_000, 50_000))
SALOM = HELLO["messages"]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
RAW: dict[str, tuple[bytes, str, str | None]] = {
    "27": (b"", "invalid_json", None),
    "28-cut": (b'{"model":"test/one","messages":[', "invalid_json", None),
    "28-bom": (b"\xef\xbb\xbf" + json.dumps(HELLO).encode(), "invalid_json", None),
    "28-more": (json.dumps(HELLO).encode() + b"{}", "invalid_json", None),
    "28-nul": (json.dumps(HELLO).encode() + b"\0", "invalid_json", None),
    "28-single": (b"{'model':'test/one'}", "invalid_json", None),
    "29-list": (b"[]", "invalid_type", None),
    "29-text": (b'"model"', "invalid_type", None),
    "29-null": (b"null", "invalid_type", None),
    "30": (b"[" * 10_000 + b"]" * 10_000, "json_too_deep", None),
    "30-objects": (b'{"a":' * 300 + b"1" + b"}" * 300, "json_too_deep", None),
    "30-pieces": (b'{"a":[' + b"{}," * 600_000 + b"{}]}", "json_too_complex", None),
    "31-nan": (b'{"model":"test/one","temperature":NaN}', "invalid_json", None),
    "31-infinity": (b'{"model":"test/one","temperature":-Infinity}', "invalid_json", None),
    "31-1e999": (b'{"model":"test/one","temperature":1e999}', "invalid_json", None),
    "32": (b'{"model":"test/one","model":"test/dear","messages":[]}', "duplicate_key", "model"),
    "33-bytes": (b'{"model":"\xff\xfe"}', "invalid_unicode", None),
    "33-surrogate": (b'{"model":"\\ud800"}', "invalid_unicode", None),
    "34": (b'{"model":"test/one","seed":' + b"9" * 5_000 + b"}", "invalid_value", None),
    "37-missing": (json.dumps({"messages": SALOM}).encode(), "missing_required_parameter", "model"),
    "40-missing": (b'{"model":"test/one"}', "invalid_messages", "messages"),
}
WHERE = "messages[0].content[0]"
FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "37-null": ({"model": None}, "missing_required_parameter", "model"),
    "37-number": ({"model": 123}, "invalid_type", "model"),
    "37-empty": ({"model": ""}, "invalid_value", "model"),
    "37-nul": ({"model": "\0\0"}, "invalid_value", "model"),
    "37-long": ({"model": "m" * 10_240}, "invalid_value", "model"),
    "39": ({"model": "test/one@cheapest"}, "invalid_strategy", "model"),
    "40-empty": ({"messages": []}, "invalid_messages", "messages"),
    "40-object": ({"messages": {}}, "invalid_messages", "messages"),
    "40-text": ({"messages": "hi"}, "invalid_messages", "messages"),
    "41-role": ({"messages": [{"role": "root", "content": "x"}]}, "invalid_value", "messages[0].role"),
    "41-part": ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "invalid_value", WHERE),
    "42-null": ({"messages": [{"role": "user", "content": None}]}, "invalid_messages", "messages[0].content"),
    "42-tool": (
        {"messages": [{"role": "tool", "content": "x"}]},
        "invalid_messages",
        "messages[0].tool_call_id",
    ),
    "43": ({"messages": SALOM * 100_000}, "too_many_messages", "messages"),
    "44-high": ({"temperature": 2.1}, "invalid_value", "temperature"),
    "44-text": ({"temperature": "hot"}, "invalid_value", "temperature"),
    "44-true": ({"temperature": True}, "invalid_value", "temperature"),
    **{
        f"45-{number}": ({"max_tokens": value}, "invalid_value", "max_tokens")
        for number, value in enumerate((0, -1, 1.5, "100", True, 10**12))
    },
    "46": (
        {"max_tokens": 5, "max_completion_tokens": 6},
        "conflicting_parameters",
        "max_completion_tokens",
    ),
    "47-none": ({"n": 0}, "invalid_value", "n"),
    "47-many": ({"n": 1000}, "invalid_value", "n"),
    "48": ({"stream": "yes"}, "invalid_type", "stream"),
    "49-options": ({"stream_options": "usage"}, "invalid_type", "stream_options"),
    "52-many": ({"tools": [TOOL] * 500}, "tools_too_large", "tools"),
    "52-long": ({"tools": [TOOL | {"x": "y" * 2**20}]}, "tools_too_large", "tools"),
    "53": ({"model": "test/small", "messages": [{"role": "user", "content": "word " * 4_000}]},
           "context_length_exceeded", "messages"),
}  # fmt: skip
ADDRESSES = (
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "http://2130706433/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://127.0.0.1:{port}/x.png",
    "http://localhost:{port}/x.png",
    "http://user@127.0.0.1:{port}/",
)
UNKNOWN_MODELS = (
    "nobody/knows",
    "../x",
    "a\r\nset-cookie: b=1",
    '"><script>',
    "☃" * 85,
    "%s%n",
    "test/one\u202e",
)


def image(url: str) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return {"messages": [{"role": "user", "content": [part]}]}


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def asking(fields: dict[str, Any]):
    return lambda caller: post(caller, HELLO | fields)


BAD = [
    *[Bad(n, lambda c, raw=raw: post(c, raw), 400, code, param) for n, (raw, code, param) in RAW.items()],
    *[Bad(n, asking(fields), 400, code, param) for n, (fields, code, param) in FIELDS.items()],
    *[
        Bad(f"38-{number}", asking({"model": name}), 404, "model_not_found", "model")
        for number, name in enumerate(UNKNOWN_MODELS)
    ],
    Bad("51-large", asking(image(data_url(PNG + b"\0" * 22_000_000))), 413, "image_too_large", WHERE),
    Bad("51-html", asking(image(data_url(b"<html>"))), 400, "invalid_image", WHERE),
    Bad("51-sound", asking(image(data_url(b"RIFF\0\0\0\0WAVEfmt "))), 400, "invalid_image", WHERE),
    Bad("51-pixels", asking(image(data_url(HUGE_PNG))), 400, "invalid_image", WHERE),
]


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_bodies_are_refused(stack: Stack, case: Bad):
    caller = make_caller(balance_uzs=1_000)
    reply = refused(stack, caller, case)
    assert reply.header("x-ratelimit-limit")
    assert reply.header("set-cookie") == ""
    assert talk(stack, post(caller)).status == 200


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_no_image_address_is_ever_visited(stack: Stack, number: int):
    """Input 50: refused, and nobody knocks at the address."""
    caller = make_caller(balance_uzs=1_000)
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        url = ADDRESSES[number].format(port=trap.getsockname()[1])
        refused(stack, caller, Bad("50", asking(image(url)), 400, "invalid_image_url", WHERE))
        with pytest.raises(BlockingIOError):
            trap.accept()


def answered(stack: Stack, caller: Caller, run: str, **fields: Any) -> dict[str, Any]:
    """A call that is served; what the upstream was asked."""
    reply = talk(stack, post(caller, HELLO | fields))
    assert reply.status == 200, reply.body
    (entry,) = stack.upstream.finished(run)
    return dict(entry["body"])


def test_nul_in_content_is_passed_on(stack: Stack):
    """Input 35: PostgreSQL would refuse it in a text, so no row may carry it."""
    caller = make_caller(balance_uzs=1_000)
    run = f"nul-{caller.api_key.pk}"
    messages = [{"role": "system", "content": "a\0b"}, *directive(run=run)]
    asked = answered(stack, caller, run, messages=messages, user="x\0y", model="test/\0one")
    assert asked["messages"][0]["content"] == "a\0b"
    assert asked["user"] == "x\0y"
    assert [row["asked"] for row in caller.requests()] == ["test/one"]


def test_unknown_parameters_pass(stack: Stack):
    """Input 36: api.md §1.1 is the later word: an unknown field never fails at the gateway."""
    caller = make_caller(balance_uzs=1_000)
    run = f"unknown-{caller.api_key.pk}"
    asked = answered(stack, caller, run, messages=directive(run=run), unheard_of={"a": [1, None]}, top_k=7)
    assert (asked["unheard_of"], asked["top_k"]) == ({"a": [1, None]}, 7)


def test_usage_is_asked_for_whatever_the_caller_says(stack: Stack):
    """Input 49: without it nobody could be charged; the caller doesn't see it."""
    caller = make_caller(balance_uzs=1_000)
    run = f"usage-{caller.api_key.pk}"
    body = HELLO | {
        "messages": directive(run=run),
        "stream": True,
        "stream_options": {"include_usage": False},
    }
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        send(connection, [post(caller, body)])
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += connection.recv(65536)
    assert b"[DONE]" in data
    assert b"usage" not in data
    (entry,) = stack.upstream.finished(run)
    assert entry["body"]["stream_options"]["include_usage"] is True


def test_a_hostile_finish_reason_is_charged_like_any_other(stack: Stack):
    """An upstream's NUL must not put the charge into quarantine."""
    caller = make_caller(balance_uzs=1_000)
    for streamed in (False, True):
        wishes = {"finish": "st\0op", "prompt_tokens": 5, "completion_tokens": 3}
        body = HELLO | {"messages": directive(**wishes), "stream": streamed}
        connection = socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S)
        with connection:
            send(connection, [post(caller, body, "connection: close")])
            while connection.recv(65536):
                pass
    found = until(lambda: rows if len(rows := caller.requests()) == 2 else [], "both rows")
    assert {(row["finish_reason"], row["output_tokens"]) for row in found} == {("stop", 3)}
    assert caller.charged() == sum(row["cost_micros"] for row in found) > 0


@pytest.mark.parametrize("start", [post, lambda c: post(c, first="POST /accounts/login/ HTTP/1.1")])
def test_a_body_that_trickles_in(stack: Stack, slow_gateway, start):
    """Input 12: a byte now and then doesn't keep a connection."""
    caller = make_caller(balance_uzs=1_000)
    request = start(caller)[:-20]
    reply = refused(
        stack, caller, Bad("12", lambda c: request, 408, "request_timeout", closes=True), slow_gateway
    )
    assert reply.closed


def test_a_head_that_trickles_in(stack: Stack, slow_gateway):
    caller = make_caller()
    case = Bad(
        "12-head", lambda c: head(first=f"POST {PATH} HTTP/1.1")[:-4], 408, "request_timeout", closes=True
    )
    refused(stack, caller, case, slow_gateway)
    with socket.create_connection(("127.0.0.1", slow_gateway.port), timeout=PATIENCE_S) as silent:
        assert silent.recv(1) == b""
    with socket.create_connection(("127.0.0.1", slow_gateway.port), timeout=PATIENCE_S) as dripping:
        dripping.sendall(b"GET /")
        dripping.settimeout(0.2)
        until(lambda: drips(dripping), "an answer to a dripping head")
        dripping.settimeout(PATIENCE_S)
        assert read(dripping).status == 408


def drips(connection: socket.socket) -> bool:
    """One more byte of a head that never ends; True once there is an answer."""
    connection.sendall(b"x")
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


@pytest.fixture(scope="module")
def slow_gateway(_running_stack: Stack):
    """A gateway whose patience with requests is short."""
    with _running_stack.another_gateway("slow", HEAD_S="1", BODY_S="1") as gateway:
        yield gateway
