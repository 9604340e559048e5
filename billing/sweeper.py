"""Releasing what dead workers hold; the rules are in sql/sweep.sql."""

from dataclasses import dataclass

from django.db import connection

_ROUNDS_MAX = 40  # of 500 holds each; the next sweep goes on


@dataclass(frozen=True, slots=True)
class Swept:
    fenced: tuple[int, ...]  # epochs of workers taken for dead
    released: int  # holds


def sweep() -> Swept:
    """Fence silent workers and release the holds of fenced ones. Safe beside another sweep."""
    fenced: list[int] = []
    released = 0
    for _ in range(_ROUNDS_MAX):
        with connection.cursor() as cursor:
            # In short transactions of their own: no wallet stays locked for long.
            cursor.execute(
                "SELECT array(SELECT json_array_elements_text(s->'fenced')::bigint),"
                " (s->>'released')::int, (s->>'more')::bool FROM sweep() s"
            )
            epochs, count, more = cursor.fetchone()
        fenced += epochs
        released += count
        if not more:
            break
    return Swept(tuple(fenced), released)
