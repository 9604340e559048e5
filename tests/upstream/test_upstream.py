"""The test upstream keeps its word: what it says is what it books."""

import json
from typing import Any

import pytest

from tests.upstream import chat
from tests.upstream.plan import BadDirective, Plan, read_plan


def request(model: str = "alpha", **wishes: Any) -> dict[str, Any]:
    content = json.dumps({"upstream": wishes}) if wishes else "salom"
    return {"model": model, "messages": [{"role": "user", "content": content}]}


def answer_of(body: dict[str, Any], provider: str = "main") -> tuple[Plan, chat.Answer]:
    plan = read_plan(body, provider)
    return plan, chat.compose(plan, body)


def payloads(body: dict[str, Any]) -> list[dict[str, Any]]:
    plan, answer = answer_of(body)
    return [json.loads(payload) for _, payload in chat.chunks(plan, answer, body)]


def test_the_model_name_steers():
    assert read_plan(request("fault-429"), "main").fault == "429"
    plan = read_plan(request("alpha--fault=stall--chunks=3"), "main")
    assert (plan.fault, plan.chunks) == ("stall", 3)
    assert read_plan(request("echo"), "main").text == "salom"


def test_a_directive_wins_and_may_be_one_providers_own():
    body = request("fault-500", fault="429", by_provider={"beta": {"fault": ""}})
    assert read_plan(body, "main").fault == "429"
    assert read_plan(body, "beta").fault == ""


@pytest.mark.parametrize(
    "wishes", [{"fualt": "429"}, {"fault": "999"}, {"lie": "white"}, {"hold_at": "never"}]
)
def test_a_slip_of_the_pen_is_told(wishes: dict[str, Any]):
    with pytest.raises(BadDirective):
        read_plan(request(**wishes), "main")


def test_usage_is_as_asked_and_never_above_the_bound():
    _, answer = answer_of(request(prompt_tokens=12, completion_tokens=34))
    assert (answer.prompt_tokens, answer.completion_tokens, len(answer.tokens)) == (12, 34, 34)
    _, bounded = answer_of(request(completion_tokens=34) | {"max_tokens": 5})
    assert (bounded.completion_tokens, bounded.finish) == (5, "length")
    _, lying = answer_of(request(completion_tokens=34, ignore_max=True) | {"max_completion_tokens": 5})
    assert lying.completion_tokens == 34


def test_stream_and_whole_say_the_same():
    body = request(completion_tokens=9, chunks=4)
    plan, answer = answer_of(body)
    text = json.loads(chat.whole(plan, answer, body))["choices"][0]["message"]["content"]
    deltas = [chunk["choices"][0]["delta"] for chunk in payloads(body)]
    assert "".join(delta.get("content") or "" for delta in deltas) == text
    assert sum(bool(delta.get("content")) for delta in deltas) == 4


def test_the_framing_is_openais():
    """First the role, usage null until the last chunk, which has no choices."""
    told = payloads(request(completion_tokens=2) | {"stream_options": {"include_usage": True}})
    assert told[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert [chunk["usage"] for chunk in told[:-1]] == [None] * (len(told) - 1)
    assert told[-1]["choices"] == []
    assert told[-1]["usage"]["total_tokens"] == told[-1]["usage"]["prompt_tokens"] + 2
    assert told[-2]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in told}) == 1
    assert all("usage" not in chunk for chunk in payloads(request(completion_tokens=2)))


@pytest.mark.parametrize("lie", ["negative", "huge", "string", "float", "zero", "bool", "above_max"])
def test_lies_are_told_in_the_usage_alone(lie: str):
    body = request(lie=lie, completion_tokens=3) | {"max_tokens": 3}
    plan, answer = answer_of(body)
    usage = chat.reported_usage(plan, answer, body)
    assert usage is not None
    assert usage["completion_tokens"] != 3
    assert answer.completion_tokens == 3
