"""What an operator types."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization, User
from billing.ledger import balance
from billing.models import Transfer
from tests.billing.books import UZS, Customer, ask, query, reserve

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid")
    Organization.objects.create(name="Alice", owner=user, is_personal=True)
    return user


def credit(*args: str) -> str:
    out = StringIO()
    call_command("credit", *args, stdout=out)
    return out.getvalue()


def wallet(user: User) -> int:
    return balance(user.owned_organizations.get(is_personal=True).pk).bonus


def test_credit_gives_promo_money_with_its_reason(alice: User) -> None:
    said = credit("--email", alice.email.upper(), "--uzs", "1500.25", "--reason", "welcome")

    assert wallet(alice) == 1_500_250_000
    assert "1500.25 UZS" in said
    transfer = Transfer.objects.latest("id")
    assert (transfer.get_kind_display(), transfer.meta["reason"]) == ("promo bonus", "welcome")


def test_the_same_key_credits_once(alice: User) -> None:
    key = uuid4().hex
    for _ in range(2):
        said = credit("--email", alice.email, "--uzs", "5", "--reason", "x", "--key", key)

    assert "before" in said
    assert wallet(alice) == 5 * UZS


@pytest.mark.parametrize("uzs", ["0.0000001", "-5", "1e3", "0", "NaN", "five", "99999999999999"])
def test_odd_amounts_are_refused(alice: User, uzs: str) -> None:
    with pytest.raises(CommandError):
        credit("--email", alice.email, f"--uzs={uzs}", "--reason", "x")
    assert wallet(alice) == 0


def test_an_unknown_address_is_told() -> None:
    with pytest.raises(CommandError, match="nobody here has the e-mail nobody@test.invalid"):
        credit("--email", "nobody@test.invalid", "--uzs", "5", "--reason", "x")


def test_a_reason_is_needed(alice: User) -> None:
    with pytest.raises(CommandError):
        credit("--email", alice.email, "--uzs", "5", "--reason", " ")


def test_a_built_in_organization_is_credited_by_its_slug() -> None:
    before = balance(Organization.objects.get(slug="platform").pk).bonus

    credit("--org", "platform", "--uzs", "5", "--reason", "probes")

    assert balance(Organization.objects.get(slug="platform").pk).bonus == before + 5 * UZS


def test_sweep_holds_says_what_it_did() -> None:
    bob = Customer()
    bob.pay(UZS)
    epoch = query("SELECT heartbeat_start('host', 1)")[0][0]
    reserve(ask(bob, owner=epoch))
    query("SELECT heartbeat_stop(%s)", epoch)
    out = StringIO()

    call_command("sweep_holds", stdout=out)

    assert "holds released: " in out.getvalue()
    assert bob.wallet() == (UZS, 0, 0)


def test_partitions_lists_the_months_and_keeps_the_ledgers() -> None:
    out = StringIO()
    call_command("partitions", stdout=out)

    assert "transfer: 20" in out.getvalue()
    for table in ("transfer", "hold", "wallet", "proxy_request"):
        with pytest.raises(CommandError, match="no month that may be detached"):
            call_command("partitions", detach_oldest=table, stdout=out)
