"""The platform's daily gifts to its built-in organizations: one cap, and two wallets that are filled."""

import pytest

from accounts.models import ANONYMOUS, PLATFORM, Organization
from billing.builtin import fund
from billing.caps import Scope, limits
from billing.ledger import balance
from billing.tasks import fund_builtin

pytestmark = pytest.mark.django_db

UZS = 1_000_000


def held(slug: str = ANONYMOUS) -> int:
    return balance(Organization.objects.get(slug=slug).pk).total


def cap() -> list[int]:
    return [micros for _, _, micros in limits([Scope.PLATFORM_DAY], [0])]


def test_a_day_is_given_once():
    assert fund(anonymous_uzs=500, probes_uzs=0) == 500 * UZS
    assert fund(anonymous_uzs=500, probes_uzs=0) == 0
    assert (held(), cap()) == (500 * UZS, [500 * UZS])


def test_more_is_given_when_the_cap_is_raised_and_nothing_taken_when_it_is_lowered():
    fund(anonymous_uzs=500, probes_uzs=0)
    assert fund(anonymous_uzs=800, probes_uzs=0) == 300 * UZS
    assert fund(anonymous_uzs=100, probes_uzs=0) == 0
    assert (held(), cap()) == (800 * UZS, [100 * UZS])


def test_zero_gives_nothing_and_sets_no_cap():
    assert fund(anonymous_uzs=0, probes_uzs=0) == 0
    assert (held(), cap()) == (0, [])


def test_the_job_follows_the_setting(settings):
    settings.ANONYMOUS_DAILY_UZS = settings.PROBE_DAILY_UZS = 0
    fund_builtin()
    assert held() == 0
    settings.ANONYMOUS_DAILY_UZS = 7
    fund_builtin()
    fund_builtin()
    assert held() == 7 * UZS


def test_probes_have_a_wallet_of_their_own_under_the_common_cap():
    assert fund(anonymous_uzs=500, probes_uzs=20) == 520 * UZS
    assert (held(), held(PLATFORM), cap()) == (500 * UZS, 20 * UZS, [520 * UZS])
    assert fund(anonymous_uzs=500, probes_uzs=20) == 0


def test_probes_need_no_anonymous_callers():
    assert fund(anonymous_uzs=0, probes_uzs=20) == 20 * UZS
    assert (held(), held(PLATFORM), cap()) == (0, 20 * UZS, [20 * UZS])
