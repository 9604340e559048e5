"""Endpoints that fail rest, others serve meanwhile, a probe brings them back; all gateways know (S15)."""

from typing import Any

from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive
from tests.live.test_leaving import outcome
from tests.processes import Gateway, until
from tests.stack import Stack


def ask(gateway: Gateway, caller: Caller, name: str, **alpha: Any) -> Reply:
    """One call to a model of this test's own; `alpha`: how its first endpoint fails."""
    messages = directive(completion_tokens=2, by_provider={"alpha": alpha})
    return chat(gateway, caller, model=f"test/frail-{name}", messages=messages)


def route(reply: Reply) -> str:
    return reply.headers["x-cloudapi-route"]


def test_who_fails_rests_and_is_probed(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    with stack.another_gateway("probed", ENDPOINT_REST_S="1") as gateway:
        failed = [ask(gateway, caller, "probed", fault="500") for _ in range(3)]
        assert [reply.headers["x-cloudapi-attempts"] for reply in failed] == ["2"] * 3
        resting = ask(gateway, caller, "probed")
        assert (resting.headers["x-cloudapi-provider"], resting.headers["x-cloudapi-attempts"]) == (
            "beta",
            "1",
        )
        assert route(resting) == "beta, alpha=!resting_http_500"
        replies = [*failed, resting]

        def is_back() -> bool:
            replies.append(ask(gateway, caller, "probed"))
            return replies[-1].headers["x-cloudapi-provider"] == "alpha"

        until(is_back, "the probe")
        assert route(ask(gateway, caller, "probed")) == "alpha, beta"
    assert {reply.status for reply in replies} == {200}
    rows = outcome(caller, len(replies) + 1)
    considered = [row["route"] for row in rows]
    assert considered[3][-1]["rejected"] == "resting_http_500"
    assert caller.charged() == sum(row["cost_micros"] for row in rows)


def test_gateways_tell_each_other(stack: Stack):
    """What one has seen another one knows within two beats, through Valkey."""
    caller = make_caller(balance_uzs=10_000)
    with (
        stack.another_gateway("shared-1", ENDPOINT_REST_S="60") as one,
        stack.another_gateway("shared-2", ENDPOINT_REST_S="60") as other,
    ):
        assert route(ask(other, caller, "shared")) == "alpha, beta"
        for _ in range(3):
            assert ask(one, caller, "shared", fault="503").status == 200
        until(lambda: "alpha=!resting_http_503" in route(ask(other, caller, "shared")), "the other to hear")
        assert ask(other, caller, "shared").headers["x-cloudapi-provider"] == "beta"


def test_a_credential_that_is_refused_rests_at_once(stack: Stack):
    caller = make_caller(balance_uzs=10_000)
    with stack.another_gateway("refused", ENDPOINT_REST_S="1") as gateway:
        assert ask(gateway, caller, "refused", fault="401").status == 200
        assert route(ask(gateway, caller, "refused")) == "beta, alpha=!resting_refused_401"


def test_a_callers_own_mistakes_never_count(stack: Stack):
    """However often a request is refused, the endpoint stays first."""
    caller = make_caller(balance_uzs=10_000)
    with stack.another_gateway("blameless", ENDPOINT_REST_S="60") as gateway:
        for status in ("400", "413", "422"):
            for _ in range(2):
                assert ask(gateway, caller, "blameless", fault=status).status == int(status)
        assert route(ask(gateway, caller, "blameless")) == "alpha, beta"
    assert {row["provider"] for row in outcome(caller, 7)} == {"alpha"}
