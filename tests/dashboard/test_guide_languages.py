"""The documentation in three languages: nothing is missing, and all say and show the same."""

import re
from functools import cache

import pytest
from django.conf import settings
from django.test import Client

from dashboard.guide.codes import CODES_FILE, written
from dashboard.guide.markup import Document
from dashboard.guide.shelf import FALLBACK, ROOT, own_pages, shelf
from proxy.error_codes import CODES
from tests.dashboard.test_guide import LINK, hits

LANGUAGES = [code for code, _name in settings.LANGUAGES]
TRANSLATED = [language for language in LANGUAGES if language != FALLBACK]


@cache
def documents(language: str) -> dict[str, Document]:
    return {slug: Document(page.body) for slug, page in shelf(language).pages.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_page_and_no_page_lacks_its_code(language: str) -> None:
    found = written((ROOT / language / CODES_FILE).read_text(encoding="utf-8"))
    assert found == list(CODES)
    assert [slug for slug in shelf(language).pages if slug.startswith("errors/")] == [
        f"errors/{c}" for c in CODES
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_missing(language: str) -> None:
    assert set(own_pages(language)) == set(own_pages(FALLBACK))


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_same_code_headings_and_figures(language: str) -> None:
    for slug, document in documents(language).items():
        english = documents(FALLBACK)[slug]
        assert [h.level for h in document.headings] == [h.level for h in english.headings], slug
        if not slug.startswith("errors/"):
            assert document.fences() == english.fences(), slug
        ours, theirs = shelf(language).pages[slug], shelf(FALLBACK).pages[slug]
        assert (ours.section, ours.order) == (theirs.section, theirs.order), slug
        assert figures_of(ours.summary) == figures_of(theirs.summary), slug


def figures_of(text: str) -> set[str]:
    return set(re.findall(r"\{\{(\w+)\}\}", text))


def test_uzbek_uses_its_own_letters() -> None:
    for slug, document in documents("uz").items():
        page = shelf("uz").pages[slug]
        words = " ".join([page.title, page.summary, *(re.sub(r"`[^`]*`", "", t) for t in prose(document))])
        assert not re.search(r"['‘’]", words), (slug, re.findall(r".{20}['‘’].{10}", words))


def prose(document: Document) -> list[str]:
    return [token.content for token in document.tokens if token.type == "inline"]


@pytest.mark.django_db
def test_links_to_other_pages_of_the_site_are_answered(catalog: None, client: Client) -> None:
    targets = {target for page in shelf(FALLBACK).pages.values() for target in LINK.findall(page.body)}
    away = {path for path in targets if not path.startswith("/docs") and client.get(path).status_code >= 400}
    assert away == set()


@pytest.mark.django_db
def test_search_asks_for_no_particular_apostrophe_or_accent(client: Client) -> None:
    spellings = [hits(client, f"{word} bepul", "uz") for word in ("soʻrov", "so'rov", "so‘rov")]
    assert spellings[0] and spellings[0] == spellings[1] == spellings[2]
    assert hits(client, "еще", "ru") == hits(client, "ещё", "ru")
