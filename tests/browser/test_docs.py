"""The documentation in a browser: read, searched, in another language, by keyboard, on a phone."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Tab


def test_reading_searching_and_another_language(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport={"width": 1440, "height": 900})
    page = tab.open("/docs")
    page.get_by_role("navigation", name="Documentation").get_by_role("link", name="Streaming").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Streaming")
    page.locator("label", has_text="curl").first.click()
    expect(page.locator("pre", has_text="curl -N").first).to_be_visible()
    expect(page.locator("pre", has_text="from openai").first).to_be_hidden()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tools and structured output")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search the documentation")).to_be_focused()
    page.keyboard.type("idempot")
    expect(page.locator("#guide-found mark").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#guide-found a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#guide-found a")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("idempot")
    tab.open("/docs/errors/rate_limit_exceeded?hl=ru")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    tab.open("/docs/rate-limits")
    expect(page.get_by_role("heading", level=1)).to_have_text("Лимиты запросов")
    assert tab.complaints == []


def test_a_phone_reader_opens_the_contents(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport={"width": 360, "height": 800})
    page = tab.open("/docs/chat")
    contents = page.get_by_role("navigation", name="Documentation")
    expect(contents).to_be_hidden()
    page.get_by_text("Contents", exact=True).click()
    contents.get_by_role("link", name="Images").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")
    assert tab.complaints == []


def test_without_javascript_everything_can_be_read_and_found(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = tab.open("/docs/quickstart")
    expect(page.get_by_role("link", name="Audio")).to_be_visible()
    page.get_by_role("searchbox", name="Search the documentation").fill("holds")
    page.keyboard.press("Enter")
    page.locator("main a[href='/docs/pricing#holds']").first.click()
    expect(page.get_by_role("heading", level=2, name="Holds")).to_be_visible()
