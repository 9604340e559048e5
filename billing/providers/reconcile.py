"""Our transactions against the provider's own books. What differs is written down and told to operators.

Payme has no call for it: its cabinet's export is read. Click is asked about each attempt of the last days.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

import requests
from django.db.models import QuerySet

from billing import sayings
from billing.models import Channel, Discrepancy, ProviderStatement, ProviderTransaction
from billing.money import MICROS_PER_TIYIN
from billing.payments import State, Told, moment, now_ms, report, report_unknown
from billing.providers.click_api import payment_status
from billing.providers.kept import keep
from billing.providers.statement import Line

log = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(days=3)
SETTLING: Final = timedelta(hours=1)  # what is younger may still be on its way
_PAID_THERE: Final = 2
Kind = Discrepancy.Kind


@dataclass(frozen=True, slots=True)
class Difference:
    """One payment about which a provider and our books don't agree."""

    external_id: str
    kind: Discrepancy.Kind
    told: Told


@dataclass(frozen=True, slots=True)
class Days:
    """Tashkent days, both included."""

    since: date
    until: date


def compare(provider: Channel, lines: Iterable[Line], since: date, until: date) -> int:
    """Our transactions of these Tashkent days against an export, as of now; how many new differences."""
    found = differences(provider, lines, Days(since, until), now_ms())
    return sum(report_unknown(provider, one.external_id, one.kind, one.told) for one in found)


def differences(provider: Channel, lines: Iterable[Line], days: Days, as_of_ms: int) -> list[Difference]:
    """Where an export and our books differ, as they were at that moment.

    A payment of the export is looked up whenever it was made; what is ours and paid must be in the export.
    """
    theirs = {line.external_id: line for line in lines}
    rows = {row.external_id: row for row in _rows(provider, theirs)}
    found = [_difference(line, rows.get(line.external_id), as_of_ms) for line in theirs.values()]
    found += [
        Difference(row.external_id, Kind.UNKNOWN_THERE, Told(_paid(row.amount_tiyin), sayings.UNLISTED))
        for row in paid_between(provider, days, as_of_ms)
        if row.external_id not in theirs and state_at(row, as_of_ms) == State.PERFORMED
    ]
    return [one for one in found if one is not None]


def _difference(line: Line, row: ProviderTransaction | None, as_of_ms: int) -> Difference | None:
    number = line.external_id[:64]
    if row is None:
        both = Told(sayings.UNKNOWN, _paid(line.tiyin))
        return Difference(number, Kind.UNKNOWN_HERE, both) if line.paid else None
    if row.amount_tiyin != line.tiyin:
        ours, theirs = (sayings.AMOUNT % {"tiyin": tiyin} for tiyin in (row.amount_tiyin, line.tiyin))
        return Difference(number, Kind.AMOUNT, Told(ours, theirs))
    state = state_at(row, as_of_ms)
    if (state == State.PERFORMED) == line.paid:
        return None
    said = sayings.IS_PAID if line.paid else sayings.TAKEN_BACK if line.returned else sayings.NOT_PAID
    return Difference(number, Kind.STATE, Told(state.name.lower(), said))


def _paid(tiyin: int) -> str:
    return sayings.PAID % {"tiyin": tiyin}


def state_at(row: ProviderTransaction, as_of_ms: int) -> State:
    """What a transaction was at a moment of the past; only what was given back since is told apart."""
    was_paid = row.state == State.REVERSED and row.cancel_ms > as_of_ms
    return State.PERFORMED if was_paid else State(row.state)


def _rows(provider: Channel, numbers: Iterable[str]) -> Iterable[ProviderTransaction]:
    return ProviderTransaction.objects.filter(provider=provider, external_id__in=list(numbers))


def paid_between(provider: Channel, days: Days, as_of_ms: int) -> QuerySet[ProviderTransaction]:
    """What a provider has told us was paid on these days by its own clock, given back or not."""
    return ProviderTransaction.objects.filter(
        provider=provider,
        state__in=[State.PERFORMED, State.REVERSED],
        perform_ms__lte=as_of_ms,
        provider_ms__gte=_midnight_ms(days.since),
        provider_ms__lt=_midnight_ms(days.until + timedelta(days=1)),
    )


def _midnight_ms(day: date) -> int:
    """The start of a Tashkent day; there is no summer time."""
    return ((day - date(1970, 1, 1)).days * 24 - 5) * 3_600_000


def ask_click() -> int:
    """Each attempt of the last three days that should be settled; how many new differences.

    What it confirms of yesterday's payments is kept as its statement; it tells neither amounts nor fees.
    Raises ProviderAway: then nobody knows, and the next round asks again.
    """
    at = moment(now_ms())
    since, until = (int((at - age).timestamp()) * 1000 for age in (LOOK_BACK, SETTLING))
    rows = ProviderTransaction.objects.filter(
        provider=Channel.CLICK,
        create_ms__gte=since,
        create_ms__lt=until,
        state__in=[State.CREATED, State.PERFORMED],
    )
    found, confirmed = 0, []
    yesterday = _tashkent(now_ms()) - timedelta(days=1)
    with requests.Session() as session:
        for row in rows.order_by("pk").iterator(100):
            said = payment_status(session, row.topup_id, _tashkent(row.create_ms))
            paid_there = said.get("error_code") == 0 and said.get("payment_status") == _PAID_THERE
            found += _meet_click(row, said, paid_there)
            if paid_there and row.state == State.PERFORMED and _tashkent(row.provider_ms) == yesterday:
                confirmed.append(row)
    _keep_confirmed(confirmed, yesterday)
    return found


def _keep_confirmed(rows: list[ProviderTransaction], day: date) -> None:
    said = ",".join(sorted(row.external_id for row in rows))
    found = ProviderStatement(
        provider=Channel.CLICK,
        source=ProviderStatement.Source.API,
        since=day,
        until=day,
        digest=sha256(f"{day}:{said}".encode()).hexdigest(),
        lines_count=len(rows),
        taken_micros=sum(row.amount_tiyin for row in rows) * MICROS_PER_TIYIN,
    )
    keep(found)


def _tashkent(ms: int) -> date:
    return (moment(ms) + timedelta(hours=5)).date()


def _meet_click(row: ProviderTransaction, said: dict[str, Any], paid_there: bool) -> bool:
    if row.state == State.CREATED:
        both = Told("created", sayings.IS_PAID)
        others = ProviderTransaction.objects.filter(topup=row.topup_id, state=State.PERFORMED)
        return paid_there and not others.exists() and report(row, Kind.STATE, both)
    if paid_there:
        return False
    kind = Kind.STATE if said.get("error_code") == 0 else Kind.UNKNOWN_THERE
    theirs = sayings.STATUS % {"status": said.get("payment_status"), "error": said.get("error_code")}
    return report(row, kind, Told(sayings.IS_PAID, theirs))
