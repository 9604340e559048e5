"""Top-ups, refunds and transfers: found, narrowed, as files; each organization its own."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Adjustment, Channel, TopUp
from tests.dashboard.calls import browser
from tests.factories import MICROS, Caller, credit, make_caller

pytestmark = pytest.mark.django_db


def topup(caller: Caller, uzs: int, **said: Any) -> TopUp:
    """A top-up of so much so'm."""
    fields = {"org": caller.organization, "requested_by": caller.user, "amount_micros": uzs * MICROS}
    return TopUp.objects.create(**fields | {"reference": f"order {uzs}"} | said)


def shown(caller: Caller, query: str) -> list[int]:
    """Amounts of the list in so'm."""
    page = browser(caller).get(f"/dashboard/topups?{query}").context["listing"]
    return [one.amount_micros // MICROS for one in page.rows]


def downloaded(caller: Caller, path: str) -> list[dict[str, str]]:
    answer = browser(caller).get(f"/dashboard/{path}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


def test_a_topup_is_found_by_number_reference_state_and_way() -> None:
    caller = make_caller()
    paid = topup(caller, 5000, state=TopUp.State.CANCELLED, decided_at=timezone.now())
    topup(caller, 7000, provider=Channel.PAYME, reference="")
    topup(caller, 9000)
    assert shown(caller, "q=order+9") == [9000]
    assert shown(caller, f"q=№{paid.pk}") == [5000]
    assert shown(caller, "state=cancelled") == [5000]
    assert shown(caller, "method=payme") == [7000]
    assert shown(caller, "sort=amount") == [5000, 7000, 9000]
    assert shown(caller, "q=nothing-like-it") == []


def test_files_of_money_are_exact_and_ones_own() -> None:
    alice, bob = make_caller(balance_uzs=12), make_caller(balance_uzs=5)
    topup(alice, 5000, reference="=cmd")
    topup(bob, 6000)
    (row,) = downloaded(alice, "topups.csv")
    assert (row["amount_uzs"], row["state"], row["reference"]) == ("5000", "pending", "'=cmd")
    assert downloaded(alice, "topups.csv?state=rejected") == []
    (moved,) = downloaded(alice, "transfers.csv")
    assert (moved["kind"], moved["part"], moved["amount_uzs"]) == ("topup", "paid", "12")
    assert downloaded(alice, "transfers.csv?kind=money") == [moved]
    assert downloaded(alice, "transfers.csv?kind=calls") == []


def test_the_balance_of_the_billing_page_moves_by_itself() -> None:
    caller = make_caller(balance_uzs=12)
    asked = {"x-part": "balance"}
    first = browser(caller).get("/dashboard/billing", headers=asked)
    assert first.content.decode().lstrip().startswith("<dl") and "12.00" in first.content.decode()
    known = asked | {"if-none-match": first.headers["ETag"]}
    assert browser(caller).get("/dashboard/billing", headers=known).status_code == 304
    credit(caller, paid_micros=5 * MICROS)
    assert "17.00" in browser(caller).get("/dashboard/billing", headers=known).content.decode()


def test_refunds_are_narrowed_by_state_and_taken_as_a_file() -> None:
    alice, bob = make_caller(balance_uzs=5000), make_caller(balance_uzs=5000)
    for caller in (alice, bob):
        Adjustment.objects.create(
            kind=Adjustment.Kind.PAYOUT,
            org=caller.organization,
            requested_by=caller.user,
            amount_micros=1000 * MICROS,
            reason="moving away",
            bank_hint="…0366",
            state=Adjustment.State.CANCELLED,
            decided_by=caller.user,
            decided_at=timezone.now(),
        )
    page = browser(alice).get("/dashboard/refunds?state=cancelled&q=0366")
    assert [one.org for one in page.context["refunds"]] == [alice.organization]
    assert "No refund matches" in browser(alice).get("/dashboard/refunds?state=sent").content.decode()
    (row,) = downloaded(alice, "refunds.csv")
    assert (row["amount_uzs"], row["account"], row["state"]) == ("1000", "…0366", "cancelled")


def test_nobody_sees_anothers_topups() -> None:
    alice, bob = make_caller(), make_caller()
    theirs = topup(bob, 8000)
    assert shown(alice, "") == [] and shown(alice, f"q={theirs.pk}") == []


def arrived(caller: Caller, uzs: int, **said: Any) -> TopUp:
    paid = {"state": TopUp.State.PAID, "credited_micros": uzs * MICROS, "decided_at": timezone.now()}
    return topup(caller, uzs, **{"provider": Channel.PAYME} | paid | said)


def receipts(caller: Caller, query: str) -> list[int]:
    """Amounts of the receipts on the page of papers in so'm."""
    page = browser(caller).get(f"/dashboard/papers?{query}").context["listing"]
    return [one.credited_micros // MICROS for one in page.rows]


def test_receipts_are_found_ordered_and_keep_the_language_of_papers() -> None:
    alice, bob = make_caller(), make_caller()
    arrived(alice, 5000)
    arrived(alice, 7000, reference="by Click", provider=Channel.CLICK)
    topup(alice, 9000)  # hasn't arrived: no receipt
    arrived(bob, 8000)
    assert receipts(alice, "") == [7000, 5000]
    assert receipts(alice, "sort=amount") == [5000, 7000]
    assert receipts(alice, "q=order+5") == [5000]
    assert receipts(alice, "method=click&lang=ru") == [7000]
    page = browser(alice).get("/dashboard/papers?lang=ru&q=order").text
    assert 'href="?q=order&amp;lang=ru&amp;sort=paid#receipts"' in page
    assert "No receipt matches" in browser(alice).get("/dashboard/papers?q=nothing").text
    assert [row["credited_uzs"] for row in downloaded(alice, "papers?file=csv&sort=-amount")] == [
        "7000",
        "5000",
    ]


def test_receipts_past_one_page_follow_in_their_place() -> None:
    caller = make_caller()
    for uzs in range(5000, 5026):
        arrived(caller, uzs)
    page = browser(caller).get("/dashboard/papers?sort=amount").text
    assert 'href="?sort=amount&amp;page=2#receipts"' in page
    assert receipts(caller, "sort=amount&page=2") == [5025]
