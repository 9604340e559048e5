"""M1–M5: card transfers over HTTP, from the customer's upload to the operator's decision.

The numbers are those of the acceptance list.
"""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from billing.models import IncomingTransfer, TopUp, TopUpDecision
from tests.billing.test_receipts import png_head
from tests.factories import MICROS, Caller, make_caller
from tests.payments.looks import at_once, transfers, wallet
from tests.payments.web import Web
from tests.stack import Stack
from tests.transfers import arrived, ask, person, picture

CREDITED = re.compile("Credited: ([0-9\N{NO-BREAK SPACE},.]+) UZS")


@pytest.fixture
def topup(stack: Stack) -> TopUp:
    """50,000 so'm and a tail, asked for and not yet here."""
    return ask(make_caller())


def operator(stack: Stack) -> Web:
    return Web(stack.url, person(is_staff=True, is_superuser=True))


def place(topup: TopUp) -> str:
    """Where operators decide it."""
    return f"/admin/billing/topup/{topup.pk}/decide/"


def upload(stack: Stack, topup: TopUp, data: bytes, name: str = "receipt.png", cheque: str = "") -> str:
    """What the customer's page says after the upload."""
    web, form = Web(stack.url, topup.requested_by), {"cheque_no": cheque}
    assert "Upload the receipt" in web.get(f"/dashboard/topups/{topup.pk}").text
    return web.post(f"/dashboard/topups/{topup.pk}/receipt", form, file=(name, data, "image/png")).text


def test_m1_of_two_operators_who_approve_at_once_one_credits_and_one_hears_it_is_decided(
    stack: Stack, topup: TopUp
) -> None:
    incoming = arrived(topup).pk
    operators = [operator(stack) for _ in range(2)]
    for one in operators:
        assert f'value="{incoming}"' in one.get(place(topup)).text
    clicks = [lambda one=one: one.post(place(topup), {"incoming": incoming}).text for one in operators]
    said = at_once(1, *clicks, on=topup)
    assert sorted(bool(CREDITED.search(page)) for page in said) == [False, True]
    assert sorted("decided before" in page for page in said) == [False, True]
    assert (wallet(topup) * MICROS, transfers(topup)) == (topup.amount_micros, [1])


def test_m2_the_same_file_or_cheque_of_another_person_is_flagged_and_never_credited_by_itself(
    stack: Stack, topup: TopUp
) -> None:
    file, cheque = picture(seed=uuid4().int % 10**6), uuid4().hex[:12]
    same_file, same_cheque = ask(make_caller()), ask(make_caller())
    first = upload(stack, topup, file, cheque=f"№ {cheque}")
    assert "We have your receipt" in first
    upload(stack, same_file, file)
    upload(stack, same_cheque, picture(seed=uuid4().int % 10**6), cheque=cheque.upper())
    web = operator(stack)
    for twin, flag in ((same_file, "same file was uploaded"), (same_cheque, "cheque number was used")):
        for one, other in ((twin, topup), (topup, twin)):
            page = web.get(place(one)).text
            assert flag in page and f">{other.pk}</a>" in page
        assert (twin.receipts.count(), wallet(twin), transfers(twin)) == (1, 0, [])
    assert wallet(topup) == 0


def test_m3_without_its_incoming_transfer_and_by_who_asked_for_it_nothing_is_approved(
    stack: Stack, topup: TopUp
) -> None:
    web = operator(stack)
    for form in ({}, {"incoming": "0"}, {"incoming": "999999999"}):
        assert "Choose the transfer that has arrived" in web.post(place(topup), form).text
    theirs = arrived(other := ask(make_caller()))
    web.post(place(other), {"incoming": theirs.pk})
    assert "credited before" in web.post(place(topup), {"incoming": theirs.pk}).text
    asker = topup.requested_by
    asker.is_staff = asker.is_superuser = True
    asker.save()
    own = Web(stack.url, asker).post(place(topup), {"incoming": arrived(topup).pk}).text
    assert "decide it" in own and not CREDITED.search(own)
    topup.refresh_from_db()
    assert (topup.state, wallet(topup), transfers(topup)) == ("pending", 0, [])


def test_m4_what_was_received_is_credited_and_both_amounts_are_kept(stack: Stack, topup: TopUp) -> None:
    assert topup.amount_micros > 50_000 * MICROS
    page = operator(stack).post(place(topup), {"incoming": arrived(topup, micros=50_000 * MICROS).pk}).text
    assert CREDITED.search(page)
    assert (wallet(topup), transfers(topup)) == (50_000, [1])
    kept = TopUpDecision.objects.get(topup=topup)
    assert kept.before["asked_micros"] == topup.amount_micros
    assert kept.after["credited_micros"] == 50_000 * MICROS
    assert IncomingTransfer.objects.get(topup=topup).amount_micros == 50_000 * MICROS


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("receipt.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
        ("receipt.png", b"<html><script>1</script></html>"),
        ("receipt.png", b"\x89PNG\r\n\x1a\n" + bytes(20 * 1024 * 1024)),
        ("receipt.png", png_head(50_000, 50_000)),
        ("receipt.png", png_head(11_999, 11_999)),
    ],
    ids=["svg", "html", "large", "bomb", "smaller-bomb"],
)
def test_m5_what_is_no_receipt_is_refused_and_served_nowhere(
    stack: Stack, topup: TopUp, name: str, data: bytes
) -> None:
    def kept() -> set[Path]:
        return set(Path(stack.env["RECEIPT_DIR"]).rglob("*.*"))

    before = kept()
    page = upload(stack, topup, data, name)
    assert "errorlist" in page and f"/dashboard/topups/{topup.pk}/receipts/" not in page
    assert (kept() - before, topup.receipts.exists()) == (set(), False)


def test_a_receipt_is_an_attachment_for_its_own_people_and_operators_alone(
    stack: Stack, topup: TopUp
) -> None:
    upload(stack, topup, picture(seed=uuid4().int % 10**6))
    name = topup.receipts.get().name
    own, theirs = f"/dashboard/topups/{topup.pk}/receipts/{name}", f"/admin/billing/topup/receipts/{name}"
    for web, path in ((Web(stack.url, topup.requested_by), own), (operator(stack), theirs)):
        file = web.get(path)
        assert (file.status_code, file.headers["Content-Type"]) == (200, "image/jpeg")
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    stranger: Caller = make_caller()
    assert Web(stack.url, stranger.user).get(own).status_code == 404
    assert Web(stack.url, topup.requested_by).get(theirs).status_code == 302
    assert Web(stack.url, person(is_staff=True)).get(theirs).status_code == 404
