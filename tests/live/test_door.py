"""Who may come in, and what everybody is told (reliability.md §4, 1–26 and 53–58)."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.keyformat import new_key
from accounts.keys import revoke_key
from tests.factories import make_caller, set_cap
from tests.live.client import PATH, chat, get, send
from tests.processes import until
from tests.stack import Stack

HELLO = {"model": "test/one", "messages": [{"role": "user", "content": "Salom!"}]}


@pytest.fixture
def caller(stack: Stack):
    return make_caller(balance_uzs=1_000)


def unknown_key() -> dict[str, str]:
    return {"authorization": f"Bearer {new_key()}"}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "missing_api_key"),
        ({"authorization": "Basic YTpi"}, 401, "invalid_auth_scheme"),
        ({"authorization": "Bearer"}, 401, "invalid_auth_scheme"),
        ({"authorization": "Bearer sk-whatever"}, 401, "invalid_api_key"),
        ({"authorization": "Bearer cap-' OR 1=1--"}, 401, "invalid_api_key"),
        ({"authorization": "Bearer " + "x" * 8192}, 401, "invalid_api_key"),
        ({"authorization": "Bearer cap-é"}, 401, "invalid_api_key"),
    ],
)
def test_no_key_no_call(stack: Stack, headers, status, code):
    reply = send(stack, headers, HELLO)
    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error["type"] == "invalid_request_error"
    assert reply.headers["x-should-retry"] == "false"
    assert "www-authenticate" in reply.headers
    assert reply.json()["request_id"] == reply.headers["x-request-id"] == reply.headers["request-id"]


def test_an_unknown_key_looks_like_a_malformed_one(stack: Stack):
    reply = send(stack, unknown_key(), HELLO)
    assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")


def test_two_keys_of_ours_are_ambiguous_and_a_foreign_one_beside_ours_is_not(stack: Stack, caller):
    other = make_caller()
    assert (
        send(stack, caller.headers | {"x-api-key": other.key}, HELLO).error["code"] == "ambiguous_credentials"
    )
    assert send(stack, caller.headers | {"x-api-key": "sk-placeholder"}, HELLO).status == 200
    assert send(stack, {"x-api-key": caller.key}, HELLO).status == 200


def test_a_key_in_the_url_is_refused(stack: Stack, caller):
    reply = send(stack, caller.headers, HELLO, path=f"{PATH}?key={caller.key}")
    assert (reply.status, reply.error["code"]) == (401, "key_in_url")


def test_revoked_expired_suspended_and_strangers(stack: Stack):
    expired = make_caller()
    expired.api_key.expires_at = timezone.now()
    expired.api_key.save()
    assert chat(stack, expired, **HELLO).error["code"] == "api_key_expired"
    elsewhere = make_caller(allowed_ips=["10.1.2.0/24"])
    assert chat(stack, elsewhere, **HELLO).error["code"] == "ip_not_allowed"
    manager = make_caller(scopes=("manage",))
    assert chat(stack, manager, **HELLO).error["code"] == "scope_missing"
    suspended = make_caller()
    suspended.organization.suspended_at = timezone.now()
    suspended.organization.save()
    reply = chat(stack, suspended, **HELLO)
    assert (reply.status, reply.error["code"]) == (403, "account_suspended")


def test_a_revoked_key_is_refused_everywhere_within_five_seconds(stack: Stack, caller):
    assert chat(stack, caller, **HELLO).status == 200
    revoke_key(caller.api_key)
    reply = until(
        lambda: found if (found := chat(stack, caller, **HELLO)).status != 200 else None, "refusal", 5
    )
    assert (reply.status, reply.error["code"]) == (401, "api_key_revoked")


def test_a_project_may_use_its_models_only(stack: Stack):
    caller = make_caller(balance_uzs=1_000, allowed_models=["test/echo"])
    reply = chat(stack, caller, **HELLO)
    assert (reply.status, reply.error["code"]) == (403, "model_not_allowed")
    assert chat(stack, caller, **HELLO | {"model": "test/echo"}).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "text/plain"}, "unsupported_media_type"),
        ({"content-type": "application/json; charset=utf-16"}, "unsupported_charset"),
        ({"content-encoding": "gzip"}, "unsupported_content_encoding"),
    ],
)
def test_only_plain_json_comes_in(stack: Stack, caller, headers, code):
    reply = send(stack, caller.headers | headers, HELLO)
    assert (reply.status, reply.error["code"]) == (415, code)


def test_the_wrong_method_address_and_host(stack: Stack, caller):
    wrong_method = get(stack, PATH, caller)
    assert (wrong_method.status, wrong_method.error["code"]) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"] == "POST"
    nowhere = send(stack, caller.headers, HELLO, path="/v1/nope")
    assert nowhere.status == 404
    assert nowhere.json()["type"] == "error"
    assert send(stack, caller.headers | {"host": "evil.example"}, HELLO).error["code"] == "invalid_host"


def test_a_body_over_the_cap_is_refused_before_it_is_read(stack: Stack, caller):
    reply = send(stack, caller.headers | {"content-length": str(40 * 2**20)}, b"{}")
    assert (reply.status, reply.error["code"]) == (413, "request_too_large")


def test_windows_are_told_with_every_answer(stack: Stack):
    caller = make_caller(balance_uzs=1_000, rpm=3)
    good = chat(stack, caller, **HELLO)
    bad = chat(stack, caller, model="nobody/knows", messages=HELLO["messages"])
    assert bad.status == 404
    assert [one.headers["x-ratelimit-remaining"] for one in (good, bad)] == ["2", "1"]
    assert chat(stack, caller, **HELLO).headers["x-ratelimit-limit"] == "3"
    over = chat(stack, caller, **HELLO)
    assert (over.status, over.error["code"], over.error["type"]) == (
        429,
        "rate_limit_exceeded",
        "rate_limit_error",
    )
    assert 0 < int(over.headers["retry-after"]) <= 60
    assert over.headers["x-ratelimit-reset"] == over.headers["retry-after"]


def test_a_models_own_limit_applies_per_key(stack: Stack):
    first, second = make_caller(balance_uzs=1_000), make_caller(balance_uzs=1_000)
    body = HELLO | {"model": "test/slow-limit"}
    assert [chat(stack, first, **body).status for _ in range(4)] == [200, 200, 200, 429]
    assert chat(stack, second, **body).status == 200


def test_an_empty_wallet_is_402_and_is_not_worth_a_retry(stack: Stack):
    reply = chat(stack, make_caller(), **HELLO)
    assert (reply.status, reply.error["code"]) == (402, "insufficient_balance")
    assert reply.headers["x-should-retry"] == "false"
    assert reply.error["available_micros"] == 0 < reply.error["required_micros"]


def test_a_used_up_cap_stops_even_free_models_until_its_window_ends(stack: Stack):
    caller = make_caller(balance_uzs=1_000, free=True)
    assert chat(stack, caller, **HELLO).status == 200
    set_cap(caller, "project_day", 1)
    for model in ("test/one", "test/free"):
        reply = chat(stack, caller, **HELLO | {"model": model})
        assert (reply.status, reply.error["code"]) == (402, "budget_exceeded")
        assert reply.error["limit_source"] == "project_day"
        assert reply.error["resets_at"].endswith("+05:00")


def test_a_thousand_soms_can_greet_a_dear_model(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    reply = chat(stack, caller, model="test/grand", messages=[{"role": "user", "content": "Salom!"}])
    assert reply.status == 200
    (row,) = caller.requests()
    assert 0 < row["cost_micros"] <= row["hold_micros"] <= 1_000 * 10**6
    assert caller.balance() == 1_000 * 10**6 - row["cost_micros"]


def test_an_idempotency_key_is_good_for_one_charge(stack: Stack, caller):
    headers = {"idempotency-key": uuid4().hex}
    assert chat(stack, caller, headers=headers, **HELLO).status == 200
    again = chat(stack, caller, headers=headers, **HELLO)
    assert (again.status, again.error["code"]) == (409, "already_completed")
    other = chat(stack, caller, headers=headers, **HELLO | {"n": 2})
    assert (other.status, other.error["code"]) == (422, "idempotency_key_reused")
    assert len(caller.requests()) == 1
    long = chat(stack, caller, headers={"idempotency-key": "x" * 256}, **HELLO)
    assert (long.status, long.error["code"]) == (400, "invalid_idempotency_key")


def test_a_refused_call_gives_its_idempotency_key_back(stack: Stack):
    poor, headers = make_caller(), {"idempotency-key": uuid4().hex}
    assert chat(stack, poor, headers=headers, **HELLO).status == 402
    assert chat(stack, poor, headers=headers, **HELLO).status == 402


def test_a_prompt_that_fits_nowhere_is_refused_for_free(stack: Stack, caller):
    reply = chat(stack, caller, model="test/small", messages=[{"role": "user", "content": "word " * 4_000}])
    assert (reply.status, reply.error["code"]) == (400, "context_length_exceeded")
    assert caller.requests() == []


def test_nul_inside_content_passes(stack: Stack, caller):
    assert chat(stack, caller, messages=[{"role": "user", "content": "a\0b"}]).status == 200
