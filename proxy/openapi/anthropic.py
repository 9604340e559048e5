"""POST /v1/messages and count_tokens, as Anthropic documents them (api.md §2.1–2.2)."""

from typing import Final

from proxy.openapi.chat import EVENTS, MODEL, STREAM
from proxy.openapi.operation import Operation
from proxy.openapi.schema import (
    Schema,
    anything,
    choice,
    either,
    flag,
    listing,
    null,
    number,
    obj,
    ref,
    text,
    whole,
)

_block: Final = obj("type", type=text("text, image, document, tool_use, tool_result, thinking, …"))
_message: Final = obj(
    "role content",
    role=choice("user", "assistant", "system"),
    content=either(text(), listing(ref("AnthropicBlock"))),
)
_PROMPT: Final[dict[str, Schema]] = {
    "model": MODEL,
    "messages": listing(ref("AnthropicMessage"), minItems=1, maxItems=10_000),
    "system": either(text(), listing(ref("AnthropicBlock"))),
    "tools": listing(
        obj("name", name=text(), description=text(), input_schema=anything(), type=text()), maxItems=256
    ),
    "tool_choice": obj("type", type=choice("auto", "any", "tool", "none"), name=text()),
    "thinking": obj("type", type=text("enabled, adaptive or disabled"), budget_tokens=whole(low=1)),
}
_usage: Final = obj(
    "input_tokens output_tokens",
    input_tokens=whole("Cached ones are counted beside it."),
    output_tokens=whole(),
    cache_creation_input_tokens=either(whole(), null()),
    cache_read_input_tokens=either(whole(), null()),
)

SCHEMAS: Final[dict[str, Schema]] = {
    "AnthropicBlock": _block,
    "AnthropicMessage": _message,
    "AnthropicAnswer": obj(
        "id type role content model stop_reason usage",
        id=text(),
        type=choice("message"),
        role=choice("assistant"),
        content=listing(ref("AnthropicBlock")),
        model=text(),
        stop_reason=either(text(), null()),
        stop_sequence=either(text(), null()),
        usage=_usage,
    ),
}
_VERSION: Final[Schema] = {
    "name": "anthropic-version",
    "in": "header",
    "description": "Any; an Anthropic upstream gets it unchanged.",
    "schema": text(maxLength=40),
}
_BETA: Final[Schema] = {"name": "beta", "in": "query", "description": "Ignored.", "schema": text()}
_EXAMPLE: Final = {
    "model": "anthropic/claude-3.5-sonnet",
    "messages": [{"role": "user", "content": "Salom!"}],
}

OPERATIONS: Final = (
    Operation(
        path="/v1/messages",
        id="createMessage",
        tag="Messages",
        summary="Message",
        description="Anthropic's Messages API over every model: base URL without `/v1`.",
        body=obj(
            "model messages max_tokens",
            **_PROMPT,
            max_tokens=whole("Bound of the answer.", low=1, high=10_000_000),
            stream=flag("Answer as Anthropic's events.", default=False),
            temperature=number(low=0, high=1),
            top_p=number(low=0, high=1),
            top_k=whole(low=0),
            stop_sequences=listing(text()),
            metadata=obj(user_id=either(text(), null())),
            output_config=anything(),
        ),
        answers={"application/json": ref("AnthropicAnswer"), EVENTS: STREAM},
        parameters=(_VERSION, _BETA),
        example={**_EXAMPLE, "max_tokens": 100},
    ),
    Operation(
        path="/v1/messages/count_tokens",
        id="countTokens",
        tag="Messages",
        summary="Count the tokens of a message",
        description="Free, with a rate window of its own.",
        body=obj("model messages", **_PROMPT),
        answers={"application/json": obj("input_tokens", input_tokens=whole())},
        parameters=(_VERSION, _BETA),
        example=_EXAMPLE,
    ),
)
