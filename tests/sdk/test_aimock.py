"""A second opinion: an upstream that nobody here wrote (@copilotkit/aimock), in the three dialects it speaks.

One fixture answers in each of them, so that our caller must see the same and pay the same.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml
from openai import OpenAI

from deploy.local.process import spawn, stop
from tests.embedded import manage
from tests.factories import Caller, make_caller
from tests.live.client import chat
from tests.live.test_leaving import outcome
from tests.processes import free_port, listens, until
from tests.sdk.packages import node_folder
from tests.stack import Stack

IN, OUT = 12_600, 37_800
# Dialect → the path that it is spoken at, and a model's name there.
DIALECTS = {
    "openai": ("/v1", "gpt-4o"),
    "anthropic": ("", "claude-sonnet-4-5"),
    "gemini": ("/v1beta", "gemini-2.5-flash"),
}
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def aimock() -> Iterator[int]:
    """The port of a running aimock."""
    folder, port = node_folder(), free_port()
    program = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    command = [
        "node",
        program,
        "-p",
        str(port),
        "-f",
        folder / "fixtures.json",
        "-c",
        "7",
        "-l",
        "5",
        "--strict",
    ]
    process = spawn(command, folder / "aimock.log", cwd=folder)
    try:
        until(lambda: listens(port), "aimock")
        yield port
    finally:
        stop(process, 15, 5)


@pytest.fixture(scope="module")
def _on_sale(_running_stack: Stack, aimock: int) -> None:
    load_catalog(_running_stack, aimock)


@pytest.fixture(params=DIALECTS)
def model(request: pytest.FixtureRequest, stack: Stack, _on_sale: None) -> str:
    """Its model in the catalog; the gateway sees a change of the catalog within three seconds."""
    slug, visitor = f"aimock/{request.param}", make_caller(balance_uzs=1000)
    until(lambda: chat(stack, visitor, model=slug, messages=say("salom")).status != 404, "the catalog", 5)
    return slug


def load_catalog(stack: Stack, port: int) -> None:
    catalog = {
        "providers": [_provider(dialect, port) for dialect in DIALECTS],
        "models": [_model(dialect) for dialect in DIALECTS],
    }
    path = Path(stack.folder, "aimock.yaml")
    path.write_text(yaml.safe_dump(catalog))
    manage("catalog", "load", str(path), env=stack.env)


def _provider(dialect: str, port: int) -> dict[str, Any]:
    path, _ = DIALECTS[dialect]
    address = f"http://127.0.0.1:{port}{path}"
    return {"slug": f"aimock-{dialect}", "name": "aimock", "dialect": dialect, "base_url": address}


def _model(dialect: str) -> dict[str, Any]:
    endpoint = {
        "provider": f"aimock-{dialect}",
        "upstream_name": DIALECTS[dialect][1],
        "price_usd": {"input": "1.00", "output": "3.00"},
        "markup": "routing_fee",
    }
    return {"id": f"aimock/{dialect}", "modality": "chat", "context_window": 128_000, "endpoints": [endpoint]}


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def last_charge(caller: Caller) -> int:
    """What the last call of the caller cost."""
    rows = outcome(caller, len(caller.requests()))
    return int(rows[-1]["cost_micros"])


def test_chat(client: OpenAI, caller: Caller, model: str):
    answer = client.chat.completions.create(model=model, messages=say("salom"))
    assert answer.choices[0].message.content == "Assalomu alaykum! Бугун қандай ёрдам берай? 🙂"
    assert answer.model == model
    assert last_charge(caller) == 11 * IN + 7 * OUT


def test_stream(client: OpenAI, caller: Caller, model: str):
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model=model, messages=say("salom"), **options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Assalomu alaykum! Бугун қандай ёрдам берай? 🙂"
    assert chunks[-1].usage.completion_tokens == 7
    assert last_charge(caller) == 11 * IN + 7 * OUT


def test_streamed_parallel_tools(client: OpenAI, caller: Caller, model: str):
    with client.chat.completions.stream(model=model, messages=say("ob-havo"), tools=[TOOL]) as stream:
        final = stream.get_final_completion()
    cities = [
        json.loads(call.function.arguments)["city"] for call in final.choices[0].message.tool_calls or []
    ]
    assert cities == ["Toshkent", "Buxoro"]
    assert last_charge(caller) == 20 * IN + 30 * OUT


def test_a_cut_is_no_answer(client: OpenAI, caller: Caller, model: str):
    """It ends the connection in the middle: no [DONE] of ours, and a charge of the part that came."""
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model=model, messages=say("uzilish"), stream=True))
    rows = outcome(caller, len(caller.requests()))
    assert rows[-1]["status"] == "error"
    assert rows[-1]["estimated"], rows
    assert rows[-1]["cost_micros"] > 0
    assert caller.wallet()["held_micros"] == 0


def test_its_429_is_our_503(stack: Stack, caller: Caller, model: str):
    before = caller.charged()
    assert chat(stack, caller, model=model, messages=say("limit")).status == 503
    assert caller.charged() == before
