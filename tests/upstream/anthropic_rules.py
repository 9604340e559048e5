"""What Anthropic refuses, in its own words: a translation that it wouldn't take doesn't pass here either."""

import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
# Models that refuse to go on with the assistant's turn: from 4.6 on.
_PREFILLED = re.compile(r"claude-\w+-(?:4-[6-9]|[5-9])")
_EFFORTS = {"low", "medium", "high", "xhigh", "max"}
# Blocks, in this order of roles.
_BLOCKS = {
    "user": {"text", "image", "document", "tool_result", "search_result"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
    "system": {"text"},
}

Refusal = tuple[int, str] | None


def refuses(headers: list[tuple[str, str]], body: dict[str, Any], path: str) -> Refusal:
    """(status, message) of the first thing that is wrong; None when there is nothing."""
    given = dict(headers)
    if not given.get("x-api-key") and not given.get("authorization", "").startswith("Bearer "):
        return 401, "x-api-key header is required"
    if not given.get("anthropic-version"):
        return 400, "anthropic-version: header is required"
    counts = path.endswith("count_tokens")
    wrong = next(_wrong(body, sampling=given["anthropic-version"] < "2026-10-21", counts=counts), "")
    return (400, wrong) if wrong else None


def _wrong(body: dict[str, Any], *, sampling: bool, counts: bool) -> Iterator[str]:
    for name in ("model", "messages", *(() if counts else ("max_tokens",))):
        if name not in body:
            yield f"{name}: Field required"
            return
    if not counts and not (isinstance(body["max_tokens"], int) and body["max_tokens"] >= 1):
        yield "max_tokens: Input should be greater than or equal to 1"
    yield from _wrong_sampling(body, allowed=sampling)
    yield from _wrong_thinking(body)
    yield from _wrong_tools(body)
    yield from _wrong_system(body.get("system"))
    yield from _wrong_turns(body["messages"], str(body["model"]))


def _wrong_sampling(body: dict[str, Any], *, allowed: bool) -> Iterator[str]:
    for name in ("temperature", "top_p", "top_k"):
        if name in body and not allowed:
            yield f"`{name}` is not supported under this version"
    for name in ("temperature", "top_p"):
        value = body.get(name, 0)
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            yield f"{name}: range: 0..1"
    stops = body.get("stop_sequences") or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop.strip() for stop in stops):
        yield "stop_sequences: each stop sequence must contain non-whitespace"


def _wrong_thinking(body: dict[str, Any]) -> Iterator[str]:
    thinking, config = body.get("thinking") or {}, body.get("output_config") or {}
    kind, budget = thinking.get("type"), thinking.get("budget_tokens", 0)
    if thinking and kind not in {"adaptive", "enabled", "disabled", "between_tools"}:
        yield f"thinking: Input tag '{kind}' does not match any of the expected tags"
    if kind == "enabled" and budget < 1024:
        yield "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    if kind == "enabled" and budget >= body.get("max_tokens", 0):
        yield "`max_tokens` must be greater than `thinking.budget_tokens`."
    thinks = kind in {"enabled", "adaptive"}
    if thinks and body.get("temperature", 1) != 1:
        yield "`temperature` may only be set to 1 when thinking is enabled."
    if thinks and (body.get("tool_choice") or {}).get("type") in {"any", "tool"}:
        yield "Thinking may not be enabled when tool_choice forces tool use."
    if config.get("effort", "low") not in _EFFORTS:
        yield "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"
    form = config.get("format")
    if form and (form.get("type") != "json_schema" or set(form) != {"type", "schema"}):
        yield "output_config.format: Extra inputs are not permitted"
    if form:
        yield from _wrong_schema(form.get("schema"))


def _wrong_schema(schema: Any) -> Iterator[str]:
    """Every object is closed, and numbers and strings have no bounds (docs: structured outputs)."""
    if isinstance(schema, list):
        for item in schema:
            yield from _wrong_schema(item)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be "
            "explicitly set to false"
        )
    for name in ("minimum", "maximum", "multipleOf", "minLength", "maxLength", "maxItems", "oneOf"):
        if name in schema and not isinstance(schema[name], dict):
            yield f"output_config.format.schema: property '{name}' is not supported"
    for value in schema.values():
        yield from _wrong_schema(list(value.values()) if isinstance(value, dict) else value)


def _wrong_tools(body: dict[str, Any]) -> Iterator[str]:
    names = []
    for place, tool in enumerate(body.get("tools") or []):
        names.append(tool.get("name"))
        if not _NAME.fullmatch(str(tool.get("name", ""))):
            yield f"tools.{place}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if tool.get("type", "custom") != "custom":
            continue
        if (tool.get("input_schema") or {}).get("type") != "object":
            yield f"tools.{place}.custom.input_schema.type: Field required"
    if len(set(names)) < len(names):
        yield "tools: Tool names must be unique."
    choice = body.get("tool_choice")
    if choice is None:
        return
    if choice.get("type") not in {"auto", "any", "tool", "none"}:
        yield "tool_choice: Input tag does not match any of the expected tags"
    if not names:
        yield "tool_choice may only be specified while providing tools"
    if choice.get("type") == "tool" and choice.get("name") not in names:
        yield f"Tool '{choice.get('name')}' not found in provided tools"


