"""A new person's way: sign-up, confirmation, top-up, approval, key, call, receipt."""

import json
import re
from collections.abc import Callable
from uuid import uuid4

from openai import OpenAI
from playwright.sync_api import expect

from accounts.signup import open_account
from tests.browser.conftest import Tab
from tests.live.client import directive
from tests.processes import Gateway
from tests.stack import Stack
from tests.transfers import make_card, picture

PASSWORD = "Registan-1420-Ulugbek"


def sign_up(tab: Tab, email: str) -> None:
    page = tab.open("/")
    page.get_by_role("link", name="Create an account").first.click()
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("link", name="Confirm my address").click()
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"{tab.site}/dashboard")


def file_topup(tab: Tab) -> str:
    """From the amount to the uploaded receipt; the top-up's number."""
    page = tab.page
    page.get_by_role("link", name="Top up").first.click()
    page.get_by_role("link", name="Choose an amount").last.click()
    page.get_by_role("button", name="100,000").click()
    expect(page.locator("#card-number")).to_have_text("8600 1200 0000 1234")
    expect(page.locator("[data-countdown]")).to_have_text(re.compile("^[0-9]{2}:[0-9]{2}$"))
    page.get_by_role("button", name="Copy amount").click()
    expect(page.get_by_role("button", name="Copy amount")).to_have_text("Copied")
    said = {"name": "receipt.png", "mimeType": "image/png", "buffer": picture(seed=uuid4().int % 10**6)}
    page.get_by_label("Receipt", exact=True).set_input_files(said)  # type: ignore[arg-type]
    page.get_by_label("Cheque number").fill(uuid4().hex)
    page.get_by_role("button", name="Upload the receipt").click()
    expect(page.get_by_text("We have your receipt and compare it")).to_be_visible()
    return page.url.rpartition("/")[2]


def approve(tab: Tab, number: str) -> None:
    """An operator who finds the claim in the queue, and 100,000 so'm on the card."""
    email = f"{uuid4().hex[:8]}@operators.invalid"
    open_account(email=email, password=PASSWORD, verified=True, is_staff=True, is_superuser=True)
    tab.sign_in(email, PASSWORD)
    page = tab.open("/admin/billing/topup/")
    page.locator(f"a[href$='/{number}/decide/']").click()
    picture_shown = page.locator("img.receipt")
    expect(picture_shown).to_be_visible()
    expect(picture_shown).not_to_have_js_property("naturalWidth", 0)  # it comes after the page
    page.get_by_label("Amount received, so'm").fill("100 000,00")
    page.get_by_role("button", name="Enter and approve").click()
    expect(page.get_by_text("Credited: 100\u00a0000.00 UZS.")).to_be_visible()


def create_key(tab: Tab) -> str:
    page = tab.open("/dashboard/keys")
    page.get_by_label("Name").fill("First key")
    page.get_by_role("button", name="Create key").click()
    plain = page.locator("#new-key").inner_text()
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_role("button", name="Copy key")).to_have_text("Copied")
    return plain


def call(site: Gateway, key: str) -> str:
    """One call by the official SDK; its request id."""
    with OpenAI(base_url=f"{site.url}/v1", api_key=key) as client:
        answer = client.chat.completions.with_raw_response.create(
            model="test/one",
            messages=directive(prompt_tokens=1000, completion_tokens=500),  # type: ignore[arg-type]
        )
        usage = answer.parse().usage
        assert usage is not None and (usage.prompt_tokens, usage.completion_tokens) == (1000, 500)
        return answer.headers["x-request-id"]


def test_from_sign_up_to_the_receipt(new_tab: Callable[..., Tab], stack: Stack, site: Gateway) -> None:
    """$1.00 and $3.00 per million at 12,000 so'm and 5 %: 1000 and 500 tokens are 12.6 + 18.9 so'm."""
    make_card()
    name = uuid4().hex[:8]
    tab, operator = new_tab(), new_tab()
    sign_up(tab, f"{name}@people.invalid")
    approve(operator, file_topup(tab))
    # The customer's page follows by itself.
    expect(tab.page.get_by_text("The money has arrived and is on your balance.")).to_be_visible()
    expect(tab.open("/dashboard").get_by_text("100,000.00").first).to_be_visible()
    request_id = call(site, create_key(tab))
    page = tab.open("/dashboard/activity")
    page.locator("tbody a").first.click()
    expect(page.locator("#request-id")).to_have_text(request_id)
    expect(page.get_by_text("31.50\u00a0UZS").first).to_be_visible()
    expect(tab.open("/dashboard").get_by_text("99,968.50").first).to_be_visible()
    assert json.dumps(tab.complaints + operator.complaints) == "[]"
    stack.check_ledger()
