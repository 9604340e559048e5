"""Bad inputs that concern videos: refused by name, without a hold or a question to a provider."""

import http.client
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import get, port_of, send
from tests.live.videos import PATH, delete, make, wish
from tests.stack import Stack


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=100_000)


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [(b"", 400, "invalid_json", None), (b"{", 400, "invalid_json", None), (b"[]", 400, "invalid_type", None),
     (b'{"model": "test/video", "prompt": "\xff"}', 400, "invalid_unicode", None),
     (b'{"model": "a", "model": "b", "prompt": "c"}', 400, "duplicate_key", "model"),
     ({"prompt": None}, 400, "missing_required_parameter", "prompt"),
     ({"model": "test/none"}, 404, "model_not_found", "model"),
     ({"model": "test/one"}, 400, "model_not_supported", "model"),
     ({"model": "test/video@best"}, 400, "invalid_strategy", "model"),
     ({"seconds": "9"}, 400, "invalid_value", "seconds"), ({"duration": 9}, 400, "invalid_value", "duration"),
     ({"seconds": "0"}, 400, "invalid_value", "seconds"), ({"size": "1921x64"}, 400, "invalid_value", "size"),
     ({"size": "huge"}, 400, "invalid_value", "size")],
)  # fmt: skip
def test_it_is_refused_before_anything_moves(
    stack: Stack, caller: Caller, body: Any, status: int, code: str, param: str | None
):
    if isinstance(body, dict):
        reply = make(stack, caller, **{"prompt": wish("bad")} | body)
    else:
        reply = send(stack, caller.headers, body, path=PATH)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (status, code, param)
    assert (caller.holds(), stack.upstream.journal("bad")) == ([], [])


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [("text/plain", b"a", 415, "unsupported_media_type"), ("", b"a", 415, "unsupported_media_type"),
     ("application/json; charset=latin1", b"{}", 415, "unsupported_charset"),
     ("multipart/form-data", b"--b--", 400, "invalid_form"),
     ("multipart/form-data; boundary=b", b"--b\r\n", 400, "invalid_form"),
     ("application/x-www-form-urlencoded", b"model=a", 415, "unsupported_media_type")],
)  # fmt: skip
def test_bodies_of_another_kind(stack: Stack, caller: Caller, kind: str, body: bytes, status: int, code: str):
    reply = send(stack, caller.headers | {"content-type": kind}, body, path=PATH)
    assert (reply.status, reply.error["code"], caller.holds()) == (status, code, [])


@pytest.mark.parametrize(
    "name",
    ["video_", "video_0", "video_" + "f" * 32, "f" * 32, "..", "%00", "video_%2e%2e", "'--", "x" * 3000],
)
@pytest.mark.parametrize("tail", ["", "/content"])
def test_names_that_belong_to_no_video(stack: Stack, caller: Caller, name: str, tail: str):
    assert get(stack, f"{PATH}/{name}{tail}", caller).status in (400, 404)
    assert delete(stack, caller, f"{PATH}/{name}").status in (400, 404)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "order=up", "after=video_1", "after=%00"]
)
def test_bad_pages(stack: Stack, caller: Caller, query: str):
    reply = get(stack, f"{PATH}?{query}", caller)
    assert (reply.status, reply.error["param"]) == (400, query.partition("=")[0])


def test_other_variants_and_methods(stack: Stack, caller: Caller):
    address = f"{PATH}/{make(stack, caller).json()['id']}"
    assert get(stack, address + "/content?variant=thumbnail", caller).error["param"] == "variant"
    for method, path in (("PUT", PATH), ("DELETE", PATH), ("POST", address), ("PATCH", address)):
        connection = http.client.HTTPConnection("127.0.0.1", port_of(stack), timeout=60)
        connection.request(method, path, headers=caller.headers)
        assert connection.getresponse().status == 405
        connection.close()


def test_a_project_that_may_not_use_the_model(stack: Stack):
    caller = make_caller(balance_uzs=100_000, allowed_models=["test/one"])
    assert (make(stack, caller).status, caller.holds()) == (403, [])
