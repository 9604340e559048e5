"""Limits on what may be spent, and what was spent against them.

Windows are Tashkent dates of the database's clock. A limit can be set at any time, also below what is spent:
then calls are refused until the window ends; nothing that runs is killed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from django.db import connection

from billing.errors import AmountRefused
from billing.money import MICROS_MAX


class Scope(IntEnum):
    """What a cap is over; see cap.sql."""

    PROJECT_DAY = 1
    PROJECT_MONTH = 2
    KEY_LIFETIME = 3
    KEY_DAY = 4
    KEY_MONTH = 5
    PLATFORM_DAY = 6  # scope_id 0: all calls of our built-in organizations


@dataclass(frozen=True, slots=True)
class Use:
    """Micros of one window."""

    spent_micros: int
    held_micros: int


def set_cap(scope: Scope, scope_id: int, limit_micros: int) -> None:
    """Limit this project, key or the platform to so many micros per window, at once. 0 refuses every call.

    Raises AmountRefused for a negative or absurd limit.
    """
    if not 0 <= limit_micros <= MICROS_MAX:
        raise AmountRefused("a cap is between zero and what a wallet can hold")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cap VALUES (%s, %s, %s)"
            " ON CONFLICT (scope_id, scope) DO UPDATE SET limit_micros = excluded.limit_micros",
            [scope, scope_id, limit_micros],
        )


def remove_cap(scope: Scope, scope_id: int) -> None:
    """No limit any more. What is used stays counted."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cap WHERE scope = %s AND scope_id = %s", [scope, scope_id])


def limits(scopes: Iterable[Scope], scope_ids: Sequence[int]) -> list[tuple[Scope, int, int]]:
    """The caps that are set among these: (scope, scope_id, micros)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scope, scope_id, limit_micros FROM cap"
            " WHERE scope_id = ANY(%s) AND scope = ANY(%s) ORDER BY scope_id, scope",
            [list(scope_ids), [int(scope) for scope in scopes]],
        )
        return [(Scope(scope), scope_id, micros) for scope, scope_id, micros in cursor.fetchall()]


def lock_caps(scope_ids: Sequence[int]) -> None:
    """Nobody else changes the caps that these have, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM cap WHERE scope_id = ANY(%s) ORDER BY scope_id, scope FOR UPDATE", [list(scope_ids)]
        )


def use(scope: Scope, scope_id: int) -> Use:
    """Spent and held in the window of now."""
    return uses([(scope, scope_id)])[scope, scope_id]


def uses(asked: Iterable[tuple[Scope, int]]) -> dict[tuple[Scope, int], Use]:
    """Spent and held in the windows of now, by (scope, scope_id)."""
    wanted = list(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.scope, w.id, u.spent, u.held FROM unnest(%s::smallint[], %s::bigint[]) w (scope, id),"
            " cap_used(w.scope, w.id, billing_today()) u",
            [[int(scope) for scope, _ in wanted], [scope_id for _, scope_id in wanted]],
        )
        return {(Scope(scope), scope_id): Use(*used) for scope, scope_id, *used in cursor.fetchall()}


def begins_anew(scope: Scope) -> date | None:
    """The Tashkent day on which the window of now ends and an empty one begins; a lifetime has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN isfinite(until) THEN until + 1 END"
            " FROM cap_window(%s::smallint, billing_today())",
            [scope],
        )
        day: date | None = cursor.fetchone()[0]
        return day
