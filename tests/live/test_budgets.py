"""A cap that somebody changes on the page or over the API counts for the next call of a running gateway."""

import json

import pytest
from django.test import Client

from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive
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
    assert call(stack, caller) == (200, None)
    browser(caller).post(page, {"day": "0", "month": ""})
    assert call(stack, caller) == (402, "budget_exceeded")
    browser(caller).post(page, {"day": "", "month": "1000000"})
    assert call(stack, caller) == (200, None)


def test_a_key_that_caps_itself_is_stopped_at_once_and_its_owner_lets_it_go_on(
    stack: Stack, caller: Caller
) -> None:
    by_key = Client(headers=caller.headers)
    place = f"/api/keys/{caller.api_key.api_id}/caps"
    assert by_key.patch(place, json.dumps({"day": "0"}), content_type="application/json").status_code == 200
    assert call(stack, caller) == (402, "budget_exceeded")
    assert by_key.patch(place, json.dumps({"day": "5"}), content_type="application/json").status_code == 403
    browser(caller).post(f"/dashboard/budgets/keys/{caller.api_key.api_id}", {"day": "50000"})
    assert call(stack, caller) == (200, None)
