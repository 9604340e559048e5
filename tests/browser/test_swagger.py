"""Swagger UI at /docs/api/swagger under the site's own policy: a key is typed in, calls are really made."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller
from tests.live.client import directive
from tests.stack import Stack


def opened(tab: Tab, caller: Caller) -> None:
    """The page with the caller's key in its Authorize dialog."""
    page = tab.open("/docs/api/swagger")
    page.locator("button.authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.get_by_label("auth-bearer-value").fill(caller.key)
    dialog.locator("form", has=page.get_by_label("auth-bearer-value")).get_by_role(
        "button", name="Apply credentials"
    ).click()
    dialog.locator(".close-modal").click()


def tried(tab: Tab, operation: str, body: dict[str, Any] | None = None) -> Locator:
    """The operation's live answer, after Try it out and Execute."""
    block = tab.page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(json.dumps(body))
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table")
    expect(answer).to_be_visible()
    return answer


def test_a_chat_is_tried_out(new_tab: Callable[..., Tab], stack: Stack) -> None:
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    opened(tab, caller)
    body = {"model": "test/one", "messages": directive(text="Va alaykum assalom!", completion_tokens=3)}
    answer = tried(tab, "createChatCompletion", body)
    expect(answer.locator(".response-col_status").nth(1)).to_contain_text("200")
    expect(answer).to_contain_text("Va alaykum assalom!")
    assert caller.charged() > 0
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
    made = json.loads(
        tried(tab, "createKey", {"name": "From the page"}).locator("code.language-json").first.inner_text()
    )
    assert made["key"].startswith("cap-")
    listed = tried(tab, "listKeys")
    expect(listed).to_contain_text(made["id"])
    tab.page.locator("[id$='-deleteKey'] .opblock-summary").click()
    block = tab.page.locator("[id$='-deleteKey']")
    block.get_by_role("button", name="Try it out").click()
    block.get_by_placeholder("key_id").fill(made["id"])
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table")).to_contain_text('"deleted": true')
    assert tab.complaints == []


def test_a_signed_in_person_needs_no_key_for_keys(new_tab: Callable[..., Tab], stack: Stack) -> None:
    """The page sends the session's CSRF token; calls to models don't know sessions."""
    caller = make_caller(balance_uzs=1000)
    tab = new_tab()
    tab.enter(caller.user)
    tab.open("/docs/api/swagger")
    expect(tried(tab, "createKey", {"name": "By session"})).to_contain_text('"key": "cap-')
    tab.complaints.clear()
    refused = tried(tab, "createChatCompletion", {"model": "test/one", "messages": directive()})
    expect(refused).to_contain_text("missing_api_key")
