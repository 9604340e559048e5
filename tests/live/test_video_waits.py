"""`POST /api/video`: the caller waits for the film, and what happens when one of both doesn't."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing.invariants import broken, check
from proxy.tasks import poll_videos
from tests.catalog import CREDENTIALS
from tests.factories import Caller, make_caller, rows
from tests.live.client import Reply, get, port_of, send
from tests.live.test_crash import bury_the_dead
from tests.live.videos import COST_NANO, PATH, PLAIN, SECOND, delete, ended, look, state, wish
from tests.processes import Gateway, until
from tests.stack import Stack
from tests.upstream.films import mp4


@pytest.fixture
def caller(stack: Stack) -> Iterator[Caller]:
    yield make_caller(balance_uzs=100_000)
    assert broken(check()) == []


@pytest.fixture(scope="module")
def quick(_running_stack: Stack) -> Iterator[Gateway]:
    """A gateway that asks providers without pausing."""
    with _running_stack.another_gateway("video-quick", VIDEO_POLL_S="0") as gateway:
        yield gateway


@pytest.fixture
def sweeper(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return poll_videos


def shoot(where: Gateway, caller: Caller, **body: Any) -> Reply:
    return send(where, caller.headers, {"model": "test/video", "prompt": "Registon"} | body, path=PLAIN)


def begun(where: Gateway, caller: Caller, **body: Any) -> http.client.HTTPConnection:
    """The same, its answer not waited for."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(where), timeout=60)
    data = json.dumps({"model": "test/video", "prompt": "Registon"} | body)
    connection.request("POST", PLAIN, data, caller.headers | {"content-type": "application/json"})
    until(lambda: caller.holds(0) and state(caller) != "creating", "the job")
    return connection


def address_of(caller: Caller) -> str:
    (row,) = rows("SELECT op_id FROM proxy_video WHERE org_id = %s", caller.organization.pk)
    return f"{PATH}/video_{row['op_id'].hex}"


@pytest.mark.parametrize("model", ["test/video", "test/reel"])
def test_the_film_itself(quick: Gateway, stack: Stack, caller: Caller, model: str):
    reply = shoot(quick, caller, model=model, duration=3, prompt=wish(job={"polls": 3}))
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "video/mp4", mp4(3))
    assert (caller.charged(), reply.headers["x-cloudapi-cost-uzs"]) == (3 * SECOND, "3780")
    (row,) = caller.requests()
    assert (row["kind"], row["seconds"], row["status"]) == ("api_video", 3, "ok")
    again = get(stack, f"{PATH}/{reply.headers['x-cloudapi-video-id']}/content", caller)
    assert again.body == reply.body


@pytest.mark.parametrize(
    ("job", "code", "billed"),
    [({"fail": "moderation_blocked"}, "moderation_blocked", 0), ({"forget": True}, "upstream_lost", 4),
     ({"content": "404"}, "upstream_error", 4), ({"content": "html"}, "upstream_error", 4),
     ({"content": "cut"}, "upstream_error", 4)],
)  # fmt: skip
def test_without_a_film_nothing_is_paid(
    quick: Gateway, stack: Stack, caller: Caller, job: dict[str, Any], code: str, billed: int
):
    reply = shoot(quick, caller, prompt=wish(job=job))
    assert (reply.status, reply.error["code"]) == (502, "upstream_error")
    assert (ended(caller)["state"], state(caller), caller.charged()) == (2, "failed", 0)
    (row,) = caller.requests()
    assert (row["error_code"], row["provider_cost_nano"]) == (code, billed * COST_NANO)


@pytest.mark.parametrize("fault", ["500", "not_json", "cut"])
def test_a_provider_without_jobs_that_fails(quick: Gateway, stack: Stack, caller: Caller, fault: str):
    reply = shoot(quick, caller, model="test/reel", prompt=wish(fault=fault))
    assert (reply.status, state(caller), caller.charged()) == (502, "failed", 0)
    assert ended(caller)["state"] == 2


def test_who_leaves_finds_the_film_later(
    quick: Gateway, stack: Stack, caller: Caller, sweeper: Callable[[], None]
):
    begun(quick, caller, prompt=wish("left", job={"polls": 5, "hold": "left"})).close()
    until(lambda: sweeper() or state(caller) == "completed", "the film")
    assert (caller.charged(), ended(caller)["state"]) == (4 * SECOND, 1)
    stack.upstream.release("left")
    assert get(stack, address_of(caller) + "/content", caller).body == mp4(4)


def test_who_leaves_a_provider_without_jobs_finds_it_too(quick: Gateway, stack: Stack, caller: Caller):
    begun(quick, caller, model="test/reel", prompt=wish(hold="left-reel")).close()
    stack.upstream.release("left-reel")
    until(lambda: state(caller) == "completed", "the film")
    assert get(quick, address_of(caller) + "/content", caller).body == mp4(4)


def test_deleted_while_somebody_waits(quick: Gateway, stack: Stack, caller: Caller):
    prompt = wish("gone", job={"hold": "gone"})
    connection = begun(quick, caller, prompt=prompt)
    until(lambda: stack.upstream.waiting("gone"), "the question for the film")
    assert delete(stack, caller, address_of(caller)).status == 200
    stack.upstream.release("gone")
    assert connection.getresponse().status == 410
    connection.close()
    assert len(caller.requests()) == 1


def test_the_worker_dies_while_somebody_waits(stack: Stack, caller: Caller, sweeper: Callable[[], None]):
    """The job doesn't: its caller finds the film under its id."""
    with stack.another_gateway("video-waiting", VIDEO_POLL_S="0") as gateway:
        connection = begun(gateway, caller, prompt=wish(job={"polls": 10**6}))
        gateway.kill_workers()
        connection.close()
    bury_the_dead()
    sweeper()
    assert (state(caller), len(caller.holds(0))) == ("in_progress", 1)
    assert delete(stack, caller, address_of(caller)).status == 200


def test_a_worker_that_is_stopped_leaves_the_job_to_others(stack: Stack, caller: Caller):
    with stack.another_gateway("video-stopped", VIDEO_POLL_S="0", DRAIN_S="0") as gateway:
        connection = begun(gateway, caller, prompt=wish(job={"polls": 10**6}))
        gateway.stop()
        connection.close()
    assert (state(caller) in ("queued", "in_progress"), len(caller.holds(0))) == (True, 1)
    assert look(stack, caller, address_of(caller))["status"] == "in_progress"
    assert delete(stack, caller, address_of(caller)).status == 200
