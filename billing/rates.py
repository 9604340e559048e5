"""The two price factors that are ours: the rate of the dollar and the markups.

Both are dated rows that are only added to. In force: the newest markup of each kind, and of the rates whose
date has come in Tashkent the newest manual one; without one, or once operators have ended it, the Central
Bank's newest. The control plane sets them (billing/fx); the gateway reads a snapshot and polls its version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection, transaction
from psycopg import AsyncConnection

from billing.errors import MissingRate, RateJump, RateRefused
from billing.fx.ladder import Level, level
from billing.money import BPS_MAX

JUMP_BPS_MAX = 500  # a larger step against the last rate is more often an error than news
FEED = "cbu.uz"  # the author of its rates
FX_MARGIN = "fx"  # the kind of markup that is on the rate, whatever the model

_FX = """
SELECT id, micros_per_usd, date, source, billing_today() - date FROM fx_rate
 WHERE date <= billing_today()
 ORDER BY CASE source WHEN 'manual' THEN
              CASE WHEN id > coalesce((SELECT max(id) FROM fx_rate WHERE ends_manual), 0) THEN 0 ELSE 3 END
          WHEN 'cbu' THEN 1 ELSE 2 END, date DESC, id DESC
 LIMIT 1
"""
_MARKUPS = "SELECT DISTINCT ON (kind) kind, id, bps FROM markup ORDER BY kind, id DESC"
_VERSION = "SELECT rates_version()"


@dataclass(frozen=True, slots=True)
class MarkupSnap:
    id: int
    bps: int


NO_MARGIN: Final = MarkupSnap(0, 0)


@dataclass(frozen=True, slots=True)
class RatesSnap:
    """What is in force at one moment."""

    version: int  # changes with every new row and at each Tashkent midnight
    fx_id: int
    micros_per_usd: int  # 11,794.88 UZS is 11_794_880_000
    fx_date: date
    markups: Mapping[str, MarkupSnap]  # by kind
    source: str = "manual"  # cbu, manual, or seed: what a new installation begins with
    age_days: int = 0  # since its date

    @property
    def fx_margin(self) -> MarkupSnap:
        """What is added to the rate; nothing is the rule."""
        return self.markups.get(FX_MARGIN, NO_MARGIN)

    @property
    def today(self) -> date:
        """The Tashkent date by the database's clock when this was read; the version changes at midnight."""
        return self.fx_date + timedelta(days=self.age_days)

    @property
    def level(self) -> Level:
        """How far this rate is past its time; only the Central Bank's ages."""
        return level(self.age_days) if self.source == "cbu" else Level.FRESH


type _Fx = tuple[int, int, date, str, int]


def _snap(version: int, fx: _Fx | None, markups: list[tuple[str, int, int]]) -> RatesSnap:
    if fx is None:
        raise MissingRate("no rate of the dollar is in force; operators have to set one")
    id, micros_per_usd, day, source, age_days = fx
    kinds = {kind: MarkupSnap(id, bps) for kind, id, bps in markups}
    return RatesSnap(version, id, micros_per_usd, day, kinds, source, age_days)


async def load_rates(conn: AsyncConnection[tuple[Any, ...]]) -> RatesSnap:
    """What is in force now. Raises MissingRate."""
    # First: a row added meanwhile is then loaded twice rather than missed.
    version = await rates_version(conn)
    fx: Any = await (await conn.execute(_FX)).fetchone()
    markups = await (await conn.execute(_MARKUPS)).fetchall()
    return _snap(version, fx, markups)


async def rates_version(conn: AsyncConnection[tuple[Any, ...]]) -> int:
    """For polling: load again when it differs from the snapshot's."""
    row = await (await conn.execute(_VERSION)).fetchone()
    assert row is not None
    return int(row[0])


def current_rates() -> RatesSnap:
    """What is in force now, over Django's connection. Raises MissingRate."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        version = cursor.fetchone()[0]
        cursor.execute(_FX)
        fx = cursor.fetchone()
        cursor.execute(_MARKUPS)
        return _snap(version, fx, cursor.fetchall())


def set_manual_rate(
    micros_per_usd: int, on: date, author: str, reason: str, *, confirmed: bool = False
) -> int:
    """Add a manual rate that holds from this Tashkent date on; answers its id.

    Operators do it by two (billing/fx/proposals.py); this is for code that has nobody to ask.

    Raises RateRefused for a non-positive rate, RateJump for a step over 5 % against the last manual rate that
    was not confirmed.
    """
    if micros_per_usd <= 0:
        raise RateRefused("a rate is positive")
    with transaction.atomic(), connection.cursor() as cursor:
        # Two operators at once: the second is compared with the first one's rate.
        cursor.execute("SELECT FROM rate_version FOR UPDATE")
        last = last_manual_rate()
        if last is not None and not confirmed:
            check_jump(last, micros_per_usd)
        return add_rate("manual", on, micros_per_usd, author=author, reason=reason)


def add_rate(  # noqa: PLR0913
    source: str, on: date, micros_per_usd: int, *, author: str, reason: str = "", ends_manual: bool = False
) -> int:
    """One more dated row; answers its id. ends_manual: the manual rates before it are over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fx_rate (source, date, micros_per_usd, author, reason, ends_manual)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            [source, on, micros_per_usd, author, reason, ends_manual],
        )
        return int(cursor.fetchone()[0])


def last_manual_rate() -> int | None:
    """Micros per dollar of the manual rate that was set last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT micros_per_usd FROM fx_rate WHERE source = 'manual' ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
        return int(row[0]) if row else None


def check_jump(old_micros: int, new_micros: int) -> None:
    """Raises RateJump if the step between two rates is over 5 %."""
    if abs(new_micros - old_micros) * 10_000 > old_micros * JUMP_BPS_MAX:
        raise RateJump(old_micros, new_micros)


def set_markup(kind: str, bps: int, author: str, reason: str) -> int:
    """Add a markup of this kind, in force at once; answers its id. Raises RateRefused.

    Operators do it by two (billing/fx/markups.py); this is for code that has nobody to ask.
    """
    if not 0 <= bps <= BPS_MAX or not kind:
        raise RateRefused("a markup has a kind and 0 to 100,000 basis points")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO markup (kind, bps, author, reason) VALUES (%s, %s, %s, %s) RETURNING id",
            [kind, bps, author, reason],
        )
        return int(cursor.fetchone()[0])
