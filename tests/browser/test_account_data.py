"""A person downloads all of their data and deletes their account, in a real browser.

With SCREENSHOTS=<folder> in the environment a picture of each page stays behind.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from dashboard.account import exports
from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller
from tests.processes import Gateway
from tests.stack import Stack

PASSWORD = "Registan-1420-Ulugbek"
LOOKS: list[tuple[int, Literal["light", "dark"], str]] = [(1280, "dark", "en-US"), (360, "light", "uz-UZ")]


@pytest.fixture
def person(stack: Stack, site: Gateway, settings: Any) -> Caller:
    settings.EXPORT_DIR = stack.env["EXPORT_DIR"]
    caller = make_caller(balance_uzs=1200, free=True)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


def prove(page: Page) -> None:
    """The password, once more."""
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_a_person_takes_their_data_along_and_goes(  # noqa: PLR0913
    new_tab: Callable[..., Tab],
    person: Caller,
    tmp_path: Path,
    width: int,
    scheme: Literal["light", "dark"],
    locale: str,
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.sign_in(person.user.email, PASSWORD)
    page = tab.open("/dashboard/account/data")
    tab.picture(f"data-{locale}")
    page.locator("#state button").click()
    prove(page)
    expect(page.locator("#state[data-live-part]")).to_be_visible()
    tab.picture(f"data-waits-{locale}")
    made = exports.latest(person.user)
    assert made is not None
    exports.make(made.pk)
    tab.look_again()
    with page.expect_download() as download:
        page.locator("#state a.button").click()  # the page has followed
    download.value.save_as(tmp_path / "data.zip")
    assert "account.json" in zipfile.ZipFile(tmp_path / "data.zip").namelist()
    page.mouse.move(0, 0)
    tab.picture(f"data-ready-{locale}")
    assert (tab.overflow(), tab.faint()) == (0, [])

    page.locator("a.button.danger").click()
    tab.picture(f"delete-{locale}")
    assert (tab.overflow(), tab.faint()) == (0, [])
    page.fill("input[name=typed]", person.user.email)
    page.locator("main button.danger").click()
    expect(page.locator("main .errorlist, main .notice.error").first).to_be_visible()  # money is left
    page.locator("input[name=waive]").check()
    page.fill("input[name=typed]", person.user.email)
    page.locator("main button.danger").click()
    page.wait_for_url(f"{tab.site}/")
    assert not User.objects.get(pk=person.user.pk).is_active
    assert tab.complaints == []
