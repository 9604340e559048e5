"""POST /api/video as CloudGPT documents it: waits for the film and answers it, also for nobody."""

import pytest

from accounts.models import ANONYMOUS, Organization
from billing.ledger import balance
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.live.test_cloudgpt import address, assert_unix_reset, door, open_gateway  # noqa: F401
from tests.live.videos import PLAIN, SECOND, wish
from tests.processes import Gateway
from tests.stack import Stack


def ask(where: Stack | Gateway, caller: Caller | None, ip: str = "", **body: object) -> Reply:
    headers = caller.headers if caller else {"x-forwarded-for": ip}
    wanted = {"model": "test/video", "prompt": "Ocean waves"} | body
    return send(where, headers, {name: value for name, value in wanted.items() if value != ()}, path=PLAIN)


@pytest.mark.parametrize("model", ["test/video", "test/reel"])
def test_the_answer_is_the_film_with_its_type(stack: Stack, model: str):
    caller = make_caller(balance_uzs=100_000)
    reply = ask(stack, caller, model=model, duration=2, width=640, height=360)
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.body[4:8] == b"ftyp"
    assert caller.charged() == 2 * SECOND
    assert_unix_reset(reply)


def test_four_seconds_by_default(stack: Stack):
    caller = make_caller(balance_uzs=100_000)
    assert ask(stack, caller).status == 200
    assert caller.charged() == 4 * SECOND


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"prompt": ()}, 400, "prompt"),
        ({"prompt": ""}, 400, "prompt"),
        ({"prompt": 5}, 400, "prompt"),
        ({"model": ()}, 400, "model"),
        ({"duration": 0}, 400, "duration"),
        ({"duration": -4}, 400, "duration"),
        ({"duration": 9}, 400, "duration"),
        ({"duration": 10**30}, 400, "duration"),
        ({"duration": 2.5}, 400, "duration"),
        ({"duration": True}, 400, "duration"),
        ({"width": 0}, 400, "width"),
        ({"width": "1280"}, 400, "width"),
        ({"width": 4096}, 400, "width"),
        ({"height": 99_999}, 400, "height"),
        ({"model": "test/one"}, 400, "model"),
        ({"model": "nobody/knows"}, 404, "model"),
    ],
)
def test_a_bad_request_names_its_field(stack: Stack, body: dict, status: int, param: str):
    caller = make_caller(balance_uzs=100_000)
    reply = ask(stack, caller, **body)
    assert (reply.status, reply.error["param"]) == (status, param), reply.body
    assert caller.holds() == []
    assert_unix_reset(reply)


def test_a_film_that_fails_costs_nothing(stack: Stack):
    caller = make_caller(balance_uzs=100_000)
    reply = ask(stack, caller, prompt=wish(fault="500"))
    assert reply.status == 502
    assert caller.charged() == 0
    assert caller.holds(0) == []
    assert_unix_reset(reply)


def test_ten_a_minute_of_one_key(stack: Stack):
    caller = make_caller(balance_uzs=100_000)
    replies = [ask(stack, caller, duration=0) for _ in range(11)]
    assert [reply.status for reply in replies] == [400] * 11
    assert replies[-1].headers["x-ratelimit-limit"] == "10"
    assert ask(stack, caller).status == 429


def test_two_a_minute_for_nobody_on_the_platforms_account(door: Gateway, stack: Stack):  # noqa: F811
    organization = Organization.objects.get(slug=ANONYMOUS).pk
    here, before = address(), balance(organization).bonus
    replies = [ask(door, None, here, model="test/free-video", duration=1) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429], replies[0].body
    assert [int(reply.headers["x-ratelimit-remaining"]) for reply in replies] == [1, 0, 0]
    assert {reply.headers.get("x-cloudapi-cost-uzs") for reply in replies[:2]} == {"0"}
    assert before - balance(organization).bonus == 2 * SECOND
    paid = ask(door, None, address())
    assert (paid.status, paid.error["code"]) == (401, "sign_in_required")
    stack.check_ledger()
