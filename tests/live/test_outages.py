"""Parts of ours that go away: limits without Valkey, keys that are revoked, upstreams that say nothing."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from accounts.keys import revoke_key
from deploy.local.process import spawn, stop
from tests.embedded import servers
from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.processes import Gateway, until
from tests.stack import Stack

REVOKED_WITHIN_S = 5.0


@contextmanager
def own_valkey(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Valkey that a test may kill: its URL and its process."""
    path = folder / "own-valkey.sock"
    path.unlink(missing_ok=True)
    command = [servers().place.valkey, "--port", "0", "--unixsocket", path, "--save", ""]
    process = spawn(command, folder / "own-valkey.log", cwd=folder)
    try:
        until(lambda: answers(path), "Valkey")
        yield f"unix://{path}?db=0", process
    finally:
        stop(process, 15, 5)


def answers(path: Path) -> bool:
    with suppress(redis.RedisError), redis.Redis(unix_socket_path=str(path)) as client:
        return bool(client.ping())
    return False


def test_calls_go_on_without_valkey(stack: Stack):
    """The windows of the processes take its place: calls are served, and a limit is still a limit."""
    folder = stack.folder
    caller, limited = make_caller(balance_uzs=1000), make_caller(balance_uzs=1000, rpm=5)
    with own_valkey(folder) as (url, valkey), stack.another_gateway("no-valkey", REDIS_URL=url) as gateway:
        assert ask(gateway, caller).status == 200
        valkey.kill()
        valkey.wait()
        assert [ask(gateway, caller).status for _ in range(5)] == [200] * 5
        replies = [ask(gateway, limited) for _ in range(8)]
    # The limit is shared out between the live workers, so it may be smaller for a while, never larger.
    served = [reply.status for reply in replies].count(200)
    assert 1 <= served <= 5
    assert {reply.status for reply in replies[served:]} == {429}
    assert int(replies[-1].headers["retry-after"]) > 0
    assert len(outcome(caller, 6)) == 6


def ask(gateway: Gateway | Stack, caller: Caller) -> Reply:
    return chat(gateway, caller, messages=directive(completion_tokens=2))


def test_a_revoked_key_ends_in_every_worker(stack: Stack):
    caller = make_caller(balance_uzs=100_000)
    with stack.another_gateway("revoke", workers=2) as gateway:
        assert volley(gateway, caller) == {200}  # both workers know the key now
        revoke_key(caller.api_key)
        since = time.monotonic()
        until(lambda: volley(gateway, caller) == {401}, "all workers to refuse", REVOKED_WITHIN_S)
        assert time.monotonic() - since <= REVOKED_WITHIN_S
        assert volley(gateway, caller) == {401}
        reply = ask(gateway, caller)
    assert reply.error["code"] == "api_key_revoked"
    assert reply.headers["x-should-retry"] == "false"


def volley(gateway: Gateway, caller: Caller) -> set[int]:
    """Statuses of calls on so many connections that each worker has some."""
    with ThreadPoolExecutor(16) as threads:
        return {reply.status for reply in threads.map(lambda _: ask(gateway, caller), range(32))}


@pytest.mark.slow
def test_a_slow_first_token(stack: Stack):
    """After ten seconds a stream gets its 200 and a comment that keeps the connection open."""
    caller = make_caller(balance_uzs=1000)
    began = time.monotonic()
    wishes = {"first_ms": 11_500, "completion_tokens": 3, "prompt_tokens": 9}
    events = stream(stack, caller, messages=directive(**wishes), stream_options={"include_usage": True})
    assert events.status == 200
    assert 9.5 < time.monotonic() - began < 11.4
    assert events.text() == "salom dunyo oʻzbek "
    assert events.done
    assert caller.charged() == 9 * IN + 3 * OUT
    # The headers left before the route was known, so the usage chunk tells it.
    assert "alpha" in str(events.seen[-1])


@pytest.mark.slow
def test_a_silent_endpoint_is_left_for_the_next(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    wishes = {"by_provider": {"alpha": {"fault": "silence"}}, "completion_tokens": 3}
    events = stream(stack, caller, model="test/three", messages=directive(**wishes))
    assert events.text() == "salom dunyo oʻzbek "
    assert events.headers["x-cloudapi-provider"] == "beta"
    (row,) = outcome(caller, 1)
    assert [attempt["provider"] for attempt in row["attempts"]] == ["alpha", "beta"]


def test_a_deploy_lets_streams_finish(stack: Stack):
    """SIGTERM: no new calls, running ones come to their end."""
    caller, other = make_caller(balance_uzs=1000), make_caller(balance_uzs=1000)
    wishes = {
        "run": "deploy",
        "hold": "deploy",
        "hold_at": "middle",
        "completion_tokens": 6,
        "prompt_tokens": 9,
    }
    with stack.another_gateway("deploy") as gateway:
        events = stream(gateway, caller, messages=directive(**wishes))
        chunks = iter(events)
        assert next(chunks)["choices"]
        gateway.process.terminate()
        until(lambda: refuses(gateway, other), "the end of new calls")
        stack.upstream.release("deploy")
        list(chunks)
        assert events.done
        assert gateway.process.wait(15) == 0
    assert caller.charged() == 9 * IN + 6 * OUT
    assert caller.holds(0) == []


def refuses(gateway: Gateway, caller: Caller) -> bool:
    try:
        return ask(gateway, caller).status == 503
    except OSError:
        return True
