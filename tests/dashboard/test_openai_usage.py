"""`/v1/organization/usage/*` and `/costs` as OpenAI's own SDK reads them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from openai.types.admin.organization import UsageCompletionsResponse, UsageCostsResponse

from accounts.models import Project
from dashboard.moments import TASHKENT, midnight, today
from dashboard.openai_usage import FAMILIES
from tests.dashboard.calls import browser, log_call
from tests.factories import Caller, make_caller
from tests.proxy.usage import id_of

pytestmark = pytest.mark.django_db

START = int(midnight(today() - timedelta(days=1)).timestamp())


def page(caller: Caller, path: str, **query: Any) -> Any:
    answer = Client(headers=caller.headers).get(f"/v1/organization/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer


def test_usage_is_what_the_sdk_reads() -> None:
    caller = make_caller(scopes=("manage",))
    log_call(caller, cached_tokens=200)
    log_call(caller, kind="embeddings", model="e/one")
    told = page(caller, "usage/completions", start_time=START, **{"group_by[]": ["model", "api_key_id"]})
    read = UsageCompletionsResponse.model_validate(told.json(), strict=True)
    assert [len(bucket.results) for bucket in read.data] == [0, 1]
    assert read.data[0].start_time == START and read.data[1].end_time - START == 2 * 86_400
    result = read.data[1].results[0].model_dump()
    assert (result["input_tokens"], result["input_cached_tokens"], result["output_tokens"]) == (
        1000,
        200,
        500,
    )
    assert (result["model"], result["api_key_id"]) == ("openai/gpt-4o", caller.api_key.api_id)
    assert (result["num_model_requests"], result["project_id"]) == (1, None)


@pytest.mark.parametrize(
    ("family", "fields", "told"),
    [
        ("embeddings", {"kind": "embeddings"}, {"input_tokens": 1000}),
        ("moderations", {"kind": "moderations"}, {"input_tokens": 1000}),
        ("images", {"kind": "image_edits", "images": 3}, {"images": 3}),
        ("audio_speeches", {"kind": "speech", "characters": 40}, {"characters": 40}),
        ("audio_transcriptions", {"kind": "translations", "seconds": 9}, {"seconds": 9}),
    ],
)
def test_each_family_counts_its_own(family: str, fields: dict[str, Any], told: dict[str, int]) -> None:
    caller = make_caller(scopes=("manage",))
    log_call(caller, **fields)
    log_call(caller)
    answer = page(caller, f"usage/{family}", start_time=START).json()
    UsageCompletionsResponse.model_validate(answer, strict=True)
    (result,) = answer["data"][1]["results"]
    assert result["num_model_requests"] == 1
    assert {name: result[name] for name in told} == told
    assert family in FAMILIES


def test_costs_are_so_m_with_every_digit() -> None:
    caller = make_caller(scopes=("manage",))
    log_call(caller, cost_micros=9_007_199_254_740_993)
    log_call(caller, cost_micros=1, kind="videos", model="v/one")
    answer = page(caller, "costs", start_time=START, group_by="line_item")
    assert b'"value":9007199254.740993,' in answer.content
    read = UsageCostsResponse.model_validate(answer.json())
    items = {one.model_dump()["line_item"]: one.model_dump()["amount"] for one in read.data[1].results}
    assert items["v/one"] == {"value": 0.000001, "currency": "uzs", "micros": 1}
    (whole,) = page(caller, "costs", start_time=START).json()["data"][1]["results"]
    assert whole["amount"]["micros"] == 9_007_199_254_740_994
    assert Decimal(str(whole["amount"]["value"])) > 9_007_199_254


def test_buckets_follow_each_other_over_pages() -> None:
    caller = make_caller(scopes=("manage",))
    hour = datetime.now(TASHKENT).replace(minute=0, second=0, microsecond=0)
    for back in (0, 3, 5):
        log_call(caller, id=id_of(hour - timedelta(hours=back)))
    start, counts, starts, cursor = int(hour.timestamp()) - 5 * 3600, [], [], {}
    while True:
        told = page(
            caller, "usage/completions", start_time=start, bucket_width="1h", limit=4, **cursor
        ).json()
        counts += [sum(one["num_model_requests"] for one in bucket["results"]) for bucket in told["data"]]
        starts += [bucket["start_time"] for bucket in told["data"]]
        if not told["has_more"]:
            break
        cursor = {"page": told["next_page"]}
    assert counts[:6] == [1, 0, 1, 0, 0, 1]
    assert starts == list(range(start, start + 3600 * len(starts), 3600))


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "start_time"),
        ({"start_time": "x"}, "start_time"),
        ({"start_time": START, "bucket_width": "1w"}, "bucket_width"),
        ({"start_time": START - 10 * 86_400, "bucket_width": "1m"}, "start_time"),
        ({"start_time": START, "limit": 32}, "limit"),
        ({"start_time": START, "group_by": "size"}, "group_by"),
    ],
)
def test_what_can_not_be_told_is_refused_by_name(query: dict[str, Any], param: str) -> None:
    answer = browser(make_caller()).get("/v1/organization/usage/completions", query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_what_is_not_sold_has_no_address() -> None:
    answer = browser(make_caller()).get("/v1/organization/usage/vector_stores", {"start_time": START})
    assert answer.status_code == 404


def test_nothing_of_others_is_counted() -> None:
    alice, bob = make_caller(scopes=("manage",)), make_caller()
    log_call(bob)
    other = Project.objects.create(organization=alice.organization, name="Other")
    log_call(alice, project_id=other.pk)
    for query in (
        {},
        {"project_ids[]": bob.project.api_id},
        {"project_ids": other.api_id},
        {"api_key_ids[]": bob.api_key.api_id},
    ):
        for path in ("usage/completions", "costs"):
            told = page(alice, path, start_time=START, **query).json()
            assert [bucket["results"] for bucket in told["data"]] == [[], []], query
    assert browser(alice).get("/v1/organization/costs", {"start_time": START}).json()["data"][1]["results"]


def test_a_key_that_only_calls_models_is_refused() -> None:
    answer = Client(headers=make_caller().headers).get("/v1/organization/costs", {"start_time": START})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
    assert Client().get("/v1/organization/costs", {"start_time": START}).status_code == 401
