"""A model that helps: calls what it is offered, fills in the schema that it is given, talks otherwise.

Other people's tests need one, as they don't know our directives. It has `clever` in its upstream name, speaks
each conversation dialect, and decides by the request alone: numbers and 'quoted words' of the last text that
a user said become the arguments.
"""

import json
import re
from typing import Any

_QUOTED = re.compile(r"'([^']+)'")
_NUMBER = re.compile(r"\d+")
Schema = dict[str, Any]


def helps(model: Any) -> bool:
    """Whether the upstream's model of this name is such a one."""
    return "clever" in str(model)


def wishes(body: dict[str, Any]) -> dict[str, Any]:
    """What it wants to answer to a request of any dialect, as wishes of a Plan; a directive is obeyed."""
    turns = _turns(body)
    text = next((said for said in map(_text, reversed(turns)) if said), "")
    if text.startswith('{"upstream"'):
        return {}
    if (tool := _tool(body)) and not _has_result(turns[-1]):
        name, schema = tool
        return {"tool_calls": [{"name": name, "arguments": _value(schema, schema, text)}]}
    if (schema := _form(body)) is not None:
        return {"text": json.dumps(_value(schema, schema, text), ensure_ascii=False)}
    if "JSON" in text:
        return {"text": json.dumps(dict.fromkeys(_QUOTED.findall(text), "salom"))}
    return {"text": "Salom! Сизга қандай ёрдам берай? 🙂"}


def _turns(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body.get("messages") or body.get("contents") or [{}]


def _parts(turn: dict[str, Any]) -> list[dict[str, Any]]:
    """A turn's content as parts; `parts` is Gemini's name of it."""
    content = turn.get("parts") or turn.get("content") or []
    return [{"text": content}] if isinstance(content, str) else content


def _text(turn: dict[str, Any]) -> str:
    return " ".join(part.get("text") or "" for part in _parts(turn)) if turn.get("role") == "user" else ""


def _has_result(turn: dict[str, Any]) -> bool:
    kinds = [part.get("type") == "tool_result" or "functionResponse" in part for part in _parts(turn)]
    return turn.get("role") == "tool" or any(kinds)


def _tool(body: dict[str, Any]) -> tuple[str, Schema] | None:
    """The tool that must be called, or the first that may be: (name, schema of its arguments)."""
    told = [inner for tool in body.get("tools") or [] for inner in tool.get("functionDeclarations", [tool])]
    tools = [tool.get("function", tool) for tool in told]
    choice = body.get("tool_choice") or {}
    if not tools or choice in ("none", {"type": "none"}):
        return None
    choice = {} if isinstance(choice, str) else choice
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    wanted = choice.get("function", choice).get("name") or next(
        iter(config.get("allowedFunctionNames", ())), ""
    )
    chosen = next(tool for tool in tools if tool["name"] == (wanted or tools[0]["name"]))
    names = ("parameters", "input_schema", "parametersJsonSchema")
    return chosen["name"], next((chosen[name] for name in names if chosen.get(name)), {"type": "object"})


def _form(body: dict[str, Any]) -> Schema | None:
    """The schema of the answer, by each vendor's name of it."""
    openai = (body.get("response_format") or {}).get("json_schema") or {}
    anthropic = (body.get("output_config") or {}).get("format") or {}
    config = body.get("generationConfig") or {}
    return openai.get("schema") or anthropic.get("schema") or config.get("responseJsonSchema")


def _value(schema: Schema, root: Schema, text: str) -> Any:
    """A value that fits the schema; `root` holds what `$ref` points at."""
    if "$ref" in schema:
        place = root
        for step in schema["$ref"].split("/")[1:]:
            place = place[step]
        return _value(place, root, text)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _value(choices[0], root, text)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _value(part, root, text) for name, part in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [_value(schema.get("items") or {}, root, text)]
    return _plain(kind, text)


def _plain(kind: str | None, text: str) -> Any:
    if kind in {"integer", "number"}:
        return int(next(iter(_NUMBER.findall(text)), "3"))
    if kind == "boolean":
        return True
    return None if kind == "null" else next(iter(_QUOTED.findall(text)), "salom")
