"""GET /v1/models and /v1/models/{id}: what every client reads, at the prices that are charged."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any

import anthropic
import httpx2 as httpx
import openai
import pytest
from django.test import Client
from django.utils import timezone

from accounts.keys import revoke_key
from billing.rates import set_manual_rate, set_markup
from proxy.errors import ApiError
from proxy.keys import Caller
from proxy.meter import unit_price
from proxy.offers import market
from proxy.surfaces import SURFACES
from routing.catalog.load import load
from routing.catalog.parse import parse
from routing.pick import UNKNOWN
from tests.factories import make_caller

pytestmark = pytest.mark.django_db

RATE = 12_000_000_000  # 12,000 UZS for a dollar
CATALOG = """\
providers:
  - {slug: up, name: Up, dialect: openai, base_url: "https://up.test/v1", credential: "env:UP_KEY"}
  - {slug: down, name: Down, dialect: openai, base_url: "https://down.test/v1", credential: "env:DOWN_KEY"}
  - {slug: box, name: Sandbox, dialect: openai, base_url: "https://box.test/v1", sandbox: true, hosted: true}
models:
  - id: vendor/one
    name: Model One
    aliases: [one]
    context_window: 128000
    max_output_tokens: 4096
    capabilities: [tools, vision, json]
    creator: Vendor
    endpoints:
      - provider: up
        upstream_name: one
        price_usd: {input: "2.50", cached_input: "1.25", output: "10.00"}
        above_input: [{over: 200000, price_usd: {input: "5.00"}}]
  - id: vendor/free
    name: Free One
    category: hosted
    free: true
    context_window: 8192
    endpoints: [{provider: up, upstream_name: free, price_usd: {input: "0.10", output: "0.20"}}]
  - id: vendor/down
    name: Down One
    context_window: 8192
    endpoints: [{provider: down, upstream_name: d, price_usd: {input: "1.00", output: "1.00"}}]
  - {id: vendor/old, name: Old One, replaced_by: vendor/one}
  - id: vendor/picture
    name: Picture One
    modality: image
    default_size: 1024x1024
    max_side_px: 2048
    endpoints: [{provider: up, upstream_name: p, price_usd: {image: "0.04"}}]
  - id: cloudapi/box
    name: The Box
    category: hosted
    context_window: 2048
    endpoints: [{provider: box, upstream_name: b, price_usd: {input: "0.01", output: "0.02"}}]
