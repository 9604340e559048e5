"""Promo code, refund, papers and caps, as people of three languages walk through them.

Each page is looked at at a desk in the dark and on a phone in the light, where the walk goes on.
With SCREENSHOTS=<folder> in the environment a picture of each stays behind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from accounts.signup import open_account
from billing.caps import Scope, limits
from billing.invariants import broken, check
from billing.models import Adjustment, TopUp
from billing.topups import approve
from dashboard.moments import today
from dashboard.papers.months import Month
from tests.billing.test_promos import code
from tests.browser.conftest import Tab
from tests.dashboard.papers import THEM, sheet, text_of
from tests.factories import MICROS, Caller, make_caller
from tests.live.client import chat, directive
from tests.processes import Gateway, until
from tests.stack import Stack
from tests.transfers import arrived, ask, person

PASSWORD = "Registan-1420-Ulugbek"
ACCOUNT = "20208000900123456789"
LOOKS: Final[tuple[tuple[int, Literal["light", "dark"]], ...]] = ((1280, "dark"), (360, "light"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a reader of one language must find."""

    locale: str
    unknown_code: str
    bonus: str
    used_code: str
    too_much: str
    waiting: str
    would_move: str
    done: str
    approved: str
    sent: str
    saved: str
    preliminary: str
    statement: tuple[str, ...]
    receipt: tuple[str, ...]
    caps: str


UZBEK = Words(
    locale="uz-UZ",
    unknown_code="Bunday promokod yoʻq yoki uning muddati oʻtgan.",
    bonus="Balansingizga 5,00\u00a0soʻm bonus qoʻshildi.",
    used_code="Tashkilotingiz bu aksiya kodidan avval foydalangan.",
    too_much="Koʻpi bilan",
    waiting="Soʻrovingizni operator koʻrib chiqmoqda.",
    would_move="Nima koʻchadi",
    done="Bajarildi.",
    approved="tasdiqlangan",
    sent="yuborilgan",
    saved="Saqlandi. Endi beriladigan hujjatlarda shu rekvizitlar boʻladi.",
    preliminary="dastlabki",
    statement=("Oylik hisobot", "dastlabki", "Oy oxiridagi qoldiq", "Bankingizga qaytarilgan pul"),
    receipt=("Toʻldirish kvitansiyasi", "Bir yuz ming", "soʻm"),
    caps="“Default” chegaralari kuchga kirdi.",
)
RUSSIAN = Words(
    locale="ru-RU",
    unknown_code="Такого промокода нет, или его срок истёк.",
    bonus="На ваш баланс начислен бонус 5,00\u00a0сум.",
    used_code="Ваша организация уже использовала код этой акции.",
    too_much="Не больше",
    waiting="Оператор рассматривает заявку.",
    would_move="Что будет проведено",
    done="Готово.",
    approved="одобрено",
    sent="отправлено",
    saved="Сохранено. Новые документы выходят с этими реквизитами.",
    preliminary="предварительно",
    statement=("Выписка за месяц", "предварительно", "Остаток на конец", "Выплата в ваш банк"),
    receipt=("Квитанция о пополнении", "Сто тысяч", "сум"),
    caps="Пределы «Default» вступили в силу.",
)
ENGLISH = Words(
    locale="en-US",
    unknown_code="There is no such promo code, or its time is over.",
    bonus="5.00\u00a0UZS of bonus is on your balance.",
    used_code="Your organization has used a code of this campaign before.",
    too_much="At most",
    waiting="An operator is reviewing your request.",
    would_move="What would move",
    done="Done.",
    approved="approved",
    sent="sent",
    saved="Saved. Papers issued from now on carry these details.",
    preliminary="preliminary",
    statement=("Monthly statement", "preliminary", "Closing balance", "Payout to your bank"),
    receipt=("Top-up receipt", "One hundred thousand", "soʻm"),
    caps="The caps of “Default” are in force.",
)


@pytest.fixture
def owner(stack: Stack, site: Gateway) -> Caller:
    """Somebody who has paid 100,000 so'm by bank transfer and spent a little of it."""
    caller = make_caller(free=True)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    topup = ask(caller, 100_000)
    approve(topup.pk, person(), arrived(topup).pk)
    chat(site, caller, messages=directive(prompt_tokens=1000, completion_tokens=50))
    until(caller.requests, "the row")
    return caller


@pytest.mark.parametrize("words", [UZBEK, RUSSIAN, ENGLISH], ids=["uz", "ru", "en"])
def test_money_is_walked_through(new_tab: Callable[..., Tab], owner: Caller, words: Words) -> None:
    tab, operator = new_tab(locale=words.locale), new_tab(locale=words.locale)
    tab.sign_in(owner.user.email, PASSWORD)
    redeem_code(tab, words)
    assert owner.wallet()["bonus_micros"] == 5 * MICROS
    made = ask_refund(tab, owner, words)
    pay_out(operator, tab, made, words)
    name_oneself(tab, words)
    download_papers(tab, owner, words)
    change_caps(tab, owner, words)
    assert tab.complaints + operator.complaints == []
    assert broken(check()) == []


def redeem_code(tab: Tab, words: Words) -> None:
    """A code that doesn't exist, a good one, and the same one again."""
    given = code()
    spelled = f"{given.code[:4].lower()}-{given.code[4:]}"
    tab.open("/dashboard/billing")
    for tried, said in (("NONESUCH", words.unknown_code), (spelled, words.bonus), (spelled, words.used_code)):
        tab.page.fill("#promo input[name=code]", tried)
        tab.page.click("#promo button[type=submit]")
        expect(tab.page.get_by_text(said)).to_be_visible()
    look(tab, "promo", words)


