"""The dashboard as those who work in it use it: lists that keep their state, settings, all of it by keyboard.

With SCREENSHOTS=<folder> in the environment a picture of each page stays behind.
"""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from accounts.keys import create_key
from accounts.models import ApiKey, Project
from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller
from tests.processes import Gateway
from tests.stack import Stack

PASSWORD = "Registan-1420-Ulugbek"
LOOKS: list[tuple[int, Literal["light", "dark"], str]] = [
    (1280, "dark", "en-US"), (360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1280, "light", "ru-RU")
]  # fmt: skip
PAGES = {
    "keys": "/dashboard/keys?q=key&sort=-name",
    "nothing": "/dashboard/keys?q=nowhere",
    "profile": "/dashboard/account",
    "sessions": "/dashboard/account/sessions",
    "two-factor": "/accounts/2fa/",
    "notifications": "/dashboard/notifications",
    "data": "/dashboard/account/data",
    "address": "/accounts/email/",
    "password": "/accounts/password/change/",
    "found": "/dashboard/palette?q=key",
    "members": "/dashboard/members?sort=email",
    "projects": "/dashboard/projects?sort=-name",
    "top-ups": "/dashboard/topups",
    "refunds": "/dashboard/refunds",
}


@pytest.fixture
def owner(stack: Stack, site: Gateway) -> Caller:
    """Somebody with more keys than one page holds."""
    caller = make_caller(balance_uzs=10_000, free=True)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    Project.objects.create(organization=caller.organization, name="Telegram bot")
    for number in range(52):
        create_key(project=caller.project, name=f"key of a service with a long name {number:02}")
    return caller


def whole(tab: Tab, name: str) -> None:
    """Nothing is too wide, too faint or wrong for those who read by keyboard or by ear."""
    assert (tab.overflow(), tab.faint(), tab.axe()) == (0, [], []), name


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_settings_and_lists_look_right(
    new_tab: Callable[..., Tab], owner: Caller, width: int, scheme: Literal["light", "dark"], locale: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.sign_in(owner.user.email, PASSWORD)
    for name, path in PAGES.items():
        tab.open(path)
        tab.picture(f"desk-{locale}-{width}-{name}")
        whole(tab, name)
    page = tab.page
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    tab.picture(f"desk-{locale}-{width}-palette")
    whole(tab, "palette")
    page.locator("#palette [data-shortcuts]").click()
    expect(page.locator("#shortcuts")).to_be_visible()
    tab.picture(f"desk-{locale}-{width}-shortcuts")
    whole(tab, "shortcuts")
    assert tab.complaints == []


def test_a_list_survives_reload_and_the_back_button_and_loses_what_was_chosen(
    new_tab: Callable[..., Tab], owner: Caller
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.sign_in(owner.user.email, PASSWORD)
    page = tab.open("/dashboard/keys")
    page.get_by_label("Search", exact=True).fill(owner.key)  # pasted whole: only its beginning goes on
    expect(page.get_by_label("Search", exact=True)).to_have_value(owner.key[:8])
    page.get_by_label("Search", exact=True).fill("service")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/keys?q=service&sort=state")
    page.get_by_label("Order").select_option("name")
    page.wait_for_url("**/dashboard/keys?q=service&sort=name")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**/dashboard/keys?q=service&sort=name&page=2")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_label("Search", exact=True)).to_have_value("service")

    press = page.get_by_role("button", name=re.compile("Revoke selected"))
    expect(press).to_be_disabled()
    for number in ("00", "01"):
        page.get_by_label(f"Choose key of a service with a long name {number}").check()
    expect(press).to_have_text("Revoke selected (2)")
    press.click()
    dialog = page.get_by_role("dialog", name="Revoke 2 keys?")
    expect(dialog.get_by_text("long name 01")).to_be_visible()
    assert tab.axe() == []
    tab.picture("desk-revoke-many")
    typed = dialog.get_by_label("To confirm, type: 2")
    expect(typed).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toasts]")).to_contain_text("2 keys are revoked.")
    assert page.url.endswith("/dashboard/keys?q=service&sort=name")
    assert ApiKey.objects.filter(project=owner.project, revoked_at=None).count() == 51
    assert tab.complaints == []


def test_everything_is_reached_by_keyboard_and_typing_is_left_alone(
    new_tab: Callable[..., Tab], owner: Caller
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.sign_in(owner.user.email, PASSWORD)
    page = tab.open("/dashboard")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("telegr")
    expect(page.get_by_role("option", name="Telegram bot")).to_have_attribute("aria-selected", "true")
    field.fill("bill")
    expect(page.get_by_role("option").first).to_have_text("Billing")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{tab.site}/dashboard/billing")

    page.keyboard.type("gk")
    page.wait_for_url(f"{tab.site}/dashboard/keys")
    page.keyboard.press("/")
    search = page.get_by_label("Search", exact=True)
    expect(search).to_be_focused()
    page.keyboard.type("go?b")  # typed, not done
    expect(search).to_have_value("go?b")
    assert page.url == f"{tab.site}/dashboard/keys"

    search.blur()
    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible()
    shortcuts.get_by_label("Keys without Ctrl").uncheck()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    page.keyboard.press("?")
    expect(shortcuts).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Search and commands")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert tab.complaints == []


def prove(page: Page) -> None:
    """The password once more, where it is asked for."""
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")


def test_a_second_factor_is_turned_on_and_asked_for(new_tab: Callable[..., Tab], owner: Caller) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.sign_in(owner.user.email, PASSWORD)
    page = tab.open("/accounts/2fa/")
    page.get_by_role("link", name="Turn on").click()
    if page.locator("input[name=password]").count():
        prove(page)
    expect(page.get_by_alt_text("The secret as a QR code")).to_be_visible()
    page.get_by_text("Or type the secret").click()
    secret = page.locator("#authenticator_secret").inner_text()
    tab.picture("desk-totp")
    whole(tab, "totp")
    page.fill("input[name=code]", code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("#recovery_codes")).to_be_visible()
    recovery = page.locator("#recovery_codes").inner_text().split()
    tab.picture("desk-recovery-codes")
    whole(tab, "recovery codes")
    page.goto(f"{tab.site}/accounts/2fa/")
    tab.picture("desk-two-factor-on")
    assert len(recovery) == 10 and tab.complaints == []

    other = new_tab(viewport={"width": 360, "height": 800})
    page = other.open("/accounts/login/")
    page.fill("input[name=login]", owner.user.email)
    prove(page)
    expect(page.get_by_role("heading", name="Two-factor authentication")).to_be_visible()
    other.picture("desk-code-asked")
    whole(other, "code")
    page.fill("input[name=code]", recovery[0])
    page.click("main .stack button[type=submit]")
    page.wait_for_url(f"{other.site}/dashboard")
    assert other.complaints == []


def code_of(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
