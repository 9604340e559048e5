"""The API reference at /docs/api under the site's own policy: read, searched, and calls are really made."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller
from tests.live.client import directive
from tests.stack import Stack

SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def opened(tab: Tab, caller: Caller) -> None:
    """The page with the caller's key in its field."""
    page = tab.open("/docs/api")
    page.get_by_label("API key to try calls with").fill(caller.key)


def unfolded(tab: Tab, operation: str) -> Locator:
    """The operation with its form in sight."""
    block = tab.page.locator(".api-op", has=tab.page.locator(f"#{operation}"))
    block.locator("summary").first.click()
    block.locator(".api-try > summary").click()
    return block


def sent(block: Locator) -> Locator:
    """The operation's live answer."""
    block.get_by_role("button", name="Send").click()
    answer = block.locator(".api-answer")
    expect(answer.locator(".api-status")).to_contain_text("ms")
    return answer


def tried(tab: Tab, operation: str, body: dict[str, Any] | None = None) -> Locator:
    block = unfolded(tab, operation)
    if body is not None:
        block.get_by_label("Body", exact=True).fill(json.dumps(body))
    return sent(block)


def test_a_chat_is_tried_out(new_tab: Callable[..., Tab], stack: Stack) -> None:
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    opened(tab, caller)
    body = {"model": "test/one", "messages": directive(text="Va alaykum assalom!", completion_tokens=3)}
    answer = tried(tab, "createChatCompletion", body)
    expect(answer.locator(".api-status")).to_contain_text("200")
    expect(answer).to_contain_text("Va alaykum assalom!")
    assert caller.charged() > 0
    # The key is nowhere but in its field.
    assert caller.key not in tab.page.url
    assert caller.key not in tab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert tab.complaints == []


def test_a_stream_is_shown_as_it_comes(new_tab: Callable[..., Tab], stack: Stack) -> None:
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    opened(tab, caller)
    messages = directive(text="Oqib keladi", completion_tokens=3)
    answer = tried(tab, "createChatCompletion", {"model": "test/one", "messages": messages, "stream": True})
    expect(answer.locator("pre")).to_contain_text("data: [DONE]")
    assert tab.complaints == []


def test_cloudgpts_picture_is_shown(new_tab: Callable[..., Tab], stack: Stack) -> None:
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    opened(tab, caller)
    answer = tried(
        tab, "cloudgptImage", {"model": "test/draw", "prompt": "Registon", "width": 64, "height": 64}
    )
    picture = answer.locator("img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 64)
    assert tab.complaints == []


def test_a_key_is_made_and_ended(new_tab: Callable[..., Tab], stack: Stack) -> None:
    caller = make_caller(scopes=("inference", "manage"))
    tab = new_tab()
    opened(tab, caller)
    answer = tried(tab, "createKey", {"name": "From the page"})
    expect(answer.locator("pre")).to_contain_text('"key"')
    made = json.loads(answer.locator("pre").inner_text())
    assert made["key"].startswith("cap-")
    expect(tried(tab, "listKeys")).to_contain_text(made["id"])
    block = unfolded(tab, "deleteKey")
    block.get_by_label("key_id").fill(made["id"])
    expect(sent(block)).to_contain_text('"deleted": true')
    assert tab.complaints == []


def test_a_signed_in_person_needs_no_key_for_keys(new_tab: Callable[..., Tab], stack: Stack) -> None:
    """The page sends the session's CSRF token; calls to models don't know sessions."""
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    tab.enter(caller.user)
    tab.open("/docs/api")
    expect(tried(tab, "createKey", {"name": "By session"})).to_contain_text('"key": "cap-')
    tab.complaints.clear()
    refused = tried(tab, "createChatCompletion", {"model": "test/one", "messages": directive()})
    expect(refused).to_contain_text("missing_api_key")


def test_it_is_searched_while_typing_and_an_address_opens_what_it_names(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport={"width": 1440, "height": 900})
    page = tab.open("/docs/api#createEmbedding")
    expect(page.locator("#createEmbedding")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("wallet")
    expect(page.locator("#getWallet")).to_have_count(1)
    expect(page.locator(".api-op", has=page.locator("#createSpeech"))).to_be_hidden()
    expect(page.get_by_role("heading", level=2, name="Wallet")).to_be_visible()
    expect(page.get_by_role("heading", level=2, name="Audio")).to_be_hidden()
    page.keyboard.type(" zzz")
    expect(page.get_by_role("status").filter(has_text="Nothing was found")).to_be_visible()
    page.get_by_role("navigation", name="API reference").get_by_role("link", name="Text to speech").click()
    expect(page.locator("#createSpeech")).to_be_visible()
    page.locator("#createSpeech summary", has_text="Refusals").click()
    page.locator("#createSpeech").get_by_role("link", name="Envelope").click()
    expect(page.locator("#object-Envelope")).to_be_visible()
    assert tab.complaints == []


def test_a_reader_of_uzbek_finds_uzbek_words_and_english_ones(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport={"width": 1440, "height": 900}, locale="uz-UZ")
    page = tab.open("/docs/api")
    search = page.get_by_role("searchbox")
    found = page.locator(".api-op:visible h3")
    for query in ("loyiha mazmunini o'chirish", "loyiha mazmunini oʻchirish", "delete a project's content"):
        search.fill(query)
        expect(page.locator(".api-summary", has_text="Loyiha mazmunini oʻchirish")).to_be_visible()
        assert found.count() < 5
    assert tab.complaints == []


def test_without_scripts_it_is_searched_by_a_form_and_read(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = tab.open("/docs/api")
    expect(page.get_by_label("API key to try calls with")).to_be_hidden()
    page.get_by_role("searchbox", name="Search the API").fill("embeddings encoding_format")
    page.keyboard.press("Enter")
    found = page.locator(".api-op:visible")
    expect(found).to_have_count(1)
    found.locator("summary").first.click()
    expect(found.get_by_text("curl", exact=True)).to_be_visible()
    expect(found.locator("dt", has_text="encoding_format")).to_be_visible()


def test_unfolded_as_a_whole_it_is_sound_and_nothing_moves(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(viewport={"width": 360, "height": 800}, color_scheme="dark", locale="ru-RU")
    tab.page.add_init_script(SHIFTS)
    page = tab.open("/docs/api")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") < 0.05
    page.evaluate(
        "document.querySelectorAll('.api-op, .api-op details').forEach((one) => { one.open = true })"
    )
    expect(page.locator(".api-try").first).to_be_visible()
    page.evaluate("document.querySelectorAll('.api-try').forEach((one) => { one.open = true })")
    tab.sound()
