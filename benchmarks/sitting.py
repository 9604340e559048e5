"""The sitting: embedded servers, an upstream, one gateway worker, and callers with money."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis
import yaml

from benchmarks.reply import BODY, PATH
from deploy.local.process import spawn, stop
from tests import embedded
from tests.factories import make_caller
from tests.processes import Gateway, Upstream, free_port, listens, start_gateway, start_upstream, until

CALLERS = 50
MICROS_PER_USD = 12_000_000_000

NGINX = """
daemon off; worker_processes 1; pid %(folder)s/nginx.pid; error_log %(folder)s/nginx.err;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; default_type application/json;
  client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/fcgi;
  uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
  server { listen 127.0.0.1:%(port)d backlog=4096; location %(path)s { return 200 '%(body)s'; } }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """What is measured and with what."""

    gateway: Gateway
    upstream_port: int
    upstream_name: str
    streamer: Upstream
    pacer_port: int
    keys: list[str]
    organizations: list[int]
    upstream_ports: tuple[int, ...]
    postgres_pid: int
    valkey_pid: int


@contextmanager
def sitting(env: dict[str, str], *, workers: int = 1) -> Iterator[Sitting]:
    """Start everything on the database that `env` names; all gone at the end."""
    folder = embedded.session_folder()
    with ExitStack() as running:
        port = free_port()
        name, upstream = _start_upstream(folder, port)
        running.callback(stop, upstream, 15, 5)
        streamer = start_upstream(folder)
        running.callback(stop, streamer.process, 15, 5)
        pacer_port, pacer = _start_pacer(folder)
        running.callback(stop, pacer, 15, 5)
        urls = {
            "canned": f"http://127.0.0.1:{port}",
            "streamer": streamer.url,
            "paced": f"http://127.0.0.1:{pacer_port}",
        }
        _load_catalog(folder, urls, env)
        keys, organizations = _make_callers()
        gateway = start_gateway(folder, env, workers=workers)
        running.callback(gateway.stop)
        yield Sitting(
            gateway=gateway,
            upstream_port=port,
            upstream_name=name,
            streamer=streamer,
            pacer_port=pacer_port,
            keys=keys,
            organizations=organizations,
            upstream_ports=tuple(int(url.rpartition(":")[2]) for url in urls.values()),
            postgres_pid=_pid_of("postmaster.pid"),
            valkey_pid=_valkey_pid(),
        )


def _start_upstream(folder: Path, port: int) -> tuple[str, subprocess.Popen[bytes]]:
    log = folder / "bench-upstream.log"
    if nginx := shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"):
        configuration = folder / "nginx.conf"
        values = {"folder": folder, "port": port, "path": PATH, "body": BODY}
        configuration.write_text(NGINX % values)
        process = spawn([nginx, "-p", str(folder), "-c", str(configuration)], log)
        name = "nginx"
    else:
        process = spawn([sys.executable, "-m", "benchmarks.upstream", str(port)], log, cwd=embedded.ROOT)
        name = "raw asyncio server (nginx is not installed)"
    until(lambda: listens(port), name)
    return name, process


def _start_pacer(folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.pacer", str(port)]
    process = spawn(command, folder / "pacer.log", cwd=embedded.ROOT)
    until(lambda: listens(port), "the pacer")
    return port, process


def _load_catalog(folder: Path, urls: dict[str, str], env: dict[str, str]) -> None:
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        columns, values = "source, date, micros_per_usd, author", "'manual', '2026-01-01', %s, 'bench'"
        connection.execute(f"INSERT INTO fx_rate ({columns}) VALUES ({values})", [MICROS_PER_USD])
    catalog = {
        "providers": [_provider(slug, f"{url}/v1") for slug, url in urls.items()],
        "models": [
            _model("bench/model", "canned"),
            _model("bench/stream", "streamer"),
            _model("bench/paced", "paced"),
        ],
    }
    path = folder / "bench-catalog.yaml"
    path.write_text(yaml.safe_dump(catalog))
    embedded.manage("catalog", "load", str(path), env=env)


def _provider(slug: str, base_url: str) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "dialect": "openai", "base_url": base_url}


def _model(slug: str, provider: str) -> dict[str, Any]:
    prices = {"input": "2.50", "output": "10.00"}
    endpoint = {"provider": provider, "upstream_name": "bench", "price_usd": prices, "markup": "routing_fee"}
    return {
        "id": slug,
        "name": slug,
        "modality": "chat",
        "category": "third_party",
        "context_window": 128_000,
        "max_output_tokens": 16_384,
        "capabilities": ["tools"],
        "endpoints": [endpoint | {"priority": 1}],
    }


def _make_callers() -> tuple[list[str], list[int]]:
    callers = [make_caller(balance_uzs=100_000_000) for _ in range(CALLERS)]
    return [caller.key for caller in callers], [caller.organization.pk for caller in callers]


def _pid_of(name: str) -> int:
    data = embedded.servers().place.data
    return int((data / "postgresql" / name).read_text().splitlines()[0])


def _valkey_pid() -> int:
    return int(redis.Redis.from_url(embedded.servers().redis_url()).info("server")["process_id"])
