"""Budgets and notification settings in a real browser: changed by hand, warned of, whole on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from billing.caps import Scope, limits
from tests.browser.conftest import Tab
from tests.browser.talk import say, visit
from tests.factories import MICROS, Caller, make_caller
from tests.live.client import chat, directive
from tests.processes import Gateway, until
from tests.stack import Stack


@pytest.fixture
def owner(stack: Stack, site: Gateway) -> Caller:
    """Somebody who has spent something today."""
    caller = make_caller(balance_uzs=1_000_000, free=True, caps={"key_month": 400_000 * MICROS})
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    chat(site, caller, messages=directive(prompt_tokens=1000, completion_tokens=50))
    until(caller.requests, "the row")
    return caller


def test_an_owner_caps_a_project_and_is_warned(new_tab: Callable[..., Tab], owner: Caller) -> None:
    tab = new_tab(viewport={"width": 360, "height": 800})
    tab.enter(owner.user)
    expect(tab.open("/dashboard").get_by_text("0 of 100 today")).to_be_visible()
    page = tab.open("/dashboard/budgets")
    page.get_by_role("link", name="Change caps Default").click()
    page.get_by_label("Cap a month, so'm").fill("2 000 000")
    page.get_by_label("Cap a day, so'm").fill("1")
    page.get_by_role("button", name="Save caps").click()
    expect(page.get_by_text("The caps of “Default” are in force.")).to_be_visible()
    expect(page.get_by_text("all its calls are refused until")).to_be_visible()
    expect(page.get_by_text("used up: calls are refused")).to_be_visible()
    assert limits([Scope.PROJECT_DAY], [owner.project.pk]) == [(Scope.PROJECT_DAY, owner.project.pk, MICROS)]
    tab.sound("budgets")
    stopped_and_let_go(tab)


def stopped_and_let_go(tab: Tab) -> None:
    """Studio says what stops it and leads to where that is changed; there the call goes on."""
    page = visit(tab, "model=test/echo")
    say(page, "Salom")
    way_on = page.locator("[data-error=budget_exceeded] a")
    expect(way_on).to_be_visible()
    assert all("402" in said for said in tab.complaints)  # Chromium tells of each
    tab.complaints.clear()
    tab.sound("Studio, stopped")
    way_on.click()
    page.get_by_role("link", name="Change caps Default").click()
    page.get_by_label("Cap a day, so'm").fill("")
    page.get_by_role("button", name="Save caps").click()
    expect(page.get_by_text("The caps of “Default” are in force.")).to_be_visible()
    page = visit(tab)
    page.locator("[data-retry], [data-error] button").last.click()
    expect(page.locator("[data-figures] [data-cost]").last).to_be_visible()
    tab.sound("Studio, let go")


def test_a_person_chooses_what_to_be_told(new_tab: Callable[..., Tab], owner: Caller) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    tab.enter(owner.user)
    page = tab.open("/dashboard/account")
    page.get_by_role("link", name="Notifications").click()
    low = page.get_by_role("group", name="The balance is low").get_by_label("E-mail")
    expect(low).to_be_checked()
    low.uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your choice is kept.")).to_be_visible()
    expect(low).not_to_be_checked()
    page.get_by_label("Low balance, so'm").fill("75000")
    page.get_by_role("button", name="Save threshold").click()
    expect(page.get_by_text("below 75,000.00")).to_be_visible()
    assert (tab.overflow(), tab.faint(), tab.complaints) == (0, [], [])
