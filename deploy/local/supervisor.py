"""`make run`: starts everything, says when it really answers, and stops everything with it.

Order: servers → sandboxes, database and demo → gunicorn → the ready line and Celery. A child that dies is
started again; one that dies three times within a minute ends the run with the end of its log.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import IO
from urllib.error import URLError

from deploy.local import greeting
from deploy.local.files import CHECKOUT, LOGS, RUN_FILE, RUN_LOCK, SECRETS_FILE, VAR, write_private
from deploy.local.place import PlaceError
from deploy.local.process import kill_group, spawn, stop, tail
from deploy.local.secrets import kept
from deploy.local.servers import Servers, ServersError, start

DEATHS, DEATHS_WITHIN_S = 3, 60.0
READY_WITHIN_S = 120.0
DRAIN_S = 10
_LOCAL = "http://127.0.0.1:"
ANONYMOUS_DAILY_UZS = "200000"


class Failure(RuntimeError):
    """What the person who typed `make run` must be told; ends the run with code 1."""


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived."""


@dataclass(slots=True)
class Child:
    """A process that the supervisor keeps alive."""

    name: str
    begin: Callable[[], subprocess.Popen[bytes]]
    stop_signal: int = signal.SIGTERM
    patience_s: float = 10.0
    process: subprocess.Popen[bytes] = field(init=False)
    deaths: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.process = self.begin()

    def revive(self) -> None:
        """Start it again if it died; raise Failure when that happens too often."""
        if self.process.poll() is None:
            return
        kill_group(self.process)
        now = time.monotonic()
        self.deaths = [at for at in self.deaths if now - at < DEATHS_WITHIN_S] + [now]
        if len(self.deaths) >= DEATHS:
            raise died(self.name, self.process.returncode)
        print(f"{self.name} ended with {self.process.returncode}; starting it again", flush=True)
        self.process = self.begin()


def died(name: str, code: int) -> Failure:
    """The message about a child that can't be kept alive."""
    log = LOGS / f"{name}.log"
    return Failure(f"{name} ended with {code}. The end of {log}:\n{tail(log)}")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, then how long it took."""
    print(f"{what} … ", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def main() -> int:
    """Run until told to stop; return the exit code."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, _on_signal)
    try:
        for folder in (VAR, LOGS):
            folder.mkdir(parents=True, exist_ok=True)
        with _alone():
            _supervise(_port())
    except (Failure, ServersError, PlaceError) as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(
            f"\n{error.filename} belongs to another user. Was this started as root before?", file=sys.stderr
        )
        return 1
    except Stopped:
        print("Stopped.", flush=True)
    return 0


def _on_signal(sig: int, frame: FrameType | None) -> None:
    signal.signal(sig, signal.SIG_IGN)  # one is enough: the stop below has time limits of its own
    raise Stopped


