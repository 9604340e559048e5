"""An OpenAI chat body as a request to Anthropic's Messages (api.md §3).

What Anthropic has no word for and an answer is good without (penalties, seed, logit_bias, metadata) is
dropped; what the caller would miss in the answer (log probabilities, several choices, audio) is Unsupported.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from proxy.bridge import Ask, Unsupported
from proxy.call import Call
from proxy.dialects.anthropic import check_goes_on
from proxy.dialects.anthropic_blocks import Block, texts
from proxy.dialects.anthropic_schema import adapted
from proxy.dialects.anthropic_thinking import thinking
from proxy.dialects.anthropic_turns import conversation
from proxy.dialects.claude import Claude, claude
from routing.snaps import EndpointSnap

USER_MAX: Final = 256
STRICT_MAX: Final = 20  # more strict tools are refused (docs: "Structured outputs", limits)
_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}
_JSON: Final = "Answer with a single JSON value and nothing else: no prose around it, no code fence."


def ask(call: Call, chat: dict[str, Any], endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request. Raises Unsupported for what can't be asked of Anthropic."""
    body = build(chat, endpoint.upstream_name, output_bound, stream=call.stream)
    if call.said:
        check_goes_on(body, endpoint)
    try:
        return Ask("/v1/messages", orjson.dumps(body))
    except orjson.JSONEncodeError:  # arguments of a tool call, nested deeper than can be written
        raise Unsupported("messages", "A tool call's arguments are nested too deep.") from None


def build(chat: Mapping[str, Any], upstream_model: str, output_bound: int, *, stream: bool) -> dict[str, Any]:
    """The Messages body for a chat body. Raises Unsupported."""
    _refuse(chat)
    model = claude(upstream_model)
    messages = chat.get("messages")
    system, turns = conversation(messages if isinstance(messages, list) else (), model)
    body: dict[str, Any] = {"model": upstream_model, "max_tokens": output_bound}
    config, instruction = _form(chat.get("response_format"), model)
    if instruction:
        system = [*system, {"type": "text", "text": instruction}]
    body |= _system(system) | {"messages": turns}
    body |= _tools(chat, model, turns)
    thoughts = thinking(chat, model, body)
    body |= thoughts
    config |= body.pop("output_config", {})
    if config:
        body["output_config"] = config
    if model.samples and "thinking" not in body:
        body |= _sampling(chat)
    return body | _rest(chat) | ({"stream": True} if stream else {})


def _refuse(chat: Mapping[str, Any]) -> None:
    """Raises Unsupported for what the caller would miss in Anthropic's answer."""
    lacks = {
        "n": isinstance(chat.get("n"), int) and chat["n"] > 1,
        "logprobs": bool(chat.get("logprobs") or chat.get("top_logprobs")),
        "modalities": "audio" in _list(chat.get("modalities")),
        "web_search_options": chat.get("web_search_options") is not None,
        "functions": bool(chat.get("functions")) and not chat.get("tools"),
    }
    for name, lacking in lacks.items():
        if lacking:
            raise Unsupported(name, f"This model does not support '{name}'.")


def _system(blocks: list[Block]) -> dict[str, Any]:
    """As blocks only where some of them shall be cached."""
    if not blocks:
        return {}
    return {"system": blocks if any("cache_control" in block for block in blocks) else texts(blocks)}


