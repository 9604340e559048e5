"""Callers of the Responses API over each dialect of upstreams: content, order, status, usage, charge."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from proxy.surfaces import SURFACES
from tests.factories import Caller, make_caller
from tests.live.client import Events, Reply, directive, send, stream
from tests.live.test_bad_body import PNG, data_url
from tests.live.test_leaving import outcome
from tests.processes import until
from tests.proxy.test_responses_writer import rebuilt, types
from tests.stack import Stack
from tests.upstream import anthropic, gemini

PATH = "/v1/responses"
PROMPT, CACHED, ANSWER = 90, 40, 6
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CITIES = [{"city": "Toshkent"}, {"city": "Самарқанд"}]
CALLS = [{"name": "get_weather", "arguments": city} for city in CITIES]
SCHEMA = {
    "type": "json_schema",
    "name": "answer",
    "schema": {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
}


@dataclass(frozen=True)
class Model:
    """A model of the catalog and its prices in micros per token."""

    name: str
    dialect: str
    fresh: int
    cached: int
    out: int

    def cost(self, output: int, cached: int = 0, prompt: int = PROMPT) -> int:
        return (prompt - cached) * self.fresh + cached * self.cached + output * self.out


MODELS = [
    Model("test/one", "openai", 12_600, 3_150, 37_800),
    Model("test/claude", "anthropic", 37_800, 3_780, 189_000),
    Model("test/gemini", "gemini", 12_600, 3_150, 37_800),
]
SERVED = [model for model in MODELS if model.dialect in SURFACES["responses"].bridges]
of_all_models = pytest.mark.parametrize("model", SERVED, ids=lambda model: model.dialect)
of_both_forms = pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])


@dataclass
class Asked:
    """An answer in either form; the events of a stream are checked on the way."""

    response: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def kinds(self) -> list[str]:
        return [item["type"] for item in self.response["output"]]

    @property
    def text(self) -> str:
        items = [item for item in self.response["output"] if item["type"] == "message"]
        return "".join(part["text"] for item in items for part in item["content"])


def ask(where: tuple[Stack, Caller, Model], wishes: dict[str, Any], *, streamed: bool, **asked: Any) -> Asked:
    stack, caller, model = where
    body = {"model": model.name, "input": directive(**{"prompt_tokens": PROMPT} | wishes)} | asked
    if not streamed:
        reply = send(stack, caller.headers, body, path=PATH)
        assert reply.status == 200, reply.body
        return Asked(reply.json(), [])
    events = list(stream(stack, caller, path=PATH, **body))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert types(events)[:2] == ["created", "in_progress"]
    response = events[-1]["response"]
    assert types(events)[-1] == response["status"]
    assert rebuilt(events) == response["output"]
    return Asked(response, events)


def charged(caller: Caller, model: Model, output: int, cached: int = 0) -> None:
    """One call, its row, its charge, and no hold left."""
    (row,) = outcome(caller, 1)
    assert (row["kind"], row["status"], row["estimated"]) == ("responses", "ok", False)
    assert (row["input_tokens"], row["cached_tokens"], row["output_tokens"]) == (PROMPT, cached, output)
    assert caller.charged() == row["cost_micros"] == model.cost(output, cached)
    assert caller.wallet()["held_micros"] == 0


@of_all_models
@of_both_forms
def test_plain(stack: Stack, model: Model, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    found = ask(
        (stack, caller, model), {"completion_tokens": ANSWER, "cached_tokens": CACHED}, streamed=streamed
    )
    assert found.text == "salom dunyo oʻzbek tilida javob тест "
    response = found.response
    assert (response["status"], response["model"], found.kinds) == ("completed", model.name, ["message"])
    assert response["usage"]["input_tokens"] == PROMPT
    assert response["usage"]["input_tokens_details"]["cached_tokens"] == CACHED
    assert response["usage"]["output_tokens"] == ANSWER
    charged(caller, model, ANSWER, CACHED)


@of_all_models
@of_both_forms
@pytest.mark.parametrize("count", [1, 2], ids=["one", "parallel"])
def test_tools(stack: Stack, model: Model, streamed: bool, count: int):
    caller = make_caller(balance_uzs=1000)
    found = ask((stack, caller, model), {"tool_calls": CALLS[:count]}, streamed=streamed, tools=[WEATHER])
    items = [item for item in found.response["output"] if item["type"] == "function_call"]
    assert len(items) == count
    assert [json.loads(item["arguments"]) for item in items] == CITIES[:count]
    assert {item["name"] for item in items} == {"get_weather"}
    assert len({item["call_id"] for item in items}) == count
    assert found.response["status"] == "completed"
    charged(caller, model, found.response["usage"]["output_tokens"])


@of_all_models
def test_a_tool_loop(stack: Stack, model: Model):
    """The second call carries the first one's items and their results, in any vendor's order."""
    caller = make_caller(balance_uzs=1000)
    run = f"responses-loop-{model.dialect}"
    where, asked = (stack, caller, model), {"tools": [WEATHER], "reasoning": {"effort": "low"}}
    wishes = {"tool_calls": CALLS, "reasoning": "oʻylayman"}
    first = ask(where, wishes, streamed=False, **asked).response["output"]
    made = [item["call_id"] for item in first if item["type"] == "function_call"]
    results = [
        {"type": "function_call_output", "call_id": id_, "output": f"{number} daraja"}
        for number, id_ in enumerate(made)
    ]
    history = [{"role": "user", "content": "Ob-havo?"}, *first, *results, *directive(run=run, text="issiq")]
    second = ask(where, {}, streamed=False, **asked | {"input": history})
    assert second.text == "issiq"
    (entry,) = stack.upstream.finished(run)
    sent = json.dumps(entry["body"], ensure_ascii=False)
    assert all(city["city"] in sent for city in CITIES)
    assert sent.index("0 daraja") < sent.index("1 daraja")
    # Anthropic wants its thought back, sealed, before the calls, and Gemini the seal over the first call.
    assert ("oʻylayman" in sent and anthropic.SIGNATURE in sent) == (model.dialect == "anthropic")
    assert (gemini.SIGNATURE in sent) == (model.dialect == "gemini")


@of_all_models
def test_image(stack: Stack, model: Model):
    caller = make_caller(balance_uzs=10_000)
    run = f"responses-image-{model.dialect}"
    url = data_url(PNG)
    parts = [
        {"type": "input_text", "text": directive(run=run, text="nuqta", prompt_tokens=PROMPT)[0]["content"]},
        {"type": "input_image", "image_url": url},
    ]
    found = ask((stack, caller, model), {}, streamed=True, input=[{"role": "user", "content": parts}])
    assert found.text == "nuqta"
    (entry,) = stack.upstream.finished(run)
    assert url.partition(",")[2] in json.dumps(entry["body"])
    charged(caller, model, found.response["usage"]["output_tokens"])


@of_all_models
@of_both_forms
def test_json_schema(stack: Stack, model: Model, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    run = f"responses-schema-{model.dialect}-{streamed}"
    found = ask((stack, caller, model), {"run": run}, streamed=streamed, text={"format": SCHEMA})
    (entry,) = stack.upstream.finished(run)
    assert '"answer"' in json.dumps(entry["body"])
    charged(caller, model, found.response["usage"]["output_tokens"])


@of_all_models
@of_both_forms
def test_reasoning(stack: Stack, model: Model, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    wishes = {"reasoning": "Oʻylayman, demak borman.", "reasoning_tokens": 4, "completion_tokens": 10}
    asked = {"reasoning": {"effort": "low"}}
    response = ask((stack, caller, model), wishes, streamed=streamed, **asked).response
    thought, message = response["output"]
    assert (thought["type"], message["type"]) == ("reasoning", "message")
    assert thought["summary"] == [{"type": "summary_text", "text": "Oʻylayman, demak borman."}]
    assert response["usage"]["output_tokens_details"]["reasoning_tokens"] == 4
    charged(caller, model, response["usage"]["output_tokens"])


@of_all_models
@of_both_forms
def test_an_answer_that_is_cut_by_its_bound(stack: Stack, model: Model, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    found = ask((stack, caller, model), {"completion_tokens": 9}, streamed=streamed, max_output_tokens=4)
    assert found.response["status"] == "incomplete"
    assert found.response["incomplete_details"] == {"reason": "max_output_tokens"}
    charged(caller, model, 4)


@of_all_models
@of_both_forms
@pytest.mark.parametrize(("fault", "status"), [("400", 400), ("429", 503), ("500", 502), ("cut", 502)])
def test_an_error_before_the_first_byte(stack: Stack, model: Model, streamed: bool, fault: str, status: int):
    caller = make_caller(balance_uzs=1000)
    body = {"model": model.name, "stream": streamed, "input": directive(fault=fault, fault_at=0)}
    reply = send(stack, caller.headers, body, path=PATH)
    assert reply.status == status
    assert set(reply.error) >= {"message", "type", "param", "code"}
    (row,) = outcome(caller, 1)
    assert (row["status"], caller.charged()) == ("error", 0)


@of_all_models
@pytest.mark.parametrize("fault", ["error_event", "cut", "truncated", "malformed_chunk"])
def test_an_error_in_the_middle(stack: Stack, model: Model, fault: str):
    """Told as an error and as a response that failed; what came is paid for."""
    caller = make_caller(balance_uzs=1000)
    wishes = {"fault": fault, "completion_tokens": ANSWER, "prompt_tokens": PROMPT}
    events = list(stream(stack, caller, path=PATH, model=model.name, input=directive(**wishes)))
    assert types(events)[-2:] == ["error", "failed"]
    assert "completed" not in types(events)
    assert events[-1]["response"]["status"] == "failed"
    assert events[-1]["response"]["output"][0]["content"][0]["text"]
    (row,) = outcome(caller, 1)
    assert row["status"] == "error"
    assert 0 < caller.charged() == row["cost_micros"] <= model.cost(ANSWER, prompt=2 * PROMPT)


@of_all_models
def test_a_caller_who_leaves(stack: Stack, model: Model):
    caller = make_caller(balance_uzs=1000)
    run = f"responses-leave-{model.dialect}"
    wishes = {"run": run, "hold": run, "hold_at": "middle", "completion_tokens": 30}
    events = stream(stack, caller, path=PATH, model=model.name, input=directive(**wishes))
    while next(iter(events))["type"] != "response.output_text.delta":
        pass
    until(lambda: stack.upstream.waiting(run), "the middle")
    events.close()
    (entry,) = stack.upstream.finished(run)
    assert entry["client_left"]
    (row,) = outcome(caller, 1)
    assert row["status"] == "cancelled"
    assert 0 < caller.charged() < model.cost(30)


def test_the_next_endpoint_takes_over(stack: Stack):
    """Whatever dialect it speaks: one hold, one charge, at its own price."""
    caller = make_caller(balance_uzs=1000)
    wishes = {
        "by_provider": {"alpha": {"fault": "500"}},
        "prompt_tokens": PROMPT,
        "completion_tokens": ANSWER,
    }
    reply = send(stack, caller.headers, {"model": "test/any", "input": directive(**wishes)}, path=PATH)
    assert reply.status == 200, reply.body
    assert reply.headers["x-cloudapi-provider"] == "claude"
    assert len(caller.holds()) == 1
    assert caller.charged() == MODELS[1].cost(ANSWER)


def complete(stack: Stack, caller: Caller, model: Model, *, streamed: bool, **wishes: Any) -> Reply | Events:
    prompt = directive(**{"prompt_tokens": PROMPT} | wishes)[0]["content"]
    body = {"model": model.name, "prompt": prompt}
    if streamed:
        return stream(stack, caller, path="/v1/completions", **body)
    return send(stack, caller.headers, body, path="/v1/completions")


@pytest.mark.parametrize(
    "model",
    [model for model in MODELS if model.dialect in SURFACES["completions"].bridges],
    ids=lambda model: model.dialect,
)
@of_both_forms
def test_legacy_completions(stack: Stack, model: Model, streamed: bool):
    caller = make_caller(balance_uzs=1000)
    found = complete(stack, caller, model, streamed=streamed, completion_tokens=3)
    choices = (
        [chunk["choices"][0] for chunk in found] if isinstance(found, Events) else found.json()["choices"]
    )
    assert "".join(choice["text"] for choice in choices) == "salom dunyo oʻzbek "
    assert choices[-1]["finish_reason"] == "stop"
    (row,) = outcome(caller, 1)
    assert (row["kind"], row["status"]) == ("completions", "ok")
    assert caller.charged() == model.cost(3)


def test_a_legacy_completion_that_breaks(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    found = complete(stack, caller, MODELS[0], streamed=True, fault="error_event", completion_tokens=6)
    assert isinstance(found, Events)
    assert "error" in list(found)[-1]
    assert not found.done
    (row,) = outcome(caller, 1)
    assert row["estimated"]
