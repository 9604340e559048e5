"""Statements of providers as they were imported: a file once, a payment once."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection, transaction

from billing import sayings
from billing.models import Discrepancy, ProviderStatement, StatementLine
from billing.money import MICROS_PER_TIYIN
from billing.payments import Told, report_unknown
from billing.providers.statement import Line

Outcome = StatementLine.Outcome
_BATCH = 1000


def keep(told: ProviderStatement, lines: Sequence[Line] = ()) -> tuple[ProviderStatement, bool]:
    """The statement with its totals and those of its lines that no earlier one told; False if it is known.

    A payment that is told again with another amount is kept as it was told first, and operators hear of it.
    """
    with transaction.atomic():
        _one_at_a_time()
        same = ProviderStatement.objects.filter(
            provider=told.provider, card=told.card, digest=told.digest
        ).first()
        if same is not None:
            return same, False
        if lines:
            _sum_up(told, lines)
        told.save()
        rows = [_row(told, line) for line in lines]
        _tell_of_contradictions(rows)
        StatementLine.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    return told, True


def lines_of(statement: ProviderStatement) -> list[Line]:
    """What a provider had said of the statement's days when it was imported, by it and by earlier ones."""
    rows = StatementLine.objects.filter(
        provider=statement.provider,
        day__range=(statement.since, statement.until),
        statement__lte=statement.pk,
    )
    found = {row.external_id: row for row in rows.order_by("statement", "pk")}  # the latest word of each
    return [_line(row) for row in found.values()]


def newest() -> list[ProviderStatement]:
    """Of each provider, card and source, the one that reaches furthest."""
    rows = ProviderStatement.objects.select_related("card", "imported_by")
    keys = ("provider", "card_id", "source")
    return list(rows.order_by(*keys, "-until", "-pk").distinct(*keys))


def first_gap(statement: ProviderStatement) -> str:
    """The first day that none of this provider's or card's statements tells of, as ISO 8601; or nothing."""
    same = ProviderStatement.objects.filter(
        provider=statement.provider, card=statement.card, source=statement.source
    )
    reached = None
    for since, until in same.order_by("since", "-until").values_list("since", "until"):
        if reached is not None and since > reached + timedelta(days=1):
            return (reached + timedelta(days=1)).isoformat()
        reached = until if reached is None else max(reached, until)
    return ""


def _sum_up(told: ProviderStatement, lines: Sequence[Line]) -> None:
    """Totals over payments, by the last line of each."""
    last = {line.external_id: line for line in lines}.values()
    told.lines_count = len(lines)
    told.taken_micros = _micros(line.tiyin for line in last if line.paid or line.returned)
    told.returned_micros = _micros(line.tiyin for line in last if line.returned)
    told.fee_micros = _micros(line.fee_tiyin for line in last if line.paid or line.returned)


def _micros(amounts: Iterable[int]) -> int:
    return sum(amounts) * MICROS_PER_TIYIN


def _row(told: ProviderStatement, line: Line) -> StatementLine:
    outcome = Outcome.RETURNED if line.returned else Outcome.PAID if line.paid else Outcome.UNPAID
    return StatementLine(
        statement=told,
        provider=told.provider,
        external_id=line.external_id[:64],
        outcome=outcome,
        day=line.day or told.since,
        tiyin=line.tiyin,
        fee_tiyin=line.fee_tiyin,
    )


def _line(row: StatementLine) -> Line:
    paid, returned = row.outcome == Outcome.PAID, row.outcome == Outcome.RETURNED
    return Line(row.external_id, row.tiyin, paid, returned, row.fee_tiyin, row.day)


def _tell_of_contradictions(rows: Sequence[StatementLine]) -> None:
    for start in range(0, len(rows), _BATCH):
        batch = {(row.external_id, row.outcome): row for row in rows[start : start + _BATCH]}
        numbers = [external_id for external_id, _outcome in batch]
        provider = rows[start].provider
        for known in StatementLine.objects.filter(provider=provider, external_id__in=numbers):
            row = batch.get((known.external_id, known.outcome))
            if row is not None and row.tiyin != known.tiyin:
                said = Told(sayings.BEFORE % {"tiyin": known.tiyin}, sayings.NOW % {"tiyin": row.tiyin})
                report_unknown(provider, known.external_id, Discrepancy.Kind.AMOUNT, said)


def _one_at_a_time() -> None:
    """Two operators with the same file: one of them after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('billing_statement'))")