"""


@pytest.fixture(autouse=True)
def shop(settings: Any) -> None:
    settings.DEMO = False
    set_manual_rate(RATE, date(2026, 1, 1), "test", "test", confirmed=True)
    for kind, bps in (("routing_fee", 500), ("margin", 3000), ("hosted", 0)):
        set_markup(kind, bps, "test", "test")
    load(parse([("shop.yaml", CATALOG)]), {"UP_KEY": "sk-up"}, prune=True)


def listed(client: Client, **headers: str) -> dict[str, dict[str, Any]]:
    answer = client.get("/v1/models", headers=headers)
    assert answer.status_code == 200, answer.content
    return {entry["id"]: entry for entry in answer.json()["data"]}


def test_the_public_catalog_marks_what_is_not_served(client: Client) -> None:
    found = listed(client)
    assert set(found) == {"vendor/one", "vendor/free", "vendor/down", "vendor/picture", "cloudapi/box"}
    available = {slug for slug, entry in found.items() if entry["available"]}
    assert available == {"vendor/one", "vendor/free", "vendor/picture", "cloudapi/box"}


def test_prices_are_in_soum_by_the_function_that_charges(client: Client) -> None:
    entry = listed(client)["vendor/one"]
    # 2.50 × 12,000 × 1.05 = 31,500 so'm for a million tokens
    assert entry["pricing_uzs"] == {"input": "31500", "cached_input": "15750", "output": "126000"}
    assert entry["pricing_uzs_above_input"] == [{"over_tokens": 200_000, "pricing_uzs": {"input": "63000"}}]
    assert unit_price(2_500_000_000, RATE, 500) == 31_500_000_000
    # 0.04 × 12,000 × 1.05 = 504 so'm for one image
    assert listed(client)["vendor/picture"]["pricing_uzs"] == {"image": "504"}


def test_free_models_show_their_standard_price_too(client: Client) -> None:
    entry = listed(client)["vendor/free"]
    assert entry["free"] is True
    assert entry["pricing_uzs"] == {"input": "0", "output": "0"}
    assert entry["standard_pricing_uzs"] == {"input": "1560", "output": "3120"}


def test_usd_is_shown_only_where_the_operator_allows_it(client: Client, settings: Any) -> None:
    answer = client.get("/v1/models").content.decode()
    assert '"pricing"' not in answer
    assert "usd" not in answer.lower()
    settings.SHOW_USD = True
    pricing = listed(client)["vendor/one"]["pricing"]
    assert pricing == {"prompt": "0.000002625", "completion": "0.0000105", "input_cache_read": "0.0000013125"}
    assert listed(client)["vendor/free"]["pricing"] == {"prompt": "0", "completion": "0"}


def test_no_key_of_money_is_ever_null(client: Client, settings: Any) -> None:
    settings.SHOW_USD = True
    for entry in listed(client).values():
        for name in ("pricing", "pricing_uzs"):
            assert all(isinstance(value, str) for value in entry.get(name, {}).values())
        assert isinstance(entry["context_length"], int)
        assert isinstance(entry["max_completion_tokens"], int)


def test_a_key_sees_what_it_may_call_and_what_is_served(client: Client) -> None:
    everything, one = make_caller(), make_caller(allowed_models=["vendor/one", "vendor/down"])
    served = {"vendor/one", "vendor/free", "vendor/picture", "cloudapi/box"}
    assert set(listed(client, **everything.headers)) == served
    assert set(listed(client, **one.headers)) == {"vendor/one"}
    assert set(listed(client, **{"x-api-key": one.key})) == {"vendor/one"}


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("allowed", [None, ["vendor/one", "vendor/down"], []])
def test_what_is_listed_is_what_a_call_is_admitted_for(
    client: Client, settings: Any, demo: bool, allowed: list[str] | None
) -> None:
    settings.DEMO = demo
    caller = make_caller(allowed_models=allowed)
    nothing: dict[str, Any] = {field.name: None for field in fields(Caller)}
    limit = None if allowed is None else frozenset(allowed)
    gateway_caller = Caller(**nothing | {"allowed_models": limit})
    here = market()
    admitted = set()
    for slug, model in here.catalog.models.items():
        body = {"model": slug, "messages": [{"role": "user", "content": "Salom!"}], "prompt": "Salom!"}
        parse = SURFACES["images" if model.modality == "image" else "chat"].parse
        with contextlib.suppress(ApiError):
            admitted.add(here.plan(gateway_caller, parse(json.dumps(body).encode(), {}), UNKNOWN).model.slug)
    assert set(listed(client, **caller.headers)) == admitted


def test_in_the_demo_the_sandbox_serves_what_has_no_credential(client: Client, settings: Any) -> None:
    settings.DEMO = True
    found = listed(client, **make_caller().headers)
    assert found["vendor/down"]["sandbox"] is True
    assert found["vendor/one"]["sandbox"] is False
    # at its own listed price
    assert found["vendor/down"]["pricing_uzs"] == {"input": "12600", "output": "12600"}


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/vendor/one"])
def test_a_key_that_is_no_good_is_401(client: Client, path: str) -> None:
    caller = make_caller()
    revoke_key(caller.api_key)
    for headers in (
        {"authorization": "Bearer sk-foreign"},
        {"authorization": f"Bearer {caller.key[:-1]}x"},
        {"x-api-key": "nonsense"},
        caller.headers,
    ):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        body = answer.json()
        assert body["type"] == "error"
        assert set(body["error"]) == {"type", "message", "param", "code"}
        assert body["request_id"] == answer["x-request-id"]
        assert answer["x-should-retry"] == "false"


def test_two_different_keys_of_ours_are_400(client: Client) -> None:
    headers = make_caller().headers | {"x-api-key": make_caller().key}
    answer = client.get("/v1/models", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ambiguous_credentials")


@pytest.mark.parametrize(
    "path",
    [
        "vendor/one",
        "vendor%2Fone",
        "one",
        "ONE",
        "Model%20One",
        "model one",
        "Model One@price@latency",
        "one@price",
    ],
)
def test_one_model_by_any_name_with_any_tags(client: Client, path: str) -> None:
    answer = client.get(f"/v1/models/{path}")
    assert answer.status_code == 200
    assert answer.json()["id"] == "vendor/one"
    assert answer["x-cloudapi-model"] == "vendor/one"


def test_a_replaced_model_names_its_successor_and_its_price(client: Client) -> None:
    answer = client.get("/v1/models/vendor/old")
    entry = answer.json()
    assert (entry["id"], entry["replaced_by"], entry["lifecycle"]) == ("vendor/old", "vendor/one", "retired")
    assert entry["pricing_uzs"]["input"] == "31500"
    assert answer["x-cloudapi-model"] == "vendor/one"


@pytest.mark.parametrize("path", ["nobody/nothing", "one/", "%00", "../admin", "o" * 5000])
def test_an_unknown_model_is_404_in_the_envelope(client: Client, path: str) -> None:
    answer = client.get(f"/v1/models/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in ("model_not_found", "not_found")


def test_a_model_that_the_project_may_not_use_looks_unknown(client: Client) -> None:
    caller = make_caller(allowed_models=["vendor/free"])
    answer = client.get("/v1/models/vendor/one", headers=caller.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert client.get("/v1/models/vendor/free", headers=caller.headers).status_code == 200


def test_an_unknown_strategy_is_400(client: Client) -> None:
    answer = client.get("/v1/models/one@cheap")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_strategy")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/one", "/v1/models/nobody"])
def test_a_known_caller_is_told_the_rate_window(client: Client, path: str) -> None:
    answer = client.get(path, headers=make_caller(rpm=7).headers)
    assert answer["X-RateLimit-Limit"] == "7"
    assert answer["X-RateLimit-Remaining"] == "7"
    assert 0 < int(answer["X-RateLimit-Reset"]) <= 60
    assert "X-RateLimit-Limit" not in client.get(path)


def test_writing_is_405(client: Client) -> None:
    answer = client.post("/v1/models", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_anthropic_callers_get_pages(client: Client) -> None:
    version = {"anthropic-version": "2023-06-01"}
    first = client.get("/v1/models?limit=2", headers=version).json()
    assert [entry["id"] for entry in first["data"]] == ["cloudapi/box", "vendor/down"]
    assert (first["has_more"], first["first_id"], first["last_id"]) == (True, "cloudapi/box", "vendor/down")
    rest = client.get("/v1/models?limit=100&after_id=vendor/down", headers=version).json()
    assert [entry["id"] for entry in rest["data"]] == ["vendor/free", "vendor/one", "vendor/picture"]
    assert rest["has_more"] is False
    back = client.get("/v1/models?limit=1&before_id=vendor/free", headers=version).json()
    assert ([entry["id"] for entry in back["data"]], back["has_more"]) == (["vendor/down"], True)
    assert client.get("/v1/models?limit=2").json()["has_more"] is False


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "after_id=nobody", "after_id=vendor/one&before_id=vendor/free"],
)
def test_a_page_that_cannot_be_is_400(client: Client, query: str) -> None:
    answer = client.get(f"/v1/models?{query}", headers={"anthropic-version": "2023-06-01"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in ("limit", "after_id", "before_id")


def test_who_wants_few_fields_gets_few(client: Client) -> None:
    whole = client.get("/v1/models").json()
    narrow = client.get("/v1/models?fields=free,pricing_uzs,replaced_by").json()
    kept = {"id", "free", "pricing_uzs", "replaced_by"}
    assert narrow["data"] == [{name: one[name] for name in one if name in kept} for one in whole["data"]]
    assert {**narrow, "data": None} == {**whole, "data": None}
    assert client.get("/v1/models?fields=").json() == whole
    answer = client.get("/v1/models?fields=free,secret")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "fields"
    assert "'secret'" in answer.json()["error"]["message"]


def test_a_new_price_is_shown_at_once(client: Client) -> None:
    listed(client)
    load(parse([("shop.yaml", CATALOG.replace('"2.50"', '"3.00"'))]), {"UP_KEY": "sk-up"})
    assert listed(client)["vendor/one"]["pricing_uzs"]["input"] == "37800"


class _Bridge(httpx.BaseTransport):
    """The SDKs' requests through Django's test client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._client.get(request.url.raw_path.decode(), headers=dict(request.headers))
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)


@pytest.fixture
def wire(client: Client) -> Iterator[httpx.Client]:
    with httpx.Client(transport=_Bridge(client)) as http:
        yield http


def test_the_openai_sdk_reads_list_and_item(wire: httpx.Client) -> None:
    sdk = openai.OpenAI(api_key=make_caller().key, base_url="http://testserver/v1", http_client=wire)
    assert "vendor/one" in [model.id for model in sdk.models.list()]
    assert sdk.models.retrieve("vendor/one").owned_by == "Vendor"
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.models.retrieve("no such model")
    assert caught.value.code == "model_not_found"


def test_the_anthropic_sdk_reads_list_and_item(wire: httpx.Client) -> None:
    sdk = anthropic.Anthropic(api_key=make_caller().key, base_url="http://testserver", http_client=wire)
    ids = [model.id for model in sdk.models.list(limit=1)]
    assert ids == ["cloudapi/box", "vendor/free", "vendor/one", "vendor/picture"]
    found = sdk.models.retrieve("vendor/one")
    assert (found.display_name, found.max_input_tokens, found.max_tokens) == ("Model One", 128_000, 4096)
    assert found.created_at.date() == timezone.now().date()
