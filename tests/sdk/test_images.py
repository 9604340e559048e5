"""openai-python's images against the running stack: what it parses and raises, and what is charged."""

import base64
import io
import json
from uuid import uuid4

import openai
import pytest
from openai import OpenAI

from tests.factories import Caller, make_caller
from tests.live.test_images import CHEAP, PICTURE, TOKEN, size
from tests.live.test_leaving import outcome
from tests.sdk.conftest import client_of
from tests.stack import Stack
from tests.upstream.pictures import png


def wish(**wishes: object) -> str:
    return json.dumps({"upstream": wishes})


def test_generate(client: OpenAI, caller: Caller):
    found = client.images.generate(
        model="test/image",
        prompt=wish(prompt_tokens=12),
        n=2,
        size="1024x1536",
        quality="high",
        background="opaque",
        output_format="png",
        user="dilnoza",
    )
    assert [size(base64.b64decode(item.b64_json or "")) for item in found.data or []] == [(1024, 1536)] * 2
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (12, 544)
    outcome(caller, 1)
    assert caller.charged() == 2 * PICTURE + 12 * TOKEN


def test_generate_by_address_at_a_provider_of_another_dialect(client: OpenAI, caller: Caller):
    found = client.images.generate(model="test/paint", prompt="Chorsu", response_format="url", size="512x512")
    (item,) = found.data or []
    assert size(base64.b64decode((item.url or "").partition(",")[2])) == (512, 512)
    outcome(caller, 1)
    assert caller.charged() == CHEAP


def test_edit(client: OpenAI, caller: Caller, stack: Stack):
    run = uuid4().hex
    sources = [io.BytesIO(png((64, 64), name)) for name in ("bir", "ikki")]
    for source, name in zip(sources, ("bir.png", "ikki.png"), strict=True):
        source.name = name
    found = client.images.edit(
        model="test/image",
        image=sources,
        mask=("mask.png", png((64, 64), "mask"), "image/png"),
        prompt=wish(run=run, prompt_tokens=700),
        size="1024x1024",
    )
    (item,) = found.data or []
    assert size(base64.b64decode(item.b64_json or "")) == (1024, 1024)
    (asked,) = stack.upstream.finished(run)
    assert [file[1] for file in asked["body"]["files"]] == ["bir.png", "ikki.png", "mask.png"]
    outcome(caller, 1)
    assert caller.charged() == PICTURE + 700 * TOKEN


def test_one_picture_is_edited(client: OpenAI):
    found = client.images.edit(model="test/image", image=("a.png", png((64, 64), "a")), prompt="Samarqand")
    assert len(found.data or []) == 1


def test_an_upstreams_refusal_is_told_in_its_words(client: OpenAI):
    prompt = wish(fault="400", message="Your request was rejected by the safety system.")
    with pytest.raises(openai.BadRequestError, match="safety system"):
        client.images.generate(model="test/image", prompt=prompt)
    with pytest.raises(openai.BadRequestError, match="safety system"):
        client.images.generate(model="test/paint", prompt=prompt)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"size": "4096x4096"}, "size"),
        ({"size": "huge"}, "size"),
        ({"n": 11}, "n"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"response_format": "tiff"}, "response_format"),
        ({"stream": True}, "stream"),
    ],
)
def test_a_bad_field_is_named(client: OpenAI, fields: dict[str, object], param: str):
    asked = {"model": "test/image", "prompt": "Xiva"} | fields
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(**asked)  # type: ignore[call-overload]
    assert caught.value.param == param


def test_a_busy_provider_is_asked_again(client: OpenAI, stack: Stack):
    run = uuid4().hex
    prompt = wish(run=run, fault="529", fail_times=1, retry_after="1")
    assert client.images.generate(model="test/image", prompt=prompt).data
    assert len(stack.upstream.finished(run, 2)) == 2


def test_an_empty_wallet(stack: Stack):
    poor = make_caller()
    with client_of(stack, poor.key) as client, pytest.raises(openai.APIStatusError) as caught:
        client.images.generate(model="test/image", prompt="Buxoro")
    assert (caught.value.status_code, caught.value.code) == (402, "insufficient_balance")
