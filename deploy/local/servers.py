"""Embedded PostgreSQL and Valkey for `make run` and the tests: from wheels, on unix sockets only.

    with start(Path("var/postgresql-and-valkey")) as servers:
        servers.database_url(), servers.gateway_database_url(), servers.redis_url()

Who starts them holds a lock on the data folder for life; a second start of the folder joins the live ones.
What an owner killed with -9 left behind is stopped (Linux stops it by itself) and recovered.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psutil
import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.local.place import SOCKET_LOCK, Place, find_place
from deploy.local.process import spawn, stop, tail

OWNER, GATEWAY, SUPERUSER = "cloudapi", "cloudapi_gateway", "postgres"
PATIENCE_S = 30.0

_POSTGRES = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # a statement over all months locks each partition
    "timezone": "UTC",
    "jit": "off",
}
_VALKEY = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
}
_ROLES = f"""
DO $$ BEGIN
    CREATE ROLE {OWNER} LOGIN CREATEDB;
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN
    CREATE ROLE {GATEWAY} LOGIN;
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT {GATEWAY} TO {OWNER};
"""


class ServersError(RuntimeError):
    """A server did not come up; the message ends with its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """A live pair. Without `processes` they belong to another process, and `stop` leaves them alone."""

    place: Place
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starters: dict[str, Callable[[], subprocess.Popen[bytes]]] = field(default_factory=dict)
    lock: IO[str] | None = None

    def database_url(self, dbname: str = "cloudapi", *, user: str = OWNER) -> str:
        """libpq URL of a database on this server."""
        return f"postgresql://{user}@/{dbname}?host={quote(str(self.place.sockets), safe='')}"

    def gateway_database_url(self, dbname: str = "cloudapi") -> str:
        """libpq URL for the data plane's own role."""
        return self.database_url(dbname, user=GATEWAY)

    def superuser_url(self, dbname: str = "postgres") -> str:
        """libpq URL of the server's superuser; the project itself never needs it."""
        return self.database_url(dbname, user=SUPERUSER)

    def redis_url(self, db: int = 0) -> str:
        """redis-py URL of one of Valkey's 16 databases."""
        return f"unix://{quote(str(self.place.sockets))}/valkey.sock?db={db}"

    def revive(self) -> None:
        """Start again whichever of the two has died, and wait until both answer.

        A killed postmaster's backends need a moment to see it; until then a new one ends at once.
        """
        until = time.monotonic() + PATIENCE_S
        while not self.answers():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    self.processes[name] = self.starters[name]()
            if time.monotonic() > until:
                raise ServersError(f"{' and '.join(self.processes)} did not come back")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether both servers take connections now."""
        try:
            psycopg.connect(self.superuser_url(), connect_timeout=2).close()
            with _client(self.place) as client:
                client.ping()
        except (psycopg.OperationalError, redis.RedisError):
            return False
        return True

    def stop(self) -> None:
        """Stop what this process started: PostgreSQL with its fast shutdown, Valkey with its own."""
        for name, sig in (("valkey", signal.SIGTERM), ("postgresql", signal.SIGINT)):
            if name in self.processes:
                stop(self.processes[name], sig, PATIENCE_S)
        if self.lock:
            with suppress(OSError):
                self.place.sockets.rmdir()
            self.lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data_dir: Path,
    *,
    log_dir: Path | None = None,
    durable: bool = True,
    database: str = OWNER,
    postgres_settings: Mapping[str, str] | None = None,
) -> Servers:
    """Start or join the servers of a data folder and make roles and database. Call it from the main thread.

    `durable=False` trades the safety of data at a power cut for speed (tests); a killed server loses nothing
    either way. Raises ServersError or place.PlaceError.
    """
    place = find_place(data_dir)
    logs = log_dir or data_dir
    for folder in (data_dir, logs):
        folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(data_dir / "servers.lock")
    if lock is None:
        servers = Servers(place=place)
        _await(servers.answers, "the servers of another process")
        return servers
    for folder in (place.data, place.data / "postgresql", place.data / "valkey", place.sockets):
        place.own(folder)
    _stop_leftovers(place)
    settings = (
        _POSTGRES
        | ({} if durable else {"fsync": "off", "full_page_writes": "off"})
        | dict(postgres_settings or {})
    )
    _initdb(place, logs / "postgresql.log")
    starters: dict[str, Callable[[], subprocess.Popen[bytes]]] = {
        "postgresql": lambda: _postgresql(place, logs / "postgresql.log", settings),
        "valkey": lambda: _valkey(place, logs / "valkey.log", durable=durable),
    }
    processes = {name: begin() for name, begin in starters.items()}
    servers = Servers(place=place, lock=lock, processes=processes, starters=starters)
    try:
        _up(servers, logs)
        _make_roles(servers, database)
    except BaseException:
        servers.stop()
        raise
    return servers


def _locked(path: Path) -> IO[str] | None:
    """Take the folder's lock for the life of this process; None if a live process has it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _initdb(place: Place, log: Path) -> None:
    target = place.data / "postgresql"
    if (target / "PG_VERSION").exists():
        return
    # The built-in provider knows Cyrillic and Oʻ without any locale of the system.
    options = "-E UTF8 -A trust --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --no-sync"
    command = [str(place.postgres / "initdb"), "-D", str(target), "-U", SUPERUSER, *options.split()]
    with log.open("ab") as stream:
        done = subprocess.run(command, stdout=stream, stderr=stream, **place.popen, check=False)
    if done.returncode:
        raise ServersError(f"initdb failed:\n{tail(log)}")


