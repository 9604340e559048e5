"""What clients of the Messages API send, and what passes untouched between equal sides."""

import json
from typing import Any

import pytest

from tests.factories import Caller, make_caller
from tests.live.client import directive, send
from tests.live.test_messages import PATH, TOOL, answered, asked, cost, each, say, settled
from tests.stack import Stack


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=10_000)


# --- What passes between equal sides


def test_requests_pass_untouched_to_an_upstream_of_the_same_dialect(stack: Stack, caller: Caller):
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=0"},
        {"type": "text", "text": "You are.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]
    body: dict[str, Any] = {
        "model": "test/claude",
        "messages": directive(run="msg-same"),
        "system": system,
        "metadata": {"user_id": '{"device":"x"}'},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "x_new": {"deep": [1, 2.5, None]},
        "max_tokens": 321,
    }
    headers = {"anthropic-version": "2026-10-21", "anthropic-beta": "a-2026,b-2026", "x-app": "cli"}
    assert say(stack, caller, headers=headers, **body).status == 200
    (entry,) = stack.upstream.finished("msg-same")
    assert entry["body"] == body | {"model": "claude-one"}
    assert list(entry["body"])[2:] == list(body)[1:-1]
    sent = dict(entry["headers"])
    assert (sent["anthropic-version"], sent["anthropic-beta"]) == ("2026-10-21", "a-2026,b-2026")
    assert sent["x-api-key"] == stack.env["TEST_CLAUDE_KEY"]
    assert "x-app" not in sent
    assert caller.key not in json.dumps(entry["headers"])


def test_a_refusal_is_told_in_the_providers_words(stack: Stack, caller: Caller):
    """Claude Code goes by Anthropic's wording (api.md §0.4)."""
    words = "prompt is too long: 250000 tokens > 200000 maximum"
    reply = say(stack, caller, model="test/claude", messages=directive(fault="400", message=words))
    assert reply.status == 400
    assert reply.json() == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": words},
        "request_id": "req_upstream",
    }


def test_no_secret_of_ours_is_shown(stack: Stack, caller: Caller):
    reply = say(stack, caller, model="test/claude", messages=directive(fault="leak"))
    assert reply.status == 400
    assert b"0123456789abcdef" not in reply.body


def test_written_cache_is_paid_by_its_life(stack: Stack, caller: Caller):
    wishes = {
        "prompt_tokens": 100,
        "cache_write_tokens": 20,
        "cache_write_1h_tokens": 10,
        "completion_tokens": 2,
    }
    message = say(stack, caller, model="test/claude", messages=directive(**wishes)).json()
    assert message["usage"]["cache_creation_input_tokens"] == 30
    assert settled(caller)["cost_micros"] == cost("test/claude", 70, 2) + 20 * 47_250 + 10 * 75_600


# --- What Claude Code sends (api.md §0, §2.4)


@each
def test_claude_codes_first_request(stack: Stack, caller: Caller, model: str):
    """Its own system block, a system message behind the user's, effort, and a bound of 32,000."""
    run = f"msg-code-{model}"
    told = directive(run=run, text="ok")[0]["content"]
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": 32_000,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197; cch=0"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": told}]},
            {"role": "system", "content": "Today is Monday."},
        ],
        "tools": [TOOL | {"defer_loading": True}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": []},
        "metadata": {"user_id": '{"session":"x"}'},
    }  # fmt: skip
    message = answered(stack, caller, streamed=True, **body)
    assert message["content"][-1]["text"] == "ok"
    sent = json.dumps(asked(stack, run))
    assert "Today is Monday." in sent
    assert ("billing-header" in sent) == (model == "test/claude")


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_keys_come_in_either_header(stack: Stack, caller: Caller, name: str):
    value = caller.key if name == "x-api-key" else f"Bearer {caller.key}"
    body = {"model": "test/one", "max_tokens": 9, "messages": directive()}
    assert send(stack, {name: value}, body, path=PATH).status == 200


def test_a_wrong_key_is_told_so_that_nobody_tries_again(stack: Stack):
    reply = send(stack, {"x-api-key": "cap-nobody"}, {"model": "test/one"}, path=PATH)
    assert (reply.status, reply.error["type"]) == (401, "authentication_error")
    assert reply.headers["x-should-retry"] == "false"


def test_a_prompt_over_the_window_is_told_in_anthropics_words(stack: Stack, caller: Caller):
    long = [{"role": "user", "content": "word " * 4_000}]
    reply = say(stack, caller, model="test/small", messages=long)
    assert (reply.status, reply.error["code"]) == (400, "context_length_exceeded")
    assert "prompt is too long" in reply.error["message"]


def test_a_model_that_does_not_reason_is_not_asked_to(stack: Stack, caller: Caller):
    messages = directive(run="msg-plain-model", text="ok")
    fields: dict[str, Any] = {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 4096}
    assert say(stack, caller, model="test/echo", messages=messages, **fields).status == 200
    assert "reasoning_effort" not in asked(stack, "msg-plain-model")


def test_an_empty_wallet_and_an_unknown_model(stack: Stack):
    poor = say(stack, make_caller(), messages=directive())
    assert (poor.status, poor.error["type"], poor.error["code"]) == (
        402,
        "billing_error",
        "insufficient_balance",
    )
    unknown = say(stack, make_caller(balance_uzs=9), model="claude-nobody", messages=directive())
    assert (unknown.status, unknown.error["type"]) == (404, "not_found_error")
