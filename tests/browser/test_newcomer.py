"""A new person's way: sign-up, confirmation, top-up, approval, key, call, receipt; and the one by Studio."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from openai import OpenAI
from playwright.sync_api import Locator, expect

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
    tab.sound()
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
    tab.sound()
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
    expect(page.get_by_text("Credited: 100,000.00 UZS.")).to_be_visible()


def create_key(tab: Tab) -> str:
    page = tab.open("/dashboard/keys")
    page.get_by_label("Name").fill("First key")
    page.get_by_role("button", name="Create key").click()
    plain = page.locator("#new-key").inner_text()
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_role("button", name="Copy key")).to_have_text("Copied")
    tab.sound()
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


@dataclass(slots=True)
class Hand:
    """A person who taps and types on a phone; each page is looked at by axe when it is left.

    `seconds` is what that takes by the keystroke-level model (Card, Moran and Newell 1983) with its slowest
    figures but one: to make up one's mind 1.35, to point 1.1, to go from keys to pointer 0.4, a key 0.5; and
    five for each page to come and be glanced at. It doesn't depend on the machine.
    """

    tab: Tab
    steps: int = 0
    seconds: float = 0.0

    def tap(self, target: Locator) -> None:
        target.tap()
        self.steps += 1
        self.seconds += 1.35 + 1.1 + 0.4

    def write(self, field: Locator, text: str) -> None:
        self.tap(field)
        field.fill(text)
        self.seconds += 0.5 * len(text)

    def leave(self, by: Locator) -> None:
        """To another page."""
        expect(by).to_be_visible()
        self.tab.sound()
        self.tap(by)
        self.seconds += 5


def test_from_sign_up_to_the_first_answer_on_a_phone(new_tab: Callable[..., Tab]) -> None:
    """Nothing has to be read, set up or paid for: a dozen taps, well under two minutes."""
    tab = new_tab(viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    hand, page = Hand(tab), tab.open("/")
    hand.leave(page.locator("main").get_by_role("link", name="Create an account").first)
    hand.write(page.locator("input[name=email]"), f"{uuid4().hex[:12]}@people.invalid")
    hand.write(page.locator("input[name=password1]"), PASSWORD)
    hand.leave(page.get_by_role("button", name="Sign up"))
    hand.leave(page.get_by_role("link", name="Confirm my address"))
    hand.leave(page.get_by_role("button", name="Confirm"))
    page.wait_for_url(f"{tab.site}/dashboard")
    hand.tap(page.get_by_role("button", name="Menu"))
    hand.leave(page.get_by_role("dialog", name="Menu").get_by_role("link", name="Studio"))
    expect(page.locator("[data-studio]")).to_have_attribute("data-ready", "1")
    hand.leave(page.locator("[data-starter]").first)
    expect(page.locator("[data-columns] [data-figures] [data-cost]")).to_be_visible()
    tab.sound("the first answer")
    assert hand.steps <= 12 and hand.seconds <= 120, hand


def test_from_sign_up_to_the_receipt(new_tab: Callable[..., Tab], stack: Stack, site: Gateway) -> None:
    """$1.00 and $3.00 per million at 12,000 so'm and 5 %: 1000 and 500 tokens are 12.6 + 18.9 so'm."""
    make_card()
    name = uuid4().hex[:8]
    tab, operator = new_tab(), new_tab()
    sign_up(tab, f"{name}@people.invalid")
    approve(operator, file_topup(tab))
    tab.look_again()
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