def _form(wanted: Any, model: Claude) -> tuple[dict[str, Any], str]:
    """(output_config, instruction) for a response_format; an instruction where nothing enforces it."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return {}, _JSON
    if kind != "json_schema":
        return {}, ""
    schema = wanted.get("json_schema")
    schema = schema.get("schema") if isinstance(schema, dict) else None
    if not isinstance(schema, dict):
        return {}, _JSON
    if model.schemas:
        return {"format": {"type": "json_schema", "schema": adapted(schema)}}, ""
    return {}, f"{_JSON} It follows this JSON schema:\n{orjson.dumps(schema).decode()}"


def _tools(chat: Mapping[str, Any], model: Claude, turns: list[dict[str, Any]]) -> dict[str, Any]:
    """tools and tool_choice. A conversation that has calls in it must tell of tools, even if none is left."""
    choice = chat.get("tool_choice")
    functions = [_function(tool) for tool in _list(chat.get("tools"))]
    functions, choice = _allowed([found for found in functions if found], choice)
    strict = model.schemas and sum(bool(one.get("strict")) for one in functions) <= STRICT_MAX
    if functions:
        tools = [_tool(function, strict=strict) for function in functions]
        return {"tools": tools} | _choice(choice, parallel=chat.get("parallel_tool_calls") is not False)
    names = {block["name"] for turn in turns for block in _list(turn["content"]) if "input" in block}
    if not names:
        return {}
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in sorted(names)]
    return {"tools": tools, "tool_choice": {"type": "none"}}


def _function(tool: Any) -> dict[str, Any]:
    """The function of a tool; empty for a kind that nobody knows. Raises Unsupported for free-form ones."""
    if isinstance(tool, dict) and tool.get("type") == "custom":
        raise Unsupported("tools", "This model takes tools of the type 'function' only.")
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return {}
    mark = tool.get("cache_control")
    return {**function, "cache_control": mark} if mark else function


def _allowed(functions: list[dict[str, Any]], choice: Any) -> tuple[list[dict[str, Any]], Any]:
    """OpenAI's allowed_tools: a choice of some tools, and a mode for these."""
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return functions, choice
    allowed = choice.get("allowed_tools")
    allowed = allowed if isinstance(allowed, dict) else {}
    names = {_function(tool).get("name") for tool in _list(allowed.get("tools"))}
    return [one for one in functions if one["name"] in names], allowed.get("mode")


def _tool(function: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    schema = function.get("parameters")
    schema = {"type": "object", "properties": {}} if not isinstance(schema, dict) else schema
    tool: dict[str, Any] = {"name": function["name"]}
    if isinstance(function.get("description"), str) and function["description"]:
        tool["description"] = function["description"]
    if strict and function.get("strict") is True:
        tool |= {"strict": True, "input_schema": adapted(schema | {"type": "object"})}
    else:
        tool["input_schema"] = schema | {"type": "object"}
    if isinstance(function.get("cache_control"), dict):
        tool["cache_control"] = function["cache_control"]
    return tool


def _choice(wanted: Any, *, parallel: bool) -> dict[str, Any]:
    """tool_choice, with the ban of parallel calls inside it."""
    choice: dict[str, Any] = {}
    if isinstance(wanted, str) and wanted in _CHOICES:
        choice = {"type": _CHOICES[wanted]}
    elif isinstance(wanted, dict) and isinstance(wanted.get("function"), dict):
        choice = {"type": "tool", "name": str(wanted["function"].get("name"))}
    if not parallel and choice.get("type") != "none":
        choice = {"type": "auto"} | choice | {"disable_parallel_tool_use": True}
    return {"tool_choice": choice} if choice else {}


def _sampling(chat: Mapping[str, Any]) -> dict[str, Any]:
    """Temperature ends at 1 here, and newer models take it or top_p, not both."""
    found: dict[str, Any] = {}
    if _is_number(chat.get("temperature")):
        found["temperature"] = min(chat["temperature"], 1)
    elif _is_number(chat.get("top_p")):
        found["top_p"] = chat["top_p"]
    top_k = chat.get("top_k")
    if isinstance(top_k, int) and top_k > 0:
        found["top_k"] = int(top_k)
    return found


def _rest(chat: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    stop = chat.get("stop")
    stops = [one for one in ([stop] if isinstance(stop, str) else _list(stop)) if isinstance(one, str)]
    if stops := [one for one in stops if one.strip()]:  # Anthropic refuses blank ones
        found["stop_sequences"] = stops
    user = chat.get("safety_identifier") or chat.get("user")
    if isinstance(user, str) and user:
        found["metadata"] = {"user_id": user[:USER_MAX]}
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
