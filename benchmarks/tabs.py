"""What open tabs of the overview cost the server: 1,000 people with a tab each, as static/js/live.js asks.

python -m benchmarks.rows --tabs --rows 1000000

Prints the processor time of one question, of a part that has not moved (304) and of one that is drawn anew,
then what share of a processor 1,000 tabs need: idle, and with a call in each between any two questions.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.apps import apps
from django.test import Client

from benchmarks.ready import database  # sets Django up, so before any model
from benchmarks.rows import FIRST_ORG

TABS: Final = 1_000
ASKED: Final = 100  # tabs that are really asked for; all are alike
LEAST_S, MOST_S, DRAWN_S = 4, 30, 60  # as the page and dashboard/overview_pages.py have them
_HEADERS: Final = {"x-part": "live", "host": "localhost"}


def main() -> None:
    """Ask twice for each tab."""
    print(database())
    tabs = [_signed_in(number) for number in range(2, 2 + ASKED)]
    marks: dict[Client, str] = {}

    def drawn(tab: Client) -> None:
        marks[tab] = tab.get("/dashboard", headers=_HEADERS).headers["ETag"]

    def asked(tab: Client) -> int:
        return tab.get("/dashboard", headers=_HEADERS | {"if-none-match": marks[tab]}).status_code

    drawn_ms = _processor_ms(drawn, tabs)
    same_ms = _processor_ms(asked, [tab for tab in tabs if asked(tab) == 304])
    idle = TABS * (same_ms / MOST_S + drawn_ms / DRAWN_S) / 10
    busy = TABS * drawn_ms / LEAST_S / 10
    print(f"unmoved {same_ms:.1f} ms, drawn anew {drawn_ms:.1f} ms of processor time")
    print(f"{TABS:,} tabs, idle: {idle:.0f} % of a processor; a call in each every {LEAST_S} s: {busy:.0f} %")


def _processor_ms(ask: Callable[[Client], Any], tabs: Iterable[Client]) -> float:
    """The mean of one question; PostgreSQL's own time isn't in it."""
    began, count = time.process_time(), 0
    for tab in tabs:
        ask(tab)
        count += 1
    return 1000 * (time.process_time() - began) / max(count, 1)


def _signed_in(number: int) -> Client:
    """An owner of one of the organizations that the rows belong to."""
    email = f"tab-{number}@bench.test"
    users = apps.get_model("accounts", "User").objects
    user = users.filter(email=email).first() or users.create_user(email=email)
    organization, _ = apps.get_model("accounts", "Organization").objects.get_or_create(pk=FIRST_ORG + number)
    organization.memberships.get_or_create(user=user, defaults={"role": "owner"})
    tab = Client()
    tab.force_login(user)
    return tab


if __name__ == "__main__":
    main()
