"""Who is refused for a cap hears of it, whatever is left of the cap."""

import pytest

from billing.models import Notice, NoticeKind
from proxy.tasks import tell_of_refusals
from tests.factories import MICROS, Caller, make_caller, rows

pytestmark = pytest.mark.django_db


def refused(caller: Caller, code: str) -> None:
    query = "INSERT INTO proxy_refusal (key_id, minute, code, count) VALUES (%s, now(), %s, 3)"
    rows(query + " RETURNING key_id", caller.api_key.pk, code)


def used_up(caller: Caller) -> bool:
    tell_of_refusals()
    found = Notice.objects.filter(org=caller.organization, kind=NoticeKind.CAP, deliveries__isnull=False)
    return any(notice.facts["share"] == 100 for notice in found)


def test_a_nearly_full_cap_that_refuses_is_told_of_as_used_up() -> None:
    caller, other = (make_caller(balance_uzs=1_000, caps={"project_day": 100 * MICROS}) for _ in range(2))
    for one in (caller, other):
        rows(
            "SELECT cap_add(billing_today(), ARRAY[%s::bigint], ARRAY[%s::bigint], '{false}',"
            " ARRAY[%s::bigint], '{0}')",
            one.project.pk,
            one.api_key.pk,
            99 * MICROS,
        )
    refused(other, "rate_limit_exceeded")
    assert not used_up(caller)
    refused(caller, "budget_exceeded")
    assert used_up(caller)
    assert not used_up(other)
