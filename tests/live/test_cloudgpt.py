"""CloudGPT's plain API: its defaults, its rates, and callers without any key."""

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from accounts.keyformat import new_key
from accounts.models import ANONYMOUS, Organization
from billing.builtin import fund
from billing.caps import Scope, set_cap, use
from billing.ledger import balance
from tests.factories import Caller, make_caller, rows
from tests.live.client import Events, Reply, directive, send, stream
from tests.live.test_leaving import IN, OUT
from tests.processes import Gateway, until
from tests.stack import Stack

CHAT = "/api/chat"
DAILY_UZS = 100_000
SHORT = directive(completion_tokens=2, prompt_tokens=9)
COST = 9 * IN + 2 * OUT


@pytest.fixture(scope="module")
def open_gateway(_running_stack: Stack) -> Iterator[Gateway]:
    """A gateway that lets strangers in behind a trusted proxy: each test comes from its own address."""
    env = {"ANONYMOUS_DAILY_UZS": str(DAILY_UZS), "FORWARDED_ALLOW_IPS": "127.0.0.1"}
    with _running_stack.another_gateway("anonymous", **env) as gateway:
        yield gateway


@pytest.fixture
def door(stack: Stack, open_gateway: Gateway) -> Gateway:
    """The same with the day's money in place."""
    fund(anonymous_uzs=DAILY_UZS, probes_uzs=0)
    return open_gateway


@pytest.fixture
def signed_in_cookie(stack: Stack) -> str:
    """The Cookie header of somebody who has money and is signed in."""
    browser = Client()
    browser.force_login(
        make_caller(balance_uzs=1000).user, "allauth.account.auth_backends.AuthenticationBackend"
    )
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def address() -> str:
    """An IPv4 address that no other test uses."""
    number = uuid4().bytes
    return f"10.{number[0]}.{number[1]}.{number[2]}"


def ask(
    where: Stack | Gateway, ip: str = "", *, headers: dict[str, str] | None = None, **body: object
) -> Reply:
    """A chat call without a key from this address."""
    forwarded = {"x-forwarded-for": ip} if ip else {}
    return send(
        where, forwarded | (headers or {}), {"model": "test/free", "messages": SHORT} | body, path=CHAT
    )


def _forwarded(where: Gateway, peer: str) -> Reply:
    """A call from this peer, which says that it speaks for some address."""
    body = {"model": "test/free", "messages": SHORT}
    return send(where, {"x-forwarded-for": address()}, body, path=CHAT, peer=peer)


def ask_as(where: Stack | Gateway, caller: Caller, **body: object) -> Reply:
    return send(where, caller.headers, {"model": "test/one", "messages": SHORT} | body, path=CHAT)


# --- chat with a key ---


