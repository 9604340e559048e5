"""What search engines read: every public page in every language, and nothing private."""

import re
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import resolve
from PIL import Image, ImageChops, ImageStat

from deploy import cover
from tests.browser.test_walk import PUBLIC
from tests.embedded import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def test_every_address_of_the_sitemap_answers(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://cloudapi.example"
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)
    found = [node.text or "" for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    paths = [address.removeprefix("https://cloudapi.example") for address in found]
    assert {"/", "/models", "/status", "/legal/offer", "/models/test/one"} <= set(paths)
    assert "/models/test/old" not in paths
    for path in [path for path in paths if not path.startswith("/models/")] + ["/models/test/one"]:
        assert client.get(path).status_code == 200, path


def test_every_kind_of_page_of_the_sitemap_is_looked_at_in_a_browser(client: Client, settings: Any) -> None:
    paths = re.findall(f"<loc>{settings.SITE_URL}([^<]*)</loc>", client.get("/sitemap.xml").content.decode())
    walked = {resolve(path.partition("?")[0]).url_name for path in PUBLIC}
    assert paths and {resolve(path).url_name for path in paths} <= walked


def test_private_pages_are_not_for_robots(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /dashboard" in text and "Sitemap: http" in text and "Disallow: /\n" not in text


def test_a_language_has_an_address_of_its_own(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://cloudapi.example"
    answer = client.get("/models?hl=ru&q=three", headers={"accept-language": "en"})
    text = answer.content.decode()
    assert '<html lang="ru">' in text
    assert '<link rel="canonical" href="https://cloudapi.example/models?hl=ru">' in text
    assert 'hreflang="uz" href="https://cloudapi.example/models?hl=uz"' in text
    assert 'hreflang="x-default" href="https://cloudapi.example/models"' in text
    # Pages that follow stay in it.
    assert '<html lang="ru">' in client.get("/pricing", headers={"accept-language": "en"}).content.decode()


def test_an_unknown_language_is_none(client: Client) -> None:
    answer = client.get("/models?hl=xx", headers={"accept-language": "en"})
    assert '<html lang="en">' in answer.content.decode() and "django_language" not in answer.cookies


SHARED = ["/", "/models", "/models/test/one", "/pricing", "/energy", "/status", "/contact", "/legal/offer"]
PROPERTY = re.compile(r'<meta property="og:([\w:]+)" content="([^"]*)">')


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
@pytest.mark.parametrize("path", [*SHARED, "/docs", "/docs/chat", "/docs/api"])
def test_a_shared_link_shows_what_the_page_is_called_and_a_picture(
    client: Client, settings: Any, path: str, language: str
) -> None:
    settings.SITE_URL = "https://cloudapi.example"
    text = client.get(path, {"hl": language}).content.decode()
    said = {name: unescape(value) for name, value in PROPERTY.findall(text)}
    title = unescape(text.split("<title>")[1].split("</title>")[0])
    assert said["title"] and title == f"{said['title']} · CloudAPI"
    assert said["description"] == unescape(text.split('<meta name="description" content="')[1].split('"')[0])
    assert len(said["description"]) > 30 and said["locale"].startswith(language)
    assert said["url"] == f"https://cloudapi.example{path}?hl={language}"
    assert f'<link rel="canonical" href="{said["url"]}">' in text
    assert len(re.findall(r'<link rel="alternate" hreflang="(uz|ru|en|x-default)" href="', text)) == 4
    picture = said["image"].removeprefix("https://cloudapi.example/static/")
    assert (ROOT / "static" / picture).stat().st_size < 80_000


def test_what_was_typed_into_a_page_never_reaches_a_shared_link(client: Client) -> None:
    text = client.get("/docs/search", {"q": '"><script>alert(1)</script>'}).content.decode()
    head = text.split("</head>")[0]
    assert "alert(1)" not in head


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_the_shared_picture_says_what_the_first_page_does(language: str) -> None:
    with Image.open(cover.file(language)) as kept:
        assert (kept.size, kept.format) == (cover.SIZE, "PNG")
        drawn = cover.picture(language).convert("RGB")
        difference = ImageStat.Stat(ImageChops.difference(kept.convert("RGB"), drawn)).mean
    # Another release of the drawing library may smooth an edge otherwise; other words are far more.
    assert max(difference) < 1
