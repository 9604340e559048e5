"""Inputs of reliability.md §4 for the Responses API and legacy completions: refused before anything moves."""

import json
import socket
from typing import Any

import pytest

from tests.factories import make_caller
from tests.live.raw import Bad, head, post, refused, talk
from tests.live.test_bad_body import (
    ADDRESSES,
    HUGE_PNG,
    PNG,
    RAW,
    SALOM,
    UNKNOWN_MODELS,
    data_url,
)
from tests.stack import Stack

RESPONSES, COMPLETIONS = "/v1/responses", "/v1/completions"
HELLO: dict[str, dict[str, Any]] = {
    RESPONSES: {"model": "test/one", "input": "Salom!"},
    COMPLETIONS: {"model": "test/one", "prompt": "Salom!"},
}
TOOL = {"type": "function", "name": "f", "parameters": {}}
WHERE = "input[0].content[0]"


def items(*items: dict[str, Any]) -> dict[str, Any]:
    return {"input": list(items)}


def part(**part: Any) -> dict[str, Any]:
    return items({"role": "user", "content": [part]})


def image(url: str) -> dict[str, Any]:
    return part(type="input_image", image_url=url)


BOTH: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "37-null": ({"model": None}, 400, "missing_required_parameter", "model"),
    "37-number": ({"model": 123}, 400, "invalid_type", "model"),
    "37-empty": ({"model": ""}, 400, "invalid_value", "model"),
    "37-long": ({"model": "m" * 10_240}, 400, "invalid_value", "model"),
    **{
        f"38-{number}": ({"model": name}, 404, "model_not_found", "model")
        for number, name in enumerate(UNKNOWN_MODELS)
    },
    "39": ({"model": "test/one@cheapest"}, 400, "invalid_strategy", "model"),
    "44-high": ({"temperature": 2.1}, 400, "invalid_value", "temperature"),
    "44-text": ({"temperature": "hot"}, 400, "invalid_value", "temperature"),
    "44-true": ({"temperature": True}, 400, "invalid_value", "temperature"),
    "48": ({"stream": "yes"}, 400, "invalid_type", "stream"),
}
OF_RESPONSES: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "40-missing": ({"input": None}, 400, "invalid_messages", "input"),
    "40-empty": (items(), 400, "invalid_messages", "input"),
    "40-object": ({"input": {}}, 400, "invalid_messages", "input"),
    "40-text": ({"input": ["hi"]}, 400, "invalid_messages", "input[0]"),
    "41-role": (items({"role": "root", "content": "x"}), 400, "invalid_value", "input[0].role"),
    "41-item": (items({"type": "x"}), 400, "invalid_value", "input[0].type"),
    "41-part": (part(type="x"), 400, "invalid_value", WHERE),
    "42-null": (items({"role": "user", "content": None}), 400, "invalid_messages", "input[0].content"),
    "42-tool": (
        items({"type": "function_call_output", "output": "x"}),
        400,
        "missing_required_parameter",
        "input[0].call_id",
    ),
    "43": ({"input": SALOM * 100_000}, 400, "too_many_messages", "input"),
    **{
        f"45-{number}": ({"max_output_tokens": value}, 400, "invalid_value", "max_output_tokens")
        for number, value in enumerate((0, -1, 1.5, "100", True, 10**12))
    },
    "51-large": (image(data_url(PNG + b"\0" * 22_000_000)), 413, "image_too_large", WHERE),
    "51-html": (image(data_url(b"<html>")), 400, "invalid_image", WHERE),
    "51-pixels": (image(data_url(HUGE_PNG)), 400, "invalid_image", WHERE),
    "52-many": ({"tools": [TOOL | {"name": f"f{n}"} for n in range(500)]}, 400, "tools_too_large", "tools"),
    "52-long": ({"tools": [TOOL | {"description": "y" * 2**20}]}, 400, "tools_too_large", "tools"),
    "53": ({"model": "test/small", "input": "word " * 4_000}, 400, "context_length_exceeded", "messages"),
}
OF_COMPLETIONS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "40-missing": ({"prompt": None}, 400, "missing_required_parameter", "prompt"),
    "40-object": ({"prompt": {}}, 400, "invalid_type", "prompt"),
    **{
        f"45-{number}": ({"max_tokens": value}, 400, "invalid_value", "max_tokens")
        for number, value in enumerate((0, -1, 1.5, "100", True, 10**12))
    },
    "47-none": ({"n": 0}, 400, "invalid_value", "n"),
    "47-many": ({"n": 1000}, 400, "invalid_value", "n"),
    "49-options": ({"stream_options": "usage"}, 400, "invalid_type", "stream_options"),
    "53": ({"model": "test/small", "prompt": "word " * 4_000}, 400, "context_length_exceeded", "messages"),
}


