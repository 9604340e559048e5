"""Several credentials at one provider: shared out, passed over when refused, and nobody charged for that.

Each test has a provider of its own (tests/catalog.py), so what it refuses is refused for no other one.
"""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from accounts.models import Alert
from proxy import custody
from routing.models import Credential
from tests.catalog import CREDENTIALS
from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive, get
from tests.live.test_leaving import IN, OUT, outcome
from tests.processes import Gateway, until
from tests.stack import Stack

A, B = "twin-a", "twin-b"
PRICE = 9 * IN + 2 * OUT


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


@pytest.fixture
def run() -> str:
    return uuid4().hex


@pytest.fixture
def _told_here(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The control plane's job, run in this process on the stack's Redis."""
    with Redis.from_url(stack.env["REDIS_URL"], decode_responses=True) as store:
        monkeypatch.setattr(custody, "redis", lambda: store)
        yield


def ask(where: Stack | Gateway, caller: Caller, model: str, run: str, **keys: Any) -> Reply:
    """One call; keys: what the provider does for who comes with this credential."""
    wishes: dict[str, Any] = {"run": run, "prompt_tokens": 9, "completion_tokens": 2}
    by = {name.replace("_", "-"): wish for name, wish in keys.items()}
    return chat(where, caller, model=f"test/{model}", messages=directive(**wishes, by_credential=by))


def used(stack: Stack, run: str, provider: str = "") -> list[str]:
    """With which credential the provider was asked, each time."""
    found = []
    for entry in stack.upstream.journal(run):
        secret = dict(entry["headers"])["authorization"]
        if entry["provider"].startswith(provider):
            found.append(A if A in secret else B if B in secret else "other")
    return found


def test_calls_are_shared_out_by_weight(stack: Stack, caller: Caller, run: str):
    replies = [ask(stack, caller, "twin-shares", run) for _ in range(8)]
    assert [reply.status for reply in replies] == [200] * 8
    assert Counter(used(stack, run)) == {A: 6, B: 2}


@pytest.mark.usefixtures("_told_here")
def test_a_refused_credential_is_passed_over_written_down_and_enabled_again(
    stack: Stack, caller: Caller, run: str
):
    refusing = {"twin_a": {"fault": "401"}}
    with stack.another_gateway("twins") as other:
        replies = [ask(stack, caller, "twin-refused", run, **refusing) for _ in range(4)]
        assert [reply.status for reply in replies] == [200] * 4
        assert replies[0].headers["x-cloudapi-provider"] == "twin-refused"
        assert Counter(used(stack, run)) == {A: 1, B: 4}  # refused once, then by nobody

        def knows() -> bool:
            probe = uuid4().hex
            replies.extend(ask(other, caller, "twin-refused", probe) for _ in range(2))
            return used(stack, probe) == [B, B]

        until(knows, "the other gateway to hear")
    _nothing_is_told(stack, caller, replies)
    row = Credential.objects.get(provider__slug="twin-refused", label="first")
    until(lambda: custody.keep() and Credential.objects.get(pk=row.pk).disabled_at, "the job")
    alert = Alert.objects.get(dedupe_key=f"credential:{row.pk}")
    assert "twin" in alert.subject.lower()
    assert not any(secret in alert.text + alert.subject for secret in CREDENTIALS.values())
    row.refresh_from_db()
    assert row.disabled_reason == "http_401"
    row.enable()
    row.save()

    def is_back() -> bool:
        again = uuid4().hex
        ask(stack, caller, "twin-refused", again)
        return A in used(stack, again)

    until(is_back, "the credential to be used again")
    stack.check_ledger()


def _nothing_is_told(stack: Stack, caller: Caller, replies: list[Reply]) -> None:
    """One charge for each call; operators' rows name the credentials, answers and receipts name none."""
    rows = outcome(caller, len(replies))
    assert {row["cost_micros"] for row in rows} == {PRICE}
    assert caller.charged() == PRICE * len(replies)
    (refused,) = [row for row in rows if len(row["attempts"]) == 2]
    first, second = refused["attempts"]
    assert (first["status"], first["error"], second["status"]) == (401, "http_401", 200)
    assert first["endpoint"] == second["endpoint"]
    assert first["credential"] != second["credential"]
    receipt = get(stack, f"/v1/generation?id={refused['id']}", caller)
    if receipt.status == 404:
        receipt = get(stack, f"/v1/generation/{refused['id']}", caller)
    assert receipt.status == 200
    assert len(json.loads(receipt.body)["attempts"]) == 2
    told = receipt.body + b"".join(reply.body + str(reply.headers).encode() for reply in replies)
    assert b"credential" not in told
    assert not any(secret.encode() in told for secret in CREDENTIALS.values())


def test_a_limited_credential_rests_at_that_endpoint_alone(stack: Stack, caller: Caller, run: str):
    limiting = {"twin_a": {"fault": "429", "retry_after": "60"}}
    replies = [ask(stack, caller, "twin-limited", run, **limiting) for _ in range(4)]
    assert [reply.status for reply in replies] == [200] * 4
    assert used(stack, run) == [A, B, B, B, B]
    elsewhere = uuid4().hex
    for _ in range(4):
        assert ask(stack, caller, "twin-limited-too", elsewhere).status == 200
    assert A in used(stack, elsewhere)
    assert caller.charged() == 8 * PRICE


def test_refused_content_takes_no_credential_away(stack: Stack, caller: Caller, run: str):
    moderating = {"fault": "403", "status_code": "content_policy_violation"}
    refused = ask(stack, caller, "twin-content-too", run, twin_a=moderating, twin_b=moderating)
    assert (refused.status, refused.error["code"]) == (403, "content_policy_violation")
    assert len(used(stack, run)) == 1
    elsewhere = ask(stack, caller, "twin-content", uuid4().hex, twin_a=moderating, twin_b=moderating)
    assert (elsewhere.status, elsewhere.headers["x-cloudapi-provider"]) == (200, "beta")
    later = uuid4().hex
    for _ in range(4):
        ask(stack, caller, "twin-content", later)
    assert Counter(used(stack, later)) == {A: 3, B: 1}
    assert caller.charged() == 5 * PRICE


def test_when_all_are_refused_another_endpoint_answers_and_they_may_come_back(
    stack: Stack, caller: Caller, run: str
):
    spent = {"fault": "402"}
    first = ask(stack, caller, "twin-spent", run, twin_a=spent, twin_b=spent)
    assert (first.status, first.headers["x-cloudapi-provider"], first.headers["x-cloudapi-attempts"]) == (
        200,
        "beta",
        "3",
    )
    again = ask(stack, caller, "twin-spent", uuid4().hex)
    assert again.headers["x-cloudapi-provider"] == "twin-spent"
    assert caller.charged() == 2 * PRICE


def test_a_long_prompt_stays_with_the_credential_that_has_read_it(stack: Stack, caller: Caller, run: str):
    wishes = {"run": run, "prompt_tokens": 9, "completion_tokens": 2}
    beginning = {"role": "system", "content": f"{run} " + "Siz yordamchisiz. " * 400}
    for _ in range(5):
        reply = chat(stack, caller, model="test/twin-prefix", messages=[beginning, *directive(**wishes)])
        assert reply.status == 200
    assert len(set(used(stack, run))) == 1


def test_a_rush_over_a_credential_that_is_refused_meanwhile(stack: Stack, caller: Caller, run: str):
    """Every call is answered, and charged once."""
    with ThreadPoolExecutor(12) as pool:
        futures = [
            pool.submit(ask, stack, caller, "twin-rush", run, twin_a={"fault": "403"}) for _ in range(36)
        ]
        replies = [future.result() for future in futures]
    assert {reply.status for reply in replies} == {200}
    assert {reply.headers["x-cloudapi-provider"] for reply in replies} == {"twin-rush"}
    assert Counter(used(stack, run))[B] == 36
    rows = outcome(caller, 36)
    assert sum(row["cost_micros"] for row in rows) == caller.charged() == 36 * PRICE
    assert caller.wallet()["held_micros"] == 0
