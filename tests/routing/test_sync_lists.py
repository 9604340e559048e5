"""Lists of models in each provider's shape, honest and hostile. Written from their documentation."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import ListRefused
from routing.sync import document, openrouter, vendors
from routing.sync.listing import MODELS_MAX, Listed, Page, joined

ROUTER_MODEL: dict[str, Any] = {
    "id": "openai/gpt-4o",
    "canonical_slug": "openai/gpt-4o",
    "name": "OpenAI: GPT-4o",
    "created": 1715558400,
    "context_length": 128000,
    "architecture": {
        "modality": "text+image->text",
        "input_modalities": ["text", "image", "file"],
        "output_modalities": ["text"],
        "tokenizer": "GPT",
        "instruct_type": None,
    },
    "pricing": {
        "prompt": "0.0000025",
        "completion": "0.00001",
        "request": "0",
        "image": "0.003613",
        "web_search": "0",
        "internal_reasoning": "0",
        "input_cache_read": "0.00000125",
    },
    "top_provider": {"context_length": 128000, "max_completion_tokens": 16384, "is_moderated": True},
    "per_request_limits": None,
    "supported_parameters": ["max_tokens", "tools", "tool_choice", "response_format"],
}
CLAUDE: dict[str, Any] = {
    "type": "model",
    "id": "claude-sonnet-4-20250514",
    "display_name": "Claude Sonnet 4",
    "created_at": "2025-02-19T00:00:00Z",
    "lifecycle": "active",
    "max_input_tokens": 200000,
    "max_tokens": 64000,
    "capabilities": {
        "image_input": {"supported": True},
        "pdf_input": {"supported": True},
        "structured_outputs": {"supported": False},
        "thinking": {"supported": True, "types": {}},
    },
}
GEMINI: dict[str, Any] = {
    "name": "models/gemini-2.5-flash",
    "version": "001",
    "displayName": "Gemini 2.5 Flash",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
    "thinking": True,
}
Read = Callable[[bytes], Page]
SHAPES = pytest.mark.parametrize(
    ("read", "key", "row"),
    [
        (openrouter.page, "data", ROUTER_MODEL),
        (vendors.openai_page, "data", {"id": "gpt-4o", "object": "model"}),
        (vendors.anthropic_page, "data", CLAUDE),
        (vendors.gemini_page, "models", GEMINI),
    ],
    ids=["openrouter", "openai", "anthropic", "gemini"],
)


def data(value: Any) -> bytes:
    return json.dumps(value).encode()


def only(page: Page) -> Listed:
    (listed,) = page.models
    return listed


def test_openrouters_model_with_everything() -> None:
    listed = only(openrouter.page(data({"data": [ROUTER_MODEL]})))
    assert (listed.id, listed.name, listed.modality) == ("openai/gpt-4o", "GPT-4o", "chat")
    assert listed.prices == {
        "input": 2_500_000_000, "output": 10_000_000_000, "cached_input": 1_250_000_000,
    }  # fmt: skip
    assert (listed.context_window, listed.max_output_tokens) == (128_000, 16_384)
    assert listed.capabilities == {"tools", "json", "vision", "pdf"}
    assert not listed.open_weights


def test_openrouters_open_weights_and_pages() -> None:
    row = ROUTER_MODEL | {"hugging_face_id": "meta/llama"}
    page = openrouter.page(data({"data": [row], "links": {"next": "/api/v1/models?offset=500"}}))
    assert only(page).open_weights
    assert page.next == "/api/v1/models?offset=500"


def test_openais_ids() -> None:
    listed = only(vendors.openai_page(data({"object": "list", "data": [{"id": "gpt-4o", "created": 1}]})))
    assert listed == Listed(id="gpt-4o")


def test_anthropics_limits_and_pages() -> None:
    gone = CLAUDE | {"id": "claude-1", "lifecycle": "retired"}
    page = vendors.anthropic_page(data({"data": [CLAUDE, gone], "has_more": True, "last_id": "a b"}))
    listed = only(page)
    assert (listed.context_window, listed.max_output_tokens) == (200_000, 64_000)
    assert listed.capabilities == {"vision", "pdf", "reasoning"}
    assert listed.told == {"vision", "pdf", "reasoning", "json"}
    assert page.next == "?limit=1000&after_id=a%20b"


def test_geminis_limits_methods_and_pages() -> None:
    embedder = GEMINI | {
        "name": "models/gemini-embedding-001",
        "supportedGenerationMethods": ["embedContent"],
    }
    page = vendors.gemini_page(data({"models": [GEMINI, embedder], "nextPageToken": "a&b"}))
    assert [(row.id, row.modality) for row in page.models] == [
        ("gemini-2.5-flash", "chat"),
        ("gemini-embedding-001", "embedding"),
    ]
    assert page.models[0].context_window == 1_048_576
    assert page.next == "?pageSize=1000&pageToken=a%26b"


@SHAPES
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html><body>Just a moment...</body></html>",
        b"null",
        b"{}",
        b'{"data": {}, "models": {}}',
        b'{"data": [1], "models": [1]}',
        b'{"data": [{"id": 1}], "models": [{"name": null}]}',
        b'{"data": [{"id": "\\u0000"}], "models": [{"name": "  "}]}',
        b'{"data": [{"id": "x", "context_length": NaN}], "models": NaN}',
        b'{"data": 1e999999999999999999999, "models": 1}',
        b"[" * 100_000,
        b'{"data": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
    ],
)
def test_what_is_no_list_is_refused(read: Read, key: str, row: dict[str, Any], answer: bytes) -> None:
    with pytest.raises(ListRefused):
        joined([read(answer)])


@SHAPES
def test_a_model_that_is_listed_twice_spoils_the_list(read: Read, key: str, row: dict[str, Any]) -> None:
    with pytest.raises(ListRefused, match="twice"):
        joined([read(data({key: [row, row]}))])


@SHAPES
def test_an_empty_list_and_an_endless_one_are_refused(read: Read, key: str, row: dict[str, Any]) -> None:
    with pytest.raises(ListRefused, match="no models"):
        joined([read(data({key: []}))])
    name = "name" if key == "models" else "id"
    many = [row | {name: f"m-{number}"} for number in range(MODELS_MAX + 1)]
    with pytest.raises(ListRefused, match="more than"):
        joined([read(data({key: many}))])


def test_an_answer_over_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(ListRefused, match="larger"):
        document.read(b" " * (document.BYTES_MAX + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"pricing": {"prompt": "NaN", "completion": "1"}},
        {"pricing": {"prompt": "-0.5", "completion": "0.1"}},
        {"pricing": {"prompt": "1e400", "completion": "0.1"}},
        {"pricing": {"prompt": None, "completion": "0.1"}},
        {"pricing": {"prompt": True, "completion": "0.1"}},
        {"context_length": -1},
        {"context_length": 1.5},
        {"context_length": "128000"},
        {"context_length": 2**40},
        {"top_provider": {"max_completion_tokens": False}},
    ],
)
def test_one_model_that_can_t_be_understood_is_left_alone(change: dict[str, Any]) -> None:
    rows = [ROUTER_MODEL | {"id": "a/good"}, ROUTER_MODEL | {"id": "a/fine"}, ROUTER_MODEL | change]
    found = joined([openrouter.page(data({"data": rows}))])
    assert found["openai/gpt-4o"].problem
    assert not found["openai/gpt-4o"].prices
    assert not found["a/good"].problem


def test_a_list_of_mostly_nonsense_is_refused() -> None:
    rows = [ROUTER_MODEL | {"id": f"a/{n}", "context_length": -n} for n in range(3)]
    with pytest.raises(ListRefused, match="2 of 3"):
        joined([openrouter.page(data({"data": rows}))])


def test_numbers_without_quotes_are_exact_too() -> None:
    raw = data({"data": [ROUTER_MODEL]}).replace(b'"0.0000025"', b"2.5e-6").replace(b'"0.00001"', b"0.00001")
    assert only(openrouter.page(raw)).prices["input"] == 2_500_000_000
    huge = data({"data": [ROUTER_MODEL]}).replace(b'"0.0000025"', b"1e400")
    assert only(openrouter.page(huge)).problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@SHAPES
@given(found=st.data())
def test_any_value_anywhere_gives_a_list_or_a_refusal(
    read: Read, key: str, row: dict[str, Any], found: st.DataObject
) -> None:
    changed = row | {found.draw(st.sampled_from(sorted(row))): found.draw(JSON)}
    try:
        page = read(data({key: [changed]}))
    except ListRefused:
        return
    assert all(isinstance(listed.id, str) for listed in page.models)
