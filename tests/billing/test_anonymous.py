"""The platform's daily gift to callers without a key: one cap, and a wallet that is filled up to it."""

import pytest

from accounts.models import ANONYMOUS, Organization
from billing.anonymous import fund
from billing.caps import Scope, limits
from billing.ledger import balance
from billing.tasks import fund_anonymous

pytestmark = pytest.mark.django_db

UZS = 1_000_000


def held() -> int:
    return balance(Organization.objects.get(slug=ANONYMOUS).pk).total


def cap() -> list[int]:
    return [micros for _, _, micros in limits([Scope.PLATFORM_DAY], [0])]


def test_a_day_is_given_once():
    assert fund(500) == 500 * UZS
    assert fund(500) == 0
    assert (held(), cap()) == (500 * UZS, [500 * UZS])


def test_more_is_given_when_the_cap_is_raised_and_nothing_taken_when_it_is_lowered():
    fund(500)
    assert fund(800) == 300 * UZS
    assert fund(100) == 0
    assert (held(), cap()) == (800 * UZS, [100 * UZS])


def test_zero_gives_nothing_and_sets_no_cap():
    assert fund(0) == 0
    assert (held(), cap()) == (0, [])


def test_the_job_follows_the_setting(settings):
    settings.ANONYMOUS_DAILY_UZS = 0
    fund_anonymous()
    assert held() == 0
    settings.ANONYMOUS_DAILY_UZS = 7
    fund_anonymous()
    fund_anonymous()
    assert held() == 7 * UZS
