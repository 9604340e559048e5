"""Pictures between caller and upstream: what is asked, what comes back, how many are counted."""

import base64
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds, Reply, Unsupported
from proxy.dialects import form, image_request, images, media, pollinations
from proxy.meter import Tariff, Usage, certain
from routing.snaps import CostSnap, EndpointSnap, ProviderSnap
from tests.proxy.test_image_request import PNG, body, edit

MODEL = b'"test/image"'
BOUNDS = Bounds(input=1000, output=0)
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9"
WEBP = b"RIFF" + (24).to_bytes(4, "little") + b"WEBP" + b"\0" * 20


def endpoint(name="flux"):
    provider = ProviderSnap(
        id=1,
        slug="p",
        name="P",
        dialect="openai",
        base_url="https://p.invalid",
        credential_ref="",
        secret=None,
        on_disconnect="cancel",
        hosted=False,
        sandbox=False,
        available=True,
    )
    cost = CostSnap(id=1, components=MappingProxyType({}))
    return EndpointSnap(
        id=1, provider=provider, upstream_name=name, markup_kind="margin", priority=1, cost=cost
    )


def call(**fields):
    return image_request.parse(body(**fields), {})


def reply(**fields):
    return Reply(orjson.dumps(fields), b"application/json")


def b64(data=PNG):
    return base64.b64encode(data).decode()


def test_the_callers_body_passes_but_for_the_model():
    ask = images.ask(call(n=2, unheard_of=[1], size="auto"), endpoint("gpt-image-2"), 0)
    asked = {
        "model": "gpt-image-2",
        "prompt": "Registon",
        "n": 2,
        "unheard_of": [1],
        "size": "auto",
    }
    assert (ask.path, orjson.loads(ask.body), ask.method) == ("/images/generations", asked, "POST")
    assert list(orjson.loads(ask.body)) == ["model", "prompt", "n", "unheard_of", "size"]


def test_the_callers_form_passes_but_for_the_model():
    asked = image_request.parse_edit(*edit(n="2", quality="high"))
    ask = images.ask_edit(asked, endpoint("gpt-image-2"), 0)
    (name, kind), *none = ask.headers
    sent = form.parse(ask.body, {name.encode(): [kind.encode()]})
    assert sent.fields == {"model": "gpt-image-2", "prompt": "Registon", "n": "2", "quality": "high"}
    assert sent.files == asked.files
    assert (name, none, ask.path) == ("content-type", [], "/images/edits")


def test_the_upstreams_bytes_pass_but_for_the_model():
    came = reply(created=1, model="flux", data=[{"url": "https://x/1", "revised_prompt": 'a "model":"x"'}])
    answer = images.read_answer(call(), came, MODEL)
    assert answer is not None
    assert answer.data == came.data.replace(b'"model":"flux"', b'"model":"test/image"')
    assert answer.kind == b"application/json"


@pytest.mark.parametrize(
    "came",
    [
        Reply(b"", b""),
        Reply(b"[]", b""),
        Reply(b'{"data":', b""),
        reply(data=[]),
        reply(data={}),
        reply(data=[{}]),
        reply(data=["x", None]),
        reply(data=[{"b64_json": None, "url": ""}]),
        reply(error={"message": "no"}),
    ],
)
def test_an_answer_without_a_picture_is_none(came):
    assert images.read_answer(call(), came, MODEL) is None
    assert images.PLAIN.answer(call(), came, MODEL) is None


def test_what_was_delivered_is_counted():
    answer = images.read_answer(call(n=3), reply(data=[{"b64_json": b64()}, {}, {"url": "u"}]), MODEL)
    assert answer is not None
    assert images.read_usage(call(n=3), answer.usage, BOUNDS) == Usage(
        image=2, input=call(n=3).input_estimate, estimated=True
    )


def test_more_than_was_asked_for_is_not_charged():
    answer = images.read_answer(call(), reply(data=[{"url": "u"}] * 5), MODEL)
    assert answer is not None
    assert answer.usage["image"] == 1


def test_reported_tokens_count():
    tokens = {"input_tokens": 11, "output_tokens": 272, "total_tokens": 283}
    read = images.read_usage(call(), images.counted(call(), 1, tokens), BOUNDS)
    assert read == Usage(image=1, input=11, output=272)


