"""POST /v1/chat/completions and its older sister, as OpenAI documents them (api.md §1.1–1.2)."""

from typing import Final

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

MODEL: Final = text(
    "An id, alias or display name of `GET /v1/models`; tags choose the endpoint: `GPT 4o@price@latency`.",
    minLength=1,
    maxLength=256,
)
EVENTS: Final = "text/event-stream"
STREAM: Final = text("Server-sent events, the last of them after the charge.")

_part: Final = obj(
    "type",
    type=choice("text", "image_url", "input_audio", "file", "refusal"),
    text=text(),
    image_url=obj("url", url=text("https: or data:"), detail=choice("auto", "low", "high", "original")),
)
_message: Final = obj(
    "role",
    role=choice("system", "developer", "user", "assistant", "tool", "function"),
    content=either(text(), listing(_part), null()),
    name=text(),
    tool_calls=listing(anything()),
    tool_call_id=text("Of the call that a `tool` message answers."),
)
_tool: Final = obj(
    "type function",
    type=choice("function"),
    function=obj("name", name=text(), description=text(), parameters=anything(), strict=flag()),
)
# What both the OpenAI address and CloudGPT's take.
FIELDS: Final[dict[str, Schema]] = {
    "model": MODEL,
    "messages": listing(ref("ChatMessage"), minItems=1, maxItems=10_000),
    "max_tokens": whole(
        "Bound of the answer; it is also what is held of the wallet.", low=1, high=10_000_000
    ),
    "max_completion_tokens": whole("The newer name of the same.", low=1, high=10_000_000),
    "stream": flag("Answer as server-sent events.", default=False),
    "stream_options": obj(include_usage=flag("A last chunk with the usage and what was charged.")),
    "top_p": number(low=0, high=1),
    "n": whole("How many answers.", low=1, high=128),
    "stop": either(text(), listing(text()), null()),
    "presence_penalty": number(low=-2, high=2),
    "frequency_penalty": number(low=-2, high=2),
    "seed": whole(),
    "tools": listing(_tool, maxItems=256),
    "tool_choice": either(choice("none", "auto", "required"), anything()),
    "parallel_tool_calls": flag(),
    "response_format": obj("type", type=choice("text", "json_object", "json_schema"), json_schema=anything()),
    "reasoning_effort": choice("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "user": text(),
}
_usage: Final = obj(
    "prompt_tokens completion_tokens total_tokens",
    prompt_tokens=whole("Cached ones included."),
    completion_tokens=whole("Reasoning included."),
    total_tokens=whole(),
    prompt_tokens_details=anything(),
    completion_tokens_details=anything(),
)
_completion: Final = obj(
    "id object created model choices",
    id=text(),
    object=choice("chat.completion"),
    created=whole(),
    model=text(),
    choices=listing(
        obj(
            "index message finish_reason",
            index=whole(),
            message=ref("ChatMessage"),
            finish_reason=either(text(), null()),
        )
    ),
    usage=ref("TokenUsage"),
)

SCHEMAS: Final[dict[str, Schema]] = {
    "ChatMessage": _message,
    "ChatCompletion": _completion,
    "TokenUsage": _usage,
}
ANSWERS: Final = {"application/json": ref("ChatCompletion"), EVENTS: STREAM}
EXAMPLE: Final = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Salom!"}]}

OPERATIONS: Final = (
    Operation(
        path="/v1/chat/completions",
        id="createChatCompletion",
        tag="Chat",
        summary="Chat completion",
        description="OpenAI's chat API over every model. Unknown fields are passed on.",
        body=obj("model messages", **FIELDS, temperature=number(low=0, high=2)),
        answers=ANSWERS,
        example=EXAMPLE,
    ),
    Operation(
        path="/v1/completions",
        id="createCompletion",
        tag="Chat",
        summary="Completion (legacy)",
        description="OpenAI's older API of one prompt. `suffix`, `logprobs` and several answers are refused.",
        body=obj(
            "model prompt",
            model=MODEL,
            prompt=either(text(), listing(text(), minItems=1, maxItems=1)),
            **{name: FIELDS[name] for name in ("max_tokens", "stream", "stream_options", "top_p", "stop")},
            temperature=number(low=0, high=2),
            echo=flag(),
            n=whole("One answer alone.", low=1, high=1),
            seed=whole(),
        ),
        answers={
            "application/json": obj(
                "id object created model choices",
                id=text(),
                object=choice("text_completion"),
                created=whole(),
                model=text(),
                choices=listing(
                    obj("text index", text=text(), index=whole(), finish_reason=either(text(), null()))
                ),
                usage=ref("TokenUsage"),
            ),
            EVENTS: STREAM,
        },
        example={"model": "openai/gpt-4o", "prompt": "Samarqand is"},
    ),
)
