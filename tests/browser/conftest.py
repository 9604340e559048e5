"""A real Chromium in front of a demo gateway. Skips where there is no Chromium.

The browser lives and ends within a module: Playwright keeps an event loop on this thread, and no asynchronous
test could run beside it. For the same reason pytest-playwright's own fixtures aren't used.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from accounts.models import User
from tests.processes import Gateway
from tests.stack import Stack

CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
# WCAG 2.2 A and AA, and what axe calls best practice.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
AXE_RUN = """async (runOnly) => {
  const found = await axe.run(document, { runOnly });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} (${rule.help})`));
}"""  # noqa: E501
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


class Tab:
    """A page that remembers everything its console complains about, policy violations among it."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        page.set_default_timeout(15_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def open(self, path: str) -> Page:
        """Go to a path of the site."""
        self.page.goto(f"{self.site}{path}")
        return self.page

    def look_again(self) -> None:
        """Come back to the tab: what moves on it by itself asks at once."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def faint(self) -> list[str]:
        """Texts whose contrast is under WCAG AA."""
        found: list[str] = self.page.evaluate(CONTRAST)
        return found

    def axe(self, rules: tuple[str, ...] = (*WCAG, "best-practice")) -> list[str]:
        """What axe-core finds wrong with the page for those who read it by keyboard or by ear."""
        self.page.evaluate(
            f"() => {{ {AXE} }}"
        )  # outside of the page's policy, as all of Playwright's code is
        found: list[str] = self.page.evaluate(AXE_RUN, list(rules))
        return found

    def sound(self, what: str = "") -> None:
        """The page as it stands is whole: nothing cut, faint, blocked by the policy or wrong for axe."""
        what = what or self.page.url
        assert self.overflow() <= 0, f"{what} is {self.overflow()} px too wide"
        assert self.faint() == [], what
        assert self.complaints == [], what
        assert self.axe() == [], what

    def show(self, width: int, scheme: Literal["light", "dark"]) -> None:
        """The same page in a window of that width, light or dark, with no transition under way."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def picture(self, name: str) -> None:
        """Keep the whole page as a picture, if SCREENSHOTS names a folder."""
        if SCREENSHOTS:
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=True)

    def sign_in(self, email: str, password: str) -> None:
        self.open("/accounts/login/")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(f"{self.site}/dashboard")

    def enter(self, user: User) -> None:
        """Signed in as a session of the person would be, without the form and its two pages."""
        session = SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": self.site}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]

    def _heard(self, message: ConsoleMessage) -> None:
        if "was preloaded using link preload" in message.text:
            return  # Chromium's timer for it runs while tests keep the page busy
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")


@pytest.fixture(scope="package")
def site(_running_stack: Stack) -> Iterator[Gateway]:
    """DEMO: the confirmation link is on the page; films are asked after as often as a page does."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with _running_stack.another_gateway("pages", DEMO="1", VIDEO_POLL_S="0") as gateway:
        yield gateway


@pytest.fixture(scope="package")
def chromium(site: Gateway) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop makes Django take this thread for an asynchronous one.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def new_tab(chromium: Browser, site: Gateway, stack: Stack) -> Iterator[Callable[..., Tab]]:
    """Opens a tab in a browser context of its own, with nothing half faded; options are Playwright's."""
    with ExitStack() as open_contexts:

        def opened(**options: Any) -> Tab:
            context = chromium.new_context(**{"locale": "en-US", "reduced_motion": "reduce"} | options)
            open_contexts.callback(context.close)
            return Tab(context.new_page(), site.url)

        yield opened
