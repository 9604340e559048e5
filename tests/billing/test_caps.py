"""Setting and reading caps."""

import pytest

from billing.caps import Scope, Use, limits, remove_cap, set_cap, use
from billing.errors import AmountRefused
from tests.billing.books import UZS, Customer, ask, end, reserve, settle

pytestmark = pytest.mark.django_db


def test_a_cap_can_be_set_changed_and_removed() -> None:
    alice = Customer()
    set_cap(Scope.PROJECT_DAY, alice.project, 500)
    set_cap(Scope.PROJECT_DAY, alice.project, 700)
    set_cap(Scope.KEY_LIFETIME, alice.key, 900)

    assert limits(Scope, [alice.project, alice.key]) == [
        (Scope.PROJECT_DAY, alice.project, 700),
        (Scope.KEY_LIFETIME, alice.key, 900),
    ]
    remove_cap(Scope.PROJECT_DAY, alice.project)
    assert limits([Scope.PROJECT_DAY], [alice.project]) == []


def test_use_is_counted_without_a_cap() -> None:
    alice = Customer()
    alice.pay(UZS)
    assert use(Scope.PROJECT_MONTH, alice.project) == Use(0, 0)
    calls = [ask(alice), ask(alice)]
    reserve(*calls)
    settle(end(calls[0], 700))

    assert use(Scope.PROJECT_MONTH, alice.project) == Use(700, 2_500)
    assert use(Scope.KEY_LIFETIME, alice.key) == Use(700, 2_500)


@pytest.mark.parametrize("micros", [-1, 2**63])
def test_absurd_caps_are_refused(micros: int) -> None:
    with pytest.raises(AmountRefused):
        set_cap(Scope.KEY_DAY, 1, micros)
