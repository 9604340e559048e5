"""A worker dies at each step of a video: the hold ends through its job, and nobody is charged for nothing."""

import http.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing.invariants import broken, check
from proxy.tasks import poll_videos
from tests.catalog import CREDENTIALS
from tests.factories import Caller, make_caller
from tests.live.client import get
from tests.live.test_crash import bury_the_dead, orphan_micros
from tests.live.videos import PATH, SECOND, ended, look, made, make, op_of, state, wish
from tests.processes import until
from tests.stack import Stack
from tests.upstream.films import mp4

BROKEN = (http.client.HTTPException, ConnectionError)
LOSS = 4 * 1_200_000_000  # what the provider bills for four seconds


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=100_000)


@pytest.fixture
def sweep(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The dead are found out and the jobs looked after; afterwards the ledger's laws hold."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    def run() -> None:
        bury_the_dead()
        poll_videos()

    yield run
    assert broken(check()) == []


def die(stack: Stack, caller: Caller, place: str, **body: Any) -> None:
    """A worker that dies there; nobody takes its place."""
    with stack.another_gateway(f"video-{place}", FAILPOINT=f"{place}:sigkill") as gateway:
        gateway.pause_master()
        with pytest.raises(BROKEN):
            make(gateway, caller, **body)
        gateway.kill_workers()


@pytest.mark.parametrize("place", ["after_reserve", "after_create"])
def test_before_the_job_was_known_to_its_provider_or_to_us(
    stack: Stack, caller: Caller, sweep: Callable[[], None], place: str
):
    """Nobody knows whether a provider has begun it: its bill would be our loss."""
    die(stack, caller, place, prompt=wish(place))
    assert (state(caller), len(caller.holds(0))) == ("creating", 1)
    sweep()
    sweep()
    assert (state(caller), ended(caller)["state"], caller.charged()) == ("expired", 2, 0)
    assert len(stack.upstream.journal(place)) == (place == "after_create")
    assert orphan_micros(caller) == LOSS
    (row,) = caller.requests()
    assert (row["status"], row["error_code"]) == ("crashed", "interrupted")


def test_after_the_job_was_known_it_goes_on_without_the_worker(
    stack: Stack, caller: Caller, sweep: Callable[[], None]
):
    die(stack, caller, "after_start", prompt=wish(job={"polls": 1}))
    sweep()
    assert (state(caller), len(caller.holds(0))) == ("in_progress", 1)
    (job,) = get(stack, PATH, caller).json()["data"]
    assert look(stack, caller, f"{PATH}/{job['id']}")["status"] == "completed"
    assert (caller.charged(), ended(caller)["state"], orphan_micros(caller)) == (4 * SECOND, 1, 0)


def test_while_a_provider_without_jobs_makes_the_film(
    stack: Stack, caller: Caller, sweep: Callable[[], None]
):
    with stack.another_gateway("video-shooting") as gateway:
        address = made(gateway, caller, model="test/reel", prompt=wish("shot", hold="shot"))
        until(lambda: stack.upstream.waiting("shot"), "the question")
        gateway.kill_workers()
    sweep()
    stack.upstream.release("shot")
    assert (state(caller), ended(caller)["state"], caller.charged()) == ("expired", 2, 0)
    assert orphan_micros(caller) == LOSS
    assert get(stack, address, caller).json()["error"]["code"] == "interrupted"


def test_after_the_end_was_committed(stack: Stack, caller: Caller, sweep: Callable[[], None]):
    """The film is charged and kept; the worker's death takes nothing along."""
    with stack.another_gateway("video-end", FAILPOINT="after_end:sigkill") as gateway:
        gateway.pause_master()
        address = made(gateway, caller, model="test/reel", seconds=2)
        until(lambda: state(caller) == "completed", "the end")
        gateway.kill_workers()
    sweep()
    assert (caller.charged(), [row["id"] for row in caller.requests()]) == (2 * SECOND, [op_of(address)])
    assert get(stack, address + "/content", caller).body == mp4(2)