def _postgresql(place: Place, log: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    folders = ["-D", str(place.data / "postgresql"), "-k", str(place.sockets)]
    return spawn(
        [str(place.postgres / "postgres"), *folders, *options], log, death_signal=signal.SIGINT, **place.popen
    )


def _valkey(place: Place, log: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    settings = _VALKEY | {
        "unixsocket": str(place.sockets / "valkey.sock"),
        "dir": str(place.data / "valkey"),
        "appendonly": "yes" if durable else "no",
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return spawn([str(place.valkey), *options], log, **place.popen)


def _stop_leftovers(place: Place) -> None:
    """Stop servers whose owner is gone; remove lock files whose pid is another program or a zombie by now.

    A lock file of a dead pid is left to PostgreSQL, which also looks for what is attached to its memory.
    """
    for path in (place.data / "postgresql" / "postmaster.pid", place.sockets / SOCKET_LOCK):
        with suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
            pid = int(path.read_text().splitlines()[0])
            if str(place.data) in _command_of(pid):
                _end(pid, signal.SIGINT)
            os.kill(pid, 0)
            path.unlink()
    with suppress(redis.RedisError), _client(place) as client:
        _end(int(client.info("server")["process_id"]), signal.SIGTERM)


def _client(place: Place) -> redis.Redis:
    """One try, no patience: redis-py's default is to retry for seconds."""
    return redis.Redis(unix_socket_path=str(place.sockets / "valkey.sock"), retry=Retry(NoBackoff(), 0))


def _command_of(pid: int) -> str:
    """The command line of a live process; empty for a zombie, which only waits for its parent."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:  # gone, a zombie, or none of ours to look at
        return ""


def _end(pid: int, sig: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sig)
        _await(lambda: not _command_of(pid), f"the end of process {pid}")


def _up(servers: Servers, logs: Path) -> None:
    """Wait until both answer. One that ended at once is told with the end of its log."""

    def ready() -> bool:
        for name, process in servers.processes.items():
            if process.poll() is not None:
                raise ServersError(f"{name} ended with {process.returncode}:\n{tail(logs / f'{name}.log')}")
        return servers.answers()

    _await(ready, "PostgreSQL and Valkey")


def _await(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            raise ServersError(f"waited {PATIENCE_S:.0f} s for {what}")
        time.sleep(0.02)


def _make_roles(servers: Servers, database: str) -> None:
    with psycopg.connect(servers.superuser_url(), autocommit=True) as connection:
        connection.execute(_ROLES)
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        if not known:
            names = map(sql.Identifier, (database, OWNER))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
