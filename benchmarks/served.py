"""What the server takes for each page of dashboard and site, on the log that benchmarks/rows.py made.

    python -m benchmarks.rows --served [--rows 1000000] [--folder var/bench]

Prints route, the median of nine answers in ms, the least and the first one, the CPU of Python and of
PostgreSQL for one answer, the least of nine, and how many queries. CPU is what counts as slow: where nothing
else runs, the rest is not waited for, as the rows are in memory. The pages come from the address table
itself, so a new one is measured unless it needs an object that nobody made here. Signed in is the owner of
the organization with three calls of ten, 20 projects, 200 keys, 300 top-ups and 60 members. Pages of the
site are asked for by nobody in each language; the CPU of the first answer in each is what a visitor after a
start waits for.
"""

import logging
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psutil

from benchmarks.ready import database  # sets Django up, so before any model

# isort: split
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from accounts.keyformat import newest_pepper
from accounts.models import ApiKey, Membership, Organization, Project, Role, User
from benchmarks.pages import GOAL_MS, Ran, noted
from benchmarks.rows import FIRST_ORG, HUGE
from billing.errors import MissingRate
from billing.models import Adjustment, TopUp
from billing.rates import add_rate, current_rates
from cloudapi.reference.drawing import draw_all
from dashboard import activity
from dashboard.activity import Filters
from dashboard.moments import today
from dashboard.urls import urlpatterns
from routing.energy.backfill import week_before
from routing.energy.history import replay
from tests.factories import MICROS, Caller, credit

ROUNDS: Final = 9
ORG: Final = FIRST_ORG + HUGE
PROJECTS, KEYS, TOPUPS, MEMBERS = 20, 200, 300, 60
_EMAIL: Final = "owner@bench.test"
SITE: Final = (
    *("/", "/models", "/models?view=table", "/models/openai/gpt-4o", "/pricing", "/energy", "/status"),
    *("/contact", "/legal/offer", "/docs", "/docs/quickstart", "/docs/errors", "/docs/search?q=key"),
    *("/docs/api", "/accounts/login/", "/accounts/signup/"),
)
# What else stands in a page's address; '' is the page as the menu opens it.
ASKED: Final = {
    "activity": ["", "?range=24h", "?range=90d", "?range=all", "?range=30d&status=error"],
    "usage": ["", "?range=90d", "?range=365d&by=key", "?range=all&by=project", "?range=90d&by=key"],
    "overview": ["", "?range=90d"],
}


@dataclass(frozen=True, slots=True)
class Page:
    """One address of the table with its blanks filled in."""

    name: str
    path: str
    language: str = "en"


@dataclass(slots=True)
class Answers:
    """Of one page: the time of each answer, the least work of either process in ms, the last queries.

    first_ms: Python's work for the first answer.
    """

    status: int = 0
    ms: list[float] = field(default_factory=list)
    first_ms: float = 0.0
    python_ms: float = 0.0
    postgres_ms: float = 0.0
    queries: int = 0

    @property
    def slow(self) -> bool:
        return self.python_ms + self.postgres_ms > GOAL_MS


def main() -> None:
    """Every page; a line each, the slow ones marked."""
    logging.disable(logging.CRITICAL)  # answers are told below
    print(database())
    browser, values = _signed_in(_settled())
    visitor = Client(raise_request_exception=False)
    draw_all()  # as cloudapi/asgi.py does before anybody is served
    _answer(
        visitor, Page("robots", "/robots.txt"), Answers()
    )  # what belongs to no page: middleware, addresses
    asked = [(visitor, page) for page in _site()] + [(browser, page) for page in _pages(values)]
    slow = sum(_tell(page, _asked(client, page)) for client, page in asked)
    print(f"{slow} pages take more than {GOAL_MS:.0f} ms")


def _site() -> Iterator[Page]:
    for path in SITE:
        for language, _name in settings.LANGUAGES:
            yield Page(f"{path} {language}", path, language)


def _tell(page: Page, found: Answers) -> bool:
    if found.status != HTTPStatus.OK:
        print(f"{page.name:34} answers {found.status}", flush=True)
        return False
    median, least, first = statistics.median(found.ms), min(found.ms), found.ms[0]
    print(
        f"{page.name:34} {median:7.1f} ms  least {least:6.1f}  first {first:7.1f} of it {found.first_ms:6.1f}"
        f"  python {found.python_ms:6.1f}  postgres {found.postgres_ms:6.1f}  {found.queries:3} queries"
        f"{'  SLOW' * found.slow}",
        flush=True,
    )
    return found.slow


def _asked(browser: Client, page: Page) -> Answers:
    """Nine answers after one that fills caches, or the first one that isn't a page."""
    found, ran = Answers(), Ran(page.name)
    worked = time.process_time()
    found.status = _answer(browser, page, found)
    found.first_ms = 1000 * (time.process_time() - worked)
    if found.status != HTTPStatus.OK:
        return found
    python, postgres = [], []
    for _ in range(ROUNDS):
        searched, worked = postgres_s(), time.process_time()
        with noted(ran):
            found.status = _answer(browser, page, found)
        python.append(time.process_time() - worked)
        postgres.append(postgres_s() - searched)
    found.python_ms, found.postgres_ms = 1000 * min(python), 1000 * min(postgres)
    found.queries = len(ran.statements)
    return found


