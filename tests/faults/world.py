"""The processes under fire: all private to this run, since faults kill them.

Servers, test upstream and chaos proxy live as long as the run; each fault gets a fresh database, gateway and
Celery, so that it can be replayed alone.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
import yaml
from psycopg import sql

from deploy.local import servers
from deploy.local.process import kill_group, spawn, stop, tail
from tests import embedded
from tests.embedded import ROOT, manage
from tests.faults.chaos import Control
from tests.processes import GUNICORN, Upstream, free_port, start_upstream, until

MICROS_PER_USD = 12_000_000_000
WORKERS = 2
DRAIN_S = 30
UPSTREAM, DATABASE = "upstream", "database"  # links of the chaos proxy
CELERY = "--queues money,default --pool threads --concurrency 2 --loglevel WARNING --without-gossip --beat"


@dataclass(slots=True, kw_only=True)
class Ground:
    """What all faults of a run share."""

    folder: Path
    live: servers.Servers
    upstream: Upstream
    chaos: Control
    chaos_port: int

    @property
    def postgres(self) -> psutil.Process:
        return psutil.Process(self.live.processes["postgresql"].pid)

    @property
    def valkey(self) -> subprocess.Popen[bytes]:
        return self.live.processes["valkey"]

    def start_server(self, name: str) -> None:
        """Start a server that was stopped and wait until it answers."""
        if self.live.processes[name].poll() is not None:
            self.live.processes[name] = self.live.starters[name]()
        self.live.revive()

    def create(self, name: str, template: str = "template1") -> None:
        """A database; one of that name must not exist."""
        words = map(sql.Identifier, (name, servers.OWNER, template))
        with psycopg.connect(self.live.superuser_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*words))

    def drop(self, name: str) -> None:
        with psycopg.connect(self.live.superuser_url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


@contextlib.contextmanager
def standing_ground() -> Iterator[Ground]:
    """Start what all faults share; everything is gone at the end."""
    folder = embedded.session_folder()
    with contextlib.ExitStack() as running:
        live = servers.start(folder / "servers")
        running.callback(live.stop)
        upstream = start_upstream(folder)
        running.callback(stop, upstream.process, 15, 5)
        chaos, port = _start_chaos(folder, live, upstream, running)
        ground = Ground(folder=folder, live=live, upstream=upstream, chaos=chaos, chaos_port=port)
        ground.create(embedded.TEMPLATE)
        manage("migrate", "--no-input", "--skip-checks", "-v0", env=environment(ground, embedded.TEMPLATE))
        yield ground


def _start_chaos(
    folder: Path, live: servers.Servers, upstream: Upstream, running: contextlib.ExitStack
) -> tuple[Control, int]:
    sockets = live.place.sockets
    place = sockets / "chaos"
    place.mkdir(exist_ok=True)
    running.callback(_remove, place)
    port = free_port()
    links = {
        UPSTREAM: {"listen": port, "target": int(upstream.url.rpartition(":")[2])},
        DATABASE: {"listen": str(place / ".s.PGSQL.5432"), "target": str(sockets / ".s.PGSQL.5432")},
    }
    config = folder / "chaos.json"
    config.write_text(json.dumps({"control": str(place / "control"), "links": links}))
    process = spawn([sys.executable, "-m", "tests.faults.chaos", str(config)], folder / "chaos.log", cwd=ROOT)
    running.callback(stop, process, 15, 5)
    until((place / "control").exists, "the chaos proxy")
    return Control(place / "control"), port


def environment(ground: Ground, database: str, through: frozenset[str] = frozenset()) -> dict[str, str]:
    """What a process of the product is told; the links in `through` lead over the chaos proxy."""
    env = embedded.environment(database, valkey_db=1)
    place = ground.live.place.sockets / "chaos"
    if DATABASE in through:
        host = quote(str(place), safe="")
        env["GATEWAY_DATABASE_URL"] = f"postgresql://{servers.GATEWAY}@/{database}?host={host}"
    return env


@dataclass(slots=True, kw_only=True)
class World:
    """One fault's own processes."""

    ground: Ground
    name: str  # of the database
    env: Mapping[str, str]
    port: int
    folder: Path
    keys: list[str] = field(default_factory=list)
    organizations: list[int] = field(default_factory=list)
    projects: list[int] = field(default_factory=list)
    gateway: subprocess.Popen[bytes] | None = None
    celery: subprocess.Popen[bytes] | None = None

    @property
    def chaos(self) -> Control:
        return self.ground.chaos

    def start(self, **more: str) -> None:
        """Gateway and Celery; the gateway alone when Celery runs. Waits for the gateway."""
        if self.celery is None or self.celery.poll() is not None:
            self.start_celery()
        self.start_gateway(**more)

    def start_gateway(self, **more: str) -> None:
        """Bind to the world's port again and wait until each worker answers."""
        Path(self.env["SPOOL_DIR"]).mkdir(parents=True, exist_ok=True)
        words = {"BIND": f"127.0.0.1:{self.port}", "WEB_CONCURRENCY": str(WORKERS), "DRAIN_S": str(DRAIN_S)}
        log = self.folder / "gateway.log"
        self.gateway = spawn(GUNICORN, log, env=os.environ | words | dict(self.env) | more, cwd=ROOT)
        until(self.answers, f"the gateway:\n{tail(log)}", 60)

    def start_celery(self) -> None:
        command = [sys.executable, "-m", "celery", "--quiet", "--app", "cloudapi", "worker"]
        log = self.folder / "celery.log"
        env = os.environ | dict(self.env) | {"DATABASE_POOL": "4"}
        self.celery = spawn([*command, *CELERY.split()], log, env=env, cwd=ROOT)

    def answers(self) -> bool:
        """Whether the gateway takes requests now; it refuses a call without a key."""
        try:
            urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/v1/chat/completions", b"{}", timeout=5
            ).close()
        except urllib.error.HTTPError as error:
            return error.code in {400, 401, 415}
        except OSError:
            return False
        return True

    def workers(self) -> list[int]:
        """Process ids of the gateway's workers, oldest first."""
        if self.gateway is None or self.gateway.poll() is not None:
            return []
        children = Path(f"/proc/{self.gateway.pid}/task/{self.gateway.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill_everything(self) -> None:
        """kill -9 of gateway and Celery, whole groups at once."""
        for process in (self.gateway, self.celery):
            if process is not None:
                kill_group(process)
                process.wait()

    def stop(self) -> None:
        """An orderly end of all that runs."""
        for process, patience_s in ((self.gateway, DRAIN_S + 15), (self.celery, 15)):
            if process is not None:
                stop(process, signal.SIGTERM, patience_s)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection past the chaos proxy, in autocommit."""
        return psycopg.connect(self.env["DATABASE_URL"], autocommit=True, connect_timeout=3)

    def unreplayed(self) -> list[str]:
        """Spool files that nobody holds: their workers are dead and their calls not in the books yet."""
        return [path.name for path in Path(self.env["SPOOL_DIR"]).glob("*.spool") if _is_free(path)]

    def resident_kb(self) -> int:
        """Resident memory of the workers together."""
        total = 0
        for pid in self.workers():
            with contextlib.suppress(psutil.Error):
                total += psutil.Process(pid).memory_info().rss // 1024
        return total

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(errors="replace")


@contextlib.contextmanager
def world(ground: Ground, name: str, through: frozenset[str]) -> Iterator[World]:
    """A migrated database with rate and catalog, and nothing running yet."""
    ground.create(name, embedded.TEMPLATE)
    env = environment(ground, name, through)
    folder = ground.folder / name
    folder.mkdir()
    made = World(ground=ground, name=name, env=env, port=free_port(), folder=folder)
    with made.connect() as connection:
        columns, values = "source, date, micros_per_usd, author", "'manual', '2026-01-01', %s, 'faults'"
        connection.execute(f"INSERT INTO fx_rate ({columns}) VALUES ({values})", [MICROS_PER_USD])
    catalog = folder / "catalog.yaml"
    catalog.write_text(yaml.safe_dump(_catalog(ground), sort_keys=False))
    manage("catalog", "--skip-checks", "load", str(catalog), env=environment(ground, name))
    try:
        yield made
    finally:
        made.stop()
        if ground.live.answers():
            ground.drop(name)


def _catalog(ground: Ground) -> dict[str, Any]:
    direct, chaos = ground.upstream.url, f"http://127.0.0.1:{ground.chaos_port}"
    providers = {
        "alpha": direct,
        "beta": direct,
        "chaos": chaos,
        "drain": direct,
        "closed": "http://127.0.0.1:1",
        "nowhere": "http://nowhere.invalid",
    }
    models = {
        "one": ["alpha"],
        "two": ["alpha", "beta"],
        "free": ["alpha"],
        "drain": ["drain"],
        "chaos": ["chaos"],
        "chaos-two": ["chaos", "beta"],
        "closed": ["closed"],
        "refuge": ["closed", "nowhere", "beta"],
    }
    return {
        "providers": [_provider(slug, url) for slug, url in providers.items()],
        "models": [_model(slug, names) for slug, names in models.items()],
    }


def _provider(slug: str, url: str) -> dict[str, Any]:
    leaving = "drain" if slug == "drain" else "cancel"
    base = f"{url}/p/{slug}/v1"
    return {"slug": slug, "name": slug, "dialect": "openai", "base_url": base, "on_disconnect": leaving}


def _model(slug: str, providers: list[str]) -> dict[str, Any]:
    endpoints = [
        {
            "provider": provider,
            "upstream_name": f"{provider}-{slug}",
            "price_usd": {"input": "1.00", "output": "3.00"},
            "markup": "routing_fee",
            "priority": place,
        }
        for place, provider in enumerate(providers, 1)
    ]
    return {
        "id": f"faults/{slug}",
        "name": slug,
        "modality": "chat",
        "category": "third_party",
        "free": slug == "free",
        "context_window": 4_000_000,
        "max_output_tokens": 2_000_000,
        "capabilities": ["tools"],
        "endpoints": endpoints,
    }


def _is_free(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(place: Path) -> None:
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
