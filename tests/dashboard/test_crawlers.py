"""What search engines read: every public page in every language, and nothing private."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

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
