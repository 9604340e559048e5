"""What comes in at POST /v1/messages (reliability.md §4)."""

import base64
import struct
from typing import Any

import orjson
import pytest

from proxy.dialects import messages_request
from proxy.dialects.media import IMAGE_TOKENS_MAX
from proxy.errors import ApiError

HELLO = [{"role": "user", "content": "Salom!"}]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"


def parse(headers: dict[bytes, list[bytes]] | None = None, **fields: Any):
    body = {"model": "test/one", "max_tokens": 99, "messages": HELLO} | fields
    return messages_request.parse(orjson.dumps(body), headers or {})


def block(**fields: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [fields]}]


def image(**source: Any) -> list[dict[str, Any]]:
    return block(type="image", source=source)


def png(data: bytes = PNG) -> list[dict[str, Any]]:
    return image(type="base64", media_type="image/png", data=base64.b64encode(data).decode())


def refusal(**fields: Any) -> tuple[int, str, str | None]:
    with pytest.raises(ApiError) as caught:
        parse(**fields)
    return caught.value.status, caught.value.code, caught.value.param


FIRST = "messages[0].content[0]"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"model": None}, "missing_required_parameter", "model"),
        ({"messages": None}, "invalid_messages", "messages"),
        ({"messages": ["x"]}, "invalid_messages", "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "invalid_messages", "messages[0].content"),
        ({"messages": [{"role": "user", "content": 1}]}, "invalid_messages", "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "invalid_value", FIRST),
        ({"messages": block(text="x")}, "invalid_value", FIRST),
        ({"messages": block(type="text", text=1)}, "invalid_messages", f"{FIRST}.text"),
        ({"messages": block(type="tool_result")}, "invalid_messages", f"{FIRST}.tool_use_id"),
        ({"messages": block(type="tool_use", id="a", name="f")}, "invalid_messages", f"{FIRST}.input"),
        ({"messages": block(type="image")}, "invalid_messages", f"{FIRST}.source"),
        ({"messages": HELLO * 100_000}, "too_many_messages", "messages"),
        ({"system": 5}, "invalid_type", "system"),
        ({"temperature": 2.1}, "invalid_value", "temperature"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"max_tokens": True}, "invalid_value", "max_tokens"),
        ({"stream": "yes"}, "invalid_type", "stream"),
        ({"tools": {}}, "invalid_type", "tools"),
        ({"tools": ["x"]}, "invalid_type", "tools"),
        ({"tools": [{"name": "f"}] * 500}, "tools_too_large", "tools"),
        ({"tools": [{"x": "y" * 2**20}]}, "tools_too_large", "tools"),
        ({"messages": image(type="base64", data=5)}, "invalid_image", FIRST),
        ({"messages": image(type="base64", data="???")}, "invalid_image", FIRST),
        ({"messages": png(b"<html>")}, "invalid_image", FIRST),
        ({"messages": image(type="url")}, "invalid_image_url", FIRST),
        (
            {"messages": block(type="document", source={"type": "url", "url": "http://10.0.0.1/x"})},
            "invalid_image_url",
            FIRST,
        ),
    ],
)
def test_bad_input_is_named(fields: dict[str, Any], code: str, param: str):
    assert refusal(**fields) == (400, code, param)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
    ],
)
def test_no_image_may_point_into_a_private_network(url: str):
    """Nor one inside a tool's result."""
    inside = [{"type": "image", "source": {"type": "url", "url": url}}]
    result = block(type="tool_result", tool_use_id="a", content=inside)
    assert refusal(messages=image(type="url", url=url))[1] == "invalid_image_url"
    assert refusal(messages=result) == (400, "invalid_image_url", f"{FIRST}.content[0]")


def test_an_image_may_be_too_large():
    assert refusal(messages=png(PNG + b"\0" * 22_000_000)) == (413, "image_too_large", FIRST)


def test_what_nobody_here_knows_is_kept():
    """A gateway that fails on unknown fields breaks with each release of a client (api.md §0.4)."""
    odd = {"type": "hologram", "depth": 3}
    fields = {"messages": [{"role": "user", "content": [odd], "x": 1}], "safeguards": {"y": [None]}}
    call = parse(**fields)
    assert {name: call.body[name] for name in fields} == fields


def test_a_system_message_may_stand_inside_the_conversation():
    messages = [*HELLO, {"role": "system", "content": [{"type": "text", "text": "x"}], "output_config": {}}]
    assert parse(messages=messages).body["messages"] == messages


def test_the_bound_may_be_missing_or_vast():
    body = orjson.dumps({"model": "m", "messages": HELLO})
    assert messages_request.parse(body, {}).output_limit is None
    assert parse(max_tokens=128_000).output_limit == 128_000


def test_only_the_callers_own_versions_and_betas_go_on():
    headers = {
        b"anthropic-version": [b"2026-10-21"],
        b"anthropic-beta": [b"a-1,b-2", b"c-3"],
        b"x-api-key": [b"cap-secret"],
        b"authorization": [b"Bearer cap-secret"],
        b"cookie": [b"a=b"],
        b"anthropic-odd": [b"\xff"],
        b"anthropic-tab": [b"a\tb"],
    }
    assert dict(parse(headers).headers) == {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "a-1,b-2,c-3",
    }


def test_a_call_knows_what_it_needs():
    call = parse(messages=png(), tools=[{"name": "f", "input_schema": {}}], stream=True)
    assert call.needs == {"vision", "tools"}
    assert call.stream
    assert (call.output_field, call.output_limit) == ("max_tokens", 99)
    assert not call.remote_media
    assert parse(messages=image(type="url", url="https://example.com/x.png")).remote_media


def test_the_input_bound_covers_everything():
    plain = parse().input_bound
    long = "Oʻzbekiston 🇺🇿" * 1000
    size = len(long.encode())
    assert plain >= len(b"Salom!")
    for fields in (
        {"system": long},
        {"system": [{"type": "text", "text": long}]},
        {"tools": [{"name": "f", "description": long}]},
        {"output_config": {"format": {"schema": long}}},
        {"unheard_of": [long]},
        {"messages": [{"role": "user", "content": long}]},
        {"messages": block(type="hologram", x=long)},
        {"messages": block(type="thinking", thinking=long, signature="")},
        {"messages": block(type="tool_result", tool_use_id="a", content=long)},
        {"messages": block(type="tool_result", tool_use_id="a", content=[{"type": "text", "text": long}])},
        {"messages": block(type="document", source={"type": "text", "data": long})},
        {
            "messages": block(
                type="document", source={"type": "content", "content": [{"type": "x", "y": long}]}
            )
        },
    ):
        assert parse(**fields).input_bound >= size
    inside = block(type="tool_result", tool_use_id="a", content=png()[0]["content"])
    assert parse(messages=inside).input_bound >= plain + IMAGE_TOKENS_MAX
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "A" * 9000}
    assert parse(messages=block(type="document", source=pdf)).input_bound >= 3 * 9000
    far = {"type": "url", "url": "https://example.com/x.pdf"}
    assert parse(messages=block(type="document", source=far)).input_bound >= 1_000_000