@contextmanager
def _alone() -> Iterator[IO[str]]:
    """Hold var/run.lock, with our pid in it, as long as we run."""
    with RUN_LOCK.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("CloudAPI is already running from this folder; `make stop` stops it.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def _port() -> int:
    raw = os.environ.get("PORT") or "8000"
    if not raw.isdigit() or not 0 < int(raw) < 65536:
        raise Failure(f"PORT={raw}: write a number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(raw)))
        except OSError as error:
            advice = f"Choose another: `make run PORT={int(raw) + 1}`."
            raise Failure(f"Port {raw} can't be used ({error.strerror}). {advice}") from error
    return int(raw)


def _supervise(port: int) -> None:
    children: list[Child] = []
    with step("PostgreSQL and Valkey"):
        servers = start(VAR / "servers", log_dir=LOGS)
    try:
        environment = _environment(servers, port)
        if "SANDBOX_URL" in environment:
            children.append(_sandbox(environment))
        if environment["SANDBOX_MEDIA_URL"].startswith(_LOCAL):
            children.append(_media(environment))
        if environment["SANDBOX_EMBED_URL"].startswith(_LOCAL):
            children.append(_embedder(environment))
        with step("Database, catalog and demo account"):
            _prepare(environment)
        children.append(_gunicorn(environment))
        with step("Gateway"):
            _until_ready(environment["SITE_URL"], children)
        children.append(_celery(environment))  # jobs can wait, the reader of the ready line can not
        print(greeting.text(sandbox="SANDBOX_URL" in environment), flush=True)
        while True:
            _watch(servers, children)
            time.sleep(0.5)
    finally:
        RUN_FILE.unlink(missing_ok=True)
        _stop_all(children)
        servers.stop()


def _environment(servers: Servers, port: int) -> dict[str, str]:
    """The whole configuration of the children; written to var/run.json for manage.py and for tests."""
    site = f"http://127.0.0.1:{port}"
    chosen = {
        "database_url": servers.database_url(),
        "gateway_database_url": servers.gateway_database_url(),
        "redis_url": servers.redis_url(),
        "site_url": site,
        "api_base_url": site,
        "spool_dir": str(VAR / "spool"),
        "drain_s": str(DRAIN_S),
        "demo": "1",
        "sandbox_media_url": f"{_LOCAL}{_free_port()}/v1",
        "sandbox_embed_url": f"{_LOCAL}{_free_port()}/v1",
        "anonymous_daily_uzs": ANONYMOUS_DAILY_UZS,
    }
    if os.environ.get("MODEL") != "0":
        chosen["sandbox_url"] = f"http://127.0.0.1:{_free_port()}/v1"
    given = {name: value for name in chosen if (value := os.environ.get(name.upper()))}
    run = chosen | given
    write_private(RUN_FILE, run | {"port": port, "pid": os.getpid()})
    shared = run | kept(SECRETS_FILE) | {"bind": f"127.0.0.1:{port}"}
    return {**os.environ, **{name.upper(): value for name, value in shared.items()}, "PYTHONUNBUFFERED": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _module(name: str, *words: str) -> list[str]:
    return [sys.executable, "-m", name, *words]


def _sandbox(environment: Mapping[str, str]) -> Child:
    command = _module("deploy.local.sandbox", _port_of(environment["SANDBOX_URL"]))
    # It has nothing to finish or to save, and llama.cpp takes its time to leave.
    return Child("sandbox", _starter("sandbox", command, environment), signal.SIGKILL)


def _media(environment: Mapping[str, str]) -> Child:
    """Pictures, melodies and films: light enough to be there without the model too."""
    command = _module("deploy.local.media", _port_of(environment["SANDBOX_MEDIA_URL"]))
    return Child("media", _starter("media", command, environment), signal.SIGKILL)


def _embedder(environment: Mapping[str, str]) -> Child:
    """It is ready in a fifth of a second and takes 60 MB, so it is there without the chat model too."""
    command = _module("deploy.local.embedder", _port_of(environment["SANDBOX_EMBED_URL"]))
    return Child("embedder", _starter("embedder", command, environment), signal.SIGKILL)


def _port_of(url: str) -> str:
    return url.rsplit(":", 1)[1].removesuffix("/v1")


def _gunicorn(environment: Mapping[str, str]) -> Child:
    command = _module("gunicorn", "--config", "deploy/gunicorn.conf.py")
    return Child("gunicorn", _starter("gunicorn", command, environment), patience_s=2 * DRAIN_S + 15)


def _celery(environment: Mapping[str, str]) -> Child:
    options = "--queues money,default --pool threads --concurrency 4 --loglevel WARNING --without-gossip"
    command = _module("celery", "--quiet", "--app", "cloudapi", "worker", *options.split(), "--beat")
    return Child("celery", _starter("celery", command, environment))


def _starter(
    name: str, command: list[str], environment: Mapping[str, str]
) -> Callable[[], subprocess.Popen[bytes]]:
    return lambda: spawn(command, LOGS / f"{name}.log", env=environment, cwd=CHECKOUT)


def _prepare(environment: Mapping[str, str]) -> None:
    """Migrate, load the catalog, make the demo account: one Django process, logged."""
    process = spawn(_module("deploy.local.demo"), LOGS / "demo.log", env=environment, cwd=CHECKOUT)
    try:
        if code := process.wait():
            raise died("demo", code)
    finally:
        stop(process, signal.SIGTERM, 5)


def _until_ready(site: str, children: list[Child]) -> None:
    """Wait for a real answer over HTTP; a child that dies before it is a failure at once."""
    until = time.monotonic() + READY_WITHIN_S
    while not _healthy(site):
        for child in children:
            if child.process.poll() is not None:
                raise died(child.name, child.process.returncode)
        if time.monotonic() > until:
            raise Failure(
                f"No answer within {READY_WITHIN_S:.0f} s. The end of the log:\n{tail(LOGS / 'gunicorn.log')}"
            )
        time.sleep(0.05)


def _healthy(site: str) -> bool:
    try:
        with urllib.request.urlopen(f"{site}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _watch(servers: Servers, children: list[Child]) -> None:
    dead = [name for name, process in servers.processes.items() if process.poll() is not None]
    if dead:
        print(f"{' and '.join(dead)} died; starting again", flush=True)
        servers.revive()
    for child in children:
        child.revive()


def _stop_all(children: list[Child]) -> None:
    """Tell all first, so that their drain times run side by side; then wait for each."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(child.stop_signal)
    for child in children:
        stop(child.process, child.stop_signal, child.patience_s)
