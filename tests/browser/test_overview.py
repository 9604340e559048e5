"""What moves without a reload: the overview follows a call, a hidden tab asks for nothing; usage by day."""

import re
from collections.abc import Callable

from allauth.account.models import EmailAddress
from playwright.sync_api import expect

from tests.browser.conftest import Tab
from tests.factories import make_caller
from tests.live.client import chat, directive
from tests.processes import Gateway
from tests.stack import Stack

PASSWORD = "Registan-1420-Ulugbek"
HIDDEN = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => window.away === true})"
TURN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_a_call_is_seen_without_a_reload_and_leads_to_its_day(
    new_tab: Callable[..., Tab], site: Gateway, stack: Stack
) -> None:
    caller = make_caller(balance_uzs=10_000, free=True)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    EmailAddress.objects.create(user=caller.user, email=caller.user.email, primary=True, verified=True)
    tab = new_tab(viewport={"width": 1280, "height": 800})
    page = tab.page
    page.add_init_script(HIDDEN)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get("x-part", "")))
    tab.sign_in(caller.user.email, PASSWORD)
    expect(page.get_by_role("heading", name="Your first answer")).to_be_visible()
    page.evaluate(f"window.here = true; window.away = true; {TURN}")
    before = asked.count("live")
    answer = chat(site, caller, messages=directive(prompt_tokens=1000, completion_tokens=50))
    assert answer.status == 200
    assert asked.count("live") == before  # nobody looks, so nothing is asked
    page.evaluate(f"window.away = false; {TURN}")
    expect(page.locator("[data-call]")).to_have_count(1)
    expect(page.get_by_role("heading", name="Your first answer")).to_have_count(0)
    assert page.evaluate("window.here")
    assert tab.axe() == [] and tab.overflow() <= 0
    page = tab.open("/dashboard/activity/usage")
    page.locator(".stacked-bars [aria-hidden]").click()
    expect(page).to_have_url(re.compile(r"/dashboard/activity\?since=.*model=test"))
    expect(page.locator("[data-call]")).to_have_count(1)
    page = tab.open("/dashboard/models")
    page.locator("main input[type=search]").fill("three")
    page.keyboard.press("Enter")
    expect(page.locator(".desk-model")).to_have_count(1)
    page.get_by_role("link", name="Test Three", exact=True)
    assert tab.complaints == []
