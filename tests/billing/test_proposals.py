"""Two operators for a manual rate: who proposes may not confirm, and there is a way back to the feed."""

from datetime import date, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.errors import ProposalDecided, ProposalOwn, ProposalWaits, RateRefused
from billing.fx import proposals
from billing.fx.cbu import Quote
from billing.fx.ladder import Level
from billing.models import FxProposal, FxRate
from billing.rates import add_rate, current_rates
from tests.billing.books import set_clock

pytestmark = pytest.mark.django_db
TODAY = date(2026, 8, 21)


def person() -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True, is_superuser=True)


@pytest.fixture
def ann() -> User:
    set_clock("2026-08-21 12:00+05")
    return person()


@pytest.fixture
def bob() -> User:
    return person()


def test_a_rate_takes_two(ann: User, bob: User) -> None:
    bank = add_rate("cbu", TODAY, 11_794_880_000, author="cbu.uz")
    said = proposals.propose_rate(ann, TODAY, 12_000_000_000, "the card's rate")
    with pytest.raises(ProposalOwn):
        proposals.confirm(said.pk, ann)
    assert current_rates().fx_id == bank

    done = proposals.confirm(said.pk, bob)

    found = current_rates()
    assert (found.fx_id, found.micros_per_usd, found.source) == (done.rate, 12_000_000_000, "manual")
    row = FxRate.objects.get(pk=done.rate)
    assert str(ann) in row.author and str(bob) in row.author and row.reason == "the card's rate"
    assert (done.before_micros, done.proposed_by, done.decided_by) == (11_794_880_000, ann, bob)
    with pytest.raises(ProposalDecided):
        proposals.confirm(said.pk, bob)


def test_the_database_too_refuses_the_maker_as_checker(ann: User) -> None:
    said = proposals.propose_rate(ann, TODAY, 12_000_000_000, "x")
    with pytest.raises(IntegrityError, match="maker_is_not_checker"), transaction.atomic():
        FxProposal.objects.filter(pk=said.pk).update(
            state="confirmed", decided_by=ann, decided_at=timezone.now(), rate=1
        )


def test_it_holds_against_the_feed_until_both_go_back(ann: User, bob: User) -> None:
    add_rate("cbu", TODAY, 11_794_880_000, author="cbu.uz")
    proposals.confirm(proposals.propose_rate(ann, TODAY, 12_000_000_000, "x").pk, bob)
    set_clock("2026-08-24 12:00+05")
    add_rate("cbu", date(2026, 8, 24), 11_800_000_000, author="cbu.uz")
    assert current_rates().micros_per_usd == 12_000_000_000

    proposals.confirm(proposals.propose_feed(bob, "the feed is right again").pk, ann)

    found = current_rates()
    assert (found.micros_per_usd, found.source, found.fx_date) == (11_800_000_000, "cbu", date(2026, 8, 24))
    with pytest.raises(RateRefused):
        proposals.propose_feed(ann, "once more")
    proposals.confirm(proposals.propose_rate(ann, date(2026, 8, 24), 12_100_000_000, "y").pk, bob)
    assert current_rates().micros_per_usd == 12_100_000_000


def test_there_is_no_way_back_to_a_rate_that_is_too_old(ann: User, bob: User) -> None:
    add_rate("cbu", TODAY, 11_794_880_000, author="cbu.uz")
    proposals.confirm(proposals.propose_rate(ann, TODAY, 12_000_000_000, "x").pk, bob)
    set_clock("2026-09-01 00:00+05")
    with pytest.raises(RateRefused):
        proposals.propose_feed(ann, "back")


def test_a_jump_is_confirmed_by_one(bob: User) -> None:
    set_clock("2026-08-21 12:00+05")
    add_rate("cbu", date(2026, 8, 20), 11_794_880_000, author="cbu.uz")
    assert proposals.hold_jump(Quote(TODAY, 14_000_000_000))
    proposals.confirm(FxProposal.objects.get().pk, bob)
    assert (current_rates().micros_per_usd, current_rates().source) == (14_000_000_000, "cbu")


def test_a_refused_jump_is_not_asked_again(bob: User) -> None:
    set_clock("2026-08-21 12:00+05")
    add_rate("cbu", date(2026, 8, 20), 11_794_880_000, author="cbu.uz")
    proposals.hold_jump(Quote(TODAY, 14_000_000_000))
    proposals.refuse(FxProposal, FxProposal.objects.get().pk, bob, "a typing error")
    assert not proposals.hold_jump(Quote(TODAY, 14_000_000_000))
    assert current_rates().level is Level.FRESH and current_rates().micros_per_usd == 11_794_880_000


