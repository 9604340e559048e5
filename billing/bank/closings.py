"""What a card held at the end of each day, out of a statement that has a balance on its lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing.bank.lines import Line, Statement


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a day. gone_micros: what went out since the closing before it."""

    day: date
    balance_micros: int
    gone_micros: int = 0


def closings(statement: Statement, today: date) -> list[Closing]:
    """The closing of each day with movements before today, and of the day before the first one.

    None where a line can't be read or has no balance: what went out would then be unknown.
    """
    moves = [(line, line.micros) for line in statement.lines] + [
        (line, -line.micros) for line in statement.gone
    ]
    if (
        statement.bad
        or statement.gone_unread
        or not moves
        or any(line.balance_micros is None for line, _ in moves)
    ):
        return []
    ordered = _in_time(moves)
    first, by = ordered[0]
    assert first.balance_micros is not None
    found: dict[date, Closing] = {}
    for line, micros in ordered:
        day = line.at.date()
        before = found.get(day, Closing(day, 0))
        assert line.balance_micros is not None
        found[day] = Closing(day, line.balance_micros, before.gone_micros + max(0, -micros))
    opening = Closing(first.at.date() - timedelta(days=1), first.balance_micros - by)
    return [one for one in (opening, *found.values()) if one.day < today and one.balance_micros >= 0]


def _in_time(moves: Sequence[tuple[Line, int]]) -> list[tuple[Line, int]]:
    """Oldest first. Within a minute by the place in the file, which may begin with the newest."""
    by_place = sorted(moves, key=lambda move: move[0].number)
    newest_first = by_place[0][0].at > by_place[-1][0].at
    if newest_first:
        by_place.reverse()
    return sorted(by_place, key=lambda move: move[0].at)
