"""Our transactions against the provider's own books. What differs is written down and told to operators.

Payme has no call for it: its cabinet's export is read. Click is asked about each attempt of the last days.
"""

import logging
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

import requests

from billing.models import Channel, Discrepancy, ProviderTransaction
from billing.payments import State, Told, moment, now_ms, report, report_unknown
from billing.providers.click_api import payment_status
from billing.providers.statement import Line

log = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(days=3)
SETTLING: Final = timedelta(hours=1)  # what is younger may still be on its way
_PAID_THERE: Final = 2
Kind = Discrepancy.Kind


def compare(provider: Channel, lines: Iterable[Line], since: date, until: date) -> int:
    """Our transactions of these Tashkent days, both included, against an export; how many new differences.

    A payment of the export is looked up whenever it was made; what is ours and paid must be in the export.
    """
    theirs = {line.external_id: line for line in lines}
    rows = {row.external_id: row for row in _rows(provider, theirs)}
    found = sum(_differs(provider, line, rows.get(line.external_id)) for line in theirs.values())
    for row in _paid_between(provider, since, until).exclude(external_id__in=list(theirs)):
        found += report(row, Kind.UNKNOWN_THERE, Told(f"paid {row.amount_tiyin} tiyin", "not in the export"))
    return found


def _differs(provider: Channel, line: Line, row: ProviderTransaction | None) -> bool:
    if row is None:
        told = Told("unknown", f"paid {line.tiyin} tiyin")
        return line.paid and report_unknown(provider, line.external_id[:64], Kind.UNKNOWN_HERE, told)
    if row.amount_tiyin != line.tiyin:
        return report(row, Kind.AMOUNT, Told(f"{row.amount_tiyin} tiyin", f"{line.tiyin} tiyin"))
    if (row.state == State.PERFORMED) != line.paid:
        told = Told(State(row.state).name.lower(), "paid" if line.paid else "not paid")
        return report(row, Kind.STATE, told)
    return False


def _rows(provider: Channel, numbers: Iterable[str]) -> Iterable[ProviderTransaction]:
    return ProviderTransaction.objects.filter(provider=provider, external_id__in=list(numbers))


def _paid_between(provider: Channel, since: date, until: date) -> Any:
    start = _midnight_ms(since)
    end = _midnight_ms(until + timedelta(days=1))
    return ProviderTransaction.objects.filter(
        provider=provider, state=State.PERFORMED, provider_ms__gte=start, provider_ms__lt=end
    )


def _midnight_ms(day: date) -> int:
    """The start of a Tashkent day; there is no summer time."""
    return ((day - date(1970, 1, 1)).days * 24 - 5) * 3_600_000


def ask_click() -> int:
    """Each attempt of the last three days that should be settled; how many new differences.

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
    with requests.Session() as session:
        return sum(_ask_click(session, row) for row in rows.order_by("pk").iterator(100))


def _ask_click(session: requests.Session, row: ProviderTransaction) -> bool:
    day = (moment(row.create_ms) + timedelta(hours=5)).date()  # Tashkent's
    said = payment_status(session, row.topup_id, day)
    paid_there = said.get("error_code") == 0 and said.get("payment_status") == _PAID_THERE
    if row.state == State.CREATED:
        told = Told("created", "paid")
        others = ProviderTransaction.objects.filter(topup=row.topup_id, state=State.PERFORMED)
        return paid_there and not others.exists() and report(row, Kind.STATE, told)
    if paid_there:
        return False
    kind = Kind.STATE if said.get("error_code") == 0 else Kind.UNKNOWN_THERE
    return report(row, kind, Told("paid", f"status {said.get('payment_status')}, {said.get('error_code')}"))
