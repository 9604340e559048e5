"""The price chart in a real browser: drawn, toggled, read by keyboard, whole on a phone, without scripts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import Tab
from tests.energy import Site, make_model, make_site
from tests.factories import make_caller
from tests.processes import Gateway
from tests.stack import Stack

LOOKS = [(360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1280, "light", "ru-RU"), (1280, "dark", "en-US")]
WINDOWS = {"4h": 48, "24h": 288, "7d": 336}
MWH = 337_500  # nano-USD per million tokens for a dollar per MWh
PAINTED = """(box) => {
  const canvas = box.querySelector("canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] === 255)
    colours.add(pixels.slice(at, at + 3).join());
  return colours.size;
}"""


@pytest.fixture
def sites(stack: Stack, site: Gateway) -> Iterator[tuple[Site, Site]]:
    """A week at two sites: waves, a spike, an hour that isn't live, a gap, and changes of the cheapest."""
    name = uuid4().hex[:6]
    model = make_model(f"browser/{name}", f"Browser {name}")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dallas = make_site(f"dal-{name}", model)
    toronto = make_site(f"tor-{name}", model, place="Toronto, Ontario")
    for hours in range(170, 0, -1):
        at = now - timedelta(hours=hours)
        dallas.costs(at, (30 + 4 * abs((at.hour - 3) % 24 - 12)) * MWH)
        toronto.costs(at, (52 + 2 * (at.hour * 7 % 11)) * MWH)
    for one in (dallas, toronto):
        one.costs(now - timedelta(hours=20), 300 * MWH)
        one.costs(now - timedelta(hours=20) + timedelta(minutes=5), 60 * MWH)
        one.ticks(now - timedelta(hours=169), now - timedelta(hours=3))
        one.ticks(now - timedelta(hours=2), now - timedelta(hours=1), "hold")
        one.ticks(now - timedelta(hours=1), now + timedelta(minutes=5))
    drained = make_site(f"aus-{name}", model, place="Austin, Texas")  # says so in a whole sentence
    drained.costs(now - timedelta(hours=1), 900 * MWH)
    drained.ticks(now - timedelta(hours=1), now + timedelta(minutes=5), drained=True)
    yield dallas, toronto
    model.retired_at = timezone.now()  # nobody answers there: no other test's call may go to it
    model.save()


def painted(page: Page) -> int:
    """How many colours the chart has."""
    return int(page.locator("[data-chart-plot]").evaluate(PAINTED))


def sound(tab: Tab, what: str) -> None:
    assert tab.overflow() <= 0, f"{what} is {tab.overflow()} px too wide"
    assert tab.faint() == [], what
    assert tab.complaints == [], what


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_the_chart_is_drawn_in_every_window(
    new_tab: Callable[..., Tab], sites: tuple[Site, Site], width: int, scheme: str, locale: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    for window in WINDOWS:
        page = tab.open(f"/energy?model={sites[0].endpoint.model.slug}&window={window}")
        expect(page.locator("[data-chart-plot] canvas")).to_be_visible()
        assert painted(page) > 3
        tab.picture(f"energy-{window}-{width}-{scheme}")
        sound(tab, f"/energy {window}")
    page.locator("[data-chart-zoom]").click()
    expect(page.locator("[data-chart-cut]")).to_be_visible()
    tab.picture(f"energy-zoomed-{width}-{scheme}")
    page.locator("summary").click()
    sound(tab, "/energy, zoomed, with its table")
    tab.open(f"/models/{sites[0].endpoint.model.slug}")
    tab.picture(f"energy-model-{width}-{scheme}")
    sound(tab, "the model's page")


def test_windows_are_changed_in_place_and_a_new_price_is_shown(
    new_tab: Callable[..., Tab], sites: tuple[Site, Site]
) -> None:
    tab = new_tab(viewport={"width": 1280, "height": 800})
    page = tab.open(f"/models/{sites[0].endpoint.model.slug}")
    plot = page.locator("[data-chart-plot]")
    for label, window in (("7 days", "7d"), ("4 hours", "4h")):
        page.get_by_role("link", name=label, exact=True).click()
        expect(plot).to_have_attribute("aria-valuemax", str(WINDOWS[window] - 1))
        expect(page.get_by_role("link", name=label, exact=True)).to_have_attribute("aria-current", "true")
        assert page.url.endswith(f"window={window}#price-chart")
    before = page.locator(".chart-now").inner_text()
    for one in sites:
        one.costs(datetime.now(UTC), 10 * MWH)
    page.get_by_role("link", name="4 hours", exact=True).click()
    expect(page.locator(".chart-now")).not_to_have_text(before)
    assert tab.complaints == []


def test_the_keyboard_reads_it_point_by_point(new_tab: Callable[..., Tab], sites: tuple[Site, Site]) -> None:
    page = new_tab().open(f"/models/{sites[0].endpoint.model.slug}?window=4h")
    plot = page.get_by_role("slider", name="Price over time")
    plot.focus()
    page.keyboard.press("End")
    expect(plot).to_have_attribute("aria-valuenow", "47")
    page.keyboard.press("ArrowLeft")
    expect(plot).to_have_attribute("aria-valuenow", "46")
    said = plot.get_attribute("aria-valuetext") or ""
    assert "UTC" in said and "UZS" in said and ("Toronto" in said or "Dallas" in said)
    page.keyboard.press("Home")
    expect(plot).to_have_attribute("aria-valuenow", "0")
    expect(page.locator("[data-chart-readout]")).to_have_text(plot.get_attribute("aria-valuetext") or "")


def test_without_scripts_it_is_a_table(new_tab: Callable[..., Tab], sites: tuple[Site, Site]) -> None:
    tab = new_tab(java_script_enabled=False)
    page = tab.open(f"/models/{sites[0].endpoint.model.slug}")
    expect(page.get_by_role("table", name="Output price of")).to_be_visible()
    expect(page.locator("[data-chart-plot]")).to_be_hidden()
    page.get_by_role("link", name="7 days").click()
    expect(page.locator(".chart-table tbody tr")).to_have_count(28)


def test_a_person_sets_and_removes_an_alert(new_tab: Callable[..., Tab], sites: tuple[Site, Site]) -> None:
    alice = make_caller()
    alice.user.emailaddress_set.create(email=alice.user.email, primary=True, verified=True)
    tab = new_tab(viewport={"width": 360, "height": 800})
    tab.enter(alice.user)
    page = tab.open(f"/models/{sites[0].endpoint.model.slug}")
    page.get_by_label("Output price below").fill("1 000")
    page.get_by_role("button", name="Save price alert").click()
    expect(page.get_by_text("You will be told when the price falls below that.")).to_be_visible()
    page.get_by_role("link", name="My price alerts").click()
    expect(page.get_by_text("below 1,000.00")).to_be_visible()
    sound(tab, "notifications")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The price alert is removed.")).to_be_visible()
