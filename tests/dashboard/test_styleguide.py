"""The design system: shown in development, hidden in production; drawn and named as its files say."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.template import engines
from django.test import Client
from django.utils.formats import date_format
from django.utils.translation import override

from dashboard.styleguide import ERRORS, PLAIN_ERRORS, SIZES, SPECIMENS, TOKENS
from deploy import girih
from tests.embedded import ROOT

CSS = ROOT / "static" / "css"
# Of one page or of the frame; no components to build pages from.
FORMATS = (
    *("DATE_FORMAT", "SHORT_DATE_FORMAT", "DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"),
    *("DAY_TIME_FORMAT", "DAY_SECONDS_FORMAT"),
)
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


def templates(*but: str) -> Iterator[tuple[str, str]]:
    """All of them, the apps' own too, by path below `templates/`; but those in these folders."""
    for folder in (ROOT / "templates", *ROOT.glob("*/templates")):
        for file in folder.rglob("*.*"):
            name = file.relative_to(folder).as_posix()
            if not name.startswith(but or ("\0",)):
                yield name, file.read_text(encoding="utf-8")


def test_what_a_component_can_say_is_not_written_by_hand() -> None:
    """Buttons of letters are tables, allauth's are told by its attributes, the admin's are stock."""
    written = re.compile(r'class="(badge|([^"]* )?button)[ "{]')
    found = [
        name for name, text in templates("components/", "mail/", "allauth/", "admin/") if written.search(text)
    ]
    assert found == []


def test_dates_go_by_the_readers_language() -> None:
    """The machine's own form is for attributes."""
    fixed = re.compile(r"""\|\s*(?:date|time|clock):["'](?!(?:[A-Z]+_)+FORMAT["']|c["'])""")
    assert [name for name, text in templates() if fixed.search(text)] == []
    for language in ("uz", "ru", "en"):
        with override(language):
            shown = {name: date_format(datetime(2026, 1, 5, 21, 5, 9, tzinfo=UTC), name) for name in FORMATS}
        assert not [name for name, text in shown.items() if "FORMAT" in text or "5" not in text], language


def test_a_tag_writes_what_the_component_does() -> None:
    page = engines["django"].from_string(
        "{% load components %}{% button type='submit' kind='danger' small=True name='do' value='' "
        "data_keep=True hidden=shown aria_label=said %}{{ label }}{% endbutton %}|"
        "{% button href=to kind='quiet' disabled=shown aria_current='a'|same:'b' %}x{% endbutton %}|"
        "{% badge kind=none %}{{ label }}{% endbadge %}|{% address query by=label as there %}{{ there }}"
    )
    context = {"label": "<b>", "said": '"quoted"', "to": "/?a=1&b=2", "query": "q=1"}
    assert page.render(context).split("|") == [
        '<button class="button danger small" type="submit" name="do" value="" data-keep '
        'aria-label="&quot;quoted&quot;">&lt;b&gt;</button>',
        '<a class="button quiet" href="/?a=1&amp;b=2">x</a>',
        '<span class="badge">&lt;b&gt;</span>',
        "?q=1&amp;by=%3Cb%3E",
    ]


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
