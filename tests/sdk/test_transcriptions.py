"""openai-python's transcriptions and translations against the stack: forms, formats, seconds, faults."""

import hashlib
import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from proxy.call import Part
from proxy.dialects import form
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.live.test_leaving import IN
from tests.sdk.conftest import client_of
from tests.stack import Stack
from tests.upstream.voice import WORDS, tone

PATH = "/v1/audio/transcriptions"
SECOND = 100 * IN  # $0.0001 a second is $100 a million
TEXT = "".join(WORDS).strip()
FILE = ("qo'ng'iroq 1.wav", tone(2.5), "audio/wav")


def wish(**wishes: Any) -> str:
    return json.dumps({"upstream": wishes})


def hear(client: OpenAI, **more: Any) -> Any:
    return client.audio.transcriptions.create(**{"model": "test/hear", "file": FILE} | more)


def post(
    stack: Stack, caller: Caller, fields: dict[str, Any] | None = None, *files: Part, path: str = PATH
) -> Reply:
    """A form by hand; without files the usual one."""
    values = {"model": "test/hear"} | (fields or {})
    given = {name: value for name, value in values.items() if value is not None}
    kind, body = form.build(given, files or [Part("file", *FILE[:1], FILE[2], FILE[1])])
    return send(stack, caller.headers | {"content-type": kind}, body, path=path)


def test_a_sound_arrives_as_it_was_sent(client: OpenAI, caller: Caller, stack: Stack):
    run = f"hear-{caller.organization.pk}"
    answer = hear(
        client,
        prompt=wish(run=run),
        language="uz",
        temperature=0.5,
        include=["logprobs"],
        extra_body={"something": "new"},
    )
    assert answer.text == TEXT
    (entry,) = stack.upstream.finished(run)
    (file,) = entry["body"].pop("files")
    assert entry["body"] == {
        "model": "alpha-hear",
        "prompt": wish(run=run),
        "language": "uz",
        "temperature": "0.5",
        "include[]": "logprobs",
        "something": "new",
    }
    assert (file["name"], file["kind"], file["bytes"]) == (FILE[0], "audio/wav", len(FILE[1]))
    assert file["sha256"] == hashlib.sha256(FILE[1]).hexdigest()
    assert caller.charged() == 3 * SECOND
    (row,) = caller.requests()
    assert (row["kind"], row["seconds"], row["estimated"], row["status"]) == (
        "transcriptions",
        3,
        False,
        "ok",
    )


@pytest.mark.parametrize("kind", ["text", "srt", "vtt"])
def test_formats_for_people(client: OpenAI, caller: Caller, kind: str):
    """Text tells no length: the file's own header does."""
    raw = client.audio.transcriptions.with_raw_response.create(
        model="test/hear", file=FILE, response_format=kind
    )
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    assert TEXT in raw.text
    assert caller.charged() == 3 * SECOND
    assert caller.requests()[0]["estimated"] is False


def test_a_verbose_answer_tells_its_duration(client: OpenAI, caller: Caller):
    answer = hear(
        client,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        prompt=wish(fault="no_usage", completion_tokens=2),
    )
    assert (answer.text, answer.duration) == (TEXT, 2.0)
    assert caller.charged() == 2 * SECOND


def test_translation_goes_its_own_way(client: OpenAI, caller: Caller, stack: Stack):
    run = f"translate-{caller.organization.pk}"
    with pytest.deprecated_call():  # in the SDK; the endpoint stays
        answer = client.audio.translations.create(model="test/hear", file=FILE, prompt=wish(run=run))
    assert answer.text == TEXT
    (entry,) = stack.upstream.finished(run)
    assert entry["path"] == "/v1/audio/translations"
    assert caller.charged() == 3 * SECOND
    assert caller.requests()[0]["kind"] == "translations"


