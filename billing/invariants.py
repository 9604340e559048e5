"""The laws of the ledger, checked against what stands in it.

Each is one query in sql/invariants/ that answers (how many were checked, how many break it, one example). All
run in one repeatable-read snapshot, so they are right under load. Quick ones need no
history and run each minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


@dataclass(frozen=True, slots=True)
class Invariant:
    name: str
    what: str  # what is counted
    quick: bool = False
    table: str = ""  # only where this table exists: one of another app


@dataclass(frozen=True, slots=True)
class Finding:
    invariant: Invariant
    checked: int
    broken: int
    example: str

    def __str__(self) -> str:
        figures = f"{self.invariant.name}: {self.checked} {self.invariant.what}, {self.broken} broken"
        return f"{figures}, such as {self.example}" if self.broken else figures


LAWS = (
    Invariant("chart_sums_to_zero", "accounts", quick=True),
    Invariant("wallet_bounds", "wallets", quick=True),
    Invariant("held_is_open_holds", "wallets", quick=True),
    Invariant("no_hold_past_its_deadline", "open holds", quick=True),
    Invariant("wallet_is_checkpoint_and_since", "wallets", quick=True),
    Invariant("wallet_is_its_transfers", "wallets"),
    Invariant("transfers_are_well_formed", "transfers"),
    Invariant("cap_use_is_holds_and_charges", "windows"),
    Invariant("free_units_within_quota", "units"),
    Invariant("one_charge_per_call", "calls"),
    Invariant("topups_are_credited_once", "top-ups"),
    Invariant("bank_topups_have_arrived", "bank top-ups"),
    Invariant("clearing_is_credited_topups", "clearing accounts"),
    Invariant("disputes_add_up", "disputes", quick=True),
    Invariant("refunds_within_charges", "refunded charges"),
    Invariant("adjustments_are_their_transfers", "adjustments"),
    Invariant("campaigns_within_budget", "campaigns"),
    Invariant("days_are_their_transfers", "kinds of transfers"),
    Invariant("jobs_own_their_holds", "jobs", quick=True, table="proxy_video"),
    Invariant("request_rows_are_charges", "requests", table="proxy_request"),
    Invariant("usage_is_charges", "organizations", table="usage_day"),
    Invariant("usage_counts_requests", "days of organizations", table="usage_endpoint_day"),
)


def check(*, quick: bool = False) -> list[Finding]:
    """Every law, or the quick ones, as of one moment."""
    laws = [law for law in LAWS if law.quick or not quick]
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [_finding(cursor, law) for law in laws if _exists(cursor, law.table)]


def broken(findings: Iterable[Finding]) -> list[Finding]:
    """Those that break their law."""
    return [finding for finding in findings if finding.broken]


def _finding(cursor: CursorWrapper, law: Invariant) -> Finding:
    sql = (Path(__file__).parent / "sql" / "invariants" / f"{law.name}.sql").read_text()
    cursor.execute(sql, {"quota": settings.FREE_DAILY_REQUESTS})
    checked, wrong, example = cursor.fetchone()
    return Finding(law, checked, wrong, example or "")


def _exists(cursor: CursorWrapper, table: str) -> bool:
    if not table:
        return True
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    return bool(cursor.fetchone()[0])