@given(
    st.dictionaries(
        st.sampled_from(["input_tokens", "output_tokens"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
    | st.none()
    | st.text()
    | st.integers()
)
def test_no_report_makes_a_component_negative_or_huge(tokens):
    read = images.read_usage(call(), images.counted(call(), 1, tokens), BOUNDS)
    assert read is not None
    assert read.image == 1
    assert 0 <= read.input <= max(BOUNDS.input, call().input_estimate)
    assert 0 <= read.output <= 65_536


def test_a_guess_without_a_price_is_no_estimate():
    guess = Usage(image=1, input=9, estimated=True)
    assert certain(guess, Tariff({"image": 5})) == Usage(image=1)
    assert certain(guess, Tariff({"image": 5, "input": 1})) == guess


def test_one_picture_as_bytes():
    answer = images.PLAIN.answer(call(), reply(data=[{"b64_json": b64(JPEG)}]), MODEL)
    assert answer is not None
    assert (answer.data, answer.kind, answer.usage["image"]) == (JPEG, b"image/jpeg", 1)


@pytest.mark.parametrize("item", [{"url": "https://x/1"}, {"b64_json": "%%%"}, {"b64_json": b64(b"<svg/>")}])
def test_what_is_no_picture_is_no_answer(item):
    assert images.PLAIN.answer(call(), reply(data=[item]), MODEL) is None


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("flux", set()),
        ("gpt-image-2", {"seed", "response_format"}),
        ("openai/gpt-image-1.5", {"seed", "response_format"}),
        ("dall-e-3", {"seed"}),
    ],
)
def test_openais_own_models_get_no_unknown_fields(name, unknown):
    plain = image_request.parse_plain(body(seed=7), {})
    sent = set(orjson.loads(images.ask_one(plain, endpoint(name), 0).body))
    assert set(plain.body) - sent == unknown


def test_a_word_in_an_answer_without_a_model_is_left_alone():
    came = reply(created=1, data=[{"url": "u", "model": "theirs"}])
    answer = images.read_answer(call(), came, MODEL)
    assert answer is not None
    assert answer.data == came.data


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, b"image/png"),
        (JPEG, b"image/jpeg"),
        (WEBP, b"image/webp"),
        (b"GIF89a" + b"\0" * 20, b"image/gif"),
        (PNG[:-12], None),
        (JPEG[:-2], None),
        (WEBP[:-1], None),
        (b'{"error":"no"}', None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_bytes_to_the_end(data, kind):
    assert media.image_kind(data) == kind


def address(ask):
    parts = urlsplit("https://p.invalid" + ask.path)
    return parts.path, dict(parse_qsl(parts.query))


def test_a_picture_by_its_address():
    ask = pollinations.image_ask(
        call(prompt="Koʻk gumbaz / 50% ?&#", size="640x480", quality="hd", background="transparent"),
        endpoint(),
        0,
    )
    path, query = address(ask)
    assert (ask.method, ask.body) == ("GET", b"")
    assert path.count("/") == 2
    assert unquote(path) == "/image/Koʻk gumbaz / 50% ?&#"
    assert query == {
        "model": "flux",
        "width": "640",
        "height": "480",
        "quality": "hd",
        "transparent": "true",
        "seed": "-1",
        "nologo": "true",
        "private": "true",
    }


@given(st.text(min_size=1, max_size=60).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)))
def test_any_prompt_stays_inside_its_segment(prompt):
    path, query = address(pollinations.image_ask(call(prompt=prompt), endpoint(), 0))
    assert path.isascii()
    assert path.count("/") == 2
    assert path.rpartition("/")[2] not in ("", ".", "..")
    assert unquote(path).removeprefix("/image/").removesuffix(" ") == prompt.replace("\0", "").removesuffix(
        " "
    )
    assert query["model"] == "flux"


def test_a_seed_is_the_callers():
    assert address(pollinations.image_ask(call(seed=42), endpoint(), 0))[1]["seed"] == "42"


@pytest.mark.parametrize(("fields", "param"), [({"n": 2}, "n"), ({"prompt": "ў" * 4000}, "prompt")])
def test_what_an_address_cannot_say(fields, param):
    with pytest.raises(Unsupported) as caught:
        pollinations.image_ask(call(**fields), endpoint(), 0)
    assert caught.value.param == param


def test_a_picture_becomes_json():
    answer = pollinations.IMAGES.answer(call(), Reply(JPEG, b"image/jpeg"), MODEL)
    assert answer is not None
    (item,) = orjson.loads(answer.data)["data"]
    assert base64.b64decode(item["b64_json"]) == JPEG
    assert images.read_usage(call(), answer.usage, BOUNDS).image == 1


def test_a_picture_becomes_a_data_url():
    answer = pollinations.IMAGES.answer(call(response_format="url"), Reply(PNG, b""), MODEL)
    assert answer is not None
    (item,) = orjson.loads(answer.data)["data"]
    assert item == {"url": f"data:image/png;base64,{b64()}"}


def test_a_picture_passes_as_it_came():
    answer = pollinations.PLAIN.answer(call(), Reply(PNG, b"application/octet-stream"), MODEL)
    assert answer is not None
    assert (answer.data, answer.kind) == (PNG, b"image/png")


@pytest.mark.parametrize("data", [b'{"error":"busy"}', b"<html>", PNG[: len(PNG) // 2]])
def test_what_is_no_picture_is_asked_of_the_next(data):
    assert pollinations.IMAGES.answer(call(), Reply(data, b"image/png"), MODEL) is None
    assert pollinations.PLAIN.answer(call(), Reply(data, b"image/png"), MODEL) is None


@pytest.mark.parametrize(
    ("size", "ratio"), [((1280, 720), "16:9"), ((720, 1280), "9:16"), ((800, 800), "16:9")]
)
def test_a_film_by_its_address(size, ratio):
    ask = pollinations.video_ask(endpoint("veo"), "toʻlqin", seconds=4, size=size, seed=7)
    path, query = address(ask)
    assert unquote(path) == "/image/toʻlqin"
    assert query | {"nologo": "", "private": ""} == {
        "model": "veo",
        "duration": "4",
        "aspectRatio": ratio,
        "width": str(size[0]),
        "height": str(size[1]),
        "seed": "7",
        "nologo": "",
        "private": "",
    }


def test_a_film_is_known_by_its_first_box():
    assert pollinations.is_video(b"\0\0\0\x18ftypisom")
    assert not pollinations.is_video(b'{"error":1}')
