"""No public page weighs more than 150 KB as it is sent, before charts, with all models that are shipped."""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.test import Client

from deploy.local.screenshots import CHARTS, WEIGHT_KB
from proxy import offers
from tests.browser.test_walk import PUBLIC
from tests.routing.test_catalog_shipped import FILE

LINKED = re.compile(r'<(?:link|script|img)[^>]*?(?:href|src)="/static/([^"]+)"')
# A sheet's fonts aren't among these: those of the page's language are preloaded, so the page names them.
INNER = re.compile(r"""(?:^import (?:[^"]+ from )?"|url\("?)(\.\.?/[^")]+\.(?:js|css|svg|png))""", re.M)
PACKED = (".woff2", ".png")


@pytest.fixture
def shipped(db: None) -> Iterator[None]:
    """All models of the shipped catalog at a price in so'm."""
    call_command("catalog", "load", str(FILE), skip_checks=True, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fx_rate (source, date, micros_per_usd, author)"
            " VALUES ('manual', '2026-01-01', 12000000000, 'test')"
        )
    offers._held.clear()
    yield
    offers._held.clear()


@cache
def sizes(name: str) -> dict[str, int]:
    """Bytes as sent of a static file and of all that it names in turn, charts left out."""
    found = Path(str(finders.find(name)))
    packed = name.endswith(PACKED)
    sent = found.read_bytes() if packed else gzip.compress(found.read_bytes(), 6)
    held = {} if any(part in f"/{name}" for part in CHARTS) else {name: len(sent)}
    if not packed and held:
        for inner in INNER.findall(found.read_text(encoding="utf-8")):
            held |= sizes((Path("/", name).parent / inner).resolve().as_posix().lstrip("/"))
    return held


def weight_kb(client: Client, path: str, language: str) -> float:
    """The page, its styles, scripts, pictures and fonts."""
    page = client.get(
        path, {"hl": language} if "?" not in path else None, headers={"accept-language": language}
    )
    assert page.status_code == 200, path
    files: dict[str, int] = {}
    for name in LINKED.findall(page.content.decode()):
        files |= sizes(name)
    return (len(gzip.compress(page.content, 6)) + sum(files.values())) / 1024


@pytest.mark.usefixtures("shipped")
def test_every_public_page_is_light_in_each_language(client: Client) -> None:
    listed = re.findall(r"<loc>https?://[^/]+(/[^<]*)</loc>", client.get("/sitemap.xml").content.decode())
    assert len(listed) > 200
    # Models' pages differ by a sentence or a provider; of documents the Russian texts are the longest.
    models = [path for path in listed if path.startswith("/models/")]
    paths = [path for path in [*listed, *PUBLIC] if not path.startswith(("/models/", "/styleguide"))]
    weights = {f"{path} ru": weight_kb(client, path, "ru") for path in [*dict.fromkeys(paths), *models[::40]]}
    kinds = [
        "/",
        "/models",
        "/models?view=table",
        "/pricing",
        "/energy",
        "/status",
        "/docs",
        "/docs/api",
        models[0],
    ]
    weights |= {f"{path} {one}": weight_kb(client, path, one) for path in kinds for one in ("uz", "en")}
    assert {path: round(kb) for path, kb in weights.items() if kb > WEIGHT_KB} == {}
    assert min(weights.values()) > 30, "styles and fonts are counted"
