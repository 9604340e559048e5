"""What Google refuses with 400 INVALID_ARGUMENT, in its own words as far as they are documented."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

# What this upstream signs its first function call of a step with.
SIGNATURE = base64.b64encode(b"a thought of the test upstream").decode()
# ai.google.dev/gemini-api/docs/thought-signatures, FAQ: for calls that no Gemini model has made.
DUMMIES = {"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"}
_FIELDS = {
    "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings",
    "cachedContent",
}  # fmt: skip
_CONFIG = {
    "stopSequences", "responseMimeType", "responseJsonSchema", "responseSchema", "candidateCount",
    "maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty",
    "responseLogprobs", "logprobs", "thinkingConfig", "responseModalities", "imageConfig", "speechConfig",
}  # fmt: skip
_DATA = {"text", "inlineData", "fileData", "functionCall", "functionResponse"}
_RATIOS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
_NAME = re.compile(r"[a-zA-Z_][\w.:-]{0,127}")
_SCHEMA = {
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items",
    "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties",
    "additionalProperties", "required", "propertyOrdering",
}  # fmt: skip


def broken_rule(body: dict[str, Any], model: str) -> str:
    """The first rule that a request breaks, as Google tells it; empty if there is none."""
    return next(iter((*_unknown(body), *_configured(body), *_declared(body), *_turns(body, model))), "")


def _unknown(body: dict[str, Any]) -> Iterator[str]:
    for name in body.keys() - _FIELDS:
        yield f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    for name in (body.get("generationConfig") or {}).keys() - _CONFIG:
        yield (
            f"Invalid JSON payload received. Unknown name \"{name}\" at 'generation_config': "
            "Cannot find field."
        )


def _configured(body: dict[str, Any]) -> Iterator[str]:
    config = body.get("generationConfig") or {}
    if len(config.get("stopSequences") or ()) > 5:
        yield "The number of stop sequences must be at most 5."
    if "responseJsonSchema" in config:
        if config.get("responseMimeType") != "application/json":
            yield "response_json_schema needs the response mime type 'application/json'."
        yield from _schema(config["responseJsonSchema"], "response_json_schema")
    thinking = config.get("thinkingConfig") or {}
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        yield "You can only set only one of thinking budget and thinking level."
    yield from _picture(config)
    if not -(2**31) <= config.get("seed", 0) < 2**31:
        yield "Invalid value at 'generation_config.seed' (TYPE_INT32), \"too large\"."


def _picture(config: dict[str, Any]) -> Iterator[str]:
    picture = config.get("imageConfig") or {}
    if picture and "IMAGE" not in (config.get("responseModalities") or ()):
        yield "Image config is only for models that answer with images."
    if picture.get("aspectRatio", "1:1") not in _RATIOS:
        yield f"Aspect ratio must be one of {sorted(_RATIOS)}."
    if picture.get("imageSize", "1K") not in {"1K", "2K", "4K"}:
        yield "Image size must be one of 1K, 2K, 4K."


def _declared(body: dict[str, Any]) -> Iterator[str]:
    names = set()
    for tool in body.get("tools") or ():
        for declaration in tool.get("functionDeclarations") or ():
            names.add(declaration.get("name"))
            if not _NAME.fullmatch(declaration.get("name") or ""):
                yield "Invalid function name. Must start with a letter or an underscore."
            yield from _schema(declaration.get("parametersJsonSchema", {}), "parameters_json_schema")
    choice = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = choice.get("allowedFunctionNames")
    if allowed and choice.get("mode") not in {"ANY", "VALIDATED"}:
        yield "Allowed function names should only be set when the function calling mode is ANY or VALIDATED."
    if set(allowed or ()) - names:
        yield "Allowed function names must be among the declared functions."


def _schema(schema: Any, where: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    for name in schema.keys() - _SCHEMA:
        yield f"Unknown name \"{name}\" at '{where}': Cannot find field."
    if "$ref" in schema and any(not name.startswith("$") for name in schema):
        yield f"A $ref at '{where}' may have no other properties."
    for group in ("properties", "$defs"):
        for name, below in (schema.get(group) or {}).items():
            yield from _schema(below, f"{where}.{name}")
    for name in ("items", "additionalProperties"):
        yield from _schema(schema.get(name), f"{where}.{name}")
    for name in ("anyOf", "oneOf", "prefixItems"):
        for below in schema.get(name) or ():
            yield from _schema(below, f"{where}.{name}")


def _turns(body: dict[str, Any], model: str) -> Iterator[str]:
    contents = body.get("contents") or []
    if not contents:
        yield "* GenerateContentRequest.contents: contents is not specified"
    before: dict[str, Any] = {}
    for place, content in enumerate(contents):
        yield from _parts(content, place)
        yield from _order(before, content)
        before = content
    if before and before.get("role") == "model" and not _goes_on(before, model):
        yield "Please ensure that multiturn requests end with a user role or a function response."
    if _signs(model):
        yield from _unsigned(contents)


def _goes_on(turn: dict[str, Any], model: str) -> bool:
    """With words of its own. Which models do is documented nowhere: 2.x, 3 and 3.1 were seen to."""
    if not all("text" in part for part in turn.get("parts") or ()):
        return False
    match = re.search(r"gemini-(\d+)(?:\.(\d+))?", model)
    return match is not None and (2, 0) <= (int(match[1]), int(match[2] or 0)) <= (3, 1)


def _signs(model: str) -> bool:
    match = re.search(r"gemini-(\d+)", model)
    return match is not None and int(match[1]) >= 3


def _parts(content: dict[str, Any], place: int) -> Iterator[str]:
    if content.get("role", "user") not in {"user", "model"}:
        yield "Please use a valid role: user, model."
    if not content.get("parts"):
        yield f"* GenerateContentRequest.contents[{place}].parts: contents.parts must not be empty."
    for part in content.get("parts") or ():
        if len(part.keys() & _DATA) != 1 or part.get("text") == "":
            yield f"* GenerateContentRequest.contents[{place}].parts: required oneof field 'data' must have one initialized field"  # noqa: E501
        data = (part.get("inlineData") or {}).get("data")
        if data is not None and not _is_base64(data):
            yield "Invalid value at 'contents.parts.inline_data.data' (TYPE_BYTES), Base64 decoding failed."


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _order(before: dict[str, Any], content: dict[str, Any]) -> Iterator[str]:
    """A turn against the one before it."""
    asked = _named(before, "functionCall")
    answered = _named(content, "functionResponse")
    if before.get("role", "") == content.get("role"):
        yield "Please ensure that multiturn requests alternate between user and model."
    if not before and content.get("role") == "model":
        yield "Please ensure that the first turn is the user's."
    if answered and not asked:
        yield "Please ensure that function response turn comes immediately after a function call turn."
    elif len(answered) != len(asked):
        yield (
            "Please ensure that the number of function response parts is equal to the number of function "
            "call parts of the function call turn."
        )
    elif answered != asked:
        yield "Please ensure that function responses have the names of their calls, in the same order."


def _named(content: dict[str, Any], kind: str) -> list[str]:
    return [part[kind].get("name", "") for part in content.get("parts") or () if kind in part]


def _unsigned(contents: list[dict[str, Any]]) -> Iterator[str]:
    """Of Gemini 3 and later the first function call of each step must come back with its signature."""
    for content in contents:
        calls = [
            (place, part) for place, part in enumerate(content.get("parts") or ()) if "functionCall" in part
        ]
        for place, part in calls[:1]:
            if not part.get("thoughtSignature"):
                yield (
                    "Function call is missing a thought_signature in functionCall parts. This is required "
                    "for tools to work correctly. Additional data, function call "
                    f"`default_api:{part['functionCall'].get('name')}` , position {place + 1}."
                )
        for _, part in calls:
            if part.get("thoughtSignature", SIGNATURE) not in {SIGNATURE, *DUMMIES}:
                yield "Corrupted thought signature."
