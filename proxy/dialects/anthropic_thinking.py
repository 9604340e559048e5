"""How much an Anthropic upstream shall think: OpenAI's reasoning_effort as effort or budget (api.md §3)."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.dialects.claude import Claude

BUDGET_LEAST: Final = 1024
# Effort → tokens, for models that know no effort; any-llm's table, upper ends.
BUDGETS: Final = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 65_536,
}
_FORCED: Final = ("any", "tool")


def thinking(chat: Mapping[str, Any], model: Claude, body: Mapping[str, Any]) -> dict[str, Any]:
    """`thinking` and `output_config` for the effort that a chat asks for; nothing where it asks for none.

    body: the request so far, with max_tokens, messages and tool_choice.
    """
    effort = asked_effort(chat)
    if not effort:
        return {}
    forced = (body.get("tool_choice") or {}).get("type") in _FORCED
    if model.adapts:
        return _adaptive(effort, model, forced=forced)
    # A budget may fill half of the answer, since what is thought counts against max_tokens.
    budget = min(BUDGETS.get(effort, 0), body["max_tokens"] // 2)
    if not model.budgets or budget < BUDGET_LEAST or forced or _calls_without_thought(body["messages"]):
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def asked_effort(chat: Mapping[str, Any]) -> str:
    """The effort under any of the names that clients have for it; empty where none is asked for."""
    effort = chat.get("reasoning_effort")
    if effort is None:
        effort = _of(chat.get("reasoning"), "max_tokens") or _of(chat.get("thinking"), "budget_tokens")
    known = isinstance(effort, str) and (effort in BUDGETS or effort == "none")
    return str(effort) if known else ""


def _of(wish: Any, budget_name: str) -> str:
    """OpenRouter's `reasoning` or Anthropic's own `thinking`, inside an OpenAI body."""
    if not isinstance(wish, dict):
        return ""
    if wish.get("enabled") is False or wish.get("type") == "disabled":
        return "none"
    if isinstance(wish.get("effort"), str):
        return str(wish["effort"])
    budget = wish.get(budget_name)
    if isinstance(budget, int):
        return next((name for name, most in BUDGETS.items() if budget <= most), "max")
    return "medium" if wish.get("enabled") or wish.get("type") in ("enabled", "adaptive") else ""


def _adaptive(effort: str, model: Claude, *, forced: bool) -> dict[str, Any]:
    """`none` is the least effort where thinking can't be forbidden; a forced tool call forbids it anyhow."""
    if effort == "none":
        return {"output_config": {"effort": "low"}} if model.thinks_unasked else {}
    if effort == "minimal":
        effort = "low"
    elif effort == "xhigh" and not model.xhigh:
        effort = "high"
    config = {"output_config": {"effort": effort}}
    return config if forced else {"thinking": {"type": "adaptive", "display": "summarized"}} | config


def _calls_without_thought(turns: list[dict[str, Any]]) -> bool:
    """With a budget, a turn that calls tools must begin with its thinking; OpenAI clients can't keep it."""
    last: list[dict[str, Any]] = next(
        (turn["content"] for turn in reversed(turns) if turn["role"] == "assistant"), []
    )
    return any(block["type"] == "tool_use" for block in last) and "thinking" not in last[0]["type"]