def test_a_stream_of_words(client: OpenAI, caller: Caller):
    events = list(hear(client, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta"] * len(WORDS) + [
        "transcript.text.done"
    ]
    assert "".join(event.delta for event in events[:-1]).strip() == TEXT
    assert caller.charged() == 3 * SECOND


def test_a_stream_from_a_model_that_has_none(client: OpenAI, caller: Caller):
    """whisper-1 ignores the wish and answers at once: the caller still gets events."""
    events = list(hear(client, stream=True, prompt=wish(fault="json_for_stream")))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[0].delta == events[1].text == TEXT
    assert caller.charged() == 3 * SECOND


@pytest.mark.parametrize("fault", ["cut", "error_event", "malformed_chunk", "no_done"])
def test_a_stream_that_breaks_costs_nothing(stack: Stack, caller: Caller, fault: str):
    reply = post(stack, caller, {"stream": "true", "prompt": wish(fault=fault)})
    events = [json.loads(line[6:]) for line in reply.body.splitlines() if line.startswith(b"data: ")]
    assert "error" in events[-1]
    assert all(event.get("type") != "transcript.text.done" for event in events)
    assert (caller.charged(), caller.wallet()["held_micros"]) == (0, 0)
    assert caller.requests()[0]["provider_cost_nano"] > 0


@pytest.mark.parametrize(
    ("wishes", "seconds", "estimated"),
    [
        ({"fault": "no_usage"}, 3, False),
        ({"lie": "huge"}, 3, True),
        ({"lie": "negative"}, 3, True),
        ({"lie": "string"}, 3, True),
        ({"lie": "zero"}, 3, True),
        ({"lie": "bool"}, 3, True),
        ({"lie": "float"}, 2, False),  # 1.5 s
        ({"lie": "null"}, 3, False),
    ],
)
def test_seconds_that_cannot_be_true_are_read_from_the_file(
    client: OpenAI, caller: Caller, wishes: dict[str, Any], seconds: int, estimated: bool
):
    hear(client, prompt=wish(**wishes))
    assert caller.charged() == seconds * SECOND
    assert caller.requests()[0]["estimated"] is estimated


def test_a_sound_that_tells_nothing_is_estimated_by_its_size(client: OpenAI, caller: Caller):
    hear(client, file=("a.bin", b"x" * 64_000, "application/octet-stream"), prompt=wish(fault="no_usage"))
    assert caller.charged() == 8 * SECOND
    assert caller.requests()[0]["estimated"] is True


@pytest.mark.parametrize("fault", ["500", "reset", "cut", "truncated", "not_json", "empty", "html"])
def test_the_next_provider_is_asked(client: OpenAI, caller: Caller, fault: str):
    answer = hear(client, prompt=wish(by_provider={"alpha": {"fault": fault}}))
    assert answer.text == TEXT
    assert caller.charged() == 3 * 2 * SECOND


def test_the_upstreams_refusal_comes_in_its_own_words(client: OpenAI, caller: Caller):
    with pytest.raises(openai.BadRequestError, match="cannot be decoded"):
        hear(client, prompt=wish(fault="400", message="cannot be decoded"))
    assert caller.charged() == 0


NO_FILE = Part("other", "a.wav", "audio/wav", b"RIFF")
EMPTY = Part("file", "a.wav", "audio/wav", b"")
SOUND = Part("file", "a.wav", "audio/wav", b"RIFF")


@pytest.mark.parametrize(
    ("fields", "files", "code", "param"),
    [
        ({"model": None}, (), "missing_required_parameter", "model"),
        ({"model": ""}, (), "missing_required_parameter", "model"),
        ({"model": "m" * 300}, (), "invalid_value", "model"),
        ({"model": ["test/hear", "test/one"]}, (), "duplicate_key", "model"),
        ({"model": "test/one"}, (), "model_not_supported", "model"),
        ({"response_format": "doc"}, (), "invalid_value", "response_format"),
        ({"temperature": "hot"}, (), "invalid_value", "temperature"),
        ({"temperature": "1.1"}, (), "invalid_value", "temperature"),
        ({"temperature": "nan"}, (), "invalid_value", "temperature"),
        ({"stream": "yes"}, (), "invalid_type", "stream"),
        ({"timestamp_granularities[]": ["word", "letter"]}, (), "invalid_value", "timestamp_granularities"),
        ({"prompt": "x" * 20_000}, (), "invalid_value", "prompt"),
        ({"prompt": ["a", "b"]}, (), "invalid_type", "prompt"),
        ({}, (NO_FILE,), "missing_required_parameter", "file"),
        ({}, (EMPTY,), "invalid_value", "file"),
        ({}, (SOUND, SOUND), "invalid_value", "file"),
        ({}, (SOUND,) * 21, "too_many_parts", None),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/v1/audio/translations"])
def test_bad_forms(
    stack: Stack,
    caller: Caller,
    fields: dict[str, Any],
    files: tuple[Part, ...],
    code: str,
    param: str | None,
    path: str,
):
    reply = post(stack, caller, fields, *files, path=path)
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert caller.requests() == []


def test_a_body_that_is_no_form(stack: Stack, caller: Caller):
    json_body = send(stack, caller.headers, {"model": "test/hear"}, path=PATH)
    assert (json_body.status, json_body.error["code"]) == (415, "unsupported_media_type")
    for kind in ("multipart/form-data", "multipart/form-data; boundary=B"):
        reply = send(stack, caller.headers | {"content-type": kind}, b"salom", path=PATH)
        assert (reply.status, reply.error["code"]) == (400, "invalid_form")


def test_a_file_that_is_too_large(stack: Stack, caller: Caller):
    reply = post(stack, caller, {}, Part("file", "a.wav", "audio/wav", bytes(33 * 2**20)))
    assert (reply.status, reply.error["code"]) == (413, "request_too_large")


def test_an_empty_wallet_hears_nothing(stack: Stack):
    with client_of(stack, make_caller().key) as client, pytest.raises(openai.APIStatusError) as caught:
        hear(client)
    assert caught.value.status_code == 402


def test_the_books_hold(stack: Stack):
    """After sounds of all kinds, whole, broken and refused; a break would raise."""
    assert "wallet" in stack.check_ledger()
