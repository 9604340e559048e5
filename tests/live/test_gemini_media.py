"""Embeddings and pictures of gemini upstreams through the gateway: what comes back and what is charged."""

import base64
import json
import math
import struct
from typing import Any

import pytest

from proxy.call import Part
from proxy.dialects import form
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.live.test_leaving import IN, outcome
from tests.stack import Stack
from tests.upstream.pictures import png
from tests.upstream.vectors import vector

PICTURE, TOKEN = 504_000_000, 63_000  # $0.04, $5 per 10^6; 12,000 so'm, 5 %


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


def wish(**wishes: Any) -> str:
    return json.dumps({"upstream": wishes})


def embed(stack: Stack, caller: Caller, **body: Any) -> Reply:
    return send(stack, caller.headers, {"model": "test/embed-gemini"} | body, path="/v1/embeddings")


def draw(stack: Stack, caller: Caller, **body: Any) -> Reply:
    sent = {"model": "test/draw-gemini", "prompt": "Registon"} | body
    return send(stack, caller.headers, sent, path="/v1/images/generations")


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings(stack: Stack, caller: Caller, encoding: str):
    texts = [wish(prompt_tokens=11), "привет мир 🙂"]
    reply = embed(stack, caller, input=texts, encoding_format=encoding, dimensions=16)
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert answer["usage"] == {"prompt_tokens": 11, "total_tokens": 11}
    found = answer["data"][1]["embedding"]
    if encoding == "base64":
        found = struct.unpack("<16f", base64.b64decode(found))
    assert found == pytest.approx(vector(texts[1], 16), abs=1e-6)
    assert math.hypot(*found) == pytest.approx(1, abs=1e-6)
    (row,) = outcome(caller, 1)
    assert (row["input_tokens"], row["estimated"], row["cost_micros"]) == (11, False, 11 * IN)
    assert caller.charged() == 11 * IN


@pytest.mark.parametrize(
    ("wishes", "status"),
    [
        ({"fault": "400"}, 400),
        ({"fault": "500"}, 502),
        ({"fault": "429"}, 503),
        ({"chunks": 0}, 502),
        ({"fault": "not_json"}, 502),
    ],
    ids=str,
)
def test_failed_embeddings_cost_nothing(stack: Stack, caller: Caller, wishes: dict[str, Any], status: int):
    assert embed(stack, caller, input=[wish(**wishes), "b"]).status == status
    outcome(caller, 1)
    assert caller.charged() == 0


@pytest.mark.parametrize("wishes", [{"fault": "no_usage"}, {"lie": "huge"}, {"lie": "string"}], ids=str)
def test_embeddings_without_a_true_count_are_estimated(stack: Stack, caller: Caller, wishes: dict[str, Any]):
    assert embed(stack, caller, input=wish(**wishes)).status == 200
    (row,) = outcome(caller, 1)
    assert row["estimated"]
    assert 0 < caller.charged() < 100 * IN


def test_token_numbers_are_refused_by_name(stack: Stack, caller: Caller):
    reply = embed(stack, caller, input=[1, 2, 3])
    assert (reply.status, reply.error["param"]) == (400, "input")


def test_a_picture(stack: Stack, caller: Caller):
    prompt = wish(prompt_tokens=11, run="gem-draw")
    reply = draw(stack, caller, prompt=prompt, size="1344x768", n=1)
    assert reply.status == 200, reply.body
    data = base64.b64decode(reply.json()["data"][0]["b64_json"])
    assert struct.unpack(">II", data[16:24]) == (1344, 768)
    (row,) = outcome(caller, 1)
    assert (row["images"], row["input_tokens"], row["output_tokens"], row["estimated"]) == (
        1,
        11,
        1290,
        False,
    )
    assert caller.charged() == row["cost_micros"] == PICTURE + 11 * TOKEN
    (entry,) = stack.upstream.finished("gem-draw")
    assert entry["target"] == "/p/gem/v1beta/models/gemini-3-draw-image:generateContent"
    assert entry["body"]["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_an_edit(stack: Stack, caller: Caller):
    source = Part("image", "a.png", "image/png", png((64, 48), "salom"))
    fields = {"model": "test/draw-gemini", "prompt": wish(prompt_tokens=300, run="gem-edit")}
    kind, data = form.build(fields, [source])
    reply = send(stack, caller.headers | {"content-type": kind}, data, path="/v1/images/edits")
    assert reply.status == 200, reply.body
    assert caller.charged() == PICTURE + 300 * TOKEN
    (entry,) = stack.upstream.finished("gem-edit")
    first = entry["body"]["contents"][0]["parts"][0]["inlineData"]
    assert base64.b64decode(first["data"]) == source.data


def test_a_plain_picture(stack: Stack, caller: Caller):
    body = {"model": "test/draw-gemini", "prompt": "Registon", "width": 1024, "height": 1024}
    reply = send(stack, caller.headers, body, path="/api/image")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    assert reply.body.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("wishes", "status", "code"),
    [
        ({"refusal": "no"}, 400, "content_policy_violation"),
        ({"finish": "IMAGE_SAFETY"}, 400, "content_policy_violation"),
        ({"finish": "NO_IMAGE"}, 502, "upstream_error"),
        ({"fault": "400"}, 400, "upstream_refused"),
        ({"fault": "503"}, 503, "upstream_overloaded"),
        ({"fault": "cut"}, 502, "upstream_error"),
    ],
    ids=str,
)
def test_no_picture_no_charge(stack: Stack, caller: Caller, wishes: dict[str, Any], status: int, code: str):
    reply = draw(stack, caller, prompt=wish(**wishes))
    assert (reply.status, reply.error["code"]) == (status, code), reply.body
    outcome(caller, 1)
    assert caller.charged() == 0
    assert caller.wallet()["held_micros"] == 0


@pytest.mark.parametrize(("body", "param"), [({"n": 2}, "n"), ({"size": "2048x512"}, "size")])
def test_what_gemini_does_not_draw_is_named(stack: Stack, caller: Caller, body: dict[str, Any], param: str):
    reply = draw(stack, caller, **body)
    assert (reply.status, reply.error["param"]) == (400, param)
