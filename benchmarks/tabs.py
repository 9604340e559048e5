"""What open tabs of the overview cost the server: 1,000 people with a tab each, as static/js/live.js asks.

python -m benchmarks.rows --tabs --rows 1000000

Prints the processor time of Python and of PostgreSQL for one question: of a part that has not moved (304),
and of one that is drawn anew; then what share of a processor 1,000 tabs need: idle, and with a call in each
between any two questions.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.apps import apps
from django.test import Client

from benchmarks.ready import database  # sets Django up, so before any model
from benchmarks.rows import FIRST_ORG
from benchmarks.served import postgres_s

TABS: Final = 1_000
ASKED: Final = 100  # tabs that are really asked for; all are alike
ROUNDS: Final = 3
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

    for tab in tabs:
        drawn(tab)  # templates are read, sessions noted
    anew = _processor_ms(drawn, tabs)
    same = _processor_ms(asked, [tab for tab in tabs if asked(tab) == 304])
    idle = TABS * (sum(same) / MOST_S + sum(anew) / DRAWN_S) / 10
    busy = TABS * sum(anew) / LEAST_S / 10
    print(f"unmoved {same[0]:.1f} + {same[1]:.1f} ms, drawn anew {anew[0]:.1f} + {anew[1]:.1f} ms")
    print(f"{TABS:,} tabs, idle: {idle:.0f} % of a processor; a call in each every {LEAST_S} s: {busy:.0f} %")


def _processor_ms(ask: Callable[[Client], Any], tabs: Sequence[Client]) -> tuple[float, float]:
    """The mean of one question, of Python and of PostgreSQL: the least of some rounds."""
    python, postgres = [], []
    for _ in range(ROUNDS):
        worked, searched = time.process_time(), postgres_s()
        for tab in tabs:
            ask(tab)
        python.append(time.process_time() - worked)
        postgres.append(postgres_s() - searched)
    return 1000 * min(python) / max(len(tabs), 1), 1000 * min(postgres) / max(len(tabs), 1)


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
