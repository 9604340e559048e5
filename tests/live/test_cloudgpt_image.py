"""POST /api/image as CloudGPT documents it: one picture as bytes, for somebody and for nobody."""

import json
import struct
import time

import pytest

from accounts.models import ANONYMOUS, Organization
from billing.ledger import balance
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.live.test_cloudgpt import address, assert_unix_reset, door, open_gateway  # noqa: F401
from tests.processes import Gateway
from tests.stack import Stack

IMAGE = "/api/image"
CHEAP, DEAR = 37_800_000, 504_000_000  # $0.003 and $0.04; 12,000 so'm, 5 %
KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff\xe0": "image/jpeg"}


def ask(where: Stack | Gateway, caller: Caller | None, ip: str = "", **body: object) -> Reply:
    headers = caller.headers if caller else {"x-forwarded-for": ip}
    wanted = {"model": "test/draw", "prompt": "A beautiful sunset over mountains"} | body
    return send(where, headers, {name: value for name, value in wanted.items() if value != ()}, path=IMAGE)


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("model", ["test/draw", "test/paint"])
def test_the_answer_is_the_picture_with_its_type(stack: Stack, model: str):
    caller = make_caller(balance_uzs=1000)
    reply = ask(stack, caller, model=model, width=640, height=480, seed=12345)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == KINDS[reply.body[:4]]
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert caller.charged() == CHEAP
    assert_unix_reset(reply)


def test_the_sides_have_the_documented_defaults(stack: Stack):
    reply = ask(stack, make_caller(balance_uzs=1000))
    assert size(reply.body) == (1024, 1024)
    assert size(ask(stack, make_caller(balance_uzs=1000), width=512).body) == (512, 1024)


def test_the_same_seed_draws_the_same_picture(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    one, again, other = (ask(stack, caller, seed=seed).body for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"prompt": ()}, 400, "prompt"),
        ({"prompt": ""}, 400, "prompt"),
        ({"prompt": ["x"]}, 400, "prompt"),
        ({"prompt": "x" * 32_001}, 400, "prompt"),
        ({"model": ()}, 400, "model"),
        ({"model": 5}, 400, "model"),
        ({"width": 0}, 400, "width"),
        ({"width": -1}, 400, "width"),
        ({"width": 8193}, 400, "width"),
        ({"width": 10**30}, 400, "width"),
        ({"height": "1024"}, 400, "height"),
        ({"height": 2.5}, 400, "height"),
        ({"height": True}, 400, "height"),
        ({"width": 4096}, 400, "width"),
        ({"seed": "x"}, 400, "seed"),
        ({"seed": 2**60}, 400, "seed"),
        ({"model": "test/one"}, 400, "model"),
        ({"model": "nobody/knows"}, 404, "model"),
    ],
)
def test_a_bad_request_names_its_field(stack: Stack, body: dict, status: int, param: str):
    caller = make_caller(balance_uzs=1000)
    reply = ask(stack, caller, **body)
    assert (reply.status, reply.error["param"]) == (status, param), reply.body
    assert {"message", "type", "code"} <= set(reply.error)
    assert caller.holds() == []
    assert_unix_reset(reply)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 5000, b'{"prompt": "\\ud800"}']
)
def test_a_body_that_is_no_good_object_is_400(stack: Stack, body: bytes):
    caller = make_caller(balance_uzs=1000)
    assert send(stack, caller.headers, body, path=IMAGE).status == 400
    form = caller.headers | {"content-type": "application/x-www-form-urlencoded"}
    assert send(stack, form, b"prompt=x", path=IMAGE).status == 415


def test_unknown_fields_and_nulls_change_nothing(stack: Stack):
    reply = ask(
        stack, make_caller(balance_uzs=1000), width=None, seed=None, negative_prompt="ugly", nologo=True
    )
    assert reply.status == 200, reply.body


def test_a_failure_costs_nothing(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    reply = ask(stack, caller, prompt=json.dumps({"upstream": {"fault": "500"}}))
    assert reply.status == 502
    assert caller.charged() == 0
    assert_unix_reset(reply)


def test_an_empty_wallet_gets_402(stack: Stack):
    reply = ask(stack, make_caller())
    assert (reply.status, reply.error["code"]) == (402, "insufficient_balance")


def test_thirty_a_minute_of_one_key(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    replies = [ask(stack, caller, width=64, height=64) for _ in range(31)]
    assert [reply.status for reply in replies] == [200] * 30 + [429]
    assert {reply.headers["x-ratelimit-limit"] for reply in replies} == {"30"}


def test_five_a_minute_for_nobody_on_the_platforms_account(door: Gateway, stack: Stack):  # noqa: F811
    organization = Organization.objects.get(slug=ANONYMOUS).pk
    here, before = address(), balance(organization).bonus
    replies = [ask(door, None, here, model="test/free-paint", width=64, height=64) for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert [int(reply.headers["x-ratelimit-remaining"]) for reply in replies] == [4, 3, 2, 1, 0, 0]
    assert before - balance(organization).bonus == 5 * CHEAP
    assert time.time() < int(replies[0].headers["x-ratelimit-reset"]) + 5
    paid = ask(door, None, address(), model="test/draw")
    assert (paid.status, paid.error["code"]) == (401, "sign_in_required")
    stack.check_ledger()


def test_chats_and_pictures_of_an_address_count_apart(door: Gateway):  # noqa: F811
    here = address()
    for _ in range(5):
        ask(door, None, here, model="test/free-paint", width=64, height=64)
    reply = send(
        door,
        {"x-forwarded-for": here},
        {"model": "test/free", "messages": [{"role": "user", "content": "x"}]},
        path="/api/chat",
    )
    assert reply.status == 200
