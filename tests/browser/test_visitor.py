"""A visitor looks for a model, reads its page, reckons a month and signs up; also on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Tab


def look(tab: Tab) -> None:
    assert tab.overflow() <= 0 and tab.faint() == [] and tab.axe() == [], tab.page.url


def test_from_the_first_page_to_an_account(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab()
    page = tab.open("/")
    page.get_by_role("link", name="Models and prices").first.click()
    page.get_by_label("Search").press_sequentially("three")
    expect(page.locator(".model-card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"[?&]q=three"))
    page.reload()  # the address says what is looked for
    expect(page.locator(".model-card")).to_have_count(1)
    page.get_by_role("link", name="Table").click()
    expect(page.locator("#models table")).to_be_visible()
    page.get_by_role("link", name="Test Three").click()
    expect(page.get_by_role("heading", name="A thousand words")).to_be_visible()
    page.get_by_text("Node.js", exact=True).click()
    expect(page.locator("#sample-javascript")).to_be_visible()
    look(tab)
    tab.open("/")
    page.locator("#calculator select").select_option("test/one")
    page.get_by_label("Tokens read a day").fill("1000000")
    page.get_by_label("Tokens written a day").fill("1000000")
    by_script = page.locator("[data-sum]").inner_text()
    tab.open("/?model=test/one&input=1000000&output=1000000#calculator")
    assert page.locator("[data-sum]").inner_text() == by_script and "UZS" in by_script
    page.get_by_role("link", name="Create an account").last.click()
    expect(page).to_have_url(re.compile("/accounts/signup/"))
    assert tab.complaints == []


@pytest.mark.parametrize("figures", [("1", "0"), ("999", "7"), ("123456789", "987654321"), ("0", "0")])
def test_the_script_reckons_and_writes_as_the_server_does(
    new_tab: Callable[..., Tab], figures: tuple[str, str]
) -> None:
    read, written = figures
    for locale in ("uz-UZ", "ru-RU", "en-US"):
        plain = new_tab(locale=locale, java_script_enabled=False)
        plain.open(f"/?model=test/one&input={read}&output={written}")
        live = new_tab(locale=locale)
        page = live.open("/")
        page.locator("#calculator select").select_option("test/one")
        page.locator("#calculator [name=input]").fill(read)
        page.locator("#calculator [name=output]").fill(written)
        expect(page.locator("[data-month]")).to_have_text(plain.page.locator("[data-month]").inner_text())
        expect(page.locator("[data-day]")).to_have_text(plain.page.locator("[data-day]").inner_text())


def test_without_scripts_the_filters_are_a_form(new_tab: Callable[..., Tab]) -> None:
    page = new_tab(java_script_enabled=False).open("/models")
    page.get_by_label("Kind").select_option("image")
    page.get_by_label("Free only").check()
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".model-card")).to_have_count(1)


def test_the_language_of_an_address_stays(new_tab: Callable[..., Tab]) -> None:
    page = new_tab(locale="en-US").open("/models?hl=uz")
    expect(page.locator("html")).to_have_attribute("lang", "uz")
    page.locator(".model-card a").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "uz")
