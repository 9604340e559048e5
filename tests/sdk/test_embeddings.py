"""openai-python's embeddings and moderations against the stack: vectors, money, faults, bad inputs."""

import json
import math
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.live.client import send
from tests.live.test_leaving import IN
from tests.sdk.conftest import client_of
from tests.stack import Stack
from tests.upstream.vectors import vector


def wish(**wishes: Any) -> str:
    """An input that tells the test upstream what to answer."""
    return json.dumps({"upstream": wishes})


def embed(client: OpenAI, given: Any, **more: Any) -> Any:
    return client.embeddings.create(**{"model": "test/embed", "input": given} | more)


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_a_batch_of_texts(client: OpenAI, caller: Caller, encoding: str | None):
    """The SDK asks for base64 by itself, and gives floats back either way."""
    texts = ["salom dunyo", "привет мир", "🙂"]
    answer = embed(client, texts, **({"encoding_format": encoding} if encoding else {}))
    assert [item.index for item in answer.data] == [0, 1, 2]
    if encoding != "base64":
        for item, text in zip(answer.data, texts, strict=True):
            assert item.embedding == pytest.approx(vector(text, 8), abs=1e-6)
            assert math.hypot(*item.embedding) == pytest.approx(1, abs=1e-6)
    assert answer.model == "test/embed"
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 5
    assert caller.charged() == 5 * IN
    (row,) = caller.requests()
    assert (row["kind"], row["input_tokens"], row["output_tokens"], row["estimated"]) == (
        "embeddings",
        5,
        0,
        False,
    )


def test_tokens_instead_of_text(client: OpenAI, caller: Caller):
    """LangChain counts tokens by itself and sends their numbers."""
    answer = embed(client, [[1, 2, 3], [4, 5]])
    assert [item.embedding for item in answer.data] == [
        pytest.approx(vector([1, 2, 3], 8), abs=1e-6),
        pytest.approx(vector([4, 5], 8), abs=1e-6),
    ]
    assert len(embed(client, [7, 8, 9]).data) == 1
    assert caller.charged() == 8 * IN


def test_dimensions_and_unknown_fields_reach_the_upstream(client: OpenAI):
    answer = embed(client, "salom", dimensions=3, extra_body={"input_type": "query"})
    assert len(answer.data[0].embedding) == 3


@pytest.mark.parametrize("theirs", ["float", "base64"])
def test_an_upstream_that_answers_in_the_other_encoding(client: OpenAI, theirs: str):
    given = wish(text=theirs, prompt_tokens=4)
    for ours in ("float", "base64"):
        raw = client.embeddings.with_raw_response.create(
            model="test/embed", input=given, encoding_format=ours
        )
        (item,) = raw.http_response.json()["data"]
        assert isinstance(item["embedding"], str if ours == "base64" else list)
    assert embed(client, given).data[0].embedding == pytest.approx(vector(given, 8), abs=1e-6)


