"""Videos through the gateway: the job, its money, its film and its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from billing.invariants import broken, check
from proxy.call import Part
from proxy.dialects import form
from proxy.models import VideoJob
from proxy.tasks import poll_videos
from proxy.video import jobs
from proxy.video.ending import Ending
from tests.catalog import ALPHA_KEY, CREDENTIALS
from tests.factories import Caller, make_caller, rows
from tests.live.client import Reply, get, send
from tests.live.test_crash import orphan_micros
from tests.live.videos import (
    COST_NANO,
    PATH,
    SECOND,
    delete,
    ended,
    look,
    made,
    make,
    op_of,
    rows_of,
    state,
    wish,
)
from tests.processes import until
from tests.stack import Stack
from tests.upstream.films import mp4

RUNNING: dict[str, Any] = {"polls": 99}


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=100_000)


@pytest.fixture(autouse=True)
def books(stack: Stack) -> Iterator[None]:
    """Whatever a test does to a job, the ledger's laws hold after it."""
    yield
    assert broken(check()) == []


@pytest.fixture
def sweeper(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Celery task, run here with the worker's credentials."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return poll_videos


def sent(stack: Stack, run: str) -> dict[str, Any]:
    (entry,) = [entry for entry in stack.upstream.journal(run) if entry["path"] == PATH]
    return entry


def test_the_whole_way(stack: Stack, caller: Caller):
    reply = make(
        stack, caller, prompt=wish("way", job={"polls": 1}), seconds="3", size="640x360", style="noir"
    )
    job = reply.json()
    assert (reply.status, job["object"], job["status"], job["progress"]) == (200, "video", "queued", 0)
    assert (job["model"], job["seconds"], job["size"], job["prompt"]) == ("test/video", "3", "640x360", None)
    assert sent(stack, "way")["body"] | {"prompt": ""} == {
        "model": "sora-test", "prompt": "", "seconds": "3", "size": "640x360", "style": "noir", "files": [],
    }  # fmt: skip
    (hold,) = caller.holds(0)
    assert hold["owner"] == -rows_of(job["id"])["id"]
    assert 3 * SECOND <= caller.wallet()["held_micros"] == hold["amount_micros"] < 3 * SECOND + 10
    assert caller.requests() == []

    address = f"{PATH}/{job['id']}"
    assert get(stack, address + "/content", caller).error["code"] == "video_not_ready"
    assert look(stack, caller, address)["status"] == "completed"
    film = get(stack, address + "/content", caller)
    assert (film.status, film.headers["content-type"], film.body) == (200, "video/mp4", mp4(3))
    (row,) = caller.requests()
    assert row["id"] == op_of(address)
    assert (row["kind"], row["seconds"], row["status"], row["estimated"]) == ("videos", 3, "ok", False)
    assert caller.charged() == row["cost_micros"] == row["price_micros"] == 3 * SECOND
    assert row["provider_cost_nano"] == 3 * COST_NANO
    assert caller.wallet()["held_micros"] == 0
    receipt = get(stack, f"/v1/generation/{op_of(address)}", caller).json()
    assert (receipt["usage"]["seconds"], receipt["cost_uzs"]) == (3, "3780")


def test_a_form_reaches_the_provider_with_its_file(stack: Stack, caller: Caller):
    fields = {"model": "test/video", "prompt": wish("form"), "seconds": "5", "remix": "yes"}
    kind, data = form.build(fields, [Part("input_reference", "a.png", "image/png", b"\x89PNG")])
    reply = send(stack, caller.headers | {"content-type": kind}, data, path=PATH)
    assert (reply.status, reply.json()["seconds"]) == (200, "5")
    body = sent(stack, "form")["body"]
    assert (body["model"], body["seconds"], body["remix"]) == ("sora-test", "5", "yes")
    assert body["files"][0][:4] == ["input_reference", "a.png", "image/png", 4]


def test_what_a_form_cannot_say_goes_as_json(stack: Stack, caller: Caller):
    picture = {"image_url": "https://example.com/a.png"}
    made(stack, caller, prompt=wish("json"), duration=2, input_reference=picture)
    body = sent(stack, "json")["body"]
    assert (body["input_reference"], body["seconds"], "duration" in body) == (picture, "2", False)


@pytest.mark.parametrize(
    ("reported", "charged", "estimated", "billed"),
    [("2", 2, False, 2), (9, 5, False, 9), (1.2, 2, False, 2), (None, 5, False, 5), ("-3", 5, True, 5),
     ("nan", 5, True, 5), (10**9, 5, True, 5)],
)  # fmt: skip
def test_what_came_is_paid_for_and_never_more_than_was_asked_for(
    stack: Stack, caller: Caller, reported: Any, charged: int, estimated: bool, billed: int
):
    address = made(stack, caller, seconds=5, prompt=wish(job={"seconds": reported}))
    assert look(stack, caller, address)["status"] == "completed"
    (row,) = caller.requests()
    assert (caller.charged(), row["seconds"], row["estimated"]) == (charged * SECOND, charged, estimated)
    assert row["provider_cost_nano"] == billed * COST_NANO


def test_a_failed_video_costs_nothing(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish(job={"fail": "moderation_blocked"}))
    job = look(stack, caller, address)
    assert (job["status"], job["error"]["code"]) == ("failed", "moderation_blocked")
    assert ended(caller)["state"] == 2
    (row,) = caller.requests()
    assert (row["status"], row["error_code"], row["cost_micros"]) == ("error", "moderation_blocked", 0)
    assert (caller.charged(), row["provider_cost_nano"]) == (0, 0)
    assert get(stack, address + "/content", caller).error["code"] == "video_failed"


def test_a_provider_that_forgot_it_three_times_has_lost_it(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish(job={"forget": True}))
    assert [look(stack, caller, address)["status"] for _ in range(3)] == ["queued", "queued", "failed"]
    assert ended(caller)["state"] == 2
    (row,) = caller.requests()
    assert (row["error_code"], row["cost_micros"]) == ("upstream_lost", 0)
    assert row["provider_cost_nano"] == 4 * COST_NANO  # it may bill us all the same


def test_a_provider_that_stumbles_is_asked_again(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish(job={"broken": 2, "polls": 1}))
    seen = [look(stack, caller, address) for _ in range(4)]
    assert [job["status"] for job in seen] == ["queued", "queued", "in_progress", "completed"]
    assert [job["progress"] for job in seen] == [0, 0, 90, 100]


def test_questions_in_a_row_are_one_question_to_the_provider(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish("often", job=RUNNING))
    for _ in range(5):
        assert get(stack, address, caller).headers["openai-poll-after-ms"] == "3000"
    assert len(stack.upstream.journal("often")) == 2  # the creation and one look


def test_the_sweeper_charges_what_nobody_asks_for(stack: Stack, caller: Caller, sweeper: Any):
    made(stack, caller, prompt=wish(job={"polls": 1}))
    sweeper()
    assert state(caller) == "in_progress"
    rows("UPDATE proxy_video SET polled_at = NULL WHERE org_id = %s RETURNING id", caller.organization.pk)
    sweeper()
    sweeper()
    assert (state(caller), caller.charged(), len(caller.requests())) == ("completed", 4 * SECOND, 1)


def test_a_job_that_cannot_be_ended_keeps_nobody_elses_money(stack: Stack, caller: Caller, sweeper: Any):
    broken_one = made(stack, caller)
    other = make_caller(balance_uzs=100_000)
    made(stack, other)
    for wrong in ("jsonb_set(row, '{key}', '999999999')", "row - 'free'"):
        kept = rows_of(broken_one)["row"]
        rows_of(broken_one, f"row = {wrong}, polled_at = NULL")
        sweeper()
        assert (state(caller), state(other), other.charged()) == ("queued", "completed", 4 * SECOND)
        rows("UPDATE proxy_video SET row = %s WHERE op_id = %s RETURNING id", kept, op_of(broken_one))
    assert look(stack, caller, broken_one)["status"] == "completed"


def test_many_who_learn_of_the_end_charge_once(stack: Stack, caller: Caller):
    job = VideoJob.objects.get(op_id=op_of(made(stack, caller)))

    def finish(place: int) -> bool:
        try:
            if place % 4 == 3:
                return jobs.end(job, Ending(status="failed", error_code="late"))
            return jobs.end(job, Ending(status="completed", seconds=4))
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(finish, range(24))) == 1
    assert caller.charged() == (4 * SECOND if state(caller) == "completed" else 0)
    assert (len(caller.requests()), caller.wallet()["held_micros"]) == (1, 0)


