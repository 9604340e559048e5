"""A chat body as a request of generateContent or streamGenerateContent (api.md §3).

Source: ai.google.dev/api/generate-content. Google refuses unknown fields, so only what has a counterpart goes
along. Thoughts count against maxOutputTokens, so the granted bound holds for both.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from proxy.bridge import Ask, Unsupported
from proxy.call import Call
from proxy.dialects.anthropic_thinking import asked_effort
from proxy.dialects.gemini_contents import turns
from proxy.dialects.gemini_schema import cleaned
from proxy.dialects.prefill import TURN, unable
from routing.snaps import EndpointSnap

_STOPS_MAX: Final = 5
_INT32: Final = 2**31
_NUMBERS: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_MODES: Final = {"none": "NONE", "auto": "AUTO", "required": "ANY"}
# Google's own table for reasoning_effort (ai.google.dev/gemini-api/docs/openai, "Thinking").
_BUDGETS: Final = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 24_576,
    "max": 24_576,
}
_BUDGET_MIN: Final = 512  # of 2.5 Flash-Lite; the others take less
_NEWEST: Final = (3, 1)  # what gemini-flash-latest stands for, at least
_GENERATION: Final = re.compile(r"gemini-(\d+)(?:\.(\d+))?")


def ask(call: Call, chat: dict[str, Any], endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request. Raises bridge.Unsupported."""
    model = endpoint.upstream_name
    if call.said and not (endpoint.provider.prefill == TURN and _continues(model)):
        raise unable()
    verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
    path = f"/models/{quote(model, safe='')}:{verb}"
    try:
        return Ask(path, orjson.dumps(build(chat, model, output_bound, goes_on=bool(call.said))))
    except orjson.JSONEncodeError:
        raise Unsupported("messages", "The arguments of a tool call are nested too deep.") from None


def build(chat: Mapping[str, Any], model: str, output_bound: int, *, goes_on: bool = False) -> dict[str, Any]:
    """The body for one model; goes_on: with the model's own last turn. Raises bridge.Unsupported."""
    _check(chat)
    signs = generation(model) >= (3, 0)
    system, contents = turns(chat.get("messages") or (), signs=signs, goes_on=goes_on)
    body: dict[str, Any] = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    if declared := _declarations(chat):
        body["tools"] = [{"functionDeclarations": declared}]
        if choice := _choice(chat.get("tool_choice")):
            body["toolConfig"] = {"functionCallingConfig": choice}
    body["generationConfig"] = _config(chat, model, output_bound)
    return body


def generation(model: str) -> tuple[int, int]:
    """(3, 1) of gemini-3.1-pro; (0, 0) of names that aren't Gemini's."""
    match = _GENERATION.search(model)
    if match:
        return int(match[1]), int(match[2] or 0)
    return _NEWEST if model.startswith("gemini") and model.endswith("-latest") else (0, 0)


def _continues(model: str) -> bool:
    """Goes on with a last turn of its own; from 3.5 on some refuse it, and an alias may mean any of them."""
    return (2, 0) <= generation(model) < (3, 5) and not model.endswith("-latest")


def _check(chat: Mapping[str, Any]) -> None:
    copies = chat.get("n")
    if isinstance(copies, int) and copies > 1:
        raise Unsupported("n", "This model's provider gives one answer at a time; leave 'n' out.")
    if chat.get("functions"):
        raise Unsupported("functions", "This model takes 'tools' in place of 'functions'.")
    if chat.get("logprobs"):
        raise Unsupported("logprobs", "This model tells no log probabilities.")
    if chat.get("web_search_options") is not None:
        raise Unsupported("web_search_options", "This model doesn't search the web.")
    modalities = chat.get("modalities")
    if isinstance(modalities, list) and "audio" in modalities:
        raise Unsupported("modalities", "This model answers in text only.")


def _declarations(chat: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_declaration(tool) for tool in chat.get("tools") or ()]


def _declaration(tool: Any) -> dict[str, Any]:
    match tool:
        case {"type": "function", "function": {"name": str(name)}}:
            function = tool["function"]
        case _:
            raise Unsupported("tools", "This model takes tools of the type 'function' only.")
    found = {"name": name}
    if isinstance(function.get("description"), str):
        found["description"] = function["description"]
    schema = cleaned(function.get("parameters"))
    # Older models refuse an object without properties.
    return found | ({"parametersJsonSchema": schema} if schema.get("properties") else {})


def _choice(choice: Any) -> dict[str, Any]:
    """functionCallingConfig; empty where the caller leaves it to the model."""
    match choice:
        case str() if choice in _MODES:
            return {"mode": _MODES[choice]}
        case {"type": "function", "function": {"name": str(name)}}:
            return {"mode": "ANY", "allowedFunctionNames": [name]}
        case {"type": "allowed_tools", "allowed_tools": {"tools": list(tools), **rest}}:
            names = [name for tool in tools if (name := _name(tool))]
            mode = "ANY" if rest.get("mode") == "required" else "VALIDATED"
            return {"mode": mode, "allowedFunctionNames": names}
    return {}


def _name(tool: Any) -> str:
    match tool:
        case {"function": {"name": str(name)}}:
            return name
    return ""


def _config(chat: Mapping[str, Any], model: str, output_bound: int) -> dict[str, Any]:
    """generationConfig."""
    config: dict[str, Any] = {"maxOutputTokens": output_bound}
    for name, theirs in _NUMBERS.items():
        value = chat.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            config[theirs] = value
    seed = chat.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool):
        config["seed"] = seed % _INT32  # OpenAI's has 64 bits
    if stops := _stops(chat.get("stop")):
        config["stopSequences"] = stops
    return config | _format(chat, model) | _thinking(chat, model, output_bound)


def _stops(stop: Any) -> list[str]:
    stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    stops = [text for text in stops if isinstance(text, str) and text]
    if len(stops) > _STOPS_MAX:
        raise Unsupported("stop", f"This model takes {_STOPS_MAX} stop sequences at most.")
    return stops


def _format(chat: Mapping[str, Any], model: str) -> dict[str, Any]:
    wanted = chat.get("response_format")
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            config = {"responseMimeType": "application/json", "responseJsonSchema": cleaned(schema)}
        case {"type": "json_schema" | "json_object"}:
            config = {"responseMimeType": "application/json"}
        case _:
            return {}
    if chat.get("tools") and generation(model) < (3, 0):
        raise Unsupported("response_format", "This model can't be bound to JSON while it has tools.")
    return config


def _thinking(chat: Mapping[str, Any], model: str, output_bound: int) -> dict[str, Any]:
    """thinkingConfig; without a wish the model's own default counts."""
    effort = asked_effort(chat)
    if not effort or generation(model) < (2, 5):
        return {}
    if generation(model) >= (3, 0):
        return {
            "thinkingConfig": {"thinkingLevel": _level(effort, model), "includeThoughts": effort != "none"}
        }
    if effort == "none":
        return {"thinkingConfig": {"thinkingBudget": 128 if "pro" in model else 0}}
    # Half of the room is left for the answer.
    budget = max(_BUDGET_MIN, min(_BUDGETS[effort], output_bound // 2))
    return {"thinkingConfig": {"thinkingBudget": budget, "includeThoughts": True}}


def _level(effort: str, model: str) -> str:
    """…/docs/thinking: Flash has four levels, Pro no `minimal`, and 3 Pro no `medium` either."""
    if effort in ("none", "minimal"):
        return "minimal" if "flash" in model else "low"
    if effort == "medium":
        return "high" if "gemini-3-pro" in model else "medium"
    return "low" if effort == "low" else "high"
