"""Money and calls at any moment of the months that have partitions: the clock is the database's."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from billing.ids import Kind, new_op_id
from dashboard.moments import first_id, today
from dashboard.papers.months import Month
from tests.billing.books import query, set_clock
from tests.dashboard.calls import ANSWERED
from tests.factories import Caller

MONTH = Month.of(today()).next  # of which nothing can have happened yet


def op_at(moment: datetime) -> UUID:
    """A new operation as if it were made at that moment."""
    midnight = first_id(moment.date()).int >> 80
    ms = midnight + int(
        (moment - datetime.combine(moment.date(), datetime.min.time(), moment.tzinfo)).total_seconds() * 1000
    )
    return UUID(int=ms << 80 | new_op_id().int & ((1 << 80) - 1))


def credit_at(caller: Caller, moment: datetime, kind: Kind, micros: int) -> None:
    """A top-up, promo or correction booked at that moment under an id of today."""
    set_clock(moment.isoformat())
    source = {Kind.TOPUP: "clearing:test", Kind.PROMO: "promo"}.get(kind, "adjustment")
    query(
        "SELECT wallet_credit(%s, %s, %s, %s, %s, NULL)",
        caller.organization.pk,
        new_op_id(),
        kind,
        source,
        micros,
    )


def call_at(
    caller: Caller, moment: datetime, cost: int, *, settled_after: timedelta = timedelta(0), **row: object
) -> tuple[UUID, int]:
    """A call begun at that moment and settled later; its id and the micros that were really charged."""
    set_clock((moment + settled_after).isoformat())
    op = op_at(moment)
    item = ANSWERED | {
        "id": str(op),
        "org": caller.organization.pk,
        "project": caller.project.pk,
        "key": caller.api_key.pk,
        "org_id": caller.organization.pk,
        "project_id": caller.project.pk,
        "key_id": caller.api_key.pk,
        "op": "capture",
        "cost": cost,
        "at": moment.isoformat(),
    }
    answer = query("SELECT record_batch(%s::json)::text", json.dumps([item | row]))[0][0]
    return op, int(json.loads(answer)[0]["charged"])


def close(month: Month) -> None:
    """Put the clock where the month is closed."""
    set_clock((month.ends_at + timedelta(days=2, hours=1)).isoformat())
