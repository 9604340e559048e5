"""What comes in at the images endpoints and at /api/image (reliability.md §4)."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Call, Part
from proxy.dialects import form, image_request
from proxy.errors import ApiError
from tests.upstream.pictures import png

PNG = png((64, 48), "salom")


def body(**fields):
    return orjson.dumps({"model": "test/image", "prompt": "Registon"} | fields)


def edit(files=None, **fields):
    sent = {"model": "test/image", "prompt": "Registon"} | fields
    files = [Part("image", "a.png", "image/png", PNG)] if files is None else files
    kind, data = form.build(sent, files)
    return data, {b"content-type": [kind.encode()]}


def refusal(read, *arguments):
    with pytest.raises(ApiError) as caught:
        read(*arguments)
    return caught.value.status, caught.value.code, caught.value.param


BAD_FIELDS = [
    ({"model": None}, "missing_required_parameter", "model"),
    ({"model": 5}, "invalid_type", "model"),
    ({"prompt": None}, "missing_required_parameter", "prompt"),
    ({"prompt": ["x"]}, "invalid_type", "prompt"),
    ({"prompt": ""}, "invalid_value", "prompt"),
    ({"prompt": "x" * 32_001}, "invalid_value", "prompt"),
    ({"n": 0}, "invalid_value", "n"),
    ({"n": 11}, "invalid_value", "n"),
    ({"n": 1.5}, "invalid_value", "n"),
    ({"n": True}, "invalid_value", "n"),
    ({"n": "2"}, "invalid_value", "n"),
    ({"size": 1024}, "invalid_value", "size"),
    ({"size": "big"}, "invalid_value", "size"),
    ({"size": "1024"}, "invalid_value", "size"),
    ({"size": "0x0"}, "invalid_value", "size"),
    ({"size": "-1024x1024"}, "invalid_value", "size"),
    ({"size": "10x1024"}, "invalid_value", "size"),
    ({"size": "1024x8193"}, "invalid_value", "size"),
    ({"size": "1024x999999999999"}, "invalid_value", "size"),
    ({"size": "١٠٢٤x١٠٢٤"}, "invalid_value", "size"),
    ({"response_format": "bmp"}, "invalid_value", "response_format"),
    ({"response_format": 1}, "invalid_value", "response_format"),
    ({"quality": 5}, "invalid_type", "quality"),
    ({"quality": "q" * 65}, "invalid_value", "quality"),
    ({"background": True}, "invalid_type", "background"),
    ({"output_format": {}}, "invalid_type", "output_format"),
    ({"user": 7}, "invalid_type", "user"),
    ({"seed": "7"}, "invalid_value", "seed"),
    ({"seed": 2**60}, "invalid_value", "seed"),
    ({"stream": "yes"}, "invalid_type", "stream"),
    ({"stream": True}, "unsupported_parameter", "stream"),
]


@pytest.mark.parametrize(("fields", "code", "param"), BAD_FIELDS)
def test_a_bad_field_is_named(fields, code, param):
    assert refusal(image_request.parse, body(**fields), {}) == (400, code, param)


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"model":', b'{"model":"a","model":"b"}', b'{"a":"\\ud800"}'])
def test_what_is_no_object_is_refused(raw):
    assert refusal(image_request.parse, raw, {})[0] == 400
    assert refusal(image_request.parse_plain, raw, {})[0] == 400


def test_a_request_is_bounded():
    call = image_request.parse(body(n=3, size="512x2048", unheard_of={"a": 1}, prompt="сўм" * 10), {})
    assert (call.kind, call.modality, call.produces, call.stream) == ("images", "image", False, False)
    assert (call.units, call.sides) == ({"image": 3}, {"size": 2048})
    assert call.input_bound >= 60
    assert call.body["unheard_of"] == {"a": 1}


@pytest.mark.parametrize("size", [None, "auto"])
def test_without_a_size_it_is_the_models_choice(size):
    call = image_request.parse(body(size=size), {})
    assert call.sides == {}
    assert image_request.size_of(call.body) is None


def test_a_size_by_name():
    assert image_request.parse(body(size="2K"), {}).sides == {"size": 2048}


def test_an_edit_is_bounded():
    files = [Part("image[]", "a.png", "image/png", PNG), Part("image[]", "b.png", "image/png", PNG)]
    call = image_request.parse_edit(*edit([*files, Part("mask", "m.png", "image/png", PNG)], n="2"))
    assert (call.kind, call.units, len(call.files)) == ("image_edits", {"image": 2}, 3)
    assert call.body == {"model": "test/image", "prompt": "Registon", "n": "2"}
    assert call.input_bound > 3 * 8_000


@pytest.mark.parametrize(
    ("files", "fields", "expected"),
    [
        ([], {}, (400, "missing_required_parameter", "image")),
        ([Part("image", "a.txt", "text/plain", b"salom")], {}, (400, "invalid_image", "image")),
        ([Part("image", "a.png", "image/png", PNG[:-20])], {}, (400, "invalid_image", "image")),
        ([Part("image", "a.png", "image/png", b"")], {}, (400, "invalid_image", "image")),
        ([Part("image", "a.png", "image/png", png((16_385, 1), ""))], {}, (400, "invalid_image", "image")),
        ([Part("image[]", "a.png", "image/png", PNG)] * 17, {}, (400, "invalid_value", "image")),
        (
            [Part("image", "a.png", "image/png", PNG), Part("mask", "m.png", "image/png", b"<svg/>")],
            {},
            (400, "invalid_image", "mask"),
        ),
        (
            [Part("image", "a.png", "image/png", PNG + b"\0" * 20 * 2**20)],
            {},
            (413, "image_too_large", "image"),
        ),
        (None, {"n": "0"}, (400, "invalid_value", "n")),
        (None, {"n": "many"}, (400, "invalid_value", "n")),
        (None, {"size": "1x1"}, (400, "invalid_value", "size")),
        (None, {"prompt": ""}, (400, "missing_required_parameter", "prompt")),
        (None, {"stream": "true"}, (400, "unsupported_parameter", "stream")),
        (None, {"response_format": "tiff"}, (400, "invalid_value", "response_format")),
    ],
)
def test_a_bad_edit_is_named(files, fields, expected):
    assert refusal(image_request.parse_edit, *edit(files, **fields)) == expected


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "model",
    "prompt",
    "n",
    "size",
    "response_format",
    "quality",
    "user",
    "stream",
    "seed",
    "width",
    "height",
)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), values, max_size=8), st.booleans())
def test_any_object_is_read_or_refused(fields, valid):
    """Never another exception, never a negative bound."""
    rest = {"model": "test/image", "prompt": "Registon"} if valid else {}
    raw = json.dumps(rest | fields).encode()
    for read in (image_request.parse, image_request.parse_plain):
        try:
            call = read(raw, {})
        except ApiError as error:
            assert 400 <= error.status < 500
        else:
            assert 1 <= call.units["image"] <= 10
            assert call.input_bound > 0
            assert all(side <= 8192 for side in call.sides.values())


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12), max_size=6), st.binary(max_size=40))
def test_any_form_is_read_or_refused(fields, data):
    fields = {name: text.encode("utf-8", "replace").decode() for name, text in fields.items()}
    for picture in (data, PNG):
        try:
            call = image_request.parse_edit(*edit([Part("image", "a.png", "image/png", picture)], **fields))
        except ApiError as error:
            assert 400 <= error.status < 500
        else:
            assert 1 <= call.units["image"] <= 10


def test_a_plain_request_has_cloudgpts_defaults():
    call = image_request.parse_plain(body(), {})
    assert (call.kind, call.units, call.sides) == ("api_image", {"image": 1}, {"width": 1024, "height": 1024})
    assert (call.body["size"], "seed" in call.body) == ("1024x1024", False)


def test_a_plain_request_in_openais_words():
    call: Call = image_request.parse_plain(body(width=640, height=480, seed=12345, n=9, stream=True), {})
    assert call.body == {
        "model": "test/image",
        "prompt": "Registon",
        "n": 1,
        "size": "640x480",
        "response_format": "b64_json",
        "seed": 12345,
    }


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"width": 10}, "invalid_value", "width"),
        ({"height": 8193}, "invalid_value", "height"),
        ({"height": "1024"}, "invalid_value", "height"),
        ({"width": 1024.5}, "invalid_value", "width"),
        ({"seed": "abc"}, "invalid_value", "seed"),
        ({"prompt": None}, "missing_required_parameter", "prompt"),
        ({"model": None}, "missing_required_parameter", "model"),
    ],
)
def test_a_bad_field_of_a_plain_request_is_named(fields, code, param):
    assert refusal(image_request.parse_plain, body(**fields), {}) == (400, code, param)