def test_a_job_past_its_deadline_is_our_loss(stack: Stack, caller: Caller, sweeper: Any):
    address = made(stack, caller, prompt=wish(job=RUNNING))
    rows_of(address, "expires_at = now() - interval '1 second'")
    sweeper()
    sweeper()
    assert (state(caller), ended(caller)["state"], caller.charged()) == ("expired", 2, 0)
    job = get(stack, address, caller).json()
    assert (job["status"], job["error"]["code"]) == ("failed", "expired")
    assert orphan_micros(caller) == 4 * 1_200_000_000
    (row,) = caller.requests()
    assert (row["status"], row["error_code"], row["provider_cost_nano"]) == ("crashed", "expired", 0)


def test_deleted_while_it_runs(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish("deleted", job=RUNNING))
    reply = delete(stack, caller, address)
    told = {"id": address.rpartition("/")[2], "object": "video.deleted", "deleted": True}
    assert (reply.status, reply.json()) == (200, told)
    assert (ended(caller)["state"], caller.charged()) == (2, 0)
    (row,) = caller.requests()
    assert (row["status"], row["provider_cost_nano"]) == ("cancelled", 4 * COST_NANO)
    assert get(stack, address, caller).status == 404
    assert delete(stack, caller, address).status == 404
    assert [entry.get("method") for entry in stack.upstream.journal("deleted")] == [None, "GET", "DELETE"]


