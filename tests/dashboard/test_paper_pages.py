"""Who may have papers, and who may say how an organization is named on them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import BillingDetails, Membership, Role, User
from dashboard.moments import today
from dashboard.papers import issue
from dashboard.papers.files import act_file
from dashboard.papers.months import Month
from tests.billing.books import set_clock
from tests.dashboard.calls import browser, log_call, viewer
from tests.dashboard.months import call_at, close
from tests.dashboard.papers import THEM, US, legal, paid
from tests.factories import MICROS, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _company(settings: Any) -> None:
    settings.COMPANY = US
    settings.VAT_BPS = 1200


def test_the_list_has_months_and_receipts_or_says_that_there_are_none() -> None:
    caller = make_caller()
    client = browser(caller)
    empty = client.get("/dashboard/papers").content.decode()
    assert "No receipts yet" in empty and f"/dashboard/papers/{Month.of(today())}/statement.pdf" in empty
    topup = paid(caller)
    assert f"/dashboard/papers/receipts/{topup.pk}.pdf" in client.get("/dashboard/papers").content.decode()


def test_papers_are_ones_own() -> None:
    alice, bob = make_caller(), make_caller(balance_uzs=77)
    topup = paid(bob)
    for form in ("pdf", "csv"):
        assert browser(bob).get(f"/dashboard/papers/receipts/{topup.pk}.{form}").status_code == 200
        assert browser(alice).get(f"/dashboard/papers/receipts/{topup.pk}.{form}").status_code == 404
    log_call(bob, model="bobs/model")
    for name in ("statement.csv", "days.csv"):
        page = browser(alice).get(f"/dashboard/papers/{Month.of(today())}/{name}")
        assert page.status_code == 200 and b"bobs" not in page.content
    legal(bob)
    assert "307654321" not in browser(alice).get("/dashboard/papers").content.decode()
    assert "307654321" not in browser(alice).get("/dashboard/papers/details").content.decode()


@pytest.mark.parametrize("address", ["", "/details", "/receipts/1.pdf", "/2026-11/statement.pdf"])
def test_strangers_are_sent_to_sign_in(address: str) -> None:
    assert Client().get(f"/dashboard/papers{address}").status_code == 302


@pytest.mark.parametrize("month", ["2020-01", "2999-12", "2026-13", "202611x", "٢٠٢٦-٠١", "2026-1-"])
def test_a_month_that_was_not_is_not_found(month: str) -> None:
    client = browser(make_caller())
    assert client.get(f"/dashboard/papers/{month}/statement.pdf").status_code == 404
    assert client.get(f"/dashboard/papers/{Month.of(today())}/statement.exe").status_code == 404


def test_viewers_read_papers_and_change_no_details() -> None:
    caller = make_caller()
    topup = paid(caller)
    client = viewer(caller)
    assert client.get(f"/dashboard/papers/receipts/{topup.pk}.pdf").status_code == 200
    assert "Fill in details" not in client.get("/dashboard/papers").content.decode()
    assert client.get("/dashboard/papers/details").status_code == 403
    assert client.post("/dashboard/papers/details", THEM).status_code == 403
    Membership.objects.exclude(user=caller.user).filter(organization=caller.organization).update(
        role=Role.DEVELOPER
    )
    assert client.post("/dashboard/papers/details", THEM).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stir", "12345678"),
        ("stir", "١٢٣٤٥٦٧٨٩"),
        ("account", "1" * 19),
        ("mfo", "0044x"),
        ("stir", ""),
        ("address", ""),
    ],
)
def test_details_that_cant_be_are_refused(field: str, value: str) -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/papers/details", THEM | {field: value})
    assert "errorlist" in page.content.decode()
    assert not BillingDetails.objects.exists()


def test_a_person_needs_no_details_at_all() -> None:
    caller = make_caller()
    assert browser(caller).post("/dashboard/papers/details", {"name": "Aziz"}).status_code == 302
    held = BillingDetails.objects.get(organization=caller.organization)
    assert (held.name, held.updated_by) == ("Aziz", caller.user)


def test_an_act_that_isnt_due_is_said_on_the_list() -> None:
    caller = legal(make_caller())
    client = browser(caller)
    page = client.get(f"/dashboard/papers/{Month.of(today())}/act.pdf", follow=True)
    assert "when the month is closed" in page.content.decode()


def test_an_act_can_be_downloaded_again() -> None:
    caller, month = make_caller(balance_uzs=5), Month.of(today())
    op_moment = month.starts_at + timedelta(hours=30)
    call_at(caller, op_moment, MICROS)
    close(month)
    paper = issue.act(legal(caller).organization, month)
    set_clock(None)
    page = browser(caller).get(f"/dashboard/papers/{month}/act.pdf?lang=uz")
    assert page.content == act_file(paper, "pdf", "uz").body


def test_operators_see_papers_and_change_none() -> None:
    caller = legal(make_caller())
    paper = issue.receipt(paid(caller))
    assert paper is not None
    client = Client()
    client.force_login(User.objects.create_superuser(f"operator-{caller.user.email}", "x"))
    assert paper.number in client.get("/admin/dashboard/paper/").content.decode()
    address = f"/admin/dashboard/paper/{paper.pk}/change/"
    assert "307654321" in client.get(address).content.decode()
    assert client.post(address, {"subject": "0"}).status_code == 403
    assert client.post(f"/admin/dashboard/paper/{paper.pk}/delete/", {"post": "yes"}).status_code == 403
    organization = client.get(f"/admin/accounts/organization/{caller.organization.pk}/change/")
    assert "307654321" in organization.content.decode()