def first(path: str) -> str:
    return f"POST {path} HTTP/1.1"


def cases(path: str) -> list[Any]:
    """All inputs of one endpoint."""
    fields = BOTH | (OF_RESPONSES if path == RESPONSES else OF_COMPLETIONS)
    raw = {name: case for name, case in RAW.items() if not name.startswith("40")}
    line = first(path)
    found = [
        *[Bad(n, lambda c, r=r: post(c, r, first=line), 400, code, p) for n, (r, code, p) in raw.items()],
        *[
            Bad(n, lambda c, f=f: post(c, HELLO[path] | f, first=line), status, code, param)
            for n, (f, status, code, param) in fields.items()
        ],
        Bad("1", lambda c: head(first=f"GET {path} HTTP/1.1"), 405, "method_not_allowed"),
        Bad(
            "3",
            lambda c: post(c, b"{}", "content-type: text/plain", first=line),
            415,
            "unsupported_media_type",
        ),
        Bad("15", lambda c: post(None, HELLO[path], first=line), 401, "missing_api_key"),
    ]
    return [pytest.param(path, case, id=f"{path.rpartition('/')[2]}-{case}") for case in found]


@pytest.mark.parametrize(("path", "case"), [*cases(RESPONSES), *cases(COMPLETIONS)])
def test_bad_inputs_are_refused(stack: Stack, path: str, case: Bad):
    caller = make_caller(balance_uzs=1_000)
    refused(stack, caller, case)
    assert talk(stack, post(caller, HELLO[path], first=first(path))).status == 200


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_no_image_address_is_ever_visited(stack: Stack, number: int):
    """Input 50, of messages and of what a tool gave back."""
    caller = make_caller(balance_uzs=1_000)
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        url = ADDRESSES[number].format(port=trap.getsockname()[1])
        call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
        seen = {"type": "input_image", "image_url": url}
        result = {"type": "function_call_output", "call_id": "a", "output": [seen]}
        for body, where in ((image(url), WHERE), (items(call, result), "input[1].output[0]")):
            asked = HELLO[RESPONSES] | body
            case = Bad(
                "50", lambda c, a=asked: post(c, a, first=first(RESPONSES)), 400, "invalid_image_url", where
            )
            refused(stack, caller, case)
        with pytest.raises(BlockingIOError):
            trap.accept()


@pytest.mark.parametrize("path", [RESPONSES, COMPLETIONS])
def test_money_and_rates_are_guarded_here_too(stack: Stack, path: str):
    """Inputs 54 and 56."""
    poor = make_caller()
    send = lambda c: post(c, HELLO[path], first=first(path))  # noqa: E731
    refused(stack, poor, Bad("54", send, 402, "insufficient_balance", headers=(("x-should-retry", "false"),)))
    hasty = make_caller(balance_uzs=1_000, rpm=1)
    assert talk(stack, send(hasty)).status == 200
    refused(stack, hasty, Bad("56", send, 429, "rate_limit_exceeded"))


def test_nul_and_unknown_fields_pass(stack: Stack):
    """Inputs 35 and 36."""
    caller = make_caller(balance_uzs=1_000)
    body = HELLO[RESPONSES] | {"instructions": "a\0b", "unheard_of": {"a": [1, None]}}
    reply = talk(stack, post(caller, body, first=first(RESPONSES)))
    assert reply.status == 200
    assert json.loads(reply.body)["instructions"] == "a\0b"
