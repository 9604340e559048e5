"""What a person does in Studio."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller


def person(**options: int) -> Caller:
    caller = make_caller(free=True, **options)
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


def enter(tab: Tab, caller: Caller, fragment: str = "model=test/echo") -> Tab:
    tab.enter(caller.user)
    visit(tab, fragment)
    return tab


def visit(tab: Tab, fragment: str = "") -> Page:
    tab.page.goto("about:blank")
    page = tab.open(f"/dashboard/studio#{fragment}")
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "1")
    return page


def upstream(**wishes: object) -> str:
    """What the test upstream shall answer."""
    return json.dumps({"upstream": wishes})


def say(page: Page, text: str) -> None:
    page.locator("[data-prompt]").fill(text)
    page.keyboard.press("Control+Enter")


def answered(page: Page, count: int = 1) -> Locator:
    """The figures of the answers, once there are so many."""
    found = page.locator("[data-columns] [data-figures]")
    expect(found).to_have_count(count)
    return found
