"""Embeddings and pictures of gemini upstreams: what is asked of them, and what is made of their answers."""

import base64
import math
import struct
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.bridge import Bounds, Reply, Unsupported
from proxy.call import Call, Part
from proxy.dialects import embeddings, form, gemini_embeddings, gemini_images, image_request
from proxy.errors import ApiError
from proxy.meter import Usage
from tests.proxy.calls import endpoint_of

BOUNDS = Bounds(input=1000, output=0)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16 + b"IEND\xaeB`\x82"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()}}


def embedding(**body: Any) -> Call:
    return embeddings.parse(orjson.dumps({"model": "m"} | body), {})


def picture(**body: Any) -> Call:
    return image_request.parse(orjson.dumps({"model": "m", "prompt": "Registon"} | body), {})


# Embeddings


def test_texts_are_asked_for_in_one_batch():
    ask = gemini_embeddings.ask(
        embedding(input=["a", "b"], dimensions=64), endpoint_of("gemini-embedding-001"), 0
    )
    assert ask.path == "/models/gemini-embedding-001:batchEmbedContents"
    one, two = orjson.loads(ask.body)["requests"]
    assert one == {
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "a"}]},
        "outputDimensionality": 64,
    }
    assert two["content"] == {"parts": [{"text": "b"}]}


@pytest.mark.parametrize(
    "given", [[1, 2], [[1], [2]], ["a"] * 101], ids=["tokens", "lists of tokens", "too many"]
)
def test_what_gemini_does_not_embed(given: Any):
    with pytest.raises(Unsupported) as caught:
        gemini_embeddings.ask(embedding(input=given), endpoint_of("e"), 0)
    assert caught.value.param == "input"


VECTORS = st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=8).filter(
    lambda v: math.hypot(*v) > 0.01
)


@given(st.lists(VECTORS, min_size=1, max_size=3), st.sampled_from(["float", "base64"]))
def test_vectors_come_with_the_length_1_in_either_encoding(vectors: list[list[float]], encoding: str):
    call = embedding(input=["a"] * len(vectors), encoding_format=encoding)
    body = {
        "embeddings": [{"values": vector} for vector in vectors],
        "usageMetadata": {"promptTokenCount": 3},
    }
    answer = gemini_embeddings.answer(call, Reply(orjson.dumps(body), b""), b'"m"')
    assert answer is not None
    told = orjson.loads(answer.body(Usage(input=3)))
    assert told["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert [item["index"] for item in told["data"]] == list(range(len(vectors)))
    for item, vector in zip(told["data"], vectors, strict=True):
        found = item["embedding"]
        if encoding == "base64":
            raw = base64.b64decode(found)
            found = struct.unpack(f"<{len(raw) // 4}f", raw)
        length = math.hypot(*vector)
        assert found == pytest.approx([number / length for number in vector], abs=2e-3)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"embeddings": []},
        {"embeddings": [{"values": [1]}] * 2},
        {"embeddings": [{}]},
        {"embeddings": [{"values": ["a"]}]},
        {"embeddings": [{"values": []}]},
        {"embeddings": [{"values": [0, 0]}]},
        {"embeddings": ["x"]},
        {"embeddings": [{"values": [1e300]}]},
    ],
)
def test_what_is_no_list_of_vectors_is_no_answer(body: Any):
    assert gemini_embeddings.answer(embedding(input="a"), Reply(orjson.dumps(body), b""), b'"m"') is None


@pytest.mark.parametrize(
    "reported", [None, {}, 3, *({"promptTokenCount": n} for n in (0, -1, "3", 1.5, True, 1001))]
)
def test_counts_that_can_not_be_true_are_none(reported: Any):
    assert gemini_embeddings.read_usage(embedding(input="a"), reported, BOUNDS) is None
    assert gemini_embeddings.read_usage(embedding(input="a"), {"promptTokenCount": 7}, BOUNDS) == Usage(
        input=7
    )


# Pictures