def test_the_answer_is_a_chat_completion(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    reply = ask_as(stack, caller)
    body = reply.json()
    assert reply.status == 200, reply.body
    assert (body["object"], body["model"]) == ("chat.completion", "test/one")
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["usage"]["total_tokens"] == 11
    assert caller.charged() == COST
    assert caller.requests()[0]["kind"] == "api_chat"


@pytest.mark.parametrize(
    ("given", "sent"), [({}, 0.7), ({"temperature": None}, 0.7), ({"temperature": 0}, 0)]
)
def test_the_temperature_has_cloudgpts_default(stack: Stack, given: dict, sent: float):
    caller = make_caller(balance_uzs=1000)
    run = f"temperature-{caller.api_key.pk}"
    assert ask_as(stack, caller, messages=directive(run=run), **given).status == 200
    (entry,) = stack.upstream.finished(run)
    assert entry["body"]["temperature"] == sent


def test_other_addresses_have_no_default(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    run = f"plain-{caller.api_key.pk}"
    send(stack, caller.headers, {"model": "test/one", "messages": directive(run=run)})
    (entry,) = stack.upstream.finished(run)
    assert "temperature" not in entry["body"]


def test_it_streams(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    events = stream(stack, caller, path=CHAT, messages=directive(text="Salom, dunyo!", completion_tokens=2))
    assert_unix_reset(events)
    assert events.text() == "Salom, dunyo!"
    assert events.done


@pytest.mark.parametrize(
    ("body", "status"),
    [({"model": "nobody/knows"}, 404), ({"messages": []}, 400), ({"temperature": 3}, 400), ({}, 200)],
)
def test_the_reset_is_a_unix_time_on_every_answer(stack: Stack, body: dict, status: int):
    reply = ask_as(stack, make_caller(balance_uzs=1000), **body)
    assert reply.status == status
    assert_unix_reset(reply)
    if status != 200:
        assert {"message", "type", "code"} <= set(reply.error)


def test_a_key_has_sixty_calls_a_minute_whatever_else_it_may(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    replies = [ask_as(stack, caller) for _ in range(61)]
    assert [reply.status for reply in replies] == [200] * 60 + [429]
    assert [int(reply.headers["x-ratelimit-remaining"]) for reply in replies] == [*range(59, -1, -1), 0]
    assert_unix_reset(replies[-1])
    assert 0 < int(replies[-1].headers["retry-after"]) <= 60
    elsewhere = send(stack, caller.headers, {"model": "test/one", "messages": SHORT})
    assert elsewhere.status == 200


def test_a_smaller_limit_of_the_key_still_holds(stack: Stack):
    caller = make_caller(balance_uzs=1000, rpm=2)
    assert [ask_as(stack, caller).status for _ in range(3)] == [200, 200, 429]


# --- nobody ---


def test_a_stranger_uses_free_models_on_the_platforms_account(door: Gateway, stack: Stack):
    organization = Organization.objects.get(slug=ANONYMOUS)
    before, spent = balance(organization.pk), use(Scope.PLATFORM_DAY, 0).spent_micros
    reply = ask(door, address())
    assert reply.status == 200, reply.body
    assert reply.headers["x-cloudapi-cost-uzs"] == "0"
    assert before.bonus - balance(organization.pk).bonus == COST
    assert use(Scope.PLATFORM_DAY, 0).spent_micros - spent == COST
    (row,) = rows("SELECT * FROM proxy_request WHERE id = %s", reply.headers["x-request-id"])
    assert (row["org_id"], row["key_id"], row["free"]) == (organization.pk, 0, False)
    assert row["cost_micros"] == COST
    stack.check_ledger()


def test_a_strangers_stream_tells_no_cost(door: Gateway):
    reply = ask(door, address(), stream=True, stream_options={"include_usage": True})
    assert reply.status == 200
    assert b'"cost_uzs":"0"' in reply.body
    assert reply.body.endswith(b"data: [DONE]\n\n")


def test_ten_calls_a_minute_from_one_address(door: Gateway):
    here = address()
    replies = [ask(door, here) for _ in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert [int(reply.headers["x-ratelimit-remaining"]) for reply in replies] == [*range(9, -1, -1), 0]
    assert {reply.headers["x-ratelimit-limit"] for reply in replies} == {"10"}
    assert replies[-1].error["code"] == "rate_limit_exceeded"
    assert_unix_reset(replies[-1])
    assert ask(door, address()).status == 200


def test_addresses_of_ipv6_count_by_their_64(door: Gateway):
    net = f"2001:db8:{uuid4().hex[:4]}:1"
    replies = [ask(door, f"{net}::{number + 1:x}") for number in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert ask(door, f"{net[:-1]}2::1").status == 200


def test_a_mapped_address_is_its_ipv4_address(door: Gateway):
    here = address()
    assert [ask(door, here).status for _ in range(9)] == [200] * 9
    assert [ask(door, f"::ffff:{here}").status for _ in range(2)] == [200, 429]


def test_an_address_from_a_proxy_that_nobody_trusts_is_no_address(stack: Stack):
    fund(anonymous_uzs=DAILY_UZS, probes_uzs=0)
    peer = "127." + address().partition(".")[2]  # tests that come from 127.0.0.1 share one rate
    env = {"ANONYMOUS_DAILY_UZS": str(DAILY_UZS), "FORWARDED_ALLOW_IPS": "192.0.2.1"}
    with stack.another_gateway("distrust", **env) as gateway:
        statuses = [_forwarded(gateway, peer).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"authorization": "Bearer cap-nonsense"}, "invalid_api_key"),
        ({"authorization": f"Bearer {new_key()}"}, "invalid_api_key"),
        ({"authorization": ""}, "missing_api_key"),
        ({"authorization": "Bearer"}, "invalid_auth_scheme"),
        ({"authorization": "Basic YTpi"}, "invalid_auth_scheme"),
        ({"x-api-key": "cgpt_your_api_key"}, "invalid_api_key"),
        ({"x-api-key": ""}, "missing_api_key"),
    ],
)
def test_a_wrong_key_is_never_nobody(door: Gateway, headers: dict[str, str], code: str):
    reply = ask(door, address(), headers=headers)
    assert (reply.status, reply.error["code"]) == (401, code)
    assert_unix_reset(reply)


def test_a_paid_model_wants_somebody(door: Gateway):
    reply = ask(door, address(), model="test/one")
    assert (reply.status, reply.error["code"]) == (401, "sign_in_required")
    assert "sign in" in reply.error["message"]
    assert_unix_reset(reply)


def test_other_addresses_want_a_key(door: Gateway):
    forwarded = {"x-forwarded-for": address()}
    reply = send(door, forwarded, {"model": "test/free", "messages": SHORT})
    assert (reply.status, reply.error["code"]) == (401, "missing_api_key")


def test_without_a_daily_cap_nobody_comes_in(stack: Stack):
    reply = ask(stack)
    assert (reply.status, reply.error["code"]) == (401, "missing_api_key")


def test_a_day_that_is_used_up_is_told_without_a_wallet(door: Gateway):
    set_cap(Scope.PLATFORM_DAY, 0, 0)
    try:
        reply = ask(door, address())
    finally:
        fund(anonymous_uzs=DAILY_UZS, probes_uzs=0)
    assert (reply.status, reply.error["code"]) == (429, "free_quota_exceeded")
    assert reply.error["resets_at"]
    assert "available_micros" not in reply.error
    assert reply.headers["x-should-retry"] == "false"


def test_a_strangers_body_is_small(door: Gateway):
    big = [{"role": "user", "content": "x" * 5_000_000}]
    assert ask(door, address(), messages=big).status == 413


def test_a_strangers_idempotency_key_is_nobodys(door: Gateway):
    again = {"idempotency-key": "the-same"}
    assert [ask(door, address(), headers=again).status for _ in range(2)] == [200, 200]


def test_an_operator_can_shut_the_door(door: Gateway):
    anonymous = Organization.objects.filter(slug=ANONYMOUS)
    anonymous.update(suspended_at="2026-01-01T00:00:00Z")
    try:
        until(lambda: ask(door, address()).status == 403, "the suspension", 5)
    finally:
        anonymous.update(suspended_at=None)
    until(lambda: ask(door, address()).status == 200, "its end", 5)


def test_a_session_is_nobody_on_billable_addresses(door: Gateway, signed_in_cookie: str):
    cookie = {"cookie": signed_in_cookie}
    assert ask(door, address(), headers=cookie, model="test/one").error["code"] == "sign_in_required"
    refused = send(door, cookie, {"model": "test/one", "messages": SHORT})
    assert (refused.status, refused.error["code"]) == (401, "missing_api_key")


def test_the_words_of_an_error_hold_nothing_of_the_request(door: Gateway):
    canary = uuid4().hex
    reply = ask(door, address(), model="test/one", messages=[{"role": "user", "content": canary}])
    assert canary not in json.dumps(reply.json())


def assert_unix_reset(reply: Reply | Events) -> None:
    now = time.time()
    assert now - 5 < int(reply.headers["x-ratelimit-reset"]) <= now + 62
    assert int(reply.headers["x-ratelimit-remaining"]) >= 0
