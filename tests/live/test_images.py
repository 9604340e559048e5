"""Pictures through the gateway: what comes back, what is charged, and what is refused."""

import base64
import json
import struct
from typing import Any
from uuid import uuid4

import pytest

from proxy.call import Part
from proxy.dialects import form
from tests.catalog import CREDENTIALS
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.live.test_leaving import outcome
from tests.stack import Stack
from tests.upstream.pictures import png

PATH, EDITS = "/v1/images/generations", "/v1/images/edits"
PICTURE, CHEAP, TOKEN = 504_000_000, 37_800_000, 63_000  # $0.04, $0.003, $5 per 10^6; 12,000 so'm, 5 %
PNG = png((64, 48), "salom")


def wish(**wishes: Any) -> str:
    """A prompt that tells the test upstream what to answer."""
    return json.dumps({"upstream": wishes})


def draw(stack: Stack, caller: Caller, **body: Any) -> Reply:
    return send(stack, caller.headers, {"model": "test/image", "prompt": "Registon"} | body, path=PATH)


def edit(stack: Stack, caller: Caller, *files: Part, **fields: str) -> Reply:
    sent = {"model": "test/image", "prompt": "Registon"} | fields
    kind, data = form.build(sent, files or [Part("image", "a.png", "image/png", PNG)])
    return send(stack, caller.headers | {"content-type": kind}, data, path=EDITS)


def size(data: bytes) -> tuple[int, int]:
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def pictures(reply: Reply) -> list[bytes]:
    assert reply.status == 200, reply.body
    return [base64.b64decode(item["b64_json"]) for item in reply.json()["data"]]


def test_pictures_are_paid_for_by_the_piece_and_their_prompt_by_the_token(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, prompt=wish(prompt_tokens=11), n=3, size="640x480")
    assert [size(data) for data in pictures(reply)] == [(640, 480)] * 3
    assert reply.json()["model"] == "test/image"
    (row,) = outcome(caller, 1)
    assert caller.charged() == row["cost_micros"] == 3 * PICTURE + 11 * TOKEN
    assert (row["kind"], row["images"], row["input_tokens"], row["output_tokens"]) == ("images", 3, 11, 816)
    assert (row["estimated"], row["status"], row["http_status"]) == (False, "ok", 200)
    assert row["provider_cost_nano"] == 3 * 40_000_000 + 11 * 5_000
    assert reply.headers["x-cloudapi-cost-uzs"] == "1512.693"


def test_a_model_without_tokens_in_its_price_is_no_estimate(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    assert len(pictures(draw(stack, caller, model="test/draw", n=2))) == 2
    (row,) = outcome(caller, 1)
    assert (caller.charged(), row["images"], row["estimated"]) == (2 * CHEAP, 2, False)


def test_fewer_pictures_cost_less(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, prompt=wish(text="1", prompt_tokens=4), n=3)
    assert len(pictures(reply)) == 1
    outcome(caller, 1)
    assert caller.charged() == PICTURE + 4 * TOKEN


def test_a_missing_report_is_a_labelled_estimate(stack: Stack):
    caller, prompt = make_caller(balance_uzs=10_000), wish(fault="no_usage")
    assert draw(stack, caller, prompt=prompt).status == 200
    (row,) = outcome(caller, 1)
    assert (row["estimated"], row["images"], row["input_tokens"]) == (True, 1, len(prompt) // 4)
    assert caller.charged() == PICTURE + row["input_tokens"] * TOKEN


@pytest.mark.parametrize("lie", ["negative", "huge", "string", "float", "bool"])
def test_a_report_that_cannot_be_true_is_a_labelled_estimate(stack: Stack, lie: str):
    caller = make_caller(balance_uzs=10_000)
    assert draw(stack, caller, prompt=wish(lie=lie)).status == 200
    (row,) = outcome(caller, 1)
    assert (row["estimated"], row["images"]) == (True, 1)


def test_an_address_passes_as_it_is(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, model="test/draw", response_format="url")
    assert reply.json()["data"] == [
        {"url": "https://pictures.invalid/0.png", "revised_prompt": 'a "model": indeed'}
    ]


def test_a_picture_by_its_address_becomes_json(stack: Stack):
    caller, run = make_caller(balance_uzs=10_000), uuid4().hex
    reply = draw(stack, caller, model="test/paint", prompt=wish(run=run), size="320x200", seed=5)
    assert [size(data) for data in pictures(reply)] == [(320, 200)]
    (row,) = outcome(caller, 1)
    assert (caller.charged(), row["images"], row["provider"]) == (CHEAP, 1, "pollen")
    assert (row["estimated"], row["provider_cost_nano"]) == (False, 3_000_000)
    (asked,) = stack.upstream.finished(run)
    headers = dict(asked["headers"])
    assert headers["authorization"] == f"Bearer {CREDENTIALS['TEST_POLLEN_KEY']}"
    assert "content-type" not in headers or "seed=5" in asked["target"]


def test_a_data_url_for_who_wants_an_address(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, model="test/paint", response_format="url")
    (item,) = reply.json()["data"]
    assert size(base64.b64decode(item["url"].removeprefix("data:image/png;base64,"))) == (64, 64)


def test_who_makes_one_at_a_time_is_passed_over(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    assert len(pictures(draw(stack, caller, model="test/canvas", n=2))) == 2
    (row,) = outcome(caller, 1)
    assert [(a["provider"], a["error"]) for a in row["attempts"]] == [
        ("pollen", "unsupported"),
        ("alpha", None),
    ]


def test_several_of_a_provider_that_makes_one(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, model="test/paint", n=2)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "unsupported_parameter", "n")
    outcome(caller, 1)
    assert caller.charged() == 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [("400", 400), ("401", 502), ("429", 503), ("500", 502), ("529", 503), ("reset", 502), ("cut", 502)]
    + [
        ("truncated", 502),
        ("not_json", 502),
        ("empty", 502),
        ("html", 502),
        ("redirect", 502),
        ("leak", 400),
    ],
)
@pytest.mark.parametrize("model", ["test/image", "test/paint"])
def test_a_fault_costs_nothing(stack: Stack, model: str, fault: str, status: int):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, model=model, prompt=wish(fault=fault))
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert not any(secret.encode() in reply.body for secret in CREDENTIALS.values())
    outcome(caller, 1)
    assert caller.charged() == 0


