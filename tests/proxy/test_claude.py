"""What each generation of Claude is asked for, by its name."""

from typing import Any

import pytest

from proxy.dialects.claude import claude
from tests.proxy.test_chat_to_anthropic import NEW, OLD, OTHER, SALOM, called, made, result


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [
        ("claude-opus-5-5", "opus", (5, 5)),
        ("claude-opus-5", "opus", (5, 0)),
        ("claude-sonnet-4-5-20250929", "sonnet", (4, 5)),
        ("claude-opus-4-20250514", "opus", (4, 0)),
        ("claude-opus-4@20250514", "opus", (4, 0)),
        ("claude-3-7-sonnet-latest", "", (3, 7)),
        ("claude-3-haiku-20240307", "", (3, 0)),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "haiku", (4, 5)),
        ("us.anthropic.Claude-Fable-5-1", "fable", (5, 1)),
        ("anthropic/claude-opus-4.8", "opus", (4, 8)),
        ("claude-next", "", (5, 5)),
        ("kimi-k2", "", (3, 7)),
    ],
)
def test_names(name: str, family: str, version: tuple[int, int]):
    found = claude(name)
    assert (found.family, found.version) == (family, version)


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("claude-opus-4-7", False),
        ("claude-opus-4-8", True),
        ("claude-sonnet-5", False),
        ("claude-fable-5", True),
    ],
)
def test_who_takes_reminders(name: str, takes: bool):
    assert claude(name).reminders == takes


@pytest.mark.parametrize(
    ("model", "effort", "bound", "thinking", "config"),
    [
        (NEW, None, 4096, None, None),
        (NEW, "none", 4096, None, {"effort": "low"}),
        (NEW, "minimal", 4096, {"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
        (NEW, "xhigh", 4096, {"type": "adaptive", "display": "summarized"}, {"effort": "xhigh"}),
        ("claude-opus-4-6", "xhigh", 4096, {"type": "adaptive", "display": "summarized"}, {"effort": "high"}),
        ("claude-opus-4-6", "none", 4096, None, None),
        (OLD, "low", 16_000, {"type": "enabled", "budget_tokens": 2048}, None),
        (OLD, "high", 16_000, {"type": "enabled", "budget_tokens": 8000}, None),
        (OLD, "high", 2000, None, None),
        (OLD, "none", 16_000, None, None),
        ("claude-3-5-sonnet-20241022", "high", 16_000, None, None),
        (OTHER, "medium", 32_000, {"type": "enabled", "budget_tokens": 8192}, None),
    ],
)
def test_effort(model: str, effort: str | None, bound: int, thinking: Any, config: Any):
    body = made(model=model, bound=bound, reasoning_effort=effort)
    assert (body.get("thinking"), body.get("output_config")) == (thinking, config)


def test_a_turn_that_calls_tools_without_its_thinking_is_not_thought_over_again():
    body = made(SALOM, called("a"), result("a"), model=OLD, bound=16_000, reasoning_effort="high")
    assert "thinking" not in body
    kept = {**called("a"), "content": [{"type": "thinking", "thinking": "hm", "signature": "Eq"}]}
    body = made(SALOM, kept, result("a"), model=OLD, bound=16_000, reasoning_effort="high")
    assert body["thinking"]["type"] == "enabled"
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "Eq"}


@pytest.mark.parametrize(
    "wish",
    [
        {"reasoning": {"effort": "high"}},
        {"reasoning": {"max_tokens": 20_000}},
        {"thinking": {"type": "enabled", "budget_tokens": 20_000}},
    ],
)
def test_other_words_for_effort(wish: dict[str, Any]):
    assert made(**wish)["output_config"] == {"effort": "high"}


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        (OLD, {"temperature": 1.7}, {"temperature": 1}),
        (OLD, {"temperature": 0.3, "top_p": 0.5}, {"temperature": 0.3}),
        (OLD, {"top_p": 0.5, "top_k": 7}, {"top_p": 0.5, "top_k": 7}),
        (OTHER, {"temperature": 2}, {"temperature": 1}),
        (NEW, {"temperature": 1.7, "top_p": 0.5, "top_k": 7}, {}),
        ("claude-opus-4-7", {"temperature": 0}, {}),
    ],
)
def test_sampling_is_clamped_or_dropped(model: str, asked: dict[str, Any], sent: dict[str, Any]):
    body = made(model=model, **asked)
    assert {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body} == sent
