"""A month's statement for a page: at once, or made ready by a worker if the month has very many calls."""

import logging
from dataclasses import dataclass

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError

from accounts.models import Organization
from dashboard.models import Paper
from dashboard.papers import issue
from dashboard.papers.books import is_long
from dashboard.papers.figures import Statement, statement_of, to_json
from dashboard.papers.months import Month

log = logging.getLogger(__name__)

KEPT_S = 600  # a preliminary statement that took long is good for so long
ASKED_S = 120  # a worker that hasn't answered by then is asked again


@dataclass(frozen=True, slots=True)
class Ready:
    figures: Statement
    paper: Paper | None  # None: preliminary


def ready(organization: Organization, month: Month) -> Ready | None:
    """The month's statement; None while a worker makes it ready."""
    held = issue.issued(organization, Paper.Kind.STATEMENT, str(month))
    if held is not None:
        return Ready(issue.frozen_statement(held), held)
    if not is_long(organization, month, settings.PAPER_CALLS_DIRECT):
        return made(organization, month)
    kept = cache.get(_key(organization, month))
    if kept is not None:
        return Ready(statement_of(kept), None)
    _ask_worker(organization, month)
    return None


def made(organization: Organization, month: Month) -> Ready:
    """The statement read from the books, and issued if the month is closed."""
    try:
        paper = issue.statement(organization, month)
    except issue.NotClosed:
        return Ready(issue.preliminary(organization, month), None)
    return Ready(issue.frozen_statement(paper), paper)


def keep(organization: Organization, month: Month) -> None:
    """What a worker does for a long month. Twice is harmless: a paper is issued once."""
    found = made(organization, month)
    if found.paper is None:
        cache.set(_key(organization, month), to_json(found.figures), KEPT_S)


def _ask_worker(organization: Organization, month: Month) -> None:
    if not cache.add(f"{_key(organization, month)}:asked", 1, ASKED_S):
        return
    try:
        current_app.send_task(
            "dashboard.tasks.prepare_month", [organization.pk, str(month)], queue="default", expires=ASKED_S
        )
    except OperationalError:
        log.warning("no worker could be asked for the statement of %s", month)


def _key(organization: Organization, month: Month) -> str:
    return f"statement:{organization.pk}:{month}"
