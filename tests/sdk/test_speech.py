"""openai-python's speech against the stack: sound as it comes, faults, money, bad inputs."""

import base64
import http.client
import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.live.client import port_of, send
from tests.live.test_leaving import IN
from tests.processes import until
from tests.sdk.conftest import client_of
from tests.stack import Stack
from tests.upstream.voice import CHARACTER_S, tone

PATH = "/v1/audio/speech"
CHARACTER = 15 * IN
KEPT = 64 * 1024


def wish(**wishes: Any) -> str:
    return json.dumps({"upstream": wishes})


def say(client: OpenAI, text: str, **more: Any) -> bytes:
    found: bytes = client.audio.speech.create(
        **{"model": "test/speak", "voice": "alloy", "input": text} | more
    ).content
    return found


def opened(stack: Stack, caller: Caller, text: str, **more: Any) -> http.client.HTTPResponse:
    """An answer whose head is here, to be read bit by bit."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(stack), timeout=60)
    body = {"model": "test/speak", "voice": "alloy", "input": text} | more
    headers = caller.headers | {"content-type": "application/json"}
    connection.request("POST", PATH, json.dumps(body).encode(), headers)
    return connection.getresponse()


@pytest.mark.parametrize(
    ("kind", "told"), [("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("pcm", "audio/pcm")]
)
def test_a_sound(client: OpenAI, caller: Caller, kind: str, told: str):
    text = "Assalomu alaykum, дўстлар 🙂"
    raw = client.audio.speech.with_raw_response.create(
        model="test/speak", voice="alloy", input=text, response_format=kind, speed=1.5
    )
    assert raw.headers["content-type"] == told
    assert raw.headers["x-cloudapi-model"] == "test/speak"
    assert raw.content == tone(len(text) * CHARACTER_S)
    assert caller.charged() == len(text) * CHARACTER
    (row,) = caller.requests()
    assert (row["kind"], row["characters"], row["input_tokens"], row["estimated"], row["status"]) == (
        "speech",
        len(text),
        0,
        False,
        "ok",
    )


def test_a_short_sound_is_whole_too(client: OpenAI):
    assert say(client, "x") == tone(CHARACTER_S)


def test_it_comes_as_it_is_made_and_ends_when_it_is_charged(stack: Stack, caller: Caller):
    """Half of the sound is made: all of it but 64 KB is here, and nothing is charged yet."""
    gate = f"speech-{caller.organization.pk}"
    response = opened(stack, caller, wish(completion_tokens=10, hold=gate, hold_at="middle"))
    whole = tone(10)
    ready = len(whole) // 2 - KEPT
    assert response.read(ready) == whole[:ready]
    until(lambda: stack.upstream.waiting(gate), "the upstream's half")
    assert caller.charged() == 0
    stack.upstream.release(gate)
    assert response.read() == whole[ready:]
    assert caller.charged() > 0


@pytest.mark.parametrize("fault", ["cut", "cut_reset"])
def test_what_breaks_off_never_looks_whole_and_costs_nothing(stack: Stack, caller: Caller, fault: str):
    response = opened(stack, caller, wish(completion_tokens=10, fault=fault))
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()
    row = until(lambda: caller.requests(), "the row")[0]
    assert (row["status"], row["error_code"], row["price_micros"]) == ("error", "upstream_error", 0)
    assert row["provider_cost_nano"] > 0
    assert (caller.charged(), caller.wallet()["held_micros"]) == (0, 0)


@pytest.mark.parametrize(
    "wishes", [{"fault": "cut"}, {"fault": "500"}, {"fault": "empty"}, {"text": "text/html"}]
)
def test_before_the_first_byte_the_next_provider_is_asked(
    client: OpenAI, caller: Caller, wishes: dict[str, Any]
):
    text = wish(by_provider={"alpha": wishes | {"completion_tokens": 1}, "beta": {"completion_tokens": 2}})
    assert say(client, text) == tone(2)
    assert caller.charged() == len(text) * 2 * CHARACTER


def test_when_nobody_has_a_sound_the_error_has_its_status(stack: Stack, caller: Caller):
    with client_of(stack, caller.key, max_retries=0) as client, pytest.raises(openai.InternalServerError):
        say(client, wish(text="application/json"))
    assert caller.charged() == 0


def test_the_upstreams_refusal_comes_in_its_own_words(client: OpenAI, caller: Caller):
    with pytest.raises(openai.BadRequestError, match="no such voice"):
        say(client, wish(fault="400", message="no such voice"))
    assert caller.charged() == 0


def test_who_leaves_with_most_of_a_sound_pays_for_it(stack: Stack, caller: Caller):
    gate = f"leave-{caller.organization.pk}"
    text = wish(completion_tokens=10, hold=gate, hold_at="middle")
    response = opened(stack, caller, text)
    response.read(1024)
    response.close()
    row = until(lambda: caller.requests(), "the row")[0]
    assert (row["status"], row["http_status"]) == ("cancelled", 499)
    assert caller.charged() == len(text) * CHARACTER
    stack.upstream.release(gate)


def test_sound_as_events(client: OpenAI, caller: Caller):
    text = "bir ikki"
    with client.audio.speech.with_streaming_response.create(
        model="test/speak", voice="alloy", input=text, stream_format="sse"
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
    assert [event["type"] for event in events] == ["speech.audio.delta"] * 4 + ["speech.audio.done"]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == tone(
        len(text) * CHARACTER_S
    )
    assert caller.charged() == len(text) * CHARACTER


@pytest.mark.parametrize("fault", ["cut", "error_event", "no_done", "malformed_chunk"])
def test_events_that_break_off_end_in_an_error(stack: Stack, caller: Caller, fault: str):
    response = opened(stack, caller, wish(fault=fault, completion_tokens=1), stream_format="sse")
    events = [json.loads(line[6:]) for line in response.read().splitlines() if line.startswith(b"data: ")]
    assert "error" in events[-1]
    assert all(event.get("type") != "speech.audio.done" for event in events)
    assert (caller.charged(), caller.wallet()["held_micros"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"input": None}, 400, "missing_required_parameter", "input"),
        ({"input": ""}, 400, "invalid_value", "input"),
        ({"input": "x" * 4097}, 400, "invalid_value", "input"),
        ({"input": ["x"]}, 400, "invalid_type", "input"),
        ({"voice": 5}, 400, "invalid_type", "voice"),
        ({"response_format": "midi"}, 400, "invalid_value", "response_format"),
        ({"stream_format": "ws"}, 400, "invalid_value", "stream_format"),
        ({"speed": 4.1}, 400, "invalid_value", "speed"),
        ({"speed": "fast"}, 400, "invalid_value", "speed"),
        ({"speed": True}, 400, "invalid_value", "speed"),
        ({"model": "test/one"}, 400, "model_not_supported", "model"),
        ({"model": "test/nowhere"}, 404, "model_not_found", "model"),
    ],
)
def test_bad_inputs(stack: Stack, caller: Caller, body: dict[str, Any], status: int, code: str, param: str):
    fields = {"model": "test/speak", "voice": "alloy", "input": "salom"} | body
    reply = send(stack, caller.headers, fields, path=PATH)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (status, code, param)
    assert caller.requests() == []


def test_an_empty_wallet_says_nothing(stack: Stack):
    with client_of(stack, make_caller().key) as client, pytest.raises(openai.APIStatusError) as caught:
        say(client, "salom")
    assert caught.value.status_code == 402
