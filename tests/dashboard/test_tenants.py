"""Alice sees nothing of Bob's: a foreign id is 404 like an unknown one."""

from uuid import uuid4

import pytest

from billing.models import TopUp
from tests.dashboard.calls import browser, log_call
from tests.factories import MICROS, make_caller

pytestmark = pytest.mark.django_db


def test_a_receipt_belongs_to_its_organization() -> None:
    alice, bob = make_caller(), make_caller()
    call = log_call(bob)
    assert browser(bob).get(f"/dashboard/activity/{call}").status_code == 200
    assert browser(alice).get(f"/dashboard/activity/{call}").status_code == 404
    assert browser(alice).get(f"/dashboard/activity/{uuid4()}").status_code == 404


def test_the_overview_counts_own_calls_only() -> None:
    alice, bob = make_caller(), make_caller()
    log_call(bob, model="bobs/model")
    assert "bobs/model" not in browser(alice).get("/dashboard").content.decode()


@pytest.mark.parametrize("field", ["key", "project", "text", "model", "before"])
def test_a_filter_reaches_no_foreign_call(field: str) -> None:
    alice, bob = make_caller(), make_caller()
    call = log_call(bob, model="bobs/model")
    values = {
        "key": bob.api_key.pk,
        "project": bob.project.pk,
        "text": call,
        "model": "bobs",
        "before": "ffffffff-ffff-7fff-bfff-ffffffffffff",
    }
    page = browser(alice).get("/dashboard/activity", {field: str(values[field])})
    assert f"/dashboard/activity/{call}" not in page.content.decode()


def test_a_key_is_revoked_by_its_own_people_only() -> None:
    alice, bob = make_caller(), make_caller()
    address = f"/dashboard/keys/{bob.api_key.api_id}/revoke"
    assert browser(alice).get(address).status_code == 404
    assert browser(alice).post(address).status_code == 404
    bob.api_key.refresh_from_db()
    assert bob.api_key.revoked_at is None


def test_the_list_of_keys_is_ones_own() -> None:
    alice, bob = make_caller(), make_caller()
    text = browser(alice).get("/dashboard/keys").content.decode()
    assert alice.api_key.last4 in text and bob.api_key.api_id not in text


def test_a_key_is_made_in_ones_own_project_only() -> None:
    alice, bob = make_caller(), make_caller()
    form = {"name": "sneaky", "project": bob.project.pk, "scopes": ["inference"]}
    assert "new-key" not in browser(alice).post("/dashboard/keys", form).content.decode()
    assert not bob.project.keys.filter(name="sneaky").exists()


def test_billing_shows_ones_own_money_only() -> None:
    alice, bob = make_caller(), make_caller(balance_uzs=777)
    TopUp.objects.create(
        org=bob.organization, requested_by=bob.user, amount_micros=5000 * MICROS, reference="BOBS-ORDER"
    )
    text = browser(alice).get("/dashboard/billing").content.decode()
    assert "BOBS-ORDER" not in text and "777" not in text
    assert "777" in browser(bob).get("/dashboard/billing").content.decode()