def _answer(browser: Client, page: Page, found: Answers) -> int:
    started = time.perf_counter()
    headers = {"host": "localhost", "accept-language": page.language}
    status = browser.get(page.path, headers=headers).status_code
    found.ms.append(1000 * (time.perf_counter() - started))
    return status


def postgres_s() -> float:
    """CPU of this connection's process so far; where Linux doesn't count it, in steps of 10 ms."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = int(cursor.fetchone()[0])
    counted = Path(f"/proc/{pid}/schedstat")
    if counted.exists():
        return int(counted.read_text().split()[0]) / 1e9
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def _pages(values: dict[str, str]) -> Iterator[Page]:
    """The dashboard's addresses; what no value is known for is told."""
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        if not isinstance(pattern, URLPattern) or not route.startswith("dashboard"):
            continue
        name = str(pattern.name)
        wanted = pattern.pattern.converters
        filled = {one: values.get(f"{name}.{one}", values.get(one, "")) for one in wanted}
        if not all(filled.values()):
            print(f"{name:44} not measured: nothing to show it with")
            continue
        for one in wanted:
            blank = f"<{_converter(route, one)}{one}>"
            route = route.replace(blank, filled[one])
        for query in ASKED.get(name, [""]):
            yield Page(f"{name} {query}".strip(), f"/{route}{query}")


def _converter(route: str, name: str) -> str:
    """'uuid:' of '<uuid:call_id>', '' of '<call_id>'."""
    return route.partition(f"{name}>")[0].rpartition("<")[2]


def _settled() -> Caller:
    """The organization that the rows belong to, with all that a long-lived customer has."""
    _catalog()
    user = User.objects.filter(email=_EMAIL).first() or User.objects.create_user(email=_EMAIL)
    fields = {"name": "Bench", "owner": user, "is_personal": True, "verified_at": timezone.now()}
    organization, _ = Organization.objects.get_or_create(pk=ORG, defaults=fields)
    Membership.objects.get_or_create(organization=organization, user=user, defaults={"role": Role.OWNER})
    if not organization.projects.exists():
        with transaction.atomic():
            _furnish(organization, user)
    key = ApiKey.objects.select_related("project").get(pk=ORG * 200)
    return Caller(user=user, organization=organization, project=key.project, api_key=key, key="")


def _catalog() -> None:
    if not apps.get_model("routing", "Model").objects.exists():
        call_command("catalog", "load", settings.MODEL_CATALOG)
        now = timezone.now()
        week_before(now)
        replay(now=now)
    try:
        current_rates()
    except MissingRate:
        add_rate("seed", today(), 12_000 * MICROS, author="bench", reason="nobody pays with it")


def _furnish(organization: Organization, user: User) -> None:
    """Projects and keys with the ids that the rows carry, top-ups, a bonus that waits and members."""
    Project.objects.bulk_create(
        Project(pk=ORG * PROJECTS + n, organization=organization, name=f"Project {n}", is_default=not n)
        for n in range(PROJECTS)
    )
    pepper, _ = newest_pepper(settings.KEY_PEPPERS)
    ApiKey.objects.bulk_create(
        ApiKey(
            pk=ORG * KEYS + n,
            project_id=ORG * PROJECTS + n % PROJECTS,
            name=f"Key {n}",
            digest=sha256(uuid4().bytes).digest(),
            pepper=pepper,
            prefix="cap-bnch",
            last4=f"{n:04}",
            created_by=user,
        )
        for n in range(KEYS)
    )
    asked: Any = {"org": organization, "requested_by": user}
    TopUp.objects.bulk_create(
        TopUp(amount_micros=50_000 * MICROS, reference=f"Order {n}", **asked) for n in range(TOPUPS)
    )
    Adjustment.objects.create(kind="bonus", amount_micros=MICROS, reason="goodwill", **asked)
    for n in range(MEMBERS):
        member = User.objects.create_user(email=f"member-{n}@bench.test")
        Membership.objects.create(organization=organization, user=member, role=Role.DEVELOPER)
    caller = Caller(
        user=user,
        organization=organization,
        project=organization.projects.get(is_default=True),
        api_key=ApiKey.objects.get(pk=ORG * KEYS),
        key="",
    )
    credit(caller, paid_micros=900_000_000 * MICROS, bonus_micros=5_000 * MICROS)


def _signed_in(owner: Caller) -> tuple[Client, dict[str, str]]:
    """The owner's browser, and what fills the blanks of addresses."""
    browser = Client(raise_request_exception=False)
    browser.force_login(owner.user)
    topup, refund = TopUp.objects.filter(org_id=ORG).first(), Adjustment.objects.filter(org_id=ORG).first()
    values = {
        "key_id": owner.api_key.api_id,
        "project_id": owner.project.api_id,
        "call_id": str(activity.listed(owner.organization, Filters()).calls[0].row.id),
        "topup.number": str(topup.pk if topup else ""),
        "refund.number": str(refund.pk if refund else ""),
        "month": f"{today():%Y-%m}",
    }
    return browser, values


if __name__ == "__main__":
    main()
