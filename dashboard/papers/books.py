"""A month of an organization out of the ledger and the roll-ups, in one statement and so of one moment.

A call belongs to the month in which it was made, by its id, so that its charge and its place in the roll-ups
are of one month; every other transfer to the month in which it was booked. Balances are reckoned back from
the wallet as it is now: the ledger's laws say that a wallet is the sum of its transfers.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from accounts.models import Organization, Project
from billing.ids import Kind
from billing.models import Hold
from dashboard.moments import first_id
from dashboard.papers.figures import Movement, Statement, Sums, Usage
from dashboard.papers.months import Month

CALLS: Final = (Kind.CHARGE_PAID, Kind.CHARGE_BONUS)
_WALLETS_FROM: Final = 2**32  # paid and bonus account of a wallet: see billing/sql/ledger.sql
# What leaves a wallet otherwise than by calls is booked at once or, with two operators, within days of its
# id's making; the bound keeps the other months' charges out of the scan.
_BOOKED_WITHIN: Final = timedelta(days=62)

# kind, bonus or paid, after the month or in it, transfers, micros; credits of a wallet are few, charges many.
_MOVED: Final = """
    SELECT kind, account - %(paid)s AS bonus, late, count(*) AS transfers, sum(micros) AS micros FROM (
        SELECT kind, credit AS account, at >= %(ends)s AS late, amount_micros AS micros
          FROM transfer WHERE credit IN (%(paid)s, %(bonus)s) AND at >= %(starts)s
        UNION ALL
        SELECT kind, debit, at >= %(ends)s, -amount_micros
          FROM transfer WHERE debit IN (%(paid)s, %(bonus)s) AND id >= %(booked)s AND at >= %(starts)s
                          AND kind NOT IN (3, 4)
        UNION ALL
        SELECT kind, debit, id >= %(last)s, -amount_micros
          FROM transfer WHERE debit IN (%(paid)s, %(bonus)s) AND id >= %(first)s AND kind IN (3, 4)
    ) moved GROUP BY 1, 2, 3
"""
# Out of the roll-ups and their tail: the log is kept for 13 months, a statement may be asked for later.
_USED: Final = """
    SELECT 1 + extract(day FROM usage_start(start, 'day') - %(starts)s)::integer AS day, project_id, model,
           sum(calls), sum(input_tokens), sum(cached_tokens), sum(cache_write_tokens + cache_write_1h_tokens),
           sum(output_tokens), sum(images), sum(seconds), sum(characters), sum(cost_micros)
      FROM (SELECT * FROM usage_day WHERE org_id = %(org)s AND start >= %(starts)s AND start < %(ends)s
            UNION ALL
            SELECT * FROM usage_tail(%(org)s) WHERE start >= %(starts)s AND start < %(ends)s) u
     GROUP BY 1, 2, 3 HAVING sum(calls) <> 0
"""
_MONTH: Final = f"""
    SELECT (SELECT json_build_array(paid_micros, bonus_micros) FROM wallet WHERE org_id = %(org)s),
           (SELECT json_agg(json_build_array(kind, bonus, late, transfers, micros)) FROM ({_MOVED}) m),
           (SELECT json_agg(json_build_array(day, project_id, model, f4, f5, f6, f7, f8, f9, f10, f11, f12))
              FROM ({_USED}) u (day, project_id, model, f4, f5, f6, f7, f8, f9, f10, f11, f12))
"""


@dataclass(frozen=True, slots=True)
class _Moved:
    kind: int
    bonus: int  # 1: the bonus account
    late: bool  # after the month
    transfers: int
    micros: int

    @property
    def sums(self) -> Sums:
        return Sums(bonus=self.micros) if self.bonus else Sums(paid=self.micros)


def read_month(organization: Organization, month: Month, vat_bps: int) -> Statement:
    """The statement of a month, preliminary unless is_closed() was asked before."""
    purse, moved, used = _asked(organization.pk, month)
    rows = [_Moved(*row) for row in moved]
    closing = sum((_minus(row.sums) for row in rows if row.late), start=Sums(*purse))
    within = [row for row in rows if not row.late]
    return Statement(
        month=str(month),
        vat_bps=vat_bps,
        preliminary=True,
        opening=sum((_minus(row.sums) for row in within), start=closing),
        movements=_movements(within),
        usage=_usage(organization, used),
        closing=closing,
    )


def is_closed(organization: Organization, month: Month) -> bool:
    """Whether nothing more can come to the month: it is over and none of its calls is under way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_now()")
        if not month.is_over(cursor.fetchone()[0]):
            return False
    return not Hold.objects.filter(
        org=organization.pk, state=Hold.State.OPEN, id__lt=first_id(month.next.first_day)
    ).exists()


def is_long(organization: Organization, month: Month, rows_max: int) -> bool:
    """Whether the month has more calls than a page should wait for."""
    days = month.day_ids()
    query = """SELECT count(*) FROM (SELECT FROM proxy_request
                WHERE org_id = %s AND id >= %s AND id < %s LIMIT %s) calls"""
    with connection.cursor() as cursor:
        cursor.execute(query, [organization.pk, days[0], days[-1], rows_max + 1])
        return int(cursor.fetchone()[0]) > rows_max


def _asked(org_id: int, month: Month) -> tuple[list[int], list[Any], list[Any]]:
    days = month.day_ids()
    values: dict[str, Any] = {
        "org": org_id,
        "paid": _WALLETS_FROM + 2 * org_id,
        "bonus": _WALLETS_FROM + 2 * org_id + 1,
        "first": days[0],
        "last": days[-1],
        "booked": first_id(month.first_day - _BOOKED_WITHIN),
        "starts": month.starts_at,
        "ends": month.ends_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MONTH, values)
        purse, moved, used = cursor.fetchone()
    return purse or [0, 0], moved or [], used or []


def _minus(sums: Sums) -> Sums:
    return Sums(-sums.paid, -sums.bonus)


def _movements(rows: list[_Moved]) -> list[Movement]:
    found: dict[int, Movement] = {}
    for row in sorted(rows, key=lambda row: row.kind):
        held = found.get(row.kind, Movement(row.kind, 0, 0, 0))
        sums = held.sums + row.sums
        found[row.kind] = Movement(row.kind, held.count + row.transfers, sums.paid, sums.bonus)
    return list(found.values())


def _usage(organization: Organization, rows: list[Any]) -> list[Usage]:
    names = dict(Project.objects.filter(organization=organization).values_list("pk", "name"))
    return [
        Usage(day, names.get(project, f"#{project}"), model, *map(int, counts))
        for day, project, model, *counts in sorted(rows)
    ]