def test_one_that_was_done_is_charged_before_it_is_deleted(stack: Stack, caller: Caller):
    address = made(stack, caller)
    assert delete(stack, caller, address).status == 200
    assert (caller.charged(), ended(caller)["state"]) == (4 * SECOND, 1)
    assert get(stack, address + "/content", caller).status == 404


def test_nobody_else_finds_it(stack: Stack, caller: Caller):
    address = made(stack, caller)
    stranger = make_caller(balance_uzs=1000)
    asked = [
        get(stack, address, stranger),
        get(stack, address + "/content", stranger),
        delete(stack, stranger, address),
    ]
    assert [(reply.status, reply.error["code"]) for reply in asked] == [(404, "not_found")] * 3
    assert get(stack, PATH, stranger).json()["data"] == []
    assert get(stack, f"{PATH}?after={address.rpartition('/')[2]}", stranger).status == 400
    assert get(stack, address).status == get(stack, PATH).status == 401
    assert look(stack, caller, address)["status"] == "completed"


def test_the_list_goes_page_by_page(stack: Stack, caller: Caller):
    ids = [made(stack, caller, seconds=1).rpartition("/")[2] for _ in range(3)]
    first = get(stack, f"{PATH}?limit=2", caller).json()
    assert [job["id"] for job in first["data"]] == [ids[2], ids[1]]
    assert (first["has_more"], first["first_id"], first["last_id"]) == (True, ids[2], ids[1])
    rest = get(stack, f"{PATH}?limit=2&after={ids[1]}", caller).json()
    assert ([job["id"] for job in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    assert [job["id"] for job in get(stack, f"{PATH}?order=asc", caller).json()["data"]] == ids


def test_without_money_nothing_is_asked_of_a_provider(stack: Stack):
    poor = make_caller(balance_uzs=1)
    reply = make(stack, poor, prompt=wish("poor"))
    assert (reply.status, reply.error["code"]) == (402, "insufficient_balance")
    capped = make_caller(balance_uzs=100_000, caps={"project_day": 2 * SECOND})
    reply = make(stack, capped, prompt=wish("poor"))
    assert (reply.status, reply.error["limit_source"]) == (402, "project_day")
    assert (stack.upstream.journal("poor"), poor.holds(), capped.holds()) == ([], [], [])


def test_what_runs_counts_against_the_cap(stack: Stack):
    caller = make_caller(balance_uzs=100_000, caps={"key_day": 5 * SECOND})
    address = made(stack, caller, prompt=wish(job=RUNNING))
    assert make(stack, caller).status == 402
    assert delete(stack, caller, address).status == 200
    assert make(stack, caller).status == 200


def test_the_second_provider_makes_it_at_its_own_price(stack: Stack, caller: Caller):
    prompt = wish(by_provider={"alpha": {"fault": "503"}})
    reply = make(stack, caller, model="test/films", prompt=prompt)
    assert (reply.status, reply.headers["x-cloudapi-provider"]) == (200, "beta")
    assert look(stack, caller, f"{PATH}/{reply.json()['id']}")["status"] == "completed"
    assert caller.charged() == 4 * SECOND // 2


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("500", 502, "upstream_error"), ("429", 503, "upstream_overloaded"), ("reset", 502, "upstream_error"),
     ("not_json", 502, "upstream_error"), ("empty", 502, "upstream_error"), ("html", 502, "upstream_error"),
     ("404", 502, "upstream_error"), ("redirect", 502, "upstream_error")],
)  # fmt: skip
def test_nobody_pays_where_no_provider_takes_it(
    stack: Stack, caller: Caller, fault: str, status: int, code: str
):
    reply = make(stack, caller, prompt=wish(fault=fault))
    assert (reply.status, reply.error["code"]) == (status, code)
    assert (ended(caller)["state"], state(caller), caller.charged()) == (2, "failed", 0)
    (row,) = caller.requests()
    assert (row["status"], row["error_code"]) == ("error", code)
    # Whoever said 200 may bill us, and whoever hung up on the order before saying anything.
    may_bill = sum(a["status"] == 200 or a["error"] == "reset" for a in row["attempts"])
    assert row["provider_cost_nano"] == 4 * COST_NANO * may_bill


