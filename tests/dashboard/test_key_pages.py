"""Keys on the page: made with all their limits, shown once, revoked after a question."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from accounts.keyformat import checksum_ok
from accounts.models import ApiKey
from dashboard.keys import SpendCap, Window, caps_of
from dashboard.moments import today
from tests.dashboard.calls import browser, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db

KEY = re.compile(r"cap-[0-9A-Za-z]{49}")


def form(caller: Caller, **fields: Any) -> dict[str, Any]:
    return {"name": "Shop", "project": caller.project.pk, "scopes": ["inference"], "window": "2"} | fields


def test_a_key_is_shown_once_and_kept_nowhere() -> None:
    caller = make_caller()
    client = browser(caller)
    page = client.post("/dashboard/keys", form(caller))
    (plain,) = set(KEY.findall(page.content.decode()))
    assert checksum_ok(plain)
    assert "no-store" in page.headers["Cache-Control"]
    assert not KEY.search(client.get("/dashboard/keys").content.decode())
    assert all(plain not in str(session.get_decoded()) for session in Session.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_apikey k WHERE k::text LIKE %s", [f"%{plain}%"])
        assert cursor.fetchone() == (0,)


def test_a_key_takes_all_its_limits() -> None:
    caller = make_caller()
    limits = {
        "rpm": "30",
        "cap": "50 000,5",
        "window": str(Window.DAY.value),
        "expires": today().isoformat(),
        "allowed_ips": "203.0.113.0/24\n2001:db8::/32, 198.51.100.7",
        "scopes": ["inference", "manage"],
    }
    assert "new-key" in browser(caller).post("/dashboard/keys", form(caller, **limits)).content.decode()
    key = ApiKey.objects.get(project=caller.project, name="Shop")
    assert key.rpm == 30
    assert key.scopes == ["inference", "manage"]
    assert key.allowed_ips == ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]
    assert key.expires_at is not None and key.state == "active"
    assert caps_of([key]) == {key.pk: [SpendCap(50_000_500_000, Window.DAY)]}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "This field is required"),
        ("rpm", "0", "greater than or equal to 1"),
        ("cap", "0", "A cap of zero would refuse every call"),
        ("cap", "1e5", "Write an amount"),
        ("cap", "-5", "Write an amount"),
        ("expires", str(today() - timedelta(days=1)), "in the past"),
        ("allowed_ips", "10.0.0.1/8", "neither an address nor a network"),
        ("scopes", [], "This field is required"),
        ("scopes", ["admin"], "not one of the available choices"),
    ],
)
def test_a_mistake_is_told_beside_its_field(field: str, value: Any, said: str) -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/keys", form(caller, **{field: value}))
    assert said in page.content.decode()
    assert not ApiKey.objects.filter(project=caller.project, name="Shop").exists()


def test_revoking_asks_first_and_then_lasts() -> None:
    caller = make_caller()
    client = browser(caller)
    address = f"/dashboard/keys/{caller.api_key.api_id}/revoke"
    assert "five seconds" in client.get(address).content.decode()
    caller.api_key.refresh_from_db()
    assert caller.api_key.revoked_at is None
    assert "is revoked" in client.post(address, follow=True).content.decode()
    caller.api_key.refresh_from_db()
    assert caller.api_key.state == "revoked"
    assert address not in client.get("/dashboard/keys").content.decode()


@pytest.mark.parametrize("key_id", ["key_", "nonsense", "key_" + "0" * 32, "key_" + "x" * 32])
def test_a_malformed_id_is_not_found(key_id: str) -> None:
    assert browser(make_caller()).get(f"/dashboard/keys/{key_id}/revoke").status_code == 404


def test_a_viewer_only_looks() -> None:
    caller = make_caller()
    client = viewer(caller)
    page = client.get("/dashboard/keys").content.decode()
    assert caller.api_key.last4 in page and "Create key" not in page
    assert client.post("/dashboard/keys", form(caller)).status_code == 403
    assert client.post(f"/dashboard/keys/{caller.api_key.api_id}/revoke").status_code == 403
    assert client.post("/dashboard/billing", {"amount": "5000", "reference": "1"}).status_code == 403


def test_a_suspended_organization_gets_no_key() -> None:
    caller = make_caller()
    caller.organization.suspended_at = caller.organization.created_at
    caller.organization.save()
    page = browser(caller).post("/dashboard/keys", form(caller)).content.decode()
    assert "new-key" not in page and "suspended" in page


def test_names_are_escaped() -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/keys", form(caller, name="<script>alert(1)</script>"))
    assert "<script>alert" not in page.content.decode()