def ask_refund(tab: Tab, owner: Caller, words: Words) -> Adjustment:
    """More than there is, without a bank; then 40,000 so'm."""
    page = tab.page
    page.click("main a[href='/dashboard/refunds']")
    fields = {"amount": "999 999", "holder": "ALICE TEST", "account": ACCOUNT, "mfo": "00014"}
    fill(page, fields)
    page.click("main form[action='/dashboard/refunds'] button[type=submit]")
    expect(page.get_by_text(words.too_much)).to_be_visible()
    look(tab, "refund-refused", words)
    fill(page, {"amount": "40 000"})
    page.click("main form[action='/dashboard/refunds'] button[type=submit]")
    expect(page.get_by_text(words.waiting)).to_be_visible()
    look(tab, "refund-waiting", words)
    return Adjustment.objects.get(org=owner.organization)


def pay_out(operator: Tab, tab: Tab, made: Adjustment, words: Words) -> None:
    """A second person sees what would move, approves and sends; the customer's page follows by itself."""
    email = f"{uuid4().hex[:8]}@operators.invalid"
    open_account(email=email, password=PASSWORD, verified=True, is_staff=True, is_superuser=True)
    operator.sign_in(email, PASSWORD)
    page = operator.open(f"/admin/billing/adjustment/{made.pk}/change/")
    page.click("a.addlink[href$='/decide/']")
    expect(page.get_by_role("heading", name=words.would_move)).to_be_visible()
    expect(page.get_by_text(f"wallet:{made.org_id}:paid").first).to_be_visible()
    look(operator, "admin-preview", words, strict=False)
    page.click("input[name=approve]")
    expect(page.get_by_text(words.done, exact=True)).to_be_visible()
    expect(page.get_by_text(ACCOUNT)).to_be_visible()
    follow(tab, words.approved)
    look(tab, "refund-approved", words)
    page.fill("input[name=bank_reference]", "PO-2026-118")
    page.click("input[name=sent]")
    expect(page.get_by_text(words.sent, exact=True)).to_be_visible()
    expect(page.get_by_text(ACCOUNT)).to_have_count(0)
    follow(tab, words.sent)
    expect(tab.page.get_by_text("PO-2026-118")).to_be_visible()
    look(tab, "refund-sent", words)
    tab.open("/dashboard/refunds")
    look(tab, "refunds", words)


def follow(tab: Tab, state: str) -> None:
    """The page's next question is asked at once, and the state is the new one."""
    tab.look_again()
    expect(tab.page.locator("#refund .badge")).to_have_text(state)


def name_oneself(tab: Tab, words: Words) -> None:
    """Details of a company: a wrong STIR is refused, the right one is on the page of papers."""
    page = tab.open("/dashboard/papers")
    page.click("main a[href='/dashboard/papers/details']")
    page.check("input[name=is_legal_entity]")
    fill(page, {name: THEM[name] for name in ("name", "address", "bank", "account", "mfo", "contact")})
    fill(page, {"stir": "12345"})
    page.click("main form button[type=submit]")
    expect(page.locator(".field.invalid input[name=stir]")).to_be_visible()
    look(tab, "details", words)
    fill(page, {"stir": THEM["stir"]})
    page.click("main form button[type=submit]")
    expect(page.get_by_text(words.saved)).to_be_visible()
    expect(page.get_by_text("307654321")).to_be_visible()
    expect(page.get_by_text(words.preliminary)).to_be_visible()
    look(tab, "papers", words)


def download_papers(tab: Tab, owner: Caller, words: Words) -> None:
    """The month's statement and the receipt of the top-up, as PDF in the reader's language and as CSV."""
    topup = TopUp.objects.get(org=owner.organization)
    statement, receipt = f"/dashboard/papers/{Month.of(today())}/statement", f"/receipts/{topup.pk}"
    for address, expected in ((statement, words.statement), (receipt, words.receipt)):
        body = downloaded(tab, f"{address}.pdf")
        assert body.startswith(b"%PDF")
        said = text_of(body)
        assert [part for part in (*expected, THEM["name"]) if part not in said] == []
    rows = sheet(downloaded(tab, f"{statement}.csv"))
    assert any("test/one" in row.values() for row in rows)
    assert sheet(downloaded(tab, f"{receipt}.csv"))[0]["amount_uzs"].startswith("100")


def downloaded(tab: Tab, address: str) -> bytes:
    """The file behind the page's link."""
    with tab.page.expect_download() as started:
        tab.page.click(f"main a[href*='{address}']")
    return Path(started.value.path()).read_bytes()


def change_caps(tab: Tab, owner: Caller, words: Words) -> None:
    """A month's cap of the project, in force when the page comes back."""
    page = tab.open("/dashboard/budgets")
    page.click(f"main a[href$='/projects/{owner.project.api_id}']")
    look(tab, "caps", words)
    page.fill("input[name=month]", "2 000 000")
    page.click("main form button[type=submit]")
    expect(page.get_by_text(words.caps)).to_be_visible()
    look(tab, "budgets", words)
    wanted = (Scope.PROJECT_MONTH, owner.project.pk, 2_000_000 * MICROS)
    assert limits([Scope.PROJECT_MONTH], [owner.project.pk]) == [wanted]


def fill(page: Page, fields: dict[str, str]) -> None:
    for name, text in fields.items():
        page.fill(f"main [name={name}]", text)


def look(tab: Tab, name: str, words: Words, *, strict: bool = True) -> None:
    """The page at a desk in the dark and on a phone in the light; the stock admin's colours are its own."""
    for width, scheme in LOOKS:
        tab.show(width, scheme)
        tab.picture(f"{name}-{words.locale[:2]}-{width}")
        assert tab.overflow() <= 0, f"{name} is {tab.overflow()} px too wide"
        assert not strict or tab.faint() == [], name
