"""What comes in at POST /v1/chat/completions (reliability.md §4)."""

import base64
import struct

import orjson
import pytest

from proxy.dialects import openai_request
from proxy.errors import ApiError

HELLO = [{"role": "user", "content": "Salom!"}]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"


def body(**fields):
    return orjson.dumps({"model": "test/one", "messages": HELLO} | fields)


def image(url):
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]


def data_url(data, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def refusal(raw):
    with pytest.raises(ApiError) as caught:
        openai_request.parse(raw, {})
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b'{"model":', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b"{} x", "invalid_json"),
        (b"[]", "invalid_type"),
        (b'"x"', "invalid_type"),
        (b"null", "invalid_type"),
        (b"[" * 10_000 + b"]" * 10_000, "json_too_deep"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "json_too_deep"),
        (b'{"a":NaN}', "invalid_json"),
        (b'{"a":1e999}', "invalid_json"),
        (b'{"model":"a","model":"b","messages":[]}', "duplicate_key"),
        (b'{"a":"\xff"}', "invalid_unicode"),
        (b'{"a":"\\ud800"}', "invalid_unicode"),
        (b'{"a":' + b"9" * 5000 + b"}", "invalid_value"),
        (orjson.dumps({"messages": HELLO}), "missing_required_parameter"),
        (body(model=123), "invalid_type"),
        (body(model=""), "invalid_value"),
        (body(model="m" * 10_240), "invalid_value"),
        (orjson.dumps({"model": "m"}), "invalid_messages"),
        (body(messages=[]), "invalid_messages"),
        (body(messages={}), "invalid_messages"),
        (body(messages=["x"]), "invalid_messages"),
        (body(messages=[{"role": "root", "content": "x"}]), "invalid_value"),
        (body(messages=[{"role": ["user"], "content": "x"}]), "invalid_value"),
        (body(messages=[{"role": "user", "content": [{"type": "hologram"}]}]), "invalid_value"),
        (body(messages=[{"role": "assistant", "content": None}]), "invalid_messages"),
        (body(messages=[{"role": "user", "content": None}]), "invalid_messages"),
        (body(messages=[{"role": "tool", "content": "x"}]), "invalid_messages"),
        (body(messages=HELLO * 100_000), "too_many_messages"),
        (body(temperature=2.1), "invalid_value"),
        (body(temperature="hot"), "invalid_value"),
        (body(temperature=True), "invalid_value"),
        *[(body(max_tokens=bad), "invalid_value") for bad in (0, -1, 1.5, "100", True, 10**12)],
        (body(max_tokens=1, max_completion_tokens=2), "conflicting_parameters"),
        (body(n=0), "invalid_value"),
        (body(n=1000), "invalid_value"),
        (body(stream="yes"), "invalid_type"),
        (body(stream_options=[]), "invalid_type"),
        (body(tools=[{"type": "function"}] * 500), "tools_too_large"),
        (body(tools=[{"x": "y" * 2**20}]), "tools_too_large"),
        (b'{"a":[' + b"{}," * 400_000 + b"{}]}", "json_too_complex"),
        (b'{"a":[' + b"0," * 600_000 + b"0]}", "json_too_complex"),
    ],
)
def test_bad_input_is_named(raw, code):
    assert refusal(raw) == (400, code)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "gopher://example.com",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1]/",
        "https://localhost/x.png",
        "https://printer.local/x.png",
        "https://user@example.com/x.png",
        "https://10.0.0.1/x.png",
        "https://[::1",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://224.0.0.1/",
        "https://[ff02::1]/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com\t@127.0.0.1/",
        "https:/\\127.0.0.1/",
        "DATA:image/png;base64,",
        " data:image/png;base64,",
        "",
    ],
)
def test_no_image_may_point_into_a_private_network(url):
    assert refusal(body(messages=image(url))) == (400, "invalid_image_url")


def test_images_that_are_none_or_too_large():
    assert refusal(body(messages=image(data_url(b"<html>")))) == (400, "invalid_image")
    assert refusal(body(messages=image("data:image/png;base64,???"))) == (400, "invalid_image")
    assert refusal(body(messages=image(data_url(b"RIFF\0\0\0\0WAVEfmt ")))) == (400, "invalid_image")
    huge = PNG.replace(struct.pack(">II", 640, 480), struct.pack(">II", 50_000, 50_000))
    assert refusal(body(messages=image(data_url(huge)))) == (400, "invalid_image")
    assert refusal(body(messages=image(data_url(PNG + b"\0" * 22_000_000)))) == (413, "image_too_large")


def test_a_call_knows_what_it_needs():
    call = openai_request.parse(
        body(
            messages=image(data_url(PNG)), tools=[{"type": "function"}], stream=True, max_completion_tokens=7
        ),
        {},
    )
    assert call.needs == {"vision", "tools"}
    assert (call.output_field, call.output_limit, call.stream, call.wants_usage) == (
        "max_completion_tokens",
        7,
        True,
        False,
    )


def test_the_input_bound_covers_every_byte():
    text = "Oʻzbekiston 🇺🇿"
    call = openai_request.parse(body(messages=[{"role": "user", "content": text, "name": "bob"}]), {})
    assert call.input_bound >= len(text.encode()) + 16 + len("bob")


def test_the_input_bound_covers_text_outside_the_messages():
    """A prediction is billed, and a template or document of an open model's server ends up in its prompt."""
    plain = openai_request.parse(body(), {}).input_bound
    for name in ("prediction", "documents", "chat_template", "unheard_of"):
        more = openai_request.parse(body(**{name: [{"content": "x" * 50_000}]}), {}).input_bound
        assert more >= plain + 50_000


def test_a_body_of_images_is_not_too_complex():
    weight = openai_request.parse(body(messages=image(data_url(PNG + b"{[,}" * 300_000))), {})
    assert weight.needs == {"vision"}


def test_only_model_bound_and_stream_options_change_on_the_way_out():
    raw = body(zeta=[1, {"deep": None}], stream=True, stream_options={"x": 1}, temperature=0, alpha="\0")
    call = openai_request.parse(raw, {})
    sent = openai_request.build(call, "upstream", 99, "max_tokens")
    assert list(sent)[:4] == ["model", "messages", "zeta", "stream"]
    assert sent["model"] == "upstream"
    assert sent["max_tokens"] == 99
    assert sent["stream_options"] == {"x": 1, "include_usage": True}
    assert sent["alpha"] == "\0"


def test_one_bound_leaves_whatever_names_the_caller_used():
    call = openai_request.parse(body(max_tokens=5, max_completion_tokens=5), {})
    sent = openai_request.build(call, "m", 5, call.output_field)
    assert sent["max_completion_tokens"] == 5
    assert "max_tokens" not in sent
