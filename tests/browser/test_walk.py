"""Every page at a phone's and a desk's width, light and dark: nothing blocked, nothing cut, nothing faint."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Route, expect

from accounts.signup import open_account
from billing.models import TopUp
from routing.models import Endpoint, Model, Provider
from tests.browser.conftest import WCAG, Tab
from tests.factories import MICROS, Caller, credit, make_caller
from tests.live.client import chat, directive
from tests.processes import Gateway
from tests.stack import Stack
from tests.transfers import ask, make_card

PASSWORD = "Registan-1420-Ulugbek"
PUBLIC = [
    *("/", "/models", "/models?view=table", "/models?q=zzz", "/models/test/one", "/models/test/old"),
    *("/pricing", "/energy", "/status", "/contact", "/legal/offer", "/legal/privacy", "/legal/refund"),
    *(
        "/docs",
        "/docs/chat",
        "/docs/api",
        "/docs/energy",
        "/docs/errors",
        "/docs/errors/insufficient_balance",
        "/docs/search?q=key",
    ),
    *("/styleguide", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"),
]
PRIVATE = [
    *("/dashboard", "/dashboard/keys", "/dashboard/activity", "/dashboard/billing", "/dashboard/account"),
    *("/dashboard/budgets", "/dashboard/notifications", "/dashboard/transfer", "/dashboard/refunds"),
    *("/dashboard/members/invitations", "/dashboard/activity/usage"),
    *("/accounts/logout/", "/accounts/2fa/", "/accounts/email/", "/accounts/password/change/"),
]
# What operators have open all day, as lists and as forms.
MAIN = [
    *("/admin/billing/topup/", "/admin/billing/finance/", "/admin/billing/fxrate/"),
    *("/admin/routing/endpoint/", "/admin/accounts/user/", "/admin/accounts/organization/"),
    *("/admin/dashboard/legaltext/", "/admin/dashboard/incident/add/"),
]
LOOKS = [(360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1280, "light", "ru-RU"), (1280, "dark", "en-US")]


@pytest.fixture
def resident(stack: Stack, site: Gateway, settings: Any) -> Caller:
    """Somebody with a history of every kind."""
    settings.FIRST_TOPUP_MAX_UZS = 0
    caller = make_caller(balance_uzs=12_345_678, bonus_uzs=5_000, free=True, allowed_ips=["127.0.0.0/8"])
    credit(caller, paid_micros=123_456)
    caller.user.set_password(PASSWORD)
    caller.user.save()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    for model in ("test/one", "test/free", "fault/500", "test/closed"):
        chat(site, caller, model=model, messages=directive(prompt_tokens=1000, completion_tokens=50))
    for number, state in enumerate(TopUp.State.values[:1] * 2):
        TopUp.objects.create(
            org=caller.organization,
            requested_by=caller.user,
            amount_micros=5_000_000 * MICROS,
            reference=f"Payment order {number} of the longest of all possible references",
            state=state,
        )
    make_card()
    ask(caller, 9_876_543)
    return caller


def look(tab: Tab, path: str) -> None:
    tab.open(path)
    assert tab.overflow() <= 0, f"{path} is {tab.overflow()} px too wide"
    assert tab.faint() == [], path
    assert tab.axe() == [], path


def change_form(model: type[Provider | Model | Endpoint]) -> str:
    """The admin's page of one of them."""
    found = model.objects.earliest("pk")
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[found.pk])


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_every_page_is_whole(
    new_tab: Callable[..., Tab], resident: Caller, width: int, scheme: str, locale: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    for path in PUBLIC:
        look(tab, path)
    tab.sign_in(resident.user.email, PASSWORD)
    calls = [f"/dashboard/activity/{row['id']}" for row in resident.requests()]
    assert len(calls) >= 3
    topups = [f"/dashboard/topups/{topup.pk}" for topup in TopUp.objects.filter(org=resident.organization)]
    caps = f"/dashboard/budgets/projects/{resident.project.api_id}"
    for path in [*PRIVATE, *calls, *topups, caps, f"/dashboard/keys/{resident.api_key.api_id}/revoke"]:
        look(tab, path)
    assert tab.complaints == []
    look(tab, "/nowhere")


def test_the_admin_is_clean(new_tab: Callable[..., Tab], resident: Caller) -> None:
    email = f"op-{resident.user.email}"
    open_account(email=email, password=PASSWORD, verified=True, is_staff=True, is_superuser=True)
    tab = new_tab(viewport={"width": 1280, "height": 800})
    tab.sign_in(email, PASSWORD)
    tab.open("/admin/")
    expect(tab.page.get_by_role("link", name="CloudAPI operations").first).to_be_visible()
    topup = TopUp.objects.filter(org=resident.organization).latest("pk")
    lists = [
        reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in admin.site._registry
    ]
    own = [f"/admin/billing/topup/{topup.pk}/{page}/" for page in ("change", "decide")]
    forms = [change_form(model) for model in (Provider, Model, Endpoint)]
    read = ["/admin/", *own, *MAIN, *forms]
    for path in [*lists, *read, "/admin/billing/incomingtransfer/statement/"]:
        assert tab.page.goto(f"{tab.site}{path}").status == 200, path  # type: ignore[union-attr]
        if path in read:
            # Stock pages: without axe's own best practice, and filters are as high as Django makes them.
            assert tab.axe(WCAG[:-1]) == [], path
    assert tab.complaints == []


def test_the_admins_sidebar_moves_nothing_when_its_script_is_late(new_tab: Callable[..., Tab]) -> None:
    open_account(email="late@example.com", password=PASSWORD, verified=True, is_staff=True, is_superuser=True)
    tab = new_tab(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    tab.sign_in("late@example.com", PASSWORD)
    late: list[Route] = []
    tab.page.route("**/nav_sidebar*.js", lambda route: late.append(route))
    tab.page.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => {"
        " for (const one of list.getEntries()) window.moved += one.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    tab.page.goto(f"{tab.site}/admin/billing/topup/", wait_until="commit")
    tab.page.evaluate(
        "() => new Promise((painted) => new PerformanceObserver(() => painted(0))"
        ".observe({ type: 'paint', buffered: true }))"
    )
    expect(tab.page.locator("#nav-sidebar")).to_be_visible()
    late[0].continue_()
    expect(tab.page.locator(".main.shifted")).to_have_count(1)
    tab.page.wait_for_load_state("load")
    assert tab.page.evaluate("document.documentElement.dataset.sidebar") is None
    assert tab.page.evaluate("window.moved") < 0.05
    assert tab.axe(WCAG[:-1]) == []  # in the dark, too
    tab.page.locator("#toggle-nav-sidebar").click()
    expect(tab.page.locator("#nav-sidebar")).to_be_hidden()
    tab.page.unroute_all()
    tab.page.reload()
    expect(tab.page.locator("#nav-sidebar")).to_be_hidden()
    assert tab.complaints == []


def test_the_search_narrows_while_typing(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab()
    page = tab.open("/models")
    expect(page.get_by_role("link", name="test/echo")).to_be_visible()
    page.get_by_label("Search").press_sequentially("three")
    expect(page.get_by_role("link", name="test/echo")).to_have_count(0)
    expect(page.get_by_role("link", name="Test Three")).to_be_visible()
    assert tab.complaints == []


def test_the_keyboard_reaches_the_content_first(new_tab: Callable[..., Tab]) -> None:
    page = new_tab().open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_chosen_theme_stays(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(color_scheme="light")
    page = tab.open("/")
    page.get_by_role("button", name="Language and appearance").click()
    page.get_by_role("radio", name="Dark").check()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Language and appearance").click()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.get_by_role("radio", name="Auto").check()
    page.reload()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_the_language_is_switched_on_the_spot(new_tab: Callable[..., Tab]) -> None:
    page = new_tab().open("/models?q=three")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Модели и цены")
    assert page.url.endswith("/models?q=three")
