"""POST /v1/responses, as far as it is served without state (api.md §4)."""

from typing import Final

from proxy.openapi.chat import EVENTS, FIELDS, MODEL, STREAM
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

_item: Final = obj(
    type=text("message, function_call, function_call_output, reasoning, …"),
    role=choice("user", "assistant", "system", "developer"),
    content=either(text(), listing(obj("type", type=text(), text=text()))),
    call_id=text(),
    name=text(),
    arguments=text(),
    output=either(text(), listing(anything())),
)

SCHEMAS: Final[dict[str, Schema]] = {
    "ResponseItem": _item,
    "Response": obj(
        "id object created_at status model output parallel_tool_calls tool_choice tools",
        id=text(),
        object=choice("response"),
        created_at=whole(),
        status=choice("completed", "incomplete", "in_progress", "failed"),
        model=text(),
        output=listing(ref("ResponseItem")),
        parallel_tool_calls=flag(),
        tool_choice=either(text(), anything()),
        tools=listing(anything()),
        error=either(anything(), null()),
        incomplete_details=either(anything(), null()),
        usage=either(anything(), null()),
    ),
}

OPERATIONS: Final = (
    Operation(
        path="/v1/responses",
        id="createResponse",
        tag="Responses",
        summary="Response",
        description="OpenAI's Responses API without stored state: send the whole conversation each time.",
        body=obj(
            "model input",
            model=MODEL,
            input=either(text(), listing(ref("ResponseItem"))),
            instructions=either(text(), null()),
            max_output_tokens=either(whole(low=1, high=10_000_000), null()),
            tools=listing(obj("type", type=text(), name=text(), parameters=anything()), maxItems=256),
            tool_choice=FIELDS["tool_choice"],
            parallel_tool_calls=flag(),
            reasoning=obj(effort=text(), summary=text()),
            text=obj(format=obj("type", type=text()), verbosity=text()),
            stream=flag(default=False),
            store=flag("Nothing is stored, whatever is said here."),
            temperature=number(low=0, high=2),
            top_p=number(low=0, high=1),
            metadata=anything(),
            previous_response_id=null(),
        ),
        answers={"application/json": ref("Response"), EVENTS: STREAM},
        example={"model": "openai/gpt-4o", "input": "Salom!"},
    ),
)
