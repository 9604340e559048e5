"""A member is invited, signs up by the letter's link, changes the language and sees what the role allows."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Tab
from tests.factories import make_caller
from tests.processes import Gateway, until

PASSWORD = "Registan-1420-Ulugbek"


def link_to(site: Gateway, name: str) -> str:
    """The path in the letter, which a site without SMTP writes to its log."""

    def found() -> list[str]:
        letters = site.log.read_text(errors="replace").split(f"To: {name}")
        return re.findall(r"/invitations/[\w-]{43}", letters[-1]) if len(letters) > 1 else []

    return str(until(found, "the letter")[0])


def invite(tab: Tab, email: str) -> None:
    page = tab.open("/dashboard/members")
    expect(page.get_by_label("Role", exact=True)).to_be_visible()  # alone, so the form is open
    tab.sound("members")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text(f"An e-mail is on its way to {email}.")).to_be_visible()
    tab.picture("members")
    tab.sound("members and invitations")


def join(tab: Tab, link: str) -> Page:
    page = tab.open(link)
    expect(page.get_by_role("heading", name="You are invited to")).to_be_visible()
    tab.picture("invitation")
    tab.sound("the invitation")
    page.get_by_role("link", name="Create an account").click()
    page.fill("input[name=password1]", PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    page.wait_for_url(f"{tab.site}/dashboard")
    return page


def test_a_member_is_invited_and_sees_what_the_role_allows(
    new_tab: Callable[..., Tab], site: Gateway
) -> None:
    caller = make_caller(balance_uzs=1_000)
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    email = f"dora-{caller.organization.name}@members.example"
    owner, dora = new_tab(), new_tab(viewport={"width": 360, "height": 800}, color_scheme="dark")
    owner.enter(caller.user)
    invite(owner, email)
    page = join(dora, link_to(site, email))
    page.get_by_role("button", name="Language and appearance").click()
    page.get_by_role("button", name="Русский").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    dora.open("/dashboard/members")
    expect(page.get_by_text("Это могут: Владелец, Администратор.")).to_be_visible()
    dora.picture("members-developer-ru")
    dora.sound("members as a developer")
    dora.open("/dashboard/keys")
    expect(page.get_by_text("Создать ключ").first).to_be_visible()
    for path in (
        "/dashboard/projects",
        f"/dashboard/projects/{caller.project.api_id}",
        "/dashboard/organization",
    ):
        dora.open(path)
        dora.sound(path)
    removed(owner, email)
    expect(dora.open("/dashboard/organization").get_by_text(caller.organization.api_id)).to_have_count(0)


def removed(tab: Tab, email: str) -> None:
    """The owner makes a project, then takes the member out again: the question says what it means."""
    page = tab.open("/dashboard/projects")
    page.get_by_text("Create a project").click()
    page.get_by_label("Name").fill("Telegram bot")
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Telegram bot")
    page.get_by_text("Choose models").click()
    tab.picture("project")
    tab.sound("a project")
    tab.open("/dashboard/projects")
    tab.picture("projects")
    tab.sound("projects")
    page = tab.open("/dashboard/members")
    change = page.get_by_role("button", name=f"Change {email}")
    expect(change).to_be_hidden()  # as long as the role is what it is
    page.get_by_label(f"Role of {email}").select_option("viewer")
    change.click()
    expect(page.get_by_text(f"{email} now has the role: Viewer.")).to_be_visible()
    page.get_by_role("link", name=f"Remove {email}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the member").click()
    expect(page.get_by_text(f"{email} is no longer a member.")).to_be_visible()
    tab.open("/dashboard/organization")
    tab.picture("organization")
    tab.sound("organization")
