"""Operators set caps, the platform's own too, with a reason that stays in the log."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.caps import Scope, limits
from billing.models import Cap
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create(email="caps@op.invalid", is_staff=True, is_superuser=True))
    return client


def row(caller: Caller) -> str:
    number = Cap.number(Scope.PROJECT_DAY, caller.project.pk)
    return reverse("admin:billing_cap_change", args=[number])


def log() -> list[str]:
    return list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))


def test_a_cap_is_set_changed_and_removed_and_each_step_is_logged(operator: Client) -> None:
    caller = make_caller()
    form = {
        "scope": Scope.PROJECT_DAY.value,
        "scope_id": caller.project.pk,
        "limit": "500",
        "reason": "debts",
    }
    operator.post(reverse("admin:billing_cap_add"), form)
    assert limits(Scope, [caller.project.pk]) == [(Scope.PROJECT_DAY, caller.project.pk, 500 * MICROS)]
    operator.post(row(caller), {"limit": "700.5", "reason": "paid some"})
    assert limits(Scope, [caller.project.pk])[0][2] == 700_500_000
    operator.post(row(caller), {"limit": "", "reason": "paid all"})
    assert limits(Scope, [caller.project.pk]) == []
    assert log() == ["– → 500 UZS: debts", "500 → 700.5 UZS: paid some", "700.5 → – UZS: paid all"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"reason": ""}, "required"),
        ({"limit": "ten"}, "Write an amount in so&#x27;m"),
        ({"scope_id": 10**15}, "no such project"),
    ],
)
def test_what_is_incomplete_or_about_nothing_is_refused(
    operator: Client, change: dict[str, str], error: str
) -> None:
    caller = make_caller()
    form = {"scope": Scope.PROJECT_DAY.value, "scope_id": caller.project.pk, "limit": "500", "reason": "x"}
    assert error in operator.post(reverse("admin:billing_cap_add"), form | change).text
    assert limits(Scope, [caller.project.pk]) == []


def test_the_list_says_whose_cap_it_is_and_the_platforms_is_among_them(operator: Client) -> None:
    caller = make_caller(caps={"project_day": 5 * MICROS, "key_month": 6 * MICROS})
    form = {"scope": Scope.PLATFORM_DAY.value, "scope_id": 0, "limit": "123456", "reason": "x"}
    operator.post(reverse("admin:billing_cap_add"), form)
    text = operator.get(reverse("admin:billing_cap_changelist")).text
    assert text.count(caller.organization.name) == 2 and "123,456.00" in text
    assert operator.get(reverse("admin:billing_notice_changelist")).status_code == 200
    assert operator.post(row(caller).replace("change", "delete"), {"post": "yes"}).status_code == 403