def configured(model: str = "gemini-3-pro-image", **body: Any) -> dict[str, Any]:
    ask = gemini_images.ask(picture(**body), endpoint_of(model), 0)
    assert ask.path == f"/models/{model}:generateContent"
    found: dict[str, Any] = orjson.loads(ask.body)
    assert found["contents"] == [{"role": "user", "parts": [{"text": "Registon"}]}]
    assert found["generationConfig"]["responseModalities"] == ["IMAGE"]
    return found["generationConfig"].get("imageConfig")


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ("1024x1024", {"aspectRatio": "1:1", "imageSize": "1K"}),
        ("512x512", {"aspectRatio": "1:1", "imageSize": "1K"}),
        ("1792x1024", {"aspectRatio": "16:9", "imageSize": "2K"}),
        ("1024x1536", {"aspectRatio": "2:3", "imageSize": "2K"}),
        ("4096x4096", {"aspectRatio": "1:1", "imageSize": "4K"}),
        ("2K", {"aspectRatio": "1:1", "imageSize": "2K"}),
        ("auto", None),
        (None, None),
    ],
)
def test_sizes(size: str | None, shape: dict[str, str] | None):
    assert configured(size=size) == shape
    older = configured("gemini-2.5-flash-image", size=size)
    assert older == (shape and {"aspectRatio": shape["aspectRatio"]})


@given(st.integers(64, 8192), st.integers(64, 8192))
def test_any_size_is_drawn_nearly_in_its_shape_or_refused_by_name(width: int, height: int):
    try:
        shape = configured(size=f"{width}x{height}")
    except Unsupported as lack:
        assert lack.param == "size"
    else:
        across, down = map(int, shape["aspectRatio"].split(":"))
        assert abs(width / height / (across / down) - 1) <= 0.05


def test_several_pictures_are_another_endpoints():
    with pytest.raises(Unsupported) as caught:
        configured(n=2)
    assert caught.value.param == "n"


def edited(*files: Part) -> Call:
    kind, data = form.build({"model": "m", "prompt": "Registon", "size": "1024x1024"}, files)
    return image_request.parse_edit(data, {b"content-type": [kind.encode()]})


def test_pictures_to_go_by_come_before_the_words():
    call = edited(Part("image[]", "a.png", "image/png", PNG), Part("image[]", "b.png", "image/png", PNG))
    ask = gemini_images.ask_edit(call, endpoint_of("gemini-3-pro-image"), 0)
    parts = orjson.loads(ask.body)["contents"][0]["parts"]
    assert parts == [PICTURE, PICTURE, {"text": "Registon"}]
    with pytest.raises(Unsupported):
        masked = edited(Part("image", "a.png", "image/png", PNG), Part("mask", "m.png", "image/png", PNG))
        gemini_images.ask_edit(masked, endpoint_of("gemini-3-pro-image"), 0)


def drawn(response: Any, **body: Any) -> Any:
    return gemini_images.answer(picture(**body), Reply(orjson.dumps(response), b""), b'"m"')


def test_a_picture_and_its_tokens():
    parts = [{"text": "Here."}, PICTURE | {"thought": True}, PICTURE]
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 1290, "thoughtsTokenCount": 10}
    response = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": counts,
    }
    answer = drawn(response)
    told = orjson.loads(answer.data)
    assert [base64.b64decode(item["b64_json"]) for item in told["data"]] == [PNG]
    assert told["usage"] == {"input_tokens": 9, "output_tokens": 1300, "total_tokens": 1309}
    usage = gemini_images.GENERATIONS.usage(picture(), answer.usage, Bounds(input=1000, output=0))
    assert usage == Usage(input=9, output=1300, image=1)
    url = orjson.loads(drawn(response, response_format="url").data)["data"][0]["url"]
    assert url.startswith("data:image/png;base64,iVBOR")
    plain = gemini_images.PLAIN.answer(picture(), Reply(orjson.dumps(response), b""), b'"m"')
    assert plain is not None
    assert (plain.data, plain.kind) == (PNG, b"image/png")


@pytest.mark.parametrize(
    "response",
    [
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {"candidates": [{"finishReason": "IMAGE_SAFETY"}]},
        {"candidates": [{"finishReason": "SAFETY", "content": {"parts": []}}]},
    ],
)
def test_what_the_filters_refuse_is_the_callers_to_change(response: Any):
    with pytest.raises(ApiError) as caught:
        drawn(response)
    assert (caught.value.status, caught.value.code) == (400, "content_policy_violation")


@pytest.mark.parametrize(
    "response",
    [
        {},
        [],
        1,
        {"candidates": []},
        {"candidates": [{"finishReason": "NO_IMAGE"}]},
        {"candidates": [{"content": {"parts": [{"text": "no"}, 1, {"inlineData": {}}]}}]},
    ],
)
def test_an_answer_without_a_picture_is_none(response: Any):
    assert drawn(response) is None
