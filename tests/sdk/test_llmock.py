"""A third opinion, which also judges: llmock watches how the gateway takes faults in each vendor's dialect.

Its verdict covers what it can see of us and our caller together: Retry-After kept, nothing hopeless
repeated, no storm, no cut stream taken for an answer. The caller here does what an application does: a broken
stream is asked for again.
"""

import json
import sys
import urllib.request
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
from tests.sdk.conftest import client_of
from tests.stack import Stack

DIALECTS = {"openai": "/v1", "anthropic": "/anthropic", "gemini": "/gemini/v1beta"}
dialects = pytest.mark.parametrize("dialect", DIALECTS)


class Judge:
    """The control API of a running llmock."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/_llmock"

    def script(self, *behaviors: dict[str, Any]) -> None:
        self._ask("POST", "/scenario", {"behaviors": list(behaviors)})

    def reset(self) -> None:
        self._ask("POST", "/reset", {})

    def attempts(self) -> int:
        return int(self.verdict()["attempts"])

    def verdict(self) -> dict[str, Any]:
        return dict(self._ask("GET", "/verdict"))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def port(_running_stack: Stack) -> Iterator[int]:
    number = free_port()
    program = Path(sys.executable).with_name("llmock")
    log = _running_stack.folder / "llmock.log"
    process = spawn([str(program), "serve", "-p", str(number), "--log-level", "warning"], log, cwd=log.parent)
    try:
        until(lambda: listens(number), "llmock")
        yield number
    finally:
        stop(process, 15, 5)


@pytest.fixture(scope="module")
def _on_sale(_running_stack: Stack, port: int) -> None:
    catalog = {
        "providers": [_provider(name, port) for name in DIALECTS],
        "models": [_model(name) for name in DIALECTS],
    }
    path = Path(_running_stack.folder, "llmock.yaml")
    path.write_text(yaml.safe_dump(catalog))
    manage("catalog", "load", str(path), env=_running_stack.env)


@pytest.fixture
def judge(stack: Stack, port: int, _on_sale: None) -> Judge:
    visitor = make_caller(balance_uzs=1000)
    say = [{"role": "user", "content": "salom"}]
    until(lambda: chat(stack, visitor, model="llmock/gemini", messages=say).status == 200, "the catalog")
    found = Judge(port)
    found.reset()
    return found


def _provider(dialect: str, port: int) -> dict[str, Any]:
    return {
        "slug": f"llmock-{dialect}",
        "name": "llmock",
        "dialect": dialect,
        "base_url": f"http://127.0.0.1:{port}{DIALECTS[dialect]}",
        "credential": "env:TEST_ALPHA_KEY",
    }


def _model(dialect: str) -> dict[str, Any]:
    names = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash"}
    endpoint = {
        "provider": f"llmock-{dialect}",
        "upstream_name": names[dialect],
        "price_usd": {"input": "1.00", "output": "3.00"},
        "markup": "routing_fee",
    }
    return {"id": f"llmock/{dialect}", "modality": "chat", "context_window": 128_000, "endpoints": [endpoint]}


@pytest.fixture
def client(stack: Stack, caller: Caller) -> Iterator[OpenAI]:
    """Without retries of its own: those that are judged are the gateway's."""
    with client_of(stack, caller.key, max_retries=0) as client:
        yield client


def ask(client: OpenAI, dialect: str, text: str) -> str:
    answer = client.chat.completions.create(
        model=f"llmock/{dialect}", messages=[{"role": "user", "content": text}]
    )
    return answer.choices[0].message.content or ""


def streamed(client: OpenAI, dialect: str, text: str) -> str:
    chunks = client.chat.completions.create(
        model=f"llmock/{dialect}", messages=[{"role": "user", "content": text}], stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def clean(judge: Judge) -> None:
    assert judge.verdict()["findings"] == []


@dialects
def test_a_good_answer(client: OpenAI, caller: Caller, judge: Judge, dialect: str):
    assert ask(client, dialect, f"hello {dialect}")
    assert streamed(client, dialect, f"hello, {dialect}")
    rows = outcome(caller, 2)
    assert all(row["cost_micros"] > 0 and not row["estimated"] for row in rows)
    clean(judge)


@dialects
@pytest.mark.parametrize("status", [500, 503])
def test_a_blip_is_cured_without_the_caller(
    client: OpenAI, caller: Caller, judge: Judge, dialect: str, status: int
):
    judge.script({"type": "fail", "status": status})
    assert ask(client, dialect, f"blip {status} {dialect}")
    assert judge.attempts() == 2
    (row,) = outcome(caller, 1)
    assert [attempt["status"] for attempt in row["attempts"]] == [status, 200]
    clean(judge)


@dialects
@pytest.mark.parametrize("stream", [False, True])
def test_a_short_retry_after_is_kept(client: OpenAI, judge: Judge, dialect: str, stream: bool):
    judge.script({"type": "fail", "status": 429, "retry_after": 1})
    assert (streamed if stream else ask)(client, dialect, f"wait {dialect} {stream}")
    assert judge.attempts() == 2
    clean(judge)


@dialects
def test_a_long_one_is_passed_on(client: OpenAI, caller: Caller, judge: Judge, dialect: str):
    judge.script({"type": "fail", "status": 429, "retry_after": 30, "times": 5})
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client, dialect, f"later {dialect}")
    assert (refused.value.status_code, refused.value.response.headers["retry-after"]) == (503, "30")
    assert judge.attempts() == 1
    assert caller.charged() == 0


@pytest.mark.parametrize(
    ("dialect", "status"),  # Google answers no 422
    [("openai", 400), ("openai", 422), ("anthropic", 400), ("anthropic", 422), ("gemini", 400)],
)
def test_what_is_hopeless_is_not_repeated(client: OpenAI, judge: Judge, dialect: str, status: int):
    judge.script({"type": "fail", "status": status})
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, dialect, f"hopeless {status} {dialect}")
    assert refused.value.status_code == status
    assert judge.attempts() == 1
    clean(judge)


@dialects
@pytest.mark.parametrize("kind", ["truncate", "disconnect", "malformed"])
def test_a_broken_stream_is_no_answer(client: OpenAI, caller: Caller, judge: Judge, dialect: str, kind: str):
    judge.script({"type": "stream_fault", "kind": kind, "after_chunks": 2})
    text = f"break {kind} {dialect}, and tell me a rather long story about it"
    with pytest.raises(openai.APIError):
        streamed(client, dialect, text)
    assert streamed(client, dialect, text)  # what an application does then
    first, second = outcome(caller, 2)
    assert (first["status"], second["status"]) == ("error", "ok")
    if kind == "malformed":  # it can't see that we stopped reading, as all of it had left already
        assert judge.verdict()["errors"] == 0
    else:
        clean(judge)