def test_what_a_provider_drew_in_vain_is_our_cost(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    wishes = {"by_provider": {"pollen": {"fault": "truncated"}}}
    assert draw(stack, caller, model="test/canvas", prompt=wish(**wishes)).status == 200
    (row,) = outcome(caller, 1)
    assert (row["provider"], row["images"]) == ("alpha", 1)
    assert row["provider_cost_nano"] >= 40_000_000 + 3_000_000


def test_a_wallet_too_small_for_all_of_them(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    assert draw(stack, caller, n=1).status == 200
    reply = draw(stack, caller, n=2)
    assert (reply.status, reply.error["code"]) == (402, "insufficient_balance")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"size": "4096x4096"}, "invalid_value", "size"),
        ({"size": "1024x2049"}, "invalid_value", "size"),
        ({"n": 11}, "invalid_value", "n"),
        ({"model": "test/one"}, "model_not_supported", "model"),
        ({"prompt": None}, "missing_required_parameter", "prompt"),
        ({"stream": True}, "unsupported_parameter", "stream"),
    ],
)
def test_a_bad_request_is_refused_before_anything_moves(
    stack: Stack, body: dict[str, Any], code: str, param: str
):
    caller = make_caller(balance_uzs=10_000)
    reply = draw(stack, caller, **body)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert caller.holds() == []


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_pollinations_chats_in_openais_words(stack: Stack, path: str):
    caller, run = make_caller(balance_uzs=100), uuid4().hex
    hello = {"role": "user", "content": wish(run=run, text="salom", prompt_tokens=9, completion_tokens=4)}
    reply = send(
        stack, caller.headers, {"model": "test/pollen", "max_tokens": 64, "messages": [hello]}, path=path
    )
    assert (reply.status, b"salom" in reply.body) == (200, True)
    (row,) = outcome(caller, 1)
    assert (row["input_tokens"], row["output_tokens"], row["provider"]) == (9, 4, "pollen")
    (asked,) = stack.upstream.finished(run)
    assert asked["path"] == "/v1/chat/completions"


def test_a_chat_does_not_reach_a_painter(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    hello = {"model": "test/image", "messages": [{"role": "user", "content": "salom"}]}
    reply = send(stack, caller.headers, hello)
    assert (reply.status, reply.error["code"]) == (400, "model_not_supported")


def test_an_edit_reaches_the_upstream_as_the_caller_sent_it(stack: Stack):
    caller, run = make_caller(balance_uzs=10_000), uuid4().hex
    files = [
        Part("image[]", "bir.png", "image/png", PNG),
        Part("image[]", "ikki.png", "image/png", png((8, 8), "2")),
        Part("mask", "mask.png", "image/png", png((64, 48), "3")),
    ]
    reply = edit(stack, caller, *files, prompt=wish(run=run, prompt_tokens=600), n="2", quality="high")
    assert len(pictures(reply)) == 2
    (row,) = outcome(caller, 1)
    assert caller.charged() == 2 * PICTURE + 600 * TOKEN
    assert (row["kind"], row["images"]) == ("image_edits", 2)
    (asked,) = stack.upstream.finished(run)
    sent = asked["body"]
    assert {name: sent[name] for name in ("model", "n", "quality")} == {
        "model": "gpt-image-test",
        "n": "2",
        "quality": "high",
    }
    assert [(of, name, kind, length) for of, name, kind, length, _ in sent["files"]] == [
        (part.of, part.name, part.kind, len(part.data)) for part in files
    ]


def test_a_bad_edit_is_refused(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    no_picture = edit(stack, caller, Part("image", "a.png", "image/png", b"salom"))
    assert (no_picture.status, no_picture.error["param"]) == (400, "image")
    as_json = send(stack, caller.headers, {"model": "test/image"}, path=EDITS)
    assert (as_json.status, as_json.error["code"]) == (415, "unsupported_media_type")
    as_form = send(
        stack, caller.headers | {"content-type": "multipart/form-data; boundary=x"}, b"--x--", path=PATH
    )
    assert as_form.status == 415
    cut = send(
        stack, caller.headers | {"content-type": "multipart/form-data; boundary=x"}, b"--x\r\n", path=EDITS
    )
    assert (cut.status, cut.error["code"]) == (400, "invalid_form")
    assert caller.holds() == []


def test_the_books_are_right_after_all_that(stack: Stack):
    stack.check_ledger()
