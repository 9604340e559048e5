"""Under which name a model is asked for, and under which it answers."""

import pytest

from tests.factories import make_caller
from tests.live.client import chat, directive, stream
from tests.stack import Stack


@pytest.fixture
def caller(stack: Stack):
    return make_caller(balance_uzs=10_000)


@pytest.mark.parametrize(
    ("asked", "answers", "canonical"),
    [
        ("test/one", "test/one", "test/one"),
        ("Test Three", "Test Three", "test/three"),
        ("TEST   three", "TEST   three", "test/three"),
        ("t3@price", "t3", "test/three"),
        ("T3@PRICE@latency@price", "T3", "test/three"),
        ("test/old", "test/one", "test/one"),
    ],
)
def test_the_answer_bears_the_callers_spelling(stack: Stack, caller, asked, answers, canonical):
    reply = chat(stack, caller, model=asked, messages=directive(completion_tokens=2))
    assert reply.status == 200, reply.body
    assert reply.json()["model"] == answers
    assert reply.headers["x-cloudapi-model"] == canonical
    events = stream(stack, caller, model=asked, messages=directive(completion_tokens=2))
    assert {chunk["model"] for chunk in events} == {answers}


def test_price_asks_the_cheapest_endpoint_first(stack: Stack, caller):
    plain = chat(stack, caller, model="t3", messages=directive())
    cheap = chat(stack, caller, model="t3@price", messages=directive())
    assert plain.headers["x-cloudapi-provider"] == "alpha"
    assert cheap.headers["x-cloudapi-provider"] == "beta"


def test_a_bare_tag_gives_the_canonical_id(stack: Stack, caller):
    reply = chat(stack, caller, model="@price", messages=directive())
    assert reply.json()["model"] == reply.headers["x-cloudapi-model"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("nobody/knows", 404, "model_not_found"),
        ("../x", 404, "model_not_found"),
        ("a\r\nb", 404, "model_not_found"),
        ("test/one@cheapest", 400, "invalid_strategy"),
        ("test/locked", 503, "no_endpoint"),
    ],
)
def test_names_that_lead_nowhere(stack: Stack, caller, asked, status, code):
    reply = chat(stack, caller, model=asked, messages=directive())
    assert (reply.status, reply.error["code"]) == (status, code)
    assert reply.error["param"] == ("model" if status != 503 else None)
    assert caller.requests() == []


def test_a_closed_endpoint_is_passed_over_and_told(stack: Stack, caller):
    reply = chat(stack, caller, model="test/refuge", messages=directive())
    assert reply.status == 200
    assert (reply.headers["x-cloudapi-provider"], reply.headers["x-cloudapi-attempts"]) == ("beta", "2")
    (row,) = caller.requests()
    assert [attempt["error"] for attempt in row["attempts"]] == ["unreachable", None]
