"""What a form says about routing, as the SDKs write it."""

from typing import Any

import httpx
import orjson
import pytest

from proxy.call import Call
from proxy.dialects import form, transcriptions
from proxy.errors import ApiError
from proxy.sound import tone
from proxy.wishes import lifted


def sent(data: dict[str, Any]) -> Call:
    """A transcription whose form httpx has written, as it does for the SDKs."""
    request = httpx.Request(
        "POST", "http://x", data={"model": "test/hear"} | data, files={"file": ("t.wav", tone())}
    )
    kind = request.headers["content-type"].encode()
    return transcriptions.parse(request.read(), {b"content-type": [kind]})


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": orjson.dumps({"only": ["beta"], "allow_fallbacks": False, "max_price": {"prompt": 1}})},
        {
            "provider[only][]": "beta",
            "provider[allow_fallbacks]": "false",
            "provider[max_price][prompt]": "1",
        },
        {
            "provider[only][]": ["beta"],
            "provider[allow_fallbacks]": "false",
            "provider[max_price][prompt]": "1",
        },
    ],
)
def test_a_form_says_it_as_json_or_in_brackets(fields: dict[str, Any]) -> None:
    call = lifted(sent(fields))
    rules = call.wishes.rules
    assert (rules.only, rules.fallbacks, dict(rules.max_price)) == ({"beta"}, False, {"input": 10**9})
    assert set(call.body) == {"model"}


@pytest.mark.parametrize(
    "fields",
    [
        {"models": ["test/a", "test/b"]},
        {"models[]": ["test/a", "test/b"]},
        {"models": '["test/a", "test/b"]'},
    ],
)
def test_further_models_of_a_form_are_a_list(fields: dict[str, Any]) -> None:
    assert lifted(sent(fields)).wishes.models == ("test/a", "test/b")


def test_one_further_model_of_a_form_is_a_list_of_one() -> None:
    assert lifted(sent({"models": "test/a"})).wishes.models == ("test/a",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"provider": "alpha"}, "provider"),
        ({"provider": "{"}, "provider"),
        ({"provider": ["{}", "{}"]}, "provider"),
        ({"provider[only]": "beta"}, "provider.only"),
        ({"provider[sort]": "cheapest"}, "provider.sort"),
        ({"provider[max_price][prompt]": "much"}, "provider.max_price.prompt"),
        ({"provider[max_price]": "5"}, "provider.max_price"),
        ({"provider": "{}", "provider[rescue]": "maybe"}, "provider.rescue"),
        ({"provider[][]": "x", "models[]": [" "]}, "models"),
    ],
)
def test_what_makes_no_sense_in_a_form_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        lifted(sent(fields))
    assert (refused.value.status, refused.value.param) == (400, param)


def test_a_customer_pins_no_endpoint_by_a_form_and_nothing_of_it_goes_on() -> None:
    call = lifted(sent({"provider": '{"endpoint": 7}'}))
    assert (call.wishes.rules.endpoint, "provider" in call.body) == (0, False)
    assert lifted(sent({"provider": '{"endpoint": 7}'}), pins=True).wishes.rules.endpoint == 7


def test_a_form_without_wishes_is_left_as_it_is() -> None:
    call = sent({"language": "uz"})
    assert lifted(call).body == form.parse(*_again(call)).fields


def _again(call: Call) -> tuple[bytes, dict[bytes, list[bytes]]]:
    kind, body = form.build(dict(call.body), call.files)
    return body, {b"content-type": [kind.encode()]}
