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


def finish(stop_reason: Any) -> str:
    """A stop reason in OpenAI's words; it goes into the books, which take no NUL."""
    if not isinstance(stop_reason, str):
        return ""
    return _FINISH.get(stop_reason) or stop_reason.replace("\x00", "")[:40]


def merge_usage(seed: Any, delta: Any) -> Any:
    """message_start's usage, with whatever message_delta tells anew: its counts are totals, no additions."""
    if not isinstance(delta, dict):
        return delta
    told = {name: value for name, value in delta.items() if value is not None}
    return {**(seed if isinstance(seed, dict) else {}), **told}


def read_usage(reported: Any, bounds: Bounds) -> Usage | None:
    """A usage object as units; None when it is missing or can't be true (reliability.md fault 25)."""
    if not isinstance(reported, dict):
        return None
    fresh, output = _count(reported, "input_tokens"), _count(reported, "output_tokens")
    if fresh is None or output is None:
        return None
    split, details = _inner(reported, "cache_creation"), _inner(reported, "output_tokens_details")
    hour, short = _units(split, "ephemeral_1h_input_tokens"), _units(split, "ephemeral_5m_input_tokens")
    cached = _units(reported, "cache_read_input_tokens")
    written = max(_units(reported, "cache_creation_input_tokens"), hour + short)
    total = fresh + cached + written
    if total > bounds.input or output > bounds.output:
        return None
    return Usage(
        input=total,
        cached=cached,
        cache_write=written - hour,
        cache_write_1h=hour,
        output=output,
        reasoning=min(_units(details, "thinking_tokens"), output),
    )


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _units(counts: Mapping[str, Any], name: str) -> int:
    return _count(counts, name) or 0


def _inner(reported: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = reported.get(name)
    return value if isinstance(value, dict) else {}
