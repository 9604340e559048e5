"""The operators' pages of money."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import FxRate, Hold, Markup, Transfer
from billing.rates import set_manual_rate
from tests.billing.books import UZS, Customer, ask, end, reserve, settle
from tests.transfers import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(person(is_staff=True, is_superuser=True))
    return client


def test_every_list_opens(operator: Client) -> None:
    alice = Customer()
    alice.pay(UZS)
    call = ask(alice)
    reserve(call)
    settle(end(call, 700))
    set_manual_rate(11_794_880_000, date(2026, 11, 21), "ann", "", confirmed=True)

    for model in (
        "wallet",
        "transfer",
        "hold",
        "ledgeraccount",
        "fxrate",
        "markup",
        "topup",
        "receivingcard",
        "incomingtransfer",
    ):
        url = reverse(f"admin:billing_{model}_changelist")
        assert operator.get(url).status_code == 200, model
        for term in (str(alice.org), str(call.id), "alice", "'", "\u0663"):
            assert operator.get(url, {"q": term}).status_code == 200, (model, term)


def test_the_admins_own_words_are_uzbek_where_django_has_none(operator: Client) -> None:
    uzbek = {"Accept-Language": "uz"}
    listed = operator.get(reverse("admin:billing_markup_changelist"), headers=uzbek).text
    form = operator.get(reverse("admin:billing_adjustment_add"), headers=uzbek).text
    for english in ("Select ", "Show counts", "Start typing", ">Groups<", "Save and", "Catalog and", "Add "):
        assert english not in listed + form, english
    searched = operator.get(reverse("admin:billing_transfer_changelist"), headers=uzbek).text
    assert 'alt="Qidirish"' in searched
    assert "Qidirish uchun yozing" in listed and "Saqlash va yana qoʻshish" in form


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
