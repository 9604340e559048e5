"""Pages of the content log: who may turn it on and off, what is written down, what a stranger sees."""

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.test import Client

from accounts import logkeys
from accounts.models import AuditEntry, ContentLog, Membership, Role, User
from proxy.contents import records
from tests.content import keep, log_to
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def logs(caller: Caller) -> str:
    return f"/dashboard/projects/{caller.project.api_id}/logs"


def new_key(public_key: bytes | None = None) -> dict[str, str]:
    """What a browser sends of a new pair."""
    public_key = public_key or X25519PrivateKey.generate().public_key().public_bytes_raw()
    text = base64.urlsafe_b64encode(public_key).decode().rstrip("=")
    return {"do": "on", "public_key": text, "key_id": f"lk_{uuid4().hex}"}


def member(caller: Caller, role: Role) -> Client:
    user = User.objects.create(email=f"{role}-{caller.user.email}", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def kept_call(caller: Caller, **options: Any) -> UUID:
    """A call with its receipt and sealed content."""
    call = keep(caller, log_to(caller.project), **options)
    log_call(caller, id=str(call))
    return call


def test_an_owner_turns_it_on_with_the_public_half_and_off() -> None:
    caller = make_caller()
    sent = new_key()
    browser(caller).post(logs(caller), sent)
    caller.project.refresh_from_db()
    key = logkeys.active_key(caller.project)
    assert key is not None and key.api_id == sent["key_id"]
    assert key.fingerprint in browser(caller).get(logs(caller)).content.decode()
    browser(caller).post(logs(caller), {"do": "off"})
    caller.project.refresh_from_db()
    assert caller.project.content_log == ContentLog.OFF


def test_each_change_is_written_down_with_its_person() -> None:
    caller = make_caller()
    client = browser(caller)
    for sent in (new_key(), new_key(), {"do": "days", "days": "45"}, {"do": "off"}):
        client.post(logs(caller), sent)
    client.post(f"{logs(caller)}/delete", {"typed": caller.project.name})
    found = AuditEntry.objects.filter(organization=caller.organization, subject=caller.project.api_id)
    assert [entry.deed.removeprefix("content_log.") for entry in found.order_by("pk")] == [
        *("on", "rotate", "days", "off", "delete")
    ]
    assert {entry.user for entry in found} == {caller.user}
    days = found.get(deed="content_log.days")
    assert (days.before, days.after) == ({"days": 30}, {"days": 45})
    assert caller.user.email in client.get(logs(caller)).content.decode()


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
@pytest.mark.parametrize("deed", ["on", "off", "days"])
def test_others_see_the_switch_and_change_nothing(role: Role, deed: str) -> None:
    caller = make_caller()
    pair = log_to(caller.project)
    client = member(caller, role)
    page = client.get(logs(caller))
    assert page.status_code == 200 and pair.key.fingerprint in page.content.decode()
    assert client.post(logs(caller), new_key() | {"do": deed, "days": "7"}).status_code == 403
    assert client.post(f"{logs(caller)}/delete", {"typed": caller.project.name}).status_code == 403
    caller.project.refresh_from_db()
    assert logkeys.active_key(caller.project) == pair.key and caller.project.content_since is None


@pytest.mark.parametrize("public_key", [b"\0" * 32, b"short", b"\1" + b"\0" * 31])
def test_what_is_no_key_turns_nothing_on(public_key: bytes) -> None:
    caller = make_caller()
    browser(caller).post(logs(caller), new_key(public_key))
    caller.project.refresh_from_db()
    assert logkeys.active_key(caller.project) is None


@pytest.mark.parametrize("days", ["6", "91", "many"])
def test_content_is_kept_from_7_to_90_days(days: str) -> None:
    caller = make_caller()
    log_to(caller.project)
    assert "errorlist" in browser(caller).post(logs(caller), {"do": "days", "days": days}).content.decode()
    caller.project.refresh_from_db()
    assert caller.project.content_days == 30


def test_an_id_that_is_taken_makes_no_second_key() -> None:
    caller, bob = make_caller(), make_caller()
    taken = log_to(bob.project).key.api_id
    browser(caller).post(logs(caller), new_key() | {"key_id": taken})
    assert not caller.project.log_keys.exists()


def test_a_strangers_project_and_call_are_missing() -> None:
    caller, bob = make_caller(), make_caller()
    call = kept_call(caller)
    for address in (logs(caller), f"{logs(caller)}/delete", f"/dashboard/activity/{call}/content"):
        assert browser(bob).get(address).status_code == 404
        assert browser(bob).post(address, {"do": "off"}).status_code in {404, 405}
    assert records.known(caller.project, call) == ""


def test_a_receipt_leads_to_what_is_kept_and_says_what_is_not() -> None:
    caller = make_caller()
    kept, lost, never = kept_call(caller), kept_call(caller, lost="queue_full"), log_call(caller)
    client = viewer(caller)
    link = "/dashboard/activity/{}/content"
    assert link.format(kept) in client.get(f"/dashboard/activity/{kept}").content.decode()
    told = client.get(f"/dashboard/activity/{lost}").content.decode()
    assert link.format(lost) not in told and "too much content was waiting" in told
    assert link.format(never) not in client.get(f"/dashboard/activity/{never}").content.decode()
    assert "data-log-content" in client.get(link.format(kept)).content.decode()
    for call in (lost, never):
        assert "data-log-content" not in client.get(link.format(call)).content.decode()


def test_the_page_of_a_call_holds_nothing_of_its_content() -> None:
    caller = make_caller()
    call = kept_call(caller)
    record = records.of_call(caller.project, call)
    assert record is not None
    page = browser(caller).get(f"/dashboard/activity/{call}/content").content.decode()
    assert str(record.shown()["sealed"]) not in page


def test_a_calls_content_is_deleted_by_who_may_write() -> None:
    caller = make_caller()
    call = kept_call(caller)
    address = f"/dashboard/activity/{call}/content"
    assert viewer(caller).post(address).status_code == 403
    assert member(caller, Role.DEVELOPER).post(address).status_code == 302
    assert records.known(caller.project, call) is None
    entry = AuditEntry.objects.get(organization=caller.organization, deed="content_log.delete_call")
    assert entry.before == {"call": str(call)}


def test_all_content_goes_after_a_question() -> None:
    caller = make_caller()
    call = kept_call(caller)
    assert viewer(caller).get(f"{logs(caller)}/delete").status_code == 403
    client = browser(caller)
    assert "To confirm, type: Default" in client.get(f"{logs(caller)}/delete").text
    for wrong in ({}, {"typed": ""}, {"typed": "Defaults"}):
        assert "errorlist" in client.post(f"{logs(caller)}/delete", wrong).text
    caller.project.refresh_from_db()
    assert records.known(caller.project, call) is not None
    client.post(f"{logs(caller)}/delete", {"typed": "default"})
    caller.project.refresh_from_db()
    assert records.known(caller.project, call) is None


def test_the_list_of_projects_is_ones_own() -> None:
    caller, bob = make_caller(), make_caller()
    pair = log_to(caller.project)
    text = browser(caller).get("/dashboard/projects").content.decode()
    assert caller.project.api_id in text and bob.project.api_id not in text
    own = browser(caller).get(f"/dashboard/projects/{caller.project.api_id}").content.decode()
    assert pair.key.fingerprint[:16] in own
