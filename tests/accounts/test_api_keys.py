"""`/api/keys` over HTTP: shapes, tenants, roles, CSRF, and that no key makes a wider one."""

import json
import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.keyformat import checksum_ok, new_key
from accounts.keys import create_key, find_key, revoke_key
from accounts.models import ApiKey, Membership, Organization, Project, Role
from billing import caps

from .asking import manager, normalized, post, refused
from .people import home, project, signed_in, working_in

pytestmark = pytest.mark.django_db


# --- the shapes of the CloudGPT documentation ---


def test_a_key_is_created_with_the_documented_shape(alice):
    answer = post(signed_in(alice), name="My Production Key")
    body = answer.json()
    assert answer.status_code == 200
    assert body["id"].startswith("key_")
    assert len(body["id"]) == 36
    assert checksum_ok(body["key"])
    assert body["name"] == "My Production Key"
    assert abs(body["created"] - timezone.now().timestamp()) < 60
    assert (body["scopes"], body["rpm"], body["cap"]) == (["inference"], None, None)
    assert answer.headers["Cache-Control"] == "no-store"
    assert find_key(body["key"]).created_by == alice


def test_keys_are_listed_by_prefix_without_the_key(alice):
    client = signed_in(alice)
    made = post(client, name="One").json()
    (item,) = client.get("/api/keys").json()["data"]
    assert item["prefix"] == made["key"][:8] + "..."
    assert item["lastUsed"] is None
    assert "key" not in item
    assert made["key"] not in json.dumps(item)
    assert set(item) == {
        "id", "name", "prefix", "last4", "created", "lastUsed", "state", "project", "scopes", "rpm",
        "allowed_ips", "expires_at", "cap",
    }  # fmt: skip


def test_a_key_is_revoked_and_disappears(alice):
    client = signed_in(alice)
    made = post(client, name="One").json()
    answer = client.delete(f"/api/keys/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "id": made["id"]})
    assert client.get("/api/keys").json() == {"data": []}
    refused(client.delete(f"/api/keys/{made['id']}"), 404, "not_found")


def test_all_fields_are_kept(alice):
    expires = timezone.now() + timedelta(days=3)
    body = post(
        signed_in(alice),
        name="Limited",
        project=project(alice).api_id,
        scopes=["manage"],
        rpm=7,
        allowed_ips=["10.0.0.0/8", "2001:db8::/32"],
        expires_at=expires.isoformat(),
        cap={"limit_uzs": "5000.5", "window": "month"},
    ).json()
    key = find_key(body["key"])
    assert (key.scopes, key.rpm, key.allowed_ips) == (["manage"], 7, ["10.0.0.0/8", "2001:db8::/32"])
    assert key.expires_at == expires
    assert caps.limits([caps.Scope.KEY_MONTH], [key.pk]) == [(caps.Scope.KEY_MONTH, key.pk, 5_000_500_000)]
    assert body["cap"] == {"limit_uzs": "5000.5", "window": "month"}


def test_the_plain_key_reaches_no_log_and_no_later_answer(alice, caplog):
    caplog.set_level(logging.DEBUG)
    client = signed_in(alice)
    plain = post(client, name="Canary").json()["key"]
    by_key = Client(headers={"x-api-key": plain})
    later = [client.get("/api/keys"), by_key.get("/api/keys"), client.get("/api/keys/nothing")]
    assert all(plain.encode() not in answer.content for answer in later)
    assert plain not in caplog.text


# --- who may ask ---


def test_nobody_is_told_to_send_a_key():
    for answer in (Client().get("/api/keys"), post(Client(), name="x"), Client().delete("/api/keys/key_0")):
        refused(answer, 401, "missing_api_key")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_needs_the_csrf_token(alice):
    client = signed_in(alice, enforce_csrf_checks=True)
    assert client.get("/api/keys").status_code == 200
    assert post(client, name="x").status_code == 403
    assert client.delete("/api/keys/key_0").status_code == 403
    client.get("/accounts/password/change/")
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/api/keys", '{"name": "x"}', content_type="application/json", headers={"x-csrftoken": token}
    )
    assert answer.status_code == 200


def test_a_foreign_origin_is_refused(alice):
    client = signed_in(alice, enforce_csrf_checks=True)
    client.get("/accounts/password/change/")
    headers = {"x-csrftoken": client.cookies["csrftoken"].value, "origin": "https://evil.example"}
    answer = client.post("/api/keys", '{"name": "x"}', content_type="application/json", headers=headers)
    assert answer.status_code == 403


