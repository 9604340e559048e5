"""The frame by keyboard and without scripts: menu, dialog, tabs, copying, toasts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.keys import create_key
from tests.browser.conftest import Tab
from tests.factories import Caller, make_caller
from tests.stack import Stack

PHONE = {"width": 360, "height": 800}


@pytest.fixture
def owner(stack: Stack) -> Caller:
    caller = make_caller(free=True)
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(new_tab: Callable[..., Tab], scripts: bool) -> None:
    tab = new_tab(viewport=PHONE, java_script_enabled=scripts)
    page = tab.open("/")
    opener = page.get_by_role("button", name="Menu")
    menu = page.get_by_role("dialog", name="Menu")
    expect(menu).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="Energy")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    menu.get_by_role("link", name="Energy").click()
    page.wait_for_url(f"{tab.site}/energy")
    assert tab.complaints == []


def test_a_phone_is_told_another_language_and_keeps_it(new_tab: Callable[..., Tab], owner: Caller) -> None:
    tab = new_tab(viewport=PHONE, has_touch=True, is_mobile=True)
    tab.enter(owner.user)
    page = tab.open("/dashboard")
    for language, words in {
        "ru": ("Обзор", "Меню", "Активность"),
        "uz": ("Umumiy", "Menyu", "Faollik"),
    }.items():
        page.locator("[popovertarget=preferences]").tap()
        tab.sound(f"choosing {language}")
        page.locator(f"#preferences button[value={language}]").tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text(words[0])
        page.get_by_role("button", name=words[1]).tap()
        tab.sound(f"the menu in {language}")
        page.get_by_role("dialog", name=words[1]).get_by_role("link", name=words[2]).tap()
        expect(page.locator("html")).to_have_attribute("lang", language)
        tab.sound(f"activity in {language}")
        tab.open("/dashboard")


def test_a_key_is_revoked_in_a_dialog(new_tab: Callable[..., Tab], owner: Caller) -> None:
    """Keeping it and Escape change nothing; the dialog is read and heard as one; what was done is told."""
    tab = new_tab(viewport=PHONE)
    tab.enter(owner.user)
    page = tab.open("/dashboard/keys")
    name = owner.api_key.name
    link = page.get_by_role("link", name=f"Revoke {name}")
    dialog = page.get_by_role("dialog", name=f"Revoke “{name}”?")
    link.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert (tab.axe(), tab.overflow()) == ([], 0)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    link.click()
    dialog.get_by_role("link", name="Keep it").click()
    expect(dialog).to_be_hidden()
    link.click()
    dialog.get_by_role("button", name="Revoke the key").click()
    told = page.locator("[data-toasts] .notice")
    expect(told).to_be_visible()
    told.get_by_role("button", name="Close").click()
    expect(told).to_have_count(0)
    owner.api_key.refresh_from_db()
    assert owner.api_key.revoked_at is not None
    assert tab.complaints == []


def test_without_scripts_the_question_is_a_page(new_tab: Callable[..., Tab], owner: Caller) -> None:
    tab = new_tab(java_script_enabled=False)
    tab.enter(owner.user)
    page = tab.open("/dashboard/keys")
    page.get_by_role("link", name=f"Revoke {owner.api_key.name}").click()
    page.get_by_role("button", name="Revoke the key").click()
    page.wait_for_url(f"{tab.site}/dashboard/keys")
    owner.api_key.refresh_from_db()
    assert owner.api_key.revoked_at is not None


def test_without_scripts_a_word_is_typed_on_a_page(new_tab: Callable[..., Tab], owner: Caller) -> None:
    """A wrong word changes nothing, is told beside its field, and what was chosen stays chosen."""
    second, _plain = create_key(project=owner.project, name="Second")
    tab = new_tab(java_script_enabled=False, viewport=PHONE)
    tab.enter(owner.user)
    page = tab.open("/dashboard/keys")
    for box in page.locator("input[name=key]").all():
        box.check()
    page.get_by_role("button", name="Revoke selected").click()
    field = page.get_by_label("To confirm, type: 2")
    field.fill("3")
    page.get_by_role("button", name="Revoke 2 keys").click()
    expect(field).to_have_accessible_description("This isn't what is asked for. Nothing was done.")
    field.fill("2")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{tab.site}/dashboard/keys*")
    second.refresh_from_db()
    owner.api_key.refresh_from_db()
    assert second.revoked_at is not None and owner.api_key.revoked_at is not None


def test_a_language_of_code_is_chosen_with_the_arrows_and_kept(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(permissions=["clipboard-read", "clipboard-write"])
    page = tab.open("/styleguide")
    code = page.locator(".look.light .code")
    code.get_by_role("radio", name="Python").focus()
    page.keyboard.press("ArrowRight")
    expect(code.get_by_text("new OpenAI")).to_be_visible()
    expect(code.get_by_text("OpenAI(api_key")).to_be_hidden()
    copy = code.get_by_role("button", name="Copy the code sample")
    expect(copy).to_have_count(1)
    copy.click()
    expect(copy).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("const client")
    page.reload()
    expect(code.get_by_role("radio", name="Node.js")).to_be_checked()
    assert tab.complaints == []
