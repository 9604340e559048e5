"""The tools of a Responses request as chat functions, and back to the names that the caller knows.

Custom tools become functions with one string; tools in a namespace get a flat name. Tools that run at OpenAI
(web_search, file_search, mcp, …) can't be had elsewhere: they are left out, for a model without them still
answers (api.md §4).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.errors import invalid

# Chat functions have names of 64 characters at most.
NAME_MAX: Final = 64
_CUSTOM_PARAMETERS: Final = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as it is."}},
    "required": ["input"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool that the model may call. `namespace`: where the caller keeps it, if anywhere."""

    name: str
    namespace: str
    custom: bool
    function: Mapping[str, Any]


def flat_name(namespace: Any, name: str) -> str:
    """The function's name in the chat body, the same in each request of a conversation."""
    if not isinstance(namespace, str) or not namespace:
        return name
    joint = "" if namespace.endswith("__") else "__"
    flat = f"{namespace}{joint}{name}"
    if len(flat) <= NAME_MAX:
        return flat
    return f"{flat[: NAME_MAX - 9]}_{hashlib.sha256(flat.encode()).hexdigest()[:8]}"


def read_tools(body: Mapping[str, Any]) -> dict[str, Tool]:
    """Flat name → tool. Raises ApiError 400 for what is no tool at all."""
    listed = body.get("tools")
    if listed is None:
        return {}
    if not isinstance(listed, list):
        raise invalid("invalid_type", "'tools' must be a list.", "tools")
    found: dict[str, Tool] = {}
    for index, tool in enumerate(listed):
        _read(tool, f"tools[{index}]", "", found)
    return found


def _read(tool: Any, where: str, namespace: str, found: dict[str, Tool]) -> None:
    if not isinstance(tool, dict):
        raise invalid("invalid_type", f"'{where}' must be an object.", where)
    kind = tool.get("type")
    if not isinstance(kind, str):
        raise invalid("invalid_value", f"'{where}.type' must be a string.", f"{where}.type")
    if kind == "namespace" and not namespace:
        inner = tool.get("tools")
        for index, each in enumerate(inner if isinstance(inner, list) else ()):
            _read(each, f"{where}.tools[{index}]", _name(tool, where), found)
    elif kind in ("function", "custom"):
        name = _name(tool, where)
        flat = flat_name(namespace, name)
        function = _function(tool) if kind == "function" else _custom(tool)
        found[flat] = Tool(name, namespace, kind == "custom", {"name": flat, **function})


def _name(tool: Mapping[str, Any], where: str) -> str:
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise invalid("missing_required_parameter", f"'{where}.name' is missing.", f"{where}.name")
    return name


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    names = ("description", "parameters", "strict")
    return {name: tool[name] for name in names if tool.get(name) is not None}


def _custom(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A function whose only argument is the free text; a grammar can only be told, not enforced."""
    description = tool.get("description")
    told = [description] if isinstance(description, str) and description else []
    form = tool.get("format")
    if isinstance(form, dict) and isinstance(form.get("definition"), str):
        told.append(f"The input must follow this {form.get('syntax', '')} grammar:\n{form['definition']}")
    return {"description": "\n\n".join(told), "parameters": _CUSTOM_PARAMETERS}


def tool_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """tools, tool_choice and parallel_tool_calls of the chat body. Raises ApiError 400."""
    tools = read_tools(body)
    choice, allowed = _choice(body.get("tool_choice"), tools)
    functions = [tool.function for name, tool in tools.items() if allowed is None or name in allowed]
    if not functions:
        return {}
    told: dict[str, Any] = {"tools": [{"type": "function", "function": each} for each in functions]}
    if choice is not None:
        told["tool_choice"] = choice
    if body.get("parallel_tool_calls") is not None:
        told["parallel_tool_calls"] = body["parallel_tool_calls"]
    return told


def _choice(choice: Any, tools: Mapping[str, Tool]) -> tuple[Any, frozenset[str] | None]:
    """(tool_choice of the chat body, the only tools that may be called); None: not said."""
    if choice is None or choice in ("auto", "none", "required"):
        return choice, None
    if not isinstance(choice, dict):
        raise invalid(
            "invalid_value", "'tool_choice' must be auto, none, required or an object.", "tool_choice"
        )
    kind = choice.get("type")
    if kind == "allowed_tools":
        return _allowed(choice)
    if kind not in ("function", "custom"):
        return None, None  # a tool that runs at OpenAI
    flat = flat_name(choice.get("namespace"), _name(choice, "tool_choice"))
    if flat not in tools:
        raise invalid("invalid_value", "'tool_choice' names a tool that is not in 'tools'.", "tool_choice")
    return {"type": "function", "function": {"name": flat}}, None


def _allowed(choice: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
    listed = choice.get("tools")
    found = [each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict)]
    named = [each for each in found if each.get("type") in ("function", "custom")]
    names = frozenset(flat_name(each.get("namespace"), str(each.get("name"))) for each in named)
    return ("required" if choice.get("mode") == "required" else "auto"), names
