"""The live stack of one test process: its own database, the test upstream, and gateways in front of it."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection

from deploy.local.process import stop
from tests import embedded
from tests.catalog import CREDENTIALS, catalog_yaml
from tests.embedded import ROOT, manage
from tests.processes import Gateway, Upstream, start_gateway, start_upstream

PAYMENTS = {  # the fixtures of the payment providers' tests
    "PAYME_MERCHANT_ID": "587f72c72cac0d162c722ae2",
    "PAYME_KEY": "test-key-123",
    "CLICK_SERVICE_ID": "12345",
    "CLICK_MERCHANT_ID": "678",
    "CLICK_MERCHANT_USER_ID": "910",
    "CLICK_SECRET_KEY": "TESTSECRET",
}
type Unblocked = Callable[[], contextlib.AbstractContextManager[Any]]
MICROS_PER_USD = 12_000_000_000  # 12,000 UZS: $1.00 per million tokens and 5 % are 12,600 micros per token


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What a live test talks to. `gateway` is shared by all tests: leave it as it was found."""

    folder: Path
    database: str
    env: dict[str, str]
    upstream: Upstream
    gateway: Gateway
    unblocked: Unblocked

    @property
    def url(self) -> str:
        """The shared gateway's address."""
        return self.gateway.url

    @contextlib.contextmanager
    def another_gateway(self, name: str, *, workers: int = 1, **env: str) -> Iterator[Gateway]:
        """One more on the same database with a spool of its own, to be killed or starved."""
        own = self.env | {"SPOOL_DIR": str(self.folder / f"spool-{name}")} | env
        gateway = start_gateway(self.folder, own, workers=workers, name=name)
        try:
            yield gateway
        finally:
            gateway.stop()

    def manage(self, *command: str) -> str:
        """The output of a management command on the stack's database; RuntimeError if it fails."""
        return manage(*command, env=self.env)

    def check_ledger(self) -> str:
        """`manage.py check_ledger`, in this process: its figures; RuntimeError if a law is broken."""
        told, wrong = StringIO(), StringIO()
        with self.unblocked(), working_on(self.database):
            try:
                call_command("check_ledger", stdout=told, stderr=wrong)
            except SystemExit:
                raise RuntimeError(told.getvalue() + wrong.getvalue()) from None
        return told.getvalue()


@contextlib.contextmanager
def running_stack(unblocked: Unblocked = contextlib.nullcontext) -> Iterator[Stack]:
    """Database, upstream, catalog and one gateway worker; all gone at the end.

    unblocked: what lets this process ask a database where pytest-django forbids it.
    """
    number = embedded.worker_number()
    name = f"live_{number}"
    embedded.clone(name)
    folder = embedded.session_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    env = embedded.environment(name, valkey_db=2 * number + 1) | CREDENTIALS
    env |= PAYMENTS
    env["ENDPOINT_REST_S"] = "0"  # tests of failures share their endpoints
    env["RECEIPT_DIR"] = str(folder / "receipts")
    env["EXPORT_DIR"] = str(folder / "exports")
    env["DATABASE_POOL"] = "12"  # ten callers wait for one lock, and there is room for others
    with contextlib.ExitStack() as running:
        upstream = start_upstream(folder)
        running.callback(stop, upstream.process, 15, 5)
        catalog = folder / "catalog.yaml"
        catalog.write_text(catalog_yaml(upstream.url))
        _set_rate(env["DATABASE_URL"])
        manage("catalog", "--skip-checks", "load", str(catalog), env=env)
        gateway = start_gateway(folder, env)
        running.callback(gateway.stop)
        yield Stack(
            folder=folder, database=name, env=env, upstream=upstream, gateway=gateway, unblocked=unblocked
        )


def _set_rate(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        columns, values = "source, date, micros_per_usd, author", "'manual', '2026-01-01', %s, 'test'"
        connection.execute(f"INSERT INTO fx_rate ({columns}) VALUES ({values})", [MICROS_PER_USD])


@contextlib.contextmanager
def working_on(database: str) -> Iterator[None]:
    """Django's connection of this process on another database, in autocommit, then back."""
    settings = connection.settings_dict
    before = settings["NAME"]
    connection.close()
    settings["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = before


def run_python(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A Python process of the project, to be looked at whatever its outcome."""
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, cwd=ROOT, check=False
    )
