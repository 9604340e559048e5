"""What Claude Code asks of a gateway besides messages (api.md §2.4)."""

import http.client
import json
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive, port_of, send
from tests.stack import Stack

PATH = "/v1/messages/count_tokens?beta=true"
HELLO: dict[str, Any] = {"model": "test/one", "messages": [{"role": "user", "content": "Salom, дунё 🙂!"}]}
TOOL = {"name": "get_weather", "description": "Weather", "input_schema": {"type": "object"}}


def count(stack: Stack, caller: Caller | None, **fields: Any) -> Reply:
    headers = {"x-api-key": caller.key} if caller else {}
    return send(stack, headers | {"anthropic-version": "2023-06-01"}, HELLO | fields, path=PATH)


def ask(stack: Stack, method: str, path: str, headers: dict[str, str] | None = None) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(stack), timeout=60)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/api/hello"), ("GET", "/api/hello"), ("HEAD", "/")])
def test_it_finds_somebody_at_home(stack: Stack, method: str, path: str):
    reply = ask(stack, method, path)
    assert reply.status == 200
    assert "location" not in reply.headers


def test_models_are_discovered(stack: Stack):
    """One page, no redirect, by Bearer; it reads `id` and `display_name`."""
    caller = make_caller()
    headers = {"authorization": f"Bearer {caller.key}", "anthropic-version": "2023-06-01"}
    reply = ask(stack, "GET", "/v1/models?limit=1000", headers)
    assert reply.status == 200
    listed = reply.json()
    assert listed["has_more"] is False
    assert {"test/one", "test/claude"} <= {model["id"] for model in listed["data"]}
    assert all(model["display_name"] and model["type"] == "model" for model in listed["data"])


def test_a_prompt_is_counted_offline(stack: Stack):
    caller = make_caller()
    plain = count(stack, caller).json()["input_tokens"]
    assert 10 <= plain <= 20
    assert count(stack, caller, system="Be brief. " * 50).json()["input_tokens"] >= plain + 100
    assert count(stack, caller, tools=[TOOL]).json()["input_tokens"] > plain + 10
    assert set(count(stack, caller).json()) == {"input_tokens"}


def test_a_model_of_anthropics_is_counted_there(stack: Stack):
    caller = make_caller()
    messages = directive(run="count", prompt_tokens=4321)
    assert count(stack, caller, model="test/claude", messages=messages).json() == {"input_tokens": 4321}
    (entry,) = stack.upstream.finished("count")
    assert entry["path"] == "/v1/messages/count_tokens"
    assert entry["body"] == {"model": "claude-one", "messages": messages}
    assert ["x-api-key", stack.env["TEST_CLAUDE_KEY"]] in entry["headers"]
    assert caller.charged() == 0
    assert not caller.requests()


def test_a_provider_in_trouble_is_no_reason_not_to_count(stack: Stack):
    messages = directive(fault="529")
    reply = count(stack, make_caller(), model="test/claude", messages=messages)
    assert reply.status == 200
    assert reply.json()["input_tokens"] > 0


def test_a_providers_refusal_is_told_in_its_words(stack: Stack):
    messages = [{"role": "assistant", "content": "first"}]
    reply = count(stack, make_caller(), model="test/claude", messages=messages)
    assert reply.status == 400
    assert reply.error["message"] == 'messages: first message must use the "user" role'


def test_a_burst_passes_beside_a_full_rate_window(stack: Stack):
    caller = make_caller(balance_uzs=1000, rpm=1)
    assert chat(stack, caller, messages=directive(completion_tokens=1)).status == 200
    assert chat(stack, caller, messages=directive(completion_tokens=1)).status == 429
    small = {"messages": [{"role": "user", "content": "foo"}], "tools": [TOOL]}
    replies = [count(stack, caller, **small) for _ in range(24)]
    assert {reply.status for reply in replies} == {200}
    assert replies[-1].headers["x-ratelimit-remaining"] == str(600 - 24)


def test_counting_is_free_but_not_for_everybody(stack: Stack):
    assert count(stack, make_caller()).status == 200  # an empty wallet
    unknown = count(stack, None)
    assert (unknown.status, unknown.error["code"]) == (401, "missing_api_key")
    assert unknown.error["type"] == "authentication_error"
    assert unknown.headers["x-should-retry"] == "false"
    limited = make_caller(allowed_models=["test/free"])
    assert count(stack, limited).error["code"] == "model_not_allowed"
    assert count(stack, make_caller(), model="test/nowhere").status == 404


def test_a_prompt_over_the_window_is_counted(stack: Stack):
    long = [{"role": "user", "content": "word " * 20_000}]
    reply = count(stack, make_caller(), model="test/small", messages=long)
    assert reply.json()["input_tokens"] > 19_000


def test_a_get_is_told_what_is_allowed(stack: Stack):
    reply = ask(stack, "GET", "/v1/messages/count_tokens")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert json.loads(reply.body)["error"]["code"] == "method_not_allowed"