@pytest.mark.parametrize("wishes", [{"fault": "no_usage"}, {"lie": "huge"}, {"lie": "negative"}])
def test_without_a_true_report_the_charge_is_a_labelled_estimate(
    client: OpenAI, caller: Caller, wishes: dict[str, Any]
):
    given = wish(**wishes)
    assert len(embed(client, given).data) == 1
    (row,) = caller.requests()
    assert row["estimated"]
    assert caller.charged() == (len(given) // 4) * IN


@pytest.mark.parametrize("fault", ["500", "reset", "cut", "truncated", "not_json", "empty", "html"])
def test_the_next_provider_is_asked(client: OpenAI, caller: Caller, fault: str):
    """The dearer endpoint answers; the caller pays its price, once."""
    given = wish(by_provider={"alpha": {"fault": fault}}, prompt_tokens=7)
    assert len(embed(client, given).data) == 1
    assert caller.charged() == 7 * 2 * IN
    (row,) = caller.requests()
    assert [attempt["provider"] for attempt in row["attempts"]] == ["alpha", "beta"]


def test_fewer_vectors_than_inputs_are_no_answer(stack: Stack, caller: Caller):
    with client_of(stack, caller.key, max_retries=0) as client, pytest.raises(openai.InternalServerError):
        embed(client, [wish(chunks=1), "salom"])
    assert caller.charged() == 0
    assert caller.wallet()["held_micros"] == 0


def test_the_upstreams_refusal_comes_in_its_own_words(client: OpenAI, caller: Caller):
    with pytest.raises(openai.BadRequestError, match="too many tokens"):
        embed(client, wish(fault="400", message="too many tokens"))
    assert caller.charged() == 0


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"input": None}, 400, "missing_required_parameter", "input"),
        ({"input": ["a"] * 2049}, 400, "invalid_value", "input"),
        ({"input": ["a", 1]}, 400, "invalid_type", "input"),
        ({"encoding_format": "hex"}, 400, "invalid_value", "encoding_format"),
        ({"dimensions": -1}, 400, "invalid_value", "dimensions"),
        ({"model": "test/one"}, 400, "model_not_supported", "model"),
        ({"model": "test/nowhere"}, 404, "model_not_found", "model"),
        ({"model": "test/embed@cheapest"}, 400, "invalid_strategy", "model"),
    ],
)
def test_bad_inputs(stack: Stack, caller: Caller, body: dict[str, Any], status: int, code: str, param: str):
    fields = {"model": "test/embed", "input": "salom"} | body
    reply = send(stack, caller.headers, fields, path="/v1/embeddings")
    assert (reply.status, reply.error["code"], reply.error["param"]) == (status, code, param)
    assert caller.requests() == []


def test_a_chat_model_is_no_embedder_and_the_other_way_round(client: OpenAI):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="test/embed", messages=[{"role": "user", "content": "x"}])


def test_an_empty_wallet_embeds_nothing(stack: Stack):
    with client_of(stack, make_caller().key) as client, pytest.raises(openai.APIStatusError) as caught:
        embed(client, "salom")
    assert caught.value.status_code == 402


# --- Moderations


def test_moderation_is_free_of_charge_and_still_in_the_books(stack: Stack):
    """A caller without any money gets a verdict; the row says what it was."""
    poor = make_caller()
    with client_of(stack, poor.key) as client:
        answer = client.moderations.create(model="test/moderate", input=["salom", "yomon so'z"])
    assert [result.flagged for result in answer.results] == [False, True]
    assert answer.results[1].categories.harassment
    assert answer.model == "test/moderate"
    assert (poor.charged(), poor.wallet()["held_micros"]) == (0, 0)
    (row,) = poor.requests()
    assert (row["kind"], row["price_micros"], row["estimated"]) == ("moderations", 0, False)


def test_pictures_are_judged_too(client: OpenAI):
    parts: Any = [
        {"type": "text", "text": "salom"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    answer = client.moderations.create(model="test/moderate", input=parts)
    assert not any(result.flagged for result in answer.results)


def test_without_a_model_openais_own_default_is_asked_for(client: OpenAI):
    """The live catalog doesn't have it, and says so by its name."""
    with pytest.raises(openai.NotFoundError, match="omni-moderation-latest"):
        client.moderations.create(input="salom")


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        (None, "missing_required_parameter", "input"),
        ([], "invalid_value", "input"),
        (5, "invalid_value", "input"),
        ([5], "invalid_value", "input[0]"),
        (["a", {"type": "video"}], "invalid_value", "input[1]"),
        ([{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}], "invalid_image_url", None),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}], "invalid_image", None),
        ([{"type": "image_url"}], "invalid_image_url", None),
    ],
)
def test_bad_moderations(stack: Stack, caller: Caller, given: Any, code: str, param: str | None):
    reply = send(stack, caller.headers, {"model": "test/moderate", "input": given}, path="/v1/moderations")
    assert (reply.status, reply.error["code"]) == (400, code)
    assert param is None or reply.error["param"] == param
    assert caller.requests() == []
