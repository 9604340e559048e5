"""Two operators for a markup, the exchange margin among them, and what the log says of it."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.errors import ProposalDecided, ProposalOwn, ProposalWaits, RateRefused
from billing.fx.markups import confirm_markup, in_force, propose_markup
from billing.fx.proposals import expire, refuse
from billing.models import Markup, MarkupProposal
from billing.rates import set_markup
from tests.transfers import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["margin", "fx"])
def test_a_markup_takes_two(kind: str) -> None:
    ann, bob = person(), person()
    before = in_force(kind)
    said = propose_markup(ann, kind, 3100, "costs")
    with pytest.raises(ProposalOwn):
        confirm_markup(said.pk, ann)
    assert in_force(kind) == before

    done = confirm_markup(said.pk, bob)

    row = Markup.objects.get(pk=done.markup)
    assert (row.kind, row.bps, row.reason, in_force(kind)) == (kind, 3100, "costs", 3100)
    assert ann.email in row.author and bob.email in row.author
    assert (done.before_bps, done.decided_by) == (before, bob)
    with pytest.raises(ProposalDecided):
        confirm_markup(said.pk, person())


def test_one_of_a_kind_waits_and_another_kind_beside_it() -> None:
    propose_markup(person(), "margin", 3100, "a")
    with pytest.raises(ProposalWaits):
        propose_markup(person(), "margin", 3200, "b")
    propose_markup(person(), "fx", 100, "c")


@pytest.mark.parametrize(("kind", "bps"), [("", 5), (" ", 5), ("margin", -1), ("margin", 100_001)])
def test_an_impossible_markup_is_refused(kind: str, bps: int) -> None:
    with pytest.raises(RateRefused):
        propose_markup(person(), kind, bps, "x")


def test_what_is_in_force_is_no_proposal() -> None:
    set_markup("margin", 777, "test", "")
    with pytest.raises(RateRefused):
        propose_markup(person(), "margin", 777, "x")


def test_a_refused_one_and_an_old_one_change_nothing() -> None:
    before = in_force("margin")
    said = propose_markup(person(), "margin", 3100, "a")
    assert refuse(MarkupProposal, said.pk, person(), "too much").answer == "too much"
    late = propose_markup(person(), "margin", 3100, "b")
    MarkupProposal.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    assert expire() == 1
    with pytest.raises(ProposalDecided):
        confirm_markup(late.pk, person())
    assert in_force("margin") == before


def test_the_database_too_refuses_the_maker_as_checker() -> None:
    ann = person()
    said = propose_markup(ann, "margin", 3100, "a")
    with pytest.raises(IntegrityError), transaction.atomic():
        MarkupProposal.objects.filter(pk=said.pk).update(
            state="confirmed", decided_by=ann, decided_at=timezone.now(), markup=1
        )


def operator() -> Client:
    client = Client()
    client.force_login(person(is_staff=True, is_superuser=True))
    return client


def test_operators_propose_and_confirm_in_the_admin() -> None:
    set_markup("margin", 3000, "test", "")
    ann, bob = operator(), operator()
    assert ann.get(reverse("admin:billing_markup_add")).status_code == 403
    add = reverse("admin:billing_markupproposal_add")
    assert "routing_fee" in ann.get(add).text
    ann.post(add, {"kind": "margin", "bps": "3100", "reason": "costs"})
    said = MarkupProposal.objects.latest("pk")
    decide = reverse("admin:billing_markupproposal_decide", args=[said.pk])
    assert decide in ann.get(reverse("admin:billing_markupproposal_change", args=[said.pk])).text
    assert 'name="confirm"' not in ann.get(decide).text
    ann.post(decide, {"confirm": "1"})
    assert in_force("margin") == 3000
    page = bob.get(decide).text
    assert "31.00 %" in page and "30.00 %" in page and "costs" in page
    bob.post(decide, {"confirm": "1"})
    assert in_force("margin") == 3100
    history = bob.get(reverse("admin:billing_markupproposal_history", args=[said.pk])).text
    assert "confirmed: margin: 30.00 % → 31.00 %; costs" in history
    twice = bob.post(add, {"kind": "margin", "bps": "3100", "reason": "x"}, follow=True).text
    assert "in force already" in twice
