"""A cap that somebody changes on the page or over the API counts for the next call of a running gateway."""

import pytest
import requests

from accounts.models import Project
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive
from tests.payments.web import Web
from tests.processes import until
from tests.stack import Stack


def call(stack: Stack, caller: Caller) -> tuple[int, str | None]:
    """Status, and the code of a refusal."""
    reply = chat(stack.gateway, caller, messages=directive(prompt_tokens=5, completion_tokens=5))
    return reply.status, reply.error["code"] if reply.status != 200 else None


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1_000_000, scopes=("inference", "manage"))


def test_a_cap_set_on_the_page_stops_the_next_call_and_a_removed_one_lets_it_through(
    stack: Stack, caller: Caller
) -> None:
    page = f"/dashboard/budgets/projects/{caller.project.api_id}"
    owner = Web(stack.url, caller.user)
    assert call(stack, caller) == (200, None)
    owner.post(page, {"day": "0", "month": ""})
    assert call(stack, caller) == (402, "budget_exceeded")
    owner.post(page, {"day": "", "month": "1000000"})
    assert call(stack, caller) == (200, None)


def test_a_key_that_caps_itself_is_stopped_at_once_and_its_owner_lets_it_go_on(
    stack: Stack, caller: Caller
) -> None:
    place = f"{stack.url}/api/keys/{caller.api_key.api_id}/caps"

    def by_itself(day: str) -> int:
        return requests.patch(place, json={"day": day}, headers=caller.headers, timeout=60).status_code

    assert by_itself("0") == 200
    assert call(stack, caller) == (402, "budget_exceeded")
    assert by_itself("5") == 403
    owner = Web(stack.url, caller.user)
    owner.post(f"/dashboard/budgets/keys/{caller.api_key.api_id}", {"day": "50000"})
    assert call(stack, caller) == (200, None)


def test_a_moved_key_meets_the_other_projects_cap_and_its_calls_stay_where_they_were_made(
    stack: Stack, caller: Caller
) -> None:
    owner, before = Web(stack.url, caller.user), caller.project
    other = Project.objects.create(organization=caller.organization, name="Other")
    owner.post(f"/dashboard/budgets/projects/{other.api_id}", {"day": "0", "month": ""})
    assert call(stack, caller) == (200, None)
    owner.post(f"/dashboard/keys/{caller.api_key.api_id}/move", {"project": str(other.pk)})
    until(lambda: call(stack, caller) == (402, "budget_exceeded"), "the other project's cap")
    owner.post(f"/dashboard/budgets/projects/{other.api_id}", {"day": "", "month": ""})
    assert call(stack, caller) == (200, None)
    places = [row["project_id"] for row in caller.requests() if row["status"] == "ok"]
    assert (places[0], places[-1]) == (before.pk, other.pk)


def test_money_is_read_and_top_ups_are_filed_over_the_running_api(stack: Stack, caller: Caller) -> None:
    """/api/wallet, /api/topups and /v1/credits by one key, for its own organization alone."""
    bank = make_caller(scopes=("inference", "manage"))

    def ask(path: str, who: Caller, **body: str) -> requests.Response:
        method = "POST" if body else "GET"
        return requests.request(
            method, f"{stack.url}{path}", json=body or None, headers=who.headers, timeout=60
        )

    assert ask("/api/wallet", caller).json()["paid_uzs"].startswith("1000000")
    credits = ask("/v1/credits", caller).json()["data"]
    assert (float(credits["total_credits"]), float(credits["total_usage"])) == (1_000_000, 0)
    made = ask("/api/topups", bank, amount_uzs="50000", reference="77")
    assert made.status_code == 200
    own = made.json()["id"]
    assert [one["id"] for one in ask("/api/topups", bank).json()["data"]] == [own]
    assert ask(f"/api/topups/{own}", bank).json()["state"] == "pending"
    assert ask(f"/api/topups/{own}", caller).status_code == 404
    assert ask("/api/topups", caller).json()["data"] == []
    assert requests.get(f"{stack.url}/api/wallet", timeout=60).status_code in (401, 403)
