"""A download of millions of calls through the page's own view: how long it takes, and how much memory.

python -m benchmarks.rows --export
"""

import os
import time
from collections.abc import Iterable
from typing import Final

from django.apps import apps
from django.test import Client

from benchmarks.proc import resident_kb
from benchmarks.ready import database  # sets Django up, so before any model
from benchmarks.rows import EXPORTED, FIRST_ORG

_EMAIL: Final = "export@bench.test"
_SHOWN_EVERY: Final = 500_000  # calls


def main() -> None:
    """Both forms, one after the other."""
    print(database())
    browser = _signed_in()
    for form in ("jsonl", "csv"):
        answer = browser.get(
            f"/dashboard/activity/export.{form}", {"range": "all"}, headers={"host": "localhost"}
        )
        assert answer.status_code == 200, (answer.status_code, answer.headers)
        _read(form, answer)


def _signed_in() -> Client:
    """A member of the organization that the rows belong to."""
    users, org = apps.get_model("accounts", "User").objects, FIRST_ORG + EXPORTED
    user = users.filter(email=_EMAIL).first() or users.create_user(email=_EMAIL)
    organization, _ = apps.get_model("accounts", "Organization").objects.get_or_create(pk=org)
    organization.memberships.get_or_create(user=user, defaults={"role": "owner"})
    browser = Client()
    browser.force_login(user)
    session = browser.session
    session["organization_id"] = org
    session.save()
    return browser


def _memory_mb() -> float:
    return resident_kb(os.getpid()) / 1024


def _read(form: str, answer: Iterable[bytes]) -> None:
    calls = size = 0
    memory = [_memory_mb()]
    started, shown = time.monotonic(), 0
    for part in answer:
        calls += part.count(b"\n")
        size += len(part)
        if calls - shown >= _SHOWN_EVERY:
            shown = calls
            memory.append(_memory_mb())
            print(f"{form}: {calls:,} calls, {memory[-1]:.0f} MB", flush=True)
    took = time.monotonic() - started
    print(
        f"{form}: {calls:,} lines, {size / 1e9:.2f} GB in {took:.0f} s; resident memory "
        f"{memory[0]:.0f} MB before, {min(memory[1:]):.0f} to {max(memory[1:]):.0f} MB meanwhile",
        flush=True,
    )


if __name__ == "__main__":
    main()
