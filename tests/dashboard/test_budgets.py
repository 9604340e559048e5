"""Budgets: who sees and changes which cap, on the page and over the API."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from billing.caps import Scope, limits, set_cap
from tests.dashboard.calls import browser, viewer
from tests.factories import MICROS, Caller, make_caller, rows

pytestmark = pytest.mark.django_db
PROJECT_CAPS = [Scope.PROJECT_DAY, Scope.PROJECT_MONTH]
KEY_CAPS = [Scope.KEY_LIFETIME, Scope.KEY_DAY, Scope.KEY_MONTH]


def spend(caller: Caller, micros: int) -> None:
    """As if calls of today had cost so much."""
    rows(
        "SELECT cap_add(billing_today(), ARRAY[%s::bigint], ARRAY[%s::bigint], '{false}', ARRAY[%s::bigint],"
        " '{0}')",
        caller.project.pk,
        caller.api_key.pk,
        micros,
    )


def project_page(caller: Caller) -> str:
    return f"/dashboard/budgets/projects/{caller.project.api_id}"


def key_page(caller: Caller) -> str:
    return f"/dashboard/budgets/keys/{caller.api_key.api_id}"


def member(caller: Caller, role: Role) -> Client:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", password="!")
    Membership.objects.create(organization=caller.organization, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def patch(client: Client, path: str, **body: Any) -> Any:
    return client.patch(path, json.dumps(body), content_type="application/json")


def by_key(caller: Caller) -> Client:
    return Client(headers=caller.headers)


def test_an_owner_sets_changes_and_removes_the_caps_of_a_project() -> None:
    caller = make_caller()
    client = browser(caller)
    client.post(project_page(caller), {"day": "10 000", "month": "250000.5"})
    assert limits(PROJECT_CAPS, [caller.project.pk]) == [
        (Scope.PROJECT_DAY, caller.project.pk, 10_000 * MICROS),
        (Scope.PROJECT_MONTH, caller.project.pk, 250_000_500_000),
    ]
    assert 'value="250000.5"' in client.get(project_page(caller)).text
    client.post(project_page(caller), {"day": "", "month": "250000.5"})
    assert [scope for scope, _, _ in limits(PROJECT_CAPS, [caller.project.pk])] == [Scope.PROJECT_MONTH]


def test_the_page_says_what_is_spent_and_left_and_when_it_begins_anew() -> None:
    caller = make_caller(caps={"project_day": 10_000 * MICROS, "key_lifetime": 50_000 * MICROS})
    spend(caller, 8_500 * MICROS)
    text = browser(caller).get("/dashboard/budgets").text
    assert "8,500.00 of 10,000.00\u00a0UZS" in text
    assert "1,500.00\u00a0UZS left" in text
    assert "at 00:00 (Tashkent)" in text
    assert "8,500.00 of 50,000.00\u00a0UZS" in text


def test_a_cap_below_what_is_spent_is_taken_with_a_clear_warning() -> None:
    caller = make_caller()
    spend(caller, 700 * MICROS)
    text = browser(caller).post(project_page(caller), {"day": "500", "month": ""}, follow=True).text
    assert "all its calls are refused until" in text
    assert limits(PROJECT_CAPS, [caller.project.pk]) == [(Scope.PROJECT_DAY, caller.project.pk, 500 * MICROS)]
    text = browser(caller).post(key_page(caller), {"lifetime": "0"}, follow=True).text
    assert "has already spent its lifetime cap" in text


@pytest.mark.parametrize("amount", ["-1", "1e3", "ten", "99999999999999"])
def test_what_is_no_amount_changes_nothing(amount: str) -> None:
    caller = make_caller(caps={"project_day": 5})
    assert "errorlist" in browser(caller).post(project_page(caller), {"day": amount}).text
    assert limits(PROJECT_CAPS, [caller.project.pk]) == [(Scope.PROJECT_DAY, caller.project.pk, 5)]


def test_only_owners_and_administrators_change_caps() -> None:
    caller = make_caller(caps={"project_day": 5})
    path = f"/api/projects/{caller.project.api_id}/caps"
    for client in (viewer(caller), member(caller, Role.DEVELOPER)):
        assert client.get("/dashboard/budgets").status_code == 200
        assert "Change caps" not in client.get("/dashboard/budgets").text
        for page in (project_page(caller), key_page(caller)):
            assert client.post(page, {"day": "1"}).status_code == 403
        answer = patch(client, path, day="1")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role_not_allowed")
        assert client.get(path).status_code == 200
    assert limits(PROJECT_CAPS, [caller.project.pk]) == [(Scope.PROJECT_DAY, caller.project.pk, 5)]
    assert patch(member(caller, Role.ADMIN), path, day="1").status_code == 200


def test_the_api_answers_exact_amounts_and_changes_what_is_named_alone() -> None:
    caller = make_caller(caps={"project_day": 5 * MICROS}, scopes=("manage",))
    spend(caller, 1_500_001)
    path = f"/api/projects/{caller.project.api_id}/caps"
    answer = patch(browser(caller), path, month="1000.000001").json()
    day, month = answer["caps"]["day"], answer["caps"]["month"]
    assert (answer["id"], day["limit_uzs"], month["limit_uzs"]) == (caller.project.api_id, "5", "1000.000001")
    assert (day["spent_uzs"], day["left_uzs"], day["held_uzs"]) == ("1.500001", "3.499999", "0")
    assert day["resets_at"].endswith("T00:00:00+05:00")
    assert patch(browser(caller), path, day=None).json()["caps"]["day"]["limit_uzs"] is None
    assert by_key(caller).get(path).json()["caps"]["month"]["limit_uzs"] == "1000.000001"
    lifetime = by_key(caller).get(f"/api/keys/{caller.api_key.api_id}/caps").json()["caps"]["lifetime"]
    assert (lifetime["limit_uzs"], lifetime["resets_at"], lifetime["spent_uzs"]) == (None, None, "1.500001")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"daily": "5"}, "daily"),
        ({"day": "-1"}, "day"),
        ({"day": "0.0000001"}, "day"),
        ({"day": "NaN"}, "day"),
    ],
)
def test_the_api_refuses_what_it_does_not_understand(body: dict[str, str], param: str) -> None:
    caller = make_caller()
    answer = patch(browser(caller), f"/api/projects/{caller.project.api_id}/caps", **body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_key_tightens_what_binds_it_and_never_loosens_it() -> None:
    caller = make_caller(caps={"project_day": 100 * MICROS, "key_month": 50 * MICROS}, scopes=("manage",))
    client = by_key(caller)
    for path, window in (
        (f"/api/projects/{caller.project.api_id}/caps", "day"),
        (f"/api/keys/{caller.api_key.api_id}/caps", "month"),
    ):
        for value in ("100.000001", None):
            answer = patch(client, path, **{window: value})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wider_than_parent")
            assert answer.json()["error"]["param"] == window
        assert patch(client, path, **{window: "20"}).status_code == 200
        assert patch(client, path, **{window: "21"}).status_code == 403


def test_a_key_gives_other_keys_no_more_than_it_has() -> None:
    caller = make_caller(caps={"key_month": 50 * MICROS}, scopes=("manage",))
    sister = make_caller()
    sister.api_key.project = caller.project
    sister.api_key.save()
    set_cap(Scope.KEY_MONTH, sister.api_key.pk, 10 * MICROS)
    path = f"/api/keys/{sister.api_key.api_id}/caps"
    assert patch(by_key(caller), path, month="50").status_code == 200
    assert patch(by_key(caller), path, month="51").status_code == 403
    assert patch(by_key(caller), path, month=None).status_code == 403
    assert patch(by_key(caller), path, month=None, lifetime="50").status_code == 200


def test_caps_of_others_are_as_missing_as_missing_ones() -> None:
    alice, bob = make_caller(scopes=("manage",)), make_caller(caps={"project_day": 5, "key_day": 5})
    pages = [project_page(bob), key_page(bob), "/dashboard/budgets/projects/proj_x"]
    for page in pages:
        assert browser(alice).get(page).status_code == 404
        assert browser(alice).post(page, {"day": "1"}).status_code == 404
    for path in (f"/api/projects/{bob.project.api_id}/caps", f"/api/keys/{bob.api_key.api_id}/caps"):
        for client in (browser(alice), by_key(alice)):
            assert client.get(path).status_code == 404
            assert patch(client, path, day="1").status_code == 404
    assert bob.project.api_id not in browser(alice).get("/dashboard/budgets").text
    assert limits([*PROJECT_CAPS, *KEY_CAPS], [bob.project.pk, bob.api_key.pk]) == sorted(
        [(Scope.PROJECT_DAY, bob.project.pk, 5), (Scope.KEY_DAY, bob.api_key.pk, 5)],
        key=lambda cap: (cap[1], cap[0]),
    )


def test_free_requests_of_today_are_shown_with_their_reset() -> None:
    caller = make_caller(free=True)
    rows("INSERT INTO free_use VALUES (%s, billing_today(), 37) RETURNING org", caller.organization.pk)
    for page in ("/dashboard", "/dashboard/billing"):
        text = browser(caller).get(page).text
        assert "37 of 100 today" in text and "resets at 00:00 (Tashkent)" in text
    assert "of 100 today" not in browser(make_caller()).get("/dashboard").text
