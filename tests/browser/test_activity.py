"""The activity page in a real browser: filter, receipt beside the list, files, saved views, live calls."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from openai import OpenAI
from playwright.sync_api import Page, expect

from accounts.models import Project
from tests.billing.books import query
from tests.browser.conftest import SCREENSHOTS, Tab
from tests.dashboard.calls import log_call
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive
from tests.processes import Gateway, until
from tests.proxy.usage import id_of
from tests.stack import Stack

MODELS = ("openai/gpt-4o", "anthropic/claude-sonnet-4", "meta/llama-3.3-70b")
LOOKS = [(360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1280, "light", "ru-RU"), (1280, "dark", "en-US")]


@pytest.fixture
def owner(stack: Stack, site: Gateway) -> Iterator[Caller]:
    """Somebody with a week of calls in two projects. Nobody was charged for them, so they go."""
    caller = make_caller(balance_uzs=1_000_000, free=True, scopes=("inference", "manage"))
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    other = Project.objects.create(organization=caller.organization, name="Mobile app")
    now = datetime.now(UTC)
    moments = [now - timedelta(hours=2.6 * number, minutes=5) for number in range(60)]
    ids = [id_of(at) for at in moments]
    for number, at in enumerate(moments):
        failed = number % 9 == 4
        log_call(
            caller,
            id=ids[number],
            at=at.isoformat(),
            model=MODELS[number % 3],
            project_id=(caller.project if number % 4 else other).pk,
            status="error" if failed else "ok",
            error_code="upstream_error" if failed else "",
            cost_micros=0 if failed else 1_000_000 * (1 + number * 7 % 40),
            stream=number % 2 == 0,
            cached_tokens=400 if number % 5 == 0 else 0,
        )
    yield caller
    query("DELETE FROM proxy_request WHERE id = ANY(%s::uuid[])", ids)


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_the_page_is_whole_in_every_look(
    new_tab: Callable[..., Tab], owner: Caller, width: int, scheme: str, locale: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.enter(owner.user)
    page = tab.open("/dashboard/activity")
    expect(page.locator(".usage-bars rect")).not_to_have_count(0)
    tab.picture(f"activity-{width}-{scheme}")
    sound(tab, "the list")
    page.locator("[data-call] th a").first.click()
    expect(page.locator("[data-drawer-body] h1")).to_be_visible()
    bar = page.get_by_role("dialog").get_by_role("button")
    assert bar.first.evaluate(
        "(one) => one.contains(document.elementFromPoint("
        "one.getBoundingClientRect().x + 5, one.getBoundingClientRect().y + 5))"
    )  # it lies over all else
    if SCREENSHOTS:  # of the window alone: the receipt lies over it
        page.screenshot(path=Path(SCREENSHOTS) / f"activity-drawer-{width}-{scheme}.png")
    sound(tab, "the receipt")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("activity$"))
    tab.open("/dashboard/activity?status=crashed")
    tab.picture(f"activity-empty-{width}-{scheme}")
    sound(tab, "the empty list")
    tab.open(f"/dashboard/keys/{owner.api_key.api_id}/move")
    tab.picture(f"key-move-{width}-{scheme}")
    sound(tab, "the question before a move")


def test_from_the_filter_to_a_call_as_it_comes(
    new_tab: Callable[..., Tab], site: Gateway, owner: Caller, tmp_path: Path
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    tab.enter(owner.user)
    page = tab.open("/dashboard/activity")
    failed = filtered(page)
    read_beside(page, failed)
    downloaded(page, tmp_path, failed)
    kept(page)
    page.get_by_role("link", name="Clear").click()
    seen_live(page, site, owner)
    (missing,) = tab.complaints  # the call that is none
    assert "404" in missing


def filtered(page: Page) -> list[str]:
    """The list is narrowed without a reload, and the address says so; ids of what is left."""
    page.evaluate("window.here = true")
    page.get_by_label("Status").select_option("error")
    expect(page.locator("[data-call]")).to_have_count(7)
    expect(page.get_by_text("failed: 7 (100%)")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["status"] == ["error"]
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.get_by_role("link", name="Calls", exact=True)).to_have_attribute("aria-current", "true")
    assert page.evaluate("window.here")
    return [str(row.get_attribute("data-call")) for row in page.locator("[data-call]").all()]


def read_beside(page: Page, calls: list[str]) -> None:
    """A receipt opens by keyboard beside the list; Esc closes it; its address opens it again."""
    link = page.locator(f'[data-call="{calls[1]}"] th a')
    link.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("upstream_error")).to_be_visible()
    assert f"call={calls[1]}" in page.url
    address = page.url
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page).to_have_url(re.compile(r"activity\?(?!.*call=)"))
    expect(link).to_be_focused()
    page.goto(address)
    expect(drawer.get_by_text(calls[1])).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(re.compile(r"activity\?(?!.*call=)"))
    page.go_back()
    page.goto(address.replace(calls[1], "01a20000-0000-7000-8000-000000000000"))
    expect(drawer.get_by_text("There is no such call")).to_be_visible()
    page.keyboard.press("Escape")


def downloaded(page: Page, folder: Path, calls: list[str]) -> None:
    """Both files hold what the list shows."""
    for form in ("CSV", "JSONL"):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=form, exact=True).click()
        waiting.value.save_as(folder / form)
    lines = (folder / "JSONL").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == calls
    assert [line.split(",")[0] for line in (folder / "CSV").read_text("utf-8-sig").splitlines()[1:]] == calls


def kept(page: Page) -> None:
    """The filter is kept, found again after a look at everything, and forgotten."""
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Failed calls")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The view “Failed calls” is saved.")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("[data-call]")).to_have_count(50)
    page.get_by_role("link", name="Failed calls").click()
    expect(page.locator("[data-call]")).to_have_count(7)
    expect(page.get_by_role("link", name="Failed calls")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Delete the view Failed calls").click()
    expect(page.get_by_text("The view “Failed calls” is deleted.")).to_be_visible()


def seen_live(page: Page, site: Gateway, owner: Caller) -> None:
    """A call is there without a reload while the list is live, and stays away while it is paused."""
    live = page.get_by_role("button", name="Live")
    live.click()
    expect(live).to_have_attribute("aria-pressed", "true")
    first = called(site, owner)
    expect(page.locator(f'[data-call="{first}"]')).to_be_visible()
    expect(page.locator(f'[data-call="{first}"].fresh')).to_have_count(1)
    live.click()
    expect(live).to_have_attribute("aria-pressed", "false")
    second = called(site, owner)
    with page.expect_response(re.compile("/dashboard/activity")) as asked:
        live.click()
    assert asked.value.request.headers["x-part"] == "calls"
    expect(page.locator(f'[data-call="{second}"]')).to_be_visible()
    live.click()


def called(site: Gateway, owner: Caller) -> str:
    """A call through the gateway whose row is committed; its id."""
    answer = chat(site, owner, messages=directive(prompt_tokens=1000, completion_tokens=50))
    assert answer.status == 200
    call = answer.headers["x-request-id"]
    until(lambda: call in {str(row["id"]) for row in owner.requests()}, "the row")
    return call


def test_columns_of_the_chart_are_gone_through_by_keyboard(
    new_tab: Callable[..., Tab], owner: Caller
) -> None:
    """One of them is in the tab order; the arrows go on, what is said is seen too, Enter opens the calls."""
    tab = new_tab(viewport={"width": 360, "height": 800})
    tab.enter(owner.user)
    page = tab.open("/dashboard/activity/usage")
    columns, told = page.locator("[data-column]"), page.locator("[data-column-told]")
    page.get_by_role("link", name="CSV").focus()
    page.keyboard.press("Tab")
    expect(columns.last).to_be_focused()
    expect(told).to_have_text(columns.last.get_attribute("aria-label") or "-")
    page.keyboard.press("ArrowLeft")
    expect(columns.nth(columns.count() - 2)).to_be_focused()
    page.keyboard.press("Home")
    expect(columns.first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(columns.first).to_be_focused()
    tab.picture("usage-by-keyboard")
    tab.sound("the chart by keyboard")
    calls = int(told.inner_text().split()[-2])  # "…, 9 calls"
    page.keyboard.press("Tab")
    expect(page.get_by_role("region", name="Usage as a table")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/dashboard/activity\?since="))
    expect(page.locator("[data-call]")).to_have_count(calls)


def test_openai_s_own_client_reads_usage_and_costs(site: Gateway, stack: Stack, owner: Caller) -> None:
    call = called(site, owner)
    client = OpenAI(api_key="none", admin_api_key=owner.key, base_url=f"{site.url}/v1", max_retries=0)
    start = int(datetime.now(UTC).timestamp()) - 600
    usage = client.admin.organization.usage
    told = usage.completions(start_time=start, bucket_width="1m", limit=30, models=["test/one"])
    counted = [one.to_dict() for bucket in told.data for one in bucket.results]
    assert sum(one["num_model_requests"] for one in counted) == 1
    assert sum(one["output_tokens"] for one in counted) == 50
    (row,) = [row for row in owner.requests() if str(row["id"]) == call]
    costs = usage.costs(start_time=start, group_by=["line_item"])
    items = {one.to_dict()["line_item"]: one.to_dict()["amount"] for one in costs.data[-1].results}
    assert items["test/one"]["micros"] == row["cost_micros"] > 0
    assert items["test/one"]["currency"] == "uzs"


def sound(tab: Tab, what: str) -> None:
    assert tab.overflow() <= 0, f"{what} is {tab.overflow()} px too wide"
    assert tab.faint() == [], what
    assert tab.complaints == [], what
