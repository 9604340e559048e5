"""What Anthropic reports of an answer, as units (api.md §2.2–2.3).

Its input tokens are those that were neither read from the cache nor written to it; ours are the total.
"""

from collections.abc import Mapping
from typing import Any, Final

from proxy.bridge import Bounds
from proxy.meter import Usage

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_PROMPT: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def finish(stop_reason: Any) -> str:
    """A stop reason in OpenAI's words; one that is unknown is an ordinary end."""
    return _FINISH.get(stop_reason, "stop") if isinstance(stop_reason, str) and stop_reason else ""


def seed_usage(reported: Any) -> Any:
    """The usage in message_start without its output, which is only what had been said by then."""
    if not isinstance(reported, dict):
        return reported
    return {name: value for name, value in reported.items() if name != "output_tokens"}


def merge_usage(seed: Any, delta: Any) -> Any:
    """message_start's usage (by seed_usage) under that of a message_delta, whose counts are cumulative.

    Some servers know the prompt only at the end, others tell it only at the beginning and zeros afterwards.
    """
    if not isinstance(delta, dict):
        return seed
    told = {name: value for name, value in delta.items() if value is not None}
    if not isinstance(seed, dict):
        return told
    if not any(told.get(name) for name in _PROMPT):
        told = {name: value for name, value in told.items() if name not in _PROMPT}
    return {**seed, **told}


def read_usage(reported: Any, bounds: Bounds) -> Usage | None:
    """A usage object as units; None when it is missing or can't be true (reliability.md fault 25).

    Where the stream broke before the output was told it is `estimated`: input and cache are the upstream's.
    """
    if not isinstance(reported, dict) or reported.get("input_tokens") is None:
        return None
    fresh, cached, written = (_count(reported, name) for name in _PROMPT)
    output = _count(reported, "output_tokens")
    if fresh is None or cached is None or written is None or output is None:
        return None
    split = inside(reported, "cache_creation")
    hour = _count(split, "ephemeral_1h_input_tokens") or 0
    written = max(written, hour + (_count(split, "ephemeral_5m_input_tokens") or 0))
    if fresh + cached + written > bounds.input or output > bounds.output:
        return None
    return Usage(
        input=fresh + cached + written,
        cached=cached,
        cache_write=written - hour,
        cache_write_1h=hour,
        output=output,
        reasoning=min(_count(inside(reported, "output_tokens_details"), "thinking_tokens") or 0, output),
        estimated=reported.get("output_tokens") is None,
    )


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    """A count, 0 where it isn't told; None for what is none."""
    value = counts.get(name)
    if value is None:
        return 0
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def inside(reported: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside another one; empty where there is none."""
    value = reported.get(name)
    return value if isinstance(value, dict) else {}
