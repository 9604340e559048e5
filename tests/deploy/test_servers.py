"""The embedded servers: start, join, stop, and come back from whatever killed them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from deploy.local.files import CHECKOUT
from deploy.local.place import find_place
from deploy.local.servers import Servers, start

CHILD = """
import os, sys
from pathlib import Path
from deploy.local.place import find_place
from deploy.local.servers import start
servers = start(Path(sys.argv[1]), durable=False)
print(*[process.pid for process in servers.processes.values()], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Not for `nobody` to enter, so under root the data moves out of it."""
    folder = tmp_path / "a path with spaces" / "servers"
    yield folder
    shutil.rmtree(find_place(folder).data, ignore_errors=True)


@pytest.fixture
def servers(folder: Path) -> Iterator[Servers]:
    with start(folder, durable=False) as live:
        yield live


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def gone_within(seconds: float, *pids: int) -> bool:
    until = time.monotonic() + seconds
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_roles_and_urls(servers: Servers) -> None:
    with psycopg.connect(servers.gateway_database_url()) as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == (
            "cloudapi_gateway",
            "cloudapi",
        )
    with psycopg.connect(servers.database_url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert row == (False, True)
        assert connection.execute("SELECT lower('ЎҚҒҲ')").fetchone() == ("ўқғҳ",)
    assert redis.Redis.from_url(servers.redis_url(3)).ping()


def test_nothing_listens_on_the_network_and_sockets_are_private(servers: Servers) -> None:
    with psycopg.connect(servers.database_url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert redis.Redis.from_url(servers.redis_url()).config_get("port") == {"port": "0"}
    assert servers.place.sockets.stat().st_mode & 0o777 == 0o700
    assert (servers.place.data / "postgresql").stat().st_mode & 0o777 == 0o700


def test_a_second_start_joins_and_its_stop_leaves_them_alone(servers: Servers, folder: Path) -> None:
    joined = start(folder)
    assert not joined.processes
    joined.stop()
    assert servers.answers()


def test_data_outlives_kill_9_of_both(folder: Path) -> None:
    servers = start(folder)
    with psycopg.connect(servers.database_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        for process in servers.processes.values():
            process.kill()
            process.wait()
    servers.revive()
    with psycopg.connect(servers.database_url()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    servers.stop()


def test_a_killed_owner_leaves_no_orphans(folder: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    pids = [int(word) for word in owner.stdout.readline().split()]
    owner.kill()
    owner.wait()
    with start(folder, durable=False) as servers:
        assert gone_within(5, *pids)
        assert servers.answers()


def test_a_lock_file_whose_pid_now_is_another_program_does_not_block(folder: Path) -> None:
    start(folder, durable=False).stop()
    with start(folder, durable=False) as servers:
        data = servers.place.data
        lock = data / "postgresql" / "postmaster.pid"
        text = lock.read_text().splitlines()
        servers.processes["postgresql"].send_signal(signal.SIGKILL)
        servers.processes["postgresql"].wait()
    lock.write_text("\n".join([str(os.getpid()), *text[1:]]) + "\n")
    with start(folder, durable=False) as servers:
        assert servers.answers()


def test_stop_ends_both_and_removes_the_sockets(folder: Path) -> None:
    servers = start(folder, durable=False)
    pids = [process.pid for process in servers.processes.values()]
    servers.stop()
    assert not any(map(alive, pids))
    assert not servers.place.sockets.exists()
