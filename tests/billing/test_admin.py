"""The operators' pages of money."""

from datetime import date
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization, User
from billing.ledger import balance
from billing.models import FxRate, Hold, Markup, TopUp, Transfer
from billing.rates import current_rates, set_manual_rate
from tests.billing.books import UZS, Customer, ask, end, reserve, settle

pytestmark = pytest.mark.django_db


def person(**rights: bool) -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", **rights)


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(person(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def asked() -> TopUp:
    alice = person()
    org = Organization.objects.create(name="Alice", owner=alice)
    return TopUp.objects.create(
        org=org, requested_by=alice, amount_micros=1_500_000 * UZS, reference="Invoice 7"
    )


def decide_url(*topups: TopUp) -> str:
    return f"{reverse('admin:billing_topup_decide')}?{'&'.join(f'id={topup.pk}' for topup in topups)}"


def test_every_list_opens(operator: Client) -> None:
    alice = Customer()
    alice.pay(UZS)
    call = ask(alice)
    reserve(call)
    settle(end(call, 700))
    set_manual_rate(11_794_880_000, date(2026, 11, 21), "ann", "", confirmed=True)

    for model in ("wallet", "transfer", "hold", "ledgeraccount", "fxrate", "markup", "topup"):
        url = reverse(f"admin:billing_{model}_changelist")
        assert operator.get(url).status_code == 200, model
        for term in (str(alice.org), str(call.id), "alice", "'", "\u0663"):
            assert operator.get(url, {"q": term}).status_code == 200, (model, term)


def test_a_calls_rows_are_found_by_its_id_and_an_organizations_by_its_number(operator: Client) -> None:
    alice = Customer()
    alice.pay(UZS)
    call = ask(alice)
    reserve(call)
    settle(end(call, 700))

    for term in (str(call.id), str(alice.org)):
        for model in ("transfer", "hold"):
            page = operator.get(reverse(f"admin:billing_{model}_changelist"), {"q": term})
            assert str(call.id)[:34] in page.text


@pytest.mark.parametrize("model", [Transfer, Hold, FxRate, Markup])
def test_money_rows_have_neither_a_form_nor_a_delete_button(operator: Client, model: type) -> None:
    alice = Customer()
    alice.pay(UZS)
    reserve(ask(alice))
    set_manual_rate(11_794_880_000, date(2026, 11, 21), "ann", "", confirmed=True)
    row = model.objects.first()
    name = model._meta.model_name

    change = reverse(f"admin:billing_{name}_change", args=[row.pk])
    assert operator.get(change).status_code == 200
    assert operator.post(change, {"reason": "x", "bps": "1"}).status_code == 403
    assert (
        operator.post(reverse(f"admin:billing_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code
        == 403
    )
    listed = operator.get(reverse(f"admin:billing_{name}_changelist")).text
    assert "delete_selected" not in listed


def test_approval_asks_first_and_then_credits(operator: Client, asked: TopUp) -> None:
    change = operator.get(reverse("admin:billing_topup_change", args=[asked.pk])).text
    assert decide_url(asked) in change

    page = operator.get(decide_url(asked)).text
    assert "1\u00a0500\u00a0000.00" in page
    assert balance(asked.org_id).total == 0

    operator.post(decide_url(asked), {"approve": "1"})
    operator.post(decide_url(asked), {"approve": "1"})

    assert balance(asked.org_id).paid == 1_500_000 * UZS
    assert decide_url(asked) not in operator.get(reverse("admin:billing_topup_change", args=[asked.pk])).text


def test_rejection_keeps_the_reason(operator: Client, asked: TopUp) -> None:
    operator.post(decide_url(asked), {"reject": "1", "reason": "no such transfer"})

    asked.refresh_from_db()
    assert (asked.state, asked.reason) == ("rejected", "no such transfer")


def test_several_are_decided_together_from_the_list(operator: Client, asked: TopUp) -> None:
    other = TopUp.objects.create(
        org=asked.org, requested_by=asked.requested_by, amount_micros=2_000 * UZS, reference="8"
    )
    chosen = {"action": "approve_selected", "_selected_action": [asked.pk, other.pk]}

    answer = operator.post(reverse("admin:billing_topup_changelist"), chosen)
    operator.post(answer.url, {"approve": "1"})

    assert balance(asked.org_id).paid == 1_502_000 * UZS


def test_who_asked_is_told_that_another_person_approves(asked: TopUp) -> None:
    User.objects.filter(pk=asked.requested_by_id).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(asked.requested_by)

    page = client.post(decide_url(asked), {"approve": "1"}, follow=True).text

    assert "approve it" in page
    assert balance(asked.org_id).total == 0


def test_without_the_right_nothing_is_decided(asked: TopUp) -> None:
    client = Client()
    client.force_login(person(is_staff=True))

    assert client.post(decide_url(asked), {"approve": "1"}).status_code == 403
    assert balance(asked.org_id).total == 0


def test_a_markup_is_added_and_in_force(operator: Client) -> None:
    set_manual_rate(11_794_880_000, date(2026, 11, 20), "ann", "", confirmed=True)
    answer = operator.post(
        reverse("admin:billing_markup_add"), {"kind": "margin", "bps": "3100", "reason": "x"}
    )

    assert answer.status_code == 302
    assert current_rates().markups["margin"].bps == 3100
    assert Markup.objects.latest("id").author.endswith("@test.invalid")
