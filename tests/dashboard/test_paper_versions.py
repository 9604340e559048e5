"""A receipt whose fiscal receipt came late is issued anew: the old one is void, and both stay."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.models import User
from billing.models import ProviderTransaction, TopUp
from dashboard.models import Paper
from dashboard.papers import issue
from dashboard.papers.files import receipt_file
from tests.dashboard.calls import browser, viewer
from tests.dashboard.papers import THEM, US, paid, sheet, text_of
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db
LINK = "https://ofd.soliq.uz/check?t=EZ000&r=77"


@pytest.fixture(autouse=True)
def _company(settings: Any) -> None:
    settings.COMPANY = US
    settings.VAT_BPS = 1200


def late(caller: Caller) -> tuple[TopUp, Paper]:
    """A top-up whose receipt was issued before its fiscal receipt came, which is there now."""
    topup = paid(caller)
    payments = ProviderTransaction.objects.filter(topup=topup)
    payments.update(fiscal_perform=None)
    paper = issue.receipt(topup)
    assert paper is not None and paper.figures["fiscal_url"] == ""
    payments.update(fiscal_perform={"qr_code_url": LINK})
    return topup, paper


def test_the_next_version_has_the_link_and_all_else_as_it_was_frozen(settings: Any) -> None:
    caller = make_caller()
    topup, old = late(caller)
    settings.COMPANY = US | {"name": "Another name"}
    browser(caller).post("/dashboard/papers/details", THEM)

    new = issue.receipt_anew(topup)

    assert new.figures == old.figures | {"fiscal_url": LINK}
    assert (new.payer, new.company, new.version, new.original) == (old.payer, old.company, 2, old)
    assert new.number == f"{old.number}-2" and new.sha256 != old.sha256
    assert issue.receipt(topup) == new
    with pytest.raises(issue.NothingNew):
        issue.receipt_anew(topup)


def test_both_files_say_which_of_them_counts() -> None:
    topup, old = late(make_caller())
    before = receipt_file(old, "pdf", "en")
    assert "VOID" not in text_of(before.body)
    new = issue.receipt_anew(topup)
    said = text_of(receipt_file(new, "pdf", "en").body)
    assert f"Replaces № {old.number} of" in said and "ofd.soliq.uz" in said and "VOID" not in said
    void = receipt_file(old, "pdf", "en")
    assert f"VOID. Replaced by № {new.number} of" in text_of(void.body)
    assert void.name == f"cloudapi-receipt-{old.number}-void-en.pdf" != before.name
    assert sheet(receipt_file(old, "csv", "en").body)[0]["void_replaced_by"] == new.number
    assert sheet(receipt_file(new, "csv", "en").body)[0]["void_replaced_by"] == ""
    for language, word in (("uz", "BEKOR QILINGAN"), ("ru", "НЕДЕЙСТВИТЕЛЕН")):
        assert word in text_of(receipt_file(old, "pdf", language).body)


def test_a_third_version_bears_the_first_ones_number() -> None:
    topup, old = late(make_caller())
    issue.receipt_anew(topup)
    ProviderTransaction.objects.filter(topup=topup).update(fiscal_perform={"qr_code_url": f"{LINK}8"})
    third = issue.receipt_anew(topup)
    assert third.number == f"{old.number}-3"
    assert f"Replaces № {old.number}-2 of" in text_of(receipt_file(third, "pdf", "en").body)


def test_without_a_new_link_or_a_receipt_nothing_is_issued() -> None:
    topup = paid(make_caller())
    for _ in range(2):
        with pytest.raises(issue.NothingNew):
            issue.receipt_anew(topup)
        issue.receipt(topup)
    assert Paper.objects.filter(subject=topup.number).count() == 1


def test_versions_stay_as_they_were_issued() -> None:
    topup, old = late(make_caller())
    new = issue.receipt_anew(topup)
    for change in ({"figures": {}}, {"version": 3}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Paper.objects.filter(pk__in=(old.pk, new.pk)).update(**change)


def test_the_page_of_the_top_up_offers_it_once_and_then_names_both() -> None:
    caller = make_caller()
    topup, old = late(caller)
    client, page = browser(caller), f"/dashboard/topups/{topup.pk}"
    anew = f"/dashboard/papers/receipts/{topup.pk}/anew"
    assert anew in client.get(page).text
    said = client.post(anew, follow=True).text
    assert f"{old.number}-2" in said and "the one that counts" in said and anew not in said
    assert "says already all" in client.post(anew, follow=True).text
    assert Paper.objects.filter(organization=caller.organization).count() == 2
    file = f"/dashboard/papers/receipts/{topup.pk}.pdf"
    assert "VOID" in text_of(client.get(file, {"v": "1", "lang": "en"}).content)
    assert "VOID" not in text_of(client.get(file, {"lang": "en"}).content)
    for wrong in ("3", "x", "01"):
        assert client.get(file, {"v": wrong}).status_code == 404


def test_versions_are_ones_own() -> None:
    alice, bob = make_caller(), make_caller()
    topup, _old = late(bob)
    anew = f"/dashboard/papers/receipts/{topup.pk}/anew"
    assert browser(alice).post(anew).status_code == 404
    assert Client().post(anew).status_code == 302
    assert browser(bob).get(anew).status_code == 405
    assert viewer(bob).post(anew).status_code == 302
    assert browser(alice).get(f"/dashboard/papers/receipts/{topup.pk}.pdf?v=1").status_code == 404


def test_operators_see_both_versions() -> None:
    caller = make_caller()
    topup, old = late(caller)
    new = issue.receipt_anew(topup)
    client = Client()
    client.force_login(User.objects.create_superuser(f"operator-{caller.user.email}", "x"))
    page = client.get("/admin/dashboard/paper/").text
    assert old.number in page and new.number in page
    assert old.number in client.get(f"/admin/dashboard/paper/{new.pk}/change/").text