def test_the_provider_tells_the_caller_what_is_wrong_without_its_credential(stack: Stack, caller: Caller):
    reply = make(stack, caller, prompt=wish(fault="leak"))
    assert (reply.status, ALPHA_KEY.encode() in reply.body) == (400, False)
    assert b"***" in reply.body
    assert ended(caller)["state"] == 2


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [("404", 404, "video_expired"), ("500", 502, "upstream_error"), ("html", 502, "upstream_error")],
)
def test_a_film_that_cannot_be_fetched(stack: Stack, caller: Caller, wrong: str, status: int, code: str):
    reply = get(stack, made(stack, caller, prompt=wish(job={"content": wrong})) + "/content", caller)
    assert (reply.status, reply.error["code"]) == (status, code)


def test_a_film_comes_without_its_providers_headers(stack: Stack, caller: Caller):
    address = made(stack, caller, prompt=wish("headers"))
    film = get(stack, address + "/content", caller)
    assert "upstream" not in str(film.headers) and "spy" not in str(film.headers)
    (asked,) = [e for e in stack.upstream.journal("headers") if e["path"].endswith("/content")]
    assert dict(asked["headers"])["authorization"] == f"Bearer {ALPHA_KEY}"


def test_a_free_unit_returns_when_nothing_came(stack: Stack):
    caller = make_caller(free=True)

    def used() -> int:
        (row,) = rows("SELECT used FROM free_use WHERE org = %s", caller.organization.pk)
        return int(row["used"])

    look(stack, caller, made(stack, caller, model="test/free-video"))
    assert (used(), caller.requests()[0]["free"], caller.requests()[0]["seconds"]) == (1, True, 4)
    look(stack, caller, made(stack, caller, model="test/free-video", prompt=wish(job={"fail": "no"})))
    assert (used(), caller.charged()) == (1, 0)


def test_an_idempotency_key_stays_taken_while_the_job_runs(stack: Stack, caller: Caller):
    headers, body = caller.headers | {"idempotency-key": "one"}, {"model": "test/video", "prompt": "a"}

    def again() -> Reply:
        return send(stack, headers, body, path=PATH)

    address = f"{PATH}/{again().json()['id']}"
    assert (again().status, again().error["code"]) == (409, "idempotency_in_progress")
    query = "UPDATE idempotency SET created_at = now() - interval '1 hour' WHERE project = %s RETURNING key"
    rows(query, caller.project.pk)
    assert again().error["code"] == "idempotency_in_progress"
    look(stack, caller, address)
    assert again().error["code"] == "already_completed"
    assert len(caller.holds()) == 1


def test_a_provider_without_jobs_is_waited_for_by_the_gateway(stack: Stack, caller: Caller):
    address = made(stack, caller, model="test/reel", seconds=3, prompt=wish("reel", hold="reel"))
    assert get(stack, address, caller).json()["status"] == "in_progress"
    assert get(stack, address + "/content", caller).error["code"] == "video_not_ready"
    stack.upstream.release("reel")
    until(lambda: state(caller) == "completed", "the film")
    film = get(stack, address + "/content", caller)
    assert (film.status, film.body) == (200, mp4(3))
    (row,) = caller.requests()
    assert (caller.charged(), row["seconds"], row["estimated"]) == (3 * SECOND, 3, False)
    assert delete(stack, caller, address).status == 200
    assert get(stack, address + "/content", caller).status == 404


def test_a_provider_without_jobs_that_fails(stack: Stack, caller: Caller):
    address = made(stack, caller, model="test/reel", prompt=wish(fault="500"))
    until(lambda: state(caller) == "failed", "the failure")
    job = get(stack, address, caller).json()
    assert (job["status"], job["error"]["code"], caller.charged()) == ("failed", "upstream_error", 0)


def test_deleted_while_the_gateway_waits_for_the_film(stack: Stack, caller: Caller):
    address = made(stack, caller, model="test/reel", prompt=wish("late-reel", hold="late-reel"))
    assert delete(stack, caller, address).status == 200
    stack.upstream.release("late-reel")
    stack.upstream.finished("late-reel")
    (row,) = caller.requests()
    assert (row["status"], row["provider_cost_nano"]) == ("cancelled", 4 * COST_NANO)
    assert (ended(caller)["state"], caller.charged()) == (2, 0)
