"""Operators' pages of refunds, adjustments and promo campaigns."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.adjustments import BankDetails, ask_payout
from billing.ledger import balance
from billing.models import Adjustment, PromoCampaign
from billing.promos import redeem
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db


def operator(*rights: str) -> Client:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


def maker() -> Client:
    return operator("view_adjustment", "add_adjustment", "view_organization")


def checker() -> Client:
    return operator("view_adjustment", "approve_adjustment")


def file(client: Client, caller: Caller, **said: str) -> Adjustment:
    about = {"kind": "bonus", "org": str(caller.organization.pk), "amount_uzs": "5", "reason": "because"}
    answer = client.post(reverse("admin:billing_adjustment_add"), about | said)
    assert answer.status_code == 302, answer.text
    return Adjustment.objects.filter(org=caller.organization).latest("pk")


def decide(made: Adjustment) -> str:
    return reverse("admin:billing_adjustment_decide", args=[made.pk])


def test_one_asks_another_sees_what_would_move_and_approves_and_it_is_in_the_log() -> None:
    alice, first, second = make_caller(), maker(), checker()
    made = file(first, alice)
    page = second.get(decide(made)).text
    assert f"wallet:{alice.organization.pk}:bonus" in page and "Goodwill bonus" in page
    assert balance(made.org_id).total == 0

    assert first.post(decide(made), {"approve": "1"}).status_code == 403
    second.post(decide(made), {"approve": "1"})
    second.post(decide(made), {"approve": "1"})

    assert balance(made.org_id).bonus == 5 * MICROS
    (entry,) = LogEntry.objects.filter(object_id=made.pk, action_flag=2)
    assert "pending → done" in entry.change_message and "bonus 0 → 5" in entry.change_message
    assert reverse("admin:billing_adjustment_change", args=[made.pk])
    assert second.get(reverse("admin:billing_adjustment_change", args=[made.pk])).status_code == 200
    assert second.get(reverse("admin:billing_adjustment_changelist"), {"state": "done"}).status_code == 200


def test_who_may_approve_still_may_not_approve_their_own() -> None:
    both = operator("view_adjustment", "add_adjustment", "approve_adjustment", "view_organization")
    made = file(both, make_caller())
    assert "approve it" in both.post(decide(made), {"approve": "1"}, follow=True).text
    assert balance(made.org_id).total == 0


def test_a_rejection_needs_a_reason_and_who_asked_can_take_it_back() -> None:
    first, second = maker(), checker()
    made = file(first, make_caller())
    assert "reason is needed" in second.post(decide(made), {"reject": "1"}, follow=True).text
    second.post(decide(made), {"reject": "1", "answer": "twice"})
    made.refresh_from_db()
    assert (made.state, made.answer) == ("rejected", "twice")
    mine = file(first, make_caller())
    first.post(decide(mine), {"reject": "1", "answer": "wrong amount"})
    mine.refresh_from_db()
    assert mine.state == "cancelled"


def test_without_the_right_nothing_is_seen_or_done() -> None:
    made = file(maker(), make_caller())
    stranger = operator()
    assert stranger.get(decide(made)).status_code == 403
    assert stranger.post(decide(made), {"approve": "1"}).status_code == 403
    assert stranger.get(reverse("admin:billing_adjustment_add")).status_code == 403


@pytest.mark.parametrize(
    "said", [{"kind": "refund"}, {"amount_uzs": "0"}, {"amount_uzs": "x"}, {"reason": ""}]
)
def test_a_form_without_sense_files_nothing(said: dict[str, str]) -> None:
    alice = make_caller()
    about = {"kind": "bonus", "org": str(alice.organization.pk), "amount_uzs": "5", "reason": "because"}
    answer = maker().post(reverse("admin:billing_adjustment_add"), about | said)
    assert answer.status_code == 200 and "errorlist" in answer.text
    assert not Adjustment.objects.filter(org=alice.organization).exists()


def test_what_cannot_be_done_is_said_on_the_page_and_not_offered() -> None:
    made = file(maker(), make_caller(balance_uzs=1), kind="debit")
    page = checker().get(decide(made)).text
    assert "errornote" in page and 'name="approve"' not in page


def test_bank_details_are_shown_to_who_sends_them_and_each_look_is_in_the_log() -> None:
    alice = make_caller(balance_uzs=10)
    bank = BankDetails("ALICE", "20208000900123456789", "00014")
    made = ask_payout(alice.organization, alice.user, 4 * MICROS, bank, "")
    second = checker()
    assert bank.account not in second.get(decide(made)).text
    second.post(decide(made), {"approve": "1"})
    assert bank.account not in maker().get(decide(made)).text
    assert not LogEntry.objects.filter(object_id=made.pk, change_message="bank details shown").exists()
    assert bank.account in second.get(decide(made)).text
    assert LogEntry.objects.filter(object_id=made.pk, change_message="bank details shown").exists()
    assert "reference is needed" in second.post(decide(made), {"sent": "1"}, follow=True).text
    second.post(decide(made), {"sent": "1", "bank_reference": "PO-4"})
    made.refresh_from_db()
    assert (made.state, made.bank_details) == ("sent", None)
    log = " ".join(LogEntry.objects.filter(object_id=made.pk).values_list("change_message", flat=True))
    assert bank.account not in log


def test_a_campaign_is_made_with_codes_and_its_redemptions_leave_as_csv_that_runs_nothing() -> None:
    rights = [
        f"{verb}_promo{noun}" for verb in ("view", "add", "change") for noun in ("campaign", "redemption")
    ]
    client, now = operator(*rights), timezone.now()
    name, word = f"=1+{uuid4().hex[:6]}", uuid4().hex[:10]
    form = {
        "name": name,
        "amount_uzs": "5",
        "budget_uzs": "20",
        "starts_at_0": str((now - timedelta(days=1)).date()),
        "starts_at_1": "00:00:00",
        "ends_at_0": str((now + timedelta(days=9)).date()),
        "ends_at_1": "00:00:00",
        "active": "on",
        "codes": f"{word[:5]} {word[5:]}\n",
        "random_codes": "3",
    }
    assert client.post(reverse("admin:billing_promocampaign_add"), form).status_code == 302
    campaign = PromoCampaign.objects.get(name=name)
    assert campaign.codes.count() == 4
    alice = make_caller(free=True)
    made = redeem(alice.organization, alice.user, word)

    change = reverse("admin:billing_promocampaign_change", args=[campaign.pk])
    assert client.get(change).status_code == 200
    lower = client.post(change, form | {"codes": "", "random_codes": "", "budget_uzs": "4"}).text
    assert "errorlist" in lower
    client.post(change, form | {"codes": "", "random_codes": "", "budget_uzs": "9"})
    campaign.refresh_from_db()
    assert (campaign.budget_micros, campaign.spent_micros, campaign.uses) == (9 * MICROS, 5 * MICROS, 1)

    chosen = {"action": "export", "_selected_action": [made.pk]}
    answer = client.post(reverse("admin:billing_promoredemption_changelist"), chosen)
    header, row = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    assert row[header.index("campaign")] == f"'{name}" and row[header.index("amount_uzs")] == "5"
