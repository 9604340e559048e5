"""Money's jobs, on the queue `money`. Each runs twice harmlessly and beside itself."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import connection

from accounts.alerts import alert
from accounts.models import Alert
from billing import adjustments, partitions, statements, sweeper
from billing.bank import balances
from billing.bank import requests as bank_requests
from billing.bank.receipts import remove_old
from billing.builtin import fund
from billing.errors import FeedAway, MissingRate, ProviderAway
from billing.finance import note_check
from billing.fx import feed, proposals, second
from billing.fx.ladder import STOP_DAYS, Level
from billing.invariants import broken, check
from billing.notices import outbox, post, watch
from billing.payments import expire_topups
from billing.providers import click_api, payme_books
from billing.providers.click_receipts import fetch_receipts
from billing.providers.reconcile import ask_click
from billing.rates import current_rates

log = logging.getLogger(__name__)

AGES = {
    Level.WARN: "The Central Bank's feed has had no newer one.",
    Level.DEGRADE: f"After {STOP_DAYS} days paid calls stop. Two operators can set a manual rate.",
    Level.STOP: "Paid calls have stopped. Two operators can set a manual rate.",
}


@shared_task
def fetch_rate() -> None:
    """Three times a day and at the start: the Central Bank's rate of the dollar."""
    if not settings.FX_FEED:
        return
    try:
        reading = feed.take_in(feed.fetch(settings.FX_FEED_URL))
    except FeedAway as error:
        feed.tell("the Central Bank's feed is away", f"It answered {error}. The rate in force stays.")
    else:
        log.info("the Central Bank's feed: %s", reading)


@shared_task
def check_second_rate() -> None:
    """Daily: the Central Bank's rate as a second source has it, only to be told if they are apart."""
    if settings.FX_FEED and settings.FX_CHECK_URL:
        second.cross_check(settings.FX_CHECK_URL)


@shared_task
def check_rate() -> None:
    """Hourly: proposals that waited too long, and a rate that gets old."""
    proposals.expire()
    try:
        rates = current_rates()
    except MissingRate:
        feed.tell("there is no exchange rate", "No call can be priced until two operators have set one.")
        fetch_rate()
        return
    if rates.level >= Level.WARN:
        every = timedelta(0) if rates.level is Level.STOP else timedelta(hours=23)
        feed.tell(f"the exchange rate is {rates.age_days} days old", AGES[rates.level], every=every)
    if rates.level >= Level.DEGRADE:
        fetch_rate()


@shared_task
def sweep() -> None:
    """Every 2 s: release what dead workers hold."""
    swept = sweeper.sweep()
    if swept.fenced or swept.released:
        log.warning("swept %d holds; workers taken for dead: %s", swept.released, list(swept.fenced))


@shared_task
def check_invariants() -> None:
    """Each minute: those of the ledger's laws that don't need its whole history."""
    findings = check(quick=True)
    note_check(findings, whole=False)
    for finding in broken(findings):
        log.error("ledger: %s", finding)


@shared_task
def ensure_partitions() -> None:
    """Daily: the coming months of the partitioned tables."""
    made = partitions.ensure_partitions()
    if made:
        log.info("partitions made: %s", ", ".join(made))


@shared_task
def drop_months() -> None:
    """Daily: months of the request log and of other records whose retention is over."""
    dropped = partitions.drop_due()
    if dropped:
        log.info("months dropped: %s", ", ".join(dropped))


@shared_task
def advance_checkpoints() -> None:
    """Hourly: sums of all accounts up to the oldest transaction under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT advance_checkpoints()")


@shared_task
def advance_finance() -> None:
    """Every 5 minutes: sums of transfers by day, for the finance page.

    New pages enter the index by which "what came since" is found: without that each look reads them all.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT advance_finance()")
        cursor.execute(
            "SELECT brin_summarize_new_values(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'transfer_xact'::regclass"
        )


@shared_task
def fund_builtin() -> None:
    """Each minute: what callers without a key and probes may use today, there when the day begins."""
    given = fund(anonymous_uzs=settings.ANONYMOUS_DAILY_UZS, probes_uzs=settings.PROBE_DAILY_UZS)
    if given:
        log.info("the built-in organizations were given %d micros", given)


@shared_task
def find_notices() -> None:
    """Each minute: caps that fill up and balances that run low, of organizations that spent something."""
    found = watch.look()
    if found:
        log.info("%d notices for customers", found)


@shared_task
def send_notices() -> None:
    """Each minute: what customers have to be told."""
    post.send_due()


@shared_task
def forget_notices() -> None:
    """Daily: what was told long ago."""
    outbox.forget_old()


@shared_task
def expire_payments() -> None:
    """Every 5 minutes: what providers began and never ended, then top-ups that nobody paid in time, then
    refunds and adjustments that nobody decided."""
    ended, closed = payme_books.expire_due(), expire_topups() + bank_requests.expire()
    if adjustments.expire():
        log.info("adjustments ended by their age")
    if ended or closed:
        log.info("%d payments and %d top-ups ended by their age", ended, closed)


@shared_task
def remove_receipts() -> None:
    """Daily: files of receipts whose requests were decided RECEIPT_DAYS ago."""
    removed = remove_old()
    if removed:
        log.info("%d receipts deleted by their age", removed)


@shared_task
def reconcile_click() -> None:
    """Daily: Click's word on each attempt of the last days."""
    if not click_api.may_ask():
        return
    try:
        found = ask_click()
    except ProviderAway as error:
        alert(Alert.Kind.PAYMENTS, "Click's books can't be compared", str(error), "payments:click:away")
    else:
        log.info("click: %d new differences", found)


@shared_task
def check_statements() -> None:
    """Daily: balances of cards against what arrived, and what operators should have imported or entered."""
    found = balances.check_recent()
    missing, stale = balances.tell_of_missing(), statements.tell_of_stale()
    if found or missing or stale:
        log.warning("%d balances differ, %d are missing, %d statements are stale", found, missing, stale)


@shared_task
def fetch_click_receipts() -> None:
    """Every 10 minutes: fiscal receipts of what was paid at Click."""
    if not click_api.may_ask():
        return
    came = fetch_receipts()
    if came:
        log.info("click: %d fiscal receipts came", came)