def _wrong_system(system: Any) -> Iterator[str]:
    for block in system if isinstance(system, list) else []:
        if block.get("type") != "text" or not block.get("text"):
            yield "system: text content blocks must be non-empty"


def _wrong_turns(messages: Any, model: str) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    before, open_calls = "", []
    for place, message in enumerate(_combined(messages)):
        role = message.get("role")
        if role not in _BLOCKS:
            yield f"messages.{place}.role: Input should be 'user', 'assistant' or 'system'"
            return
        if not before and role != "user":
            yield 'messages: first message must use the "user" role'
        blocks = _blocks_of(message.get("content"))
        yield from _wrong_blocks(blocks, role, f"messages.{place}.content")
        if role == "system":
            continue
        yield from _wrong_results(blocks, open_calls, place)
        open_calls = [block.get("id") for block in blocks if block.get("type") == "tool_use"]
        before = role
    if open_calls:
        yield "messages: the conversation must not end with `tool_use` blocks"
    if before == "assistant" and _PREFILLED.search(model):
        yield "This model does not support assistant message prefill."
    if before == "assistant":
        yield from _wrong_prefill(_blocks_of(messages[-1].get("content")))


def _combined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Consecutive turns of one role are one (API reference, `messages`)."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if turns and turns[-1].get("role") == message.get("role"):
            both = _blocks_of(turns[-1].get("content")) + _blocks_of(message.get("content"))
            turns[-1] = message | {"content": both}
        else:
            turns.append(message)
    return turns


def _blocks_of(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])


def _wrong_blocks(blocks: list[dict[str, Any]], role: str, where: str) -> Iterator[str]:
    if not blocks:
        yield f"{where}: content must be non-empty"
    elif str(blocks[-1].get("type")).endswith("thinking"):
        yield f"{where}: The final block in an assistant message cannot be `thinking`."
    for place, block in enumerate(blocks):
        kind = block.get("type")
        if kind not in _BLOCKS[role]:
            yield f"{where}.{place}: Input tag '{kind}' does not match any of the expected tags"
        if kind == "text" and not str(block.get("text", "")).strip():
            yield "messages: text content blocks must contain non-whitespace text"
        if kind in {"image", "document"}:
            yield from _wrong_source(block.get("source") or {}, kind, f"{where}.{place}")
        if kind == "thinking" and not block.get("signature"):
            yield f"{where}.{place}.thinking.signature: Field required"
        if kind == "tool_use":
            yield from _wrong_tool_use(block, f"{where}.{place}")
        if kind == "tool_result" and isinstance(block.get("content"), list) and block["content"]:
            yield from _wrong_blocks(block["content"], "user", f"{where}.{place}.content")


def _wrong_tool_use(block: dict[str, Any], where: str) -> Iterator[str]:
    if not _NAME.fullmatch(str(block.get("id", ""))):
        yield f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    if not isinstance(block.get("input"), dict):
        yield f"{where}.tool_use.input: Input should be a valid dictionary"


def _wrong_source(source: dict[str, Any], kind: str, where: str) -> Iterator[str]:
    how = source.get("type")
    if how not in {"base64", "url", "file", *(("text", "content") if kind == "document" else ())}:
        yield f"{where}.{kind}.source: Input tag '{how}' does not match any of the expected tags"
    kinds = _IMAGES if kind == "image" else {"application/pdf"}
    if how == "base64" and source.get("media_type") not in kinds:
        yield f"{where}.{kind}.source.base64.media_type: Input should be one of {sorted(kinds)}"
    if how == "base64" and not source.get("data"):
        yield f"{where}.{kind}.source.base64.data: Field required"


def _wrong_results(blocks: list[dict[str, Any]], calls: list[Any], place: int) -> Iterator[str]:
    """Every call of the turn before is answered, first of all, and nothing else is."""
    kinds = [block.get("type") for block in blocks]
    results = [block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"]
    for stray in set(results) - set(calls):
        yield (
            f"messages.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {stray}. "
            "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
        )
    if missing := [call for call in calls if call not in results]:
        yield (
            f"messages.{place - 1}: `tool_use` ids were found without `tool_result` blocks "
            f"immediately after: {', '.join(map(str, missing))}."
        )
    if len(set(results)) < len(results):
        yield f"messages.{place}: each tool_use must have a single result"
    if "tool_result" in kinds[len(results) :]:
        yield f"messages.{place}: `tool_result` blocks must come first in the content"


def _wrong_prefill(blocks: list[dict[str, Any]]) -> Iterator[str]:
    last = blocks[-1] if blocks else {}
    if last.get("type") == "text" and str(last.get("text", "")) != str(last.get("text", "")).rstrip():
        yield "messages: final assistant content cannot end with trailing whitespace"
