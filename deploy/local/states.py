"""States of pages that pass by: something is being fetched, doesn't come, or is asked before it is done.

Answers are held back or cut off in the browser, so that a state stands still for its pictures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import BrowserContext, Page, Route
from playwright.sync_api import TimeoutError as NotReached

WAIT_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class State:
    """A state of a page: how to get to it, and what is seen when it is there."""

    name: str
    path: str
    begin: Callable[[Page], None]
    seen: str  # a selector


def _hold(route: Route) -> None:
    """The browser waits until its page is closed."""


def _cut(route: Route) -> None:
    if "x-part" in route.request.headers:
        route.abort()
    else:
        route.continue_()


def _receipt_waits(page: Page) -> None:
    page.locator("[data-call] th a").first.wait_for()
    page.route("**/dashboard/activity/*", _hold)
    page.locator("[data-call] th a").first.click()


def _palette_waits(page: Page) -> None:
    page.route("**/dashboard/palette*", _hold)
    page.keyboard.press("Control+k")


def _palette_fails(page: Page) -> None:
    page.route("**/dashboard/palette*", lambda route: route.abort())
    page.keyboard.press("Control+k")


def _answer_waits(page: Page) -> None:
    page.locator("[data-studio][data-ready]").wait_for()
    page.route("**/v1/chat/completions", _hold)
    page.locator("[data-prompt]").fill("Salom!")
    page.keyboard.press("Control+Enter")


def _live_fails(page: Page) -> None:
    page.route("**/dashboard*", _cut)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _all_chosen(page: Page) -> None:
    page.locator("[data-choose-all] input").check()
    page.locator("#bulk button").click()


STATES: Final = (
    State("activity-waiting", "/dashboard/activity", _receipt_waits, "[data-drawer] .skeleton"),
    State("palette-waiting", "/dashboard", _palette_waits, "#palette[open] .skeleton"),
    State("palette-trouble", "/dashboard", _palette_fails, "#palette[open] [data-trouble]:not([hidden])"),
    State("studio-waiting", "/dashboard/studio", _answer_waits, "[data-answer] .waiting"),
    State("overview-trouble", "/dashboard", _live_fails, "[data-live-trouble]:not([hidden])"),
    State("keys-asking", "/dashboard/keys", _all_chosen, "dialog[open] input[name=typed]"),
    State("projects-asking", "/dashboard/projects", _all_chosen, "dialog[open] input[name=typed]"),
)


def states(context: BrowserContext, site: str, only: str) -> Iterator[tuple[str, Page]]:
    """(name, page) of each state whose name has the word; the page is closed after its pictures."""
    for state in STATES:
        if only not in state.name:
            continue
        page = context.new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.set_default_timeout(WAIT_MS)
        try:
            page.goto(f"{site}{state.path}", wait_until="networkidle", timeout=90_000)
            state.begin(page)
            page.locator(state.seen).first.wait_for()
        except NotReached:
            print(f"{state.name} was not reached")  # Studio without a model that answers, say
        else:
            yield state.name, page
        page.unroute_all(behavior="ignoreErrors")  # what is held back is given up
        page.close()