def test_a_key_needs_the_scope_manage(alice):
    client, _ = manager(alice, scopes=["inference"])
    refused(client.get("/api/keys"), 403, "scope_missing")


def test_a_bad_key_beside_a_session_is_still_a_bad_key(alice):
    client = signed_in(alice)
    refused(client.get("/api/keys", headers={"authorization": f"Bearer {new_key()}"}), 401, "invalid_api_key")
    refused(client.get("/api/keys", headers={"authorization": "Bearer sk-x"}), 401, "invalid_api_key")
    refused(client.get("/api/keys", headers={"authorization": "Bearer"}), 401, "invalid_auth_scheme")


def test_two_different_keys_are_ambiguous(alice):
    client, _ = manager(alice)
    refused(client.get("/api/keys", headers={"x-api-key": new_key()}), 400, "ambiguous_credentials")


def test_revoked_expired_suspended_and_misplaced_keys_are_refused(alice):
    client, key = manager(alice, allowed_ips=["10.0.0.0/8"])
    refused(client.get("/api/keys"), 403, "ip_not_allowed")
    assert client.get("/api/keys", REMOTE_ADDR="10.1.2.3").status_code == 200
    Organization.objects.filter(pk=home(alice).pk).update(suspended_at=timezone.now())
    refused(client.get("/api/keys", REMOTE_ADDR="10.1.2.3"), 403, "account_suspended")
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    refused(client.get("/api/keys", REMOTE_ADDR="10.1.2.3"), 401, "api_key_expired")
    revoke_key(key)
    refused(client.get("/api/keys", REMOTE_ADDR="10.1.2.3"), 401, "api_key_revoked")


def test_a_suspended_organization_gets_no_new_keys(alice):
    Organization.objects.filter(pk=home(alice).pk).update(suspended_at=timezone.now())
    refused(post(signed_in(alice), name="x"), 403, "account_suspended")


@pytest.mark.parametrize(
    ("role", "may"), [("owner", True), ("admin", True), ("developer", True), ("viewer", False)]
)
def test_a_viewer_sees_keys_but_makes_and_revokes_none(alice, charlie, role, may):
    Membership.objects.filter(user=charlie, organization=home(alice)).update(role=Role(role))
    key, _ = create_key(project=project(alice), name="Alice's")
    client = working_in(charlie, home(alice))
    assert [item["id"] for item in client.get("/api/keys").json()["data"]] == [key.api_id]
    statuses = [post(client, name="x").status_code, client.delete(f"/api/keys/{key.api_id}").status_code]
    assert statuses == ([200, 200] if may else [403, 403])


def test_leaving_an_organization_ends_the_access_at_once(alice, charlie):
    client = working_in(charlie, home(alice))
    Membership.objects.filter(user=charlie, organization=home(alice)).delete()
    create_key(project=project(alice), name="Alice's")
    assert client.get("/api/keys").json() == {"data": []}


# --- tenants ---


@pytest.mark.parametrize("by", ["session", "key"])
def test_a_foreign_key_is_as_missing_as_a_missing_one(alice, bob, by):
    key, plain = create_key(project=project(alice), name="Alice's")
    client = signed_in(bob) if by == "session" else manager(bob)[0]
    foreign = client.delete(f"/api/keys/{key.api_id}")
    for missing in (
        f"key_{uuid4().hex}",
        "key_0",
        "key_' OR 1=1--",
        str(key.pk),
        key.public_id.hex,
        "key_" + "é" * 32,
    ):
        assert normalized(client.delete(f"/api/keys/{missing}")) == normalized(foreign)
    assert normalized(foreign)[0] == 404
    assert find_key(plain) == key


@pytest.mark.parametrize("by", ["session", "key"])
def test_lists_never_hold_foreign_keys(alice, bob, by):
    create_key(project=project(alice), name="Alice's")
    client = signed_in(bob) if by == "session" else manager(bob)[0]
    answer = client.get("/api/keys", {"project": project(alice).api_id, "ordering": "project__organization"})
    assert all(item["name"] != "Alice's" for item in answer.json()["data"])