def test_what_waits_for_a_day_is_over(ann: User, bob: User) -> None:
    said = proposals.propose_rate(ann, TODAY, 12_000_000_000, "x")
    with pytest.raises(ProposalWaits):
        proposals.propose_rate(bob, TODAY, 12_100_000_000, "y")
    FxProposal.objects.filter(pk=said.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ProposalDecided):
        proposals.confirm(said.pk, bob)

    assert proposals.expire() == 1
    said.refresh_from_db()
    assert said.state == "expired"
    proposals.propose_rate(bob, TODAY, 12_100_000_000, "y")


@pytest.mark.parametrize("micros", [0, -1])
def test_a_rate_is_positive(ann: User, micros: int) -> None:
    with pytest.raises(RateRefused):
        proposals.propose_rate(ann, TODAY, micros, "x")


def test_a_rate_holds_from_no_day_that_is_over(ann: User) -> None:
    with pytest.raises(RateRefused):
        proposals.propose_rate(ann, date(2026, 8, 20), 12_000_000_000, "x")


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_once_make_one_row() -> None:
    """Committed for real, and dated so far ahead that no other test meets it."""
    maker, far = person(), proposals.today() + timedelta(days=40_000)
    said = proposals.propose_rate(maker, far, 12_000_000_000, "x")
    checkers, start, outcomes = [person() for _ in range(4)], Barrier(4), []

    def press(who: User) -> None:
        start.wait()
        try:
            proposals.confirm(said.pk, who)
            outcomes.append("done")
        except ProposalDecided:
            outcomes.append("late")
        finally:
            connection.close()

    threads = [Thread(target=press, args=(who,)) for who in checkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "late", "late", "late"]
    FxProposal.objects.filter(pk=said.pk).delete()
    assert FxRate.objects.filter(date=far).count() == 1


# --- Pages --------------------------------------------------------------------------------------------------


def browser(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


def propose(client: Client, **said: str) -> None:
    body = {"kind": "manual", "date": str(timezone.localdate()), "rate_uzs": "12 000.5", "reason": "news"}
    client.post(reverse("admin:billing_fxproposal_add"), body | said)


def test_the_pages_take_two_operators_too() -> None:
    ann, bob = person(), person()
    propose(browser(ann))
    said = FxProposal.objects.get()
    assert (said.micros_per_usd, said.proposed_by) == (12_000_500_000, ann)
    url = reverse("admin:billing_fxproposal_decide", args=[said.pk])

    assert 'name="confirm"' not in browser(ann).get(url).text
    browser(ann).post(url, {"confirm": "1"})
    said.refresh_from_db()
    assert said.state == "pending"

    assert 'name="confirm"' in browser(bob).get(url).text
    browser(bob).post(url, {"confirm": "1"})
    assert current_rates().micros_per_usd == 12_000_500_000
    history = reverse("admin:billing_fxproposal_history", args=[said.pk])
    assert "confirmed" in browser(bob).get(history).text


def test_a_step_over_five_percent_asks_for_a_second_look() -> None:
    add_rate("manual", date(2026, 1, 1), 12_000_000_000, author="test")
    client = browser(person())
    propose(client, rate_uzs="15000")
    assert not FxProposal.objects.exists()
    propose(client, rate_uzs="15000", checked="on")
    assert FxProposal.objects.get().before_micros == 12_000_000_000
    propose(client, rate_uzs="12000")
    assert FxProposal.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"rate_uzs": "0"}, {"rate_uzs": "1e9"}, {"date": "2020-01-01"}, {"date": ""}, {"reason": ""}]
)
def test_a_rate_that_cannot_be_is_refused_in_the_form(wrong: dict[str, str]) -> None:
    propose(browser(person()), **wrong)
    assert not FxProposal.objects.exists()


def test_rates_themselves_can_be_added_by_nobody() -> None:
    client = browser(person())
    assert client.get(reverse("admin:billing_fxrate_add")).status_code == 403
    for model in ("fxrate", "fxreading", "fxproposal"):
        assert client.get(reverse(f"admin:billing_{model}_changelist")).status_code == 200


def test_without_the_right_nothing_is_decided() -> None:
    ann = person()
    said = proposals.propose_rate(ann, proposals.today(), 12_000_000_000, "x")
    clerk = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)
    url = reverse("admin:billing_fxproposal_decide", args=[said.pk])
    assert browser(clerk).post(url, {"confirm": "1"}).status_code == 403
