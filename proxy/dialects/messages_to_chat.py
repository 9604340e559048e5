"""A request of the Messages API as a body of /v1/chat/completions (api.md §3).

What the other side has no word for is dropped: thinking, cache marks, server tools beside others, sampling by
top_k. What would change the meaning of the answer raises Unsupported, so that another endpoint is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from proxy.bridge import Unsupported
from proxy.call import Call
from proxy.dialects.messages_request import blocks
from proxy.dialects.messages_turns import TOOL_NAME_MAX, short_name, texts, turns

# Claude Code's first system block: an account of its own, and no instruction (api.md §2.4).
BILLING: Final = "x-anthropic-billing-header:"
STOPS_MAX: Final = 4
# thinking.budget_tokens up to → reasoning_effort.
_BUDGETS: Final = ((1024, "minimal"), (2048, "low"), (8192, "medium"), (24_576, "high"))
_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}
_KEPT: Final = ("temperature", "top_p")
_TEXTS: Final = {"type": "object", "properties": {}}


def chat(call: Call) -> dict[str, Any]:
    """The chat body; model and output bound are the upstream side's. Raises Unsupported."""
    body = call.body
    system = system_text(body.get("system"))
    found: dict[str, Any] = {
        "messages": [*([{"role": "system", "content": system}] if system else []), *turns(body["messages"])],
        **({"stream": True} if call.stream else {}),
        **{name: body[name] for name in _KEPT if body.get(name) is not None},
        **_tools(body),
        **_stops(body),
    }
    if effort := reasoning_effort(body):
        found["reasoning_effort"] = effort
    if (form := _response_format(body)) is not None:
        found["response_format"] = form
    return found


def system_text(system: Any) -> str:
    """The system prompt, its blocks joined by blank lines."""
    return "\n\n".join(text for text in texts(blocks(system)) if not text.startswith(BILLING))


def reasoning_effort(body: Mapping[str, Any]) -> str:
    """OpenAI's word for how much shall be thought; empty where the model may choose."""
    thinking, config = body.get("thinking"), body.get("output_config")
    thinking = thinking if isinstance(thinking, dict) else {}
    effort = config.get("effort") if isinstance(config, dict) else None
    if thinking.get("type") == "disabled":
        return "none"
    if isinstance(effort, str) and effort:
        return effort
    budget = thinking.get("budget_tokens")
    if thinking.get("type") != "enabled" or not isinstance(budget, int):
        return ""
    return next((word for most, word in _BUDGETS if budget <= most), "xhigh")


def long_names(call: Call) -> dict[str, str]:
    """Shortened name → the caller's own, for the tool calls of the answer."""
    tools = call.body.get("tools")
    names = [tool.get("name") for tool in tools or () if isinstance(tool, dict)]
    return {short_name(name): name for name in names if isinstance(name, str) and len(name) > TOOL_NAME_MAX}


def used_ids(call: Call) -> set[str]:
    """The ids of the tool calls that are in the conversation already."""
    return {
        block["id"]
        for message in call.body["messages"]
        if message["role"] == "assistant" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "tool_use"
    }


def _tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """Tools and how they may be chosen. The vendor's own run on his servers, so they can't be offered."""
    given: Sequence[Any] = body.get("tools") or ()
    own = [tool for tool in given if isinstance(tool, dict) and tool.get("type") in (None, "custom")]
    choice = body.get("tool_choice")
    choice = choice if isinstance(choice, dict) else {}
    if given and not own:
        kind = given[0].get("type") if isinstance(given[0], dict) else None
        raise Unsupported("tools", f"No provider of this model has the tool '{kind}'.")
    if not own:
        return {}
    found: dict[str, Any] = {"tools": [_tool(tool) for tool in own]}
    kind, name = choice.get("type"), choice.get("name")
    if kind == "tool" and isinstance(name, str):
        if name not in [tool.get("name") for tool in own]:
            raise Unsupported("tool_choice", f"No provider of this model has the tool '{name}'.")
        found["tool_choice"] = {"type": "function", "function": {"name": short_name(name)}}
    elif isinstance(kind, str) and kind in _CHOICES:
        found["tool_choice"] = _CHOICES[kind]
    if choice.get("disable_parallel_tool_use") is True:
        found["parallel_tool_calls"] = False
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("input_schema")
    function: dict[str, Any] = {"name": short_name(str(tool.get("name", "")))}
    if isinstance(tool.get("description"), str):
        function["description"] = tool["description"]
    function["parameters"] = schema if isinstance(schema, dict) else _TEXTS
    if isinstance(tool.get("strict"), bool):
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}


def _stops(body: Mapping[str, Any]) -> dict[str, Any]:
    stops = body.get("stop_sequences")
    words = [text for text in stops if isinstance(text, str) and text] if isinstance(stops, list) else []
    return {"stop": words[:STOPS_MAX]} if words else {}


def _response_format(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """`output_config.format`, or `output_format` as it was called in its beta."""
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    form = form if isinstance(form, dict) else body.get("output_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return None
    schema = {"name": "answer", "schema": form.get("schema"), "strict": True}
    return {"type": "json_schema", "json_schema": schema}