@pytest.mark.parametrize("by", ["session", "key"])
def test_a_foreign_project_is_as_missing_as_a_missing_one(alice, bob, by):
    client = signed_in(bob) if by == "session" else manager(bob)[0]
    foreign = post(client, name="x", project=project(alice).api_id)
    missing = post(client, name="x", project=f"proj_{uuid4().hex}")
    assert normalized(foreign) == normalized(missing)
    refused(foreign, 400, "invalid_value", "project")
    assert not ApiKey.objects.filter(project=project(alice)).exists()


def test_a_key_stays_in_its_project(alice):
    other = Project.objects.create(organization=home(alice), name="Other")
    foreign, _ = create_key(project=other, name="Other's")
    client, key = manager(alice)
    assert [item["id"] for item in client.get("/api/keys").json()["data"]] == [key.api_id]
    refused(client.delete(f"/api/keys/{foreign.api_id}"), 404, "not_found")
    refused(post(client, name="x", project=other.api_id), 400, "invalid_value", "project")


@pytest.mark.parametrize(
    "field", ["digest", "pepper", "created_by", "organization", "id", "key", "revoked_at", "alowed_ips"]
)
def test_no_other_field_can_be_set(alice, field):
    answer = post(signed_in(alice), name="x", **{field: "1"})
    refused(answer, 400, "unknown_parameter", field)
    assert not ApiKey.objects.filter(project=project(alice)).exists()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"rpm": 0}, "rpm"),
        ({"rpm": 61}, "rpm"),
        ({"rpm": "many"}, "rpm"),
        ({"rpm": True}, "rpm"),
        ({"scopes": "manage"}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"expires_at": "yesterday"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"cap": 5}, "cap"),
        ({"cap": {"limit_uzs": "1"}}, "cap.window"),
        ({"allowed_ips": [["10.0.0.0/8"]]}, "allowed_ips.0"),
        ({"cap": {"limit_uzs": "-1", "window": "day"}}, "cap.limit_uzs"),
        ({"cap": {"limit_uzs": "1", "window": "week"}}, "cap.window"),
        ({"cap": {"limit_uzs": "1e30", "window": "day"}}, "cap.limit_uzs"),
        ({"cap": {"limit_uzs": "0.0000001", "window": "day"}}, "cap.limit_uzs"),
        ({"cap": {"limit_uzs": "NaN", "window": "day"}}, "cap.limit_uzs"),
    ],
)
def test_a_wrong_value_is_named(alice, fields, param):
    answer = post(signed_in(alice), **{"name": "x", **fields})
    code = "missing_required_parameter" if fields == {"cap": {"limit_uzs": "1"}} else "invalid_value"
    refused(answer, 400, code, param)
    assert not ApiKey.objects.filter(project=project(alice)).exists()


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("", "missing_required_parameter", "name"),
        (b"\xff\xfe{}", "invalid_json", None),
        ("{", "invalid_json", None),
        ('{"rpm": NaN}', "invalid_json", None),
        ("[" * 10_000, "invalid_json", None),
        ("[]", "invalid_value", None),
        ('"x"', "invalid_value", None),
        ("null", "invalid_value", None),
        ('{"name": "\\ud800"}', "invalid_json", None),
        ('{"name": "a\\u0000b"}', "invalid_value", "name"),
    ],
)
def test_a_body_that_is_no_good_object_is_a_400_in_json(alice, body, code, param):
    answer = signed_in(alice).post("/api/keys", body, content_type="application/json")
    refused(answer, 400, code, param)


def test_a_body_beyond_all_measure_is_a_413(alice):
    refused(post(signed_in(alice), name="x" * 70_000), 413, "request_too_large")


@pytest.mark.parametrize("path", ["/api/keys/", "/api/keys/key_0/"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_slash_at_the_end_is_another_address_and_no_redirect(alice, path, method):
    refused(getattr(signed_in(alice), method)(path), 404, "unknown_url")


def test_a_keys_own_project_is_the_default(alice):
    other = Project.objects.create(organization=home(alice), name="Other")
    _, plain = create_key(project=other, name="Manager", scopes=["manage", "inference"])
    made = post(Client(headers={"x-api-key": plain}), name="Child").json()
    assert made["project"] == other.api_id
    assert set(made) >= {"id", "key", "name", "created"}


def test_other_methods_and_types_are_refused_in_json(alice):
    client = signed_in(alice)
    assert client.put("/api/keys").status_code == 405
    assert client.get("/api/keys/key_0").status_code == 405
    answer = client.post("/api/keys", {"name": "x"})
    assert answer.status_code == 415
    assert answer.json()["error"]["message"]
