"""The design system: shown in development, hidden in production; drawn and named as its files say."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dashboard.styleguide import ERRORS, PLAIN_ERRORS, SIZES, SPECIMENS, TOKENS
from deploy import girih
from tests.embedded import ROOT

CSS = ROOT / "static" / "css"
# Of one page or of the frame; no components to build pages from.
TOOLS = ("button", "field", "badge", "stat", "tabs", "dialog", "empty", "skeleton", "bars", "copy", "code")


@pytest.mark.django_db
def test_every_component_is_shown_in_light_and_dark(client: Client) -> None:
    text = client.get("/styleguide").content.decode()
    assert text.count('class="look light"') == text.count('class="look dark"') == len(SPECIMENS)
    sources = "".join(specimen.source for specimen in SPECIMENS)
    assert [name for name in TOOLS if f"components/{name}.html" not in sources] == []


@pytest.mark.django_db
def test_production_has_no_style_guide(client: Client, settings: Any) -> None:
    settings.PRODUCTION = True
    assert client.get("/styleguide").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", ERRORS | PLAIN_ERRORS)
def test_each_error_page_can_be_looked_at_but_not_in_production(
    client: Client, settings: Any, name: str
) -> None:
    assert f'class="error-code">{name[:3]}' in client.get(f"/styleguide/errors/{name}").text
    settings.PRODUCTION = True
    assert client.get(f"/styleguide/errors/{name}").status_code == 404


def test_what_a_component_can_say_is_not_written_by_hand() -> None:
    """Of the public pages; buttons with attributes of their own are written out."""
    plain = re.compile(
        r'class="badge[^"]*">|<(a|button type="submit") class="button( \w+)*"( href="[^"]*")?>'
    )
    by_hand = {
        file.relative_to(ROOT / "templates").as_posix()
        for folder in ("site", "guide")
        for file in (ROOT / "templates" / folder).rglob("*.html")
        if plain.search(file.read_text(encoding="utf-8"))
    }
    assert by_hand == set()


def test_styles_name_tokens_that_there_are() -> None:
    """A colour that was renamed would be none at all, and nobody would be told."""
    tokens = set(re.findall(r"(--[a-z0-9-]+):", (CSS / "tokens.css").read_text(encoding="utf-8")))
    for file in CSS.glob("*.css"):
        text = file.read_text(encoding="utf-8")
        own = set(re.findall(r"(--[a-z0-9-]+):", text))
        foreign = set(re.findall(r"var\((--[a-z0-9-]+)", text)) - tokens - own
        assert not foreign or file.name == "admin.css", (file.name, foreign)
    shown = {f"--{name}" for names in (*TOKENS.values(), SIZES) for name in names}
    assert shown <= tokens


def test_colours_stand_in_the_tokens_alone() -> None:
    """Other sheets name tokens; white on an accent and the chart's own pairs are what is left."""
    strays = {
        file.name: len(re.findall(r"#[0-9a-f]{6}\b", file.read_text(encoding="utf-8")))
        for file in CSS.glob("*.css")
        if file.name not in {"tokens.css", "admin.css"}
    }
    assert sum(strays.values()) <= 12, strays


def test_the_girih_is_what_its_geometry_draws() -> None:
    assert Path(girih.FILE).read_text(encoding="utf-8") == girih.picture()


def test_the_girihs_star_has_eight_points_and_runs_into_the_next_tile() -> None:
    centre = (girih.cell() / 2, girih.cell() / 2)
    points = girih.octagon_star(centre)
    assert len(points) == 16
    distances = [round(((x - centre[0]) ** 2 + (y - centre[1]) ** 2) ** 0.5, 6) for x, y in points]
    assert len(set(distances[::2])) == len(set(distances[1::2])) == 1
    # {8/3}: a line's two ends and the dents on it lie on one straight line.
    (ax, ay), (bx, by), (cx, cy) = points[0], points[1], points[5]
    assert abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) < 1e-6
