"""The documentation at /docs: whole in three languages, true to the code, and found by words."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.errors import AccountsError
from cloudapi.envelope import _KNOWN
from dashboard.api import _CODES
from dashboard.guide import index
from dashboard.guide.markup import Document
from dashboard.guide.shelf import FALLBACK, Shelf, shelf
from proxy.error_codes import CODES
from proxy.offers import market, offers
from tests.test_architecture import APPS, sources, tree

LANGUAGES = [code for code, _name in settings.LANGUAGES]
TRANSLATED = [language for language in LANGUAGES if language != FALLBACK]
RAISED = {"ApiError": 1, "invalid": 0, "unavailable": 0}  # which argument is the code
LINK = re.compile(r"\]\((/[^)\s]*)\)")


@cache
def documents(language: str) -> dict[str, Document]:
    return {slug: Document(page.body) for slug, page in shelf(language).pages.items()}


def refusals() -> Iterator[tuple[str, int | None]]:
    """(code, status) wherever the code is written out; None for a status that is worked out."""
    for path in sources(*APPS):
        for node in ast.walk(tree(path)):
            name = node.func if isinstance(node, ast.Call) else None
            place = RAISED.get(getattr(name, "id", getattr(name, "attr", "")))
            if isinstance(node, ast.Call) and place is not None and len(node.args) > place:
                yield from told(node, place)


def told(call: ast.Call, place: int) -> Iterator[tuple[str, int | None]]:
    code = call.args[place]
    if isinstance(code, ast.Constant):
        first = call.args[0]
        status = first.value if place and isinstance(first, ast.Constant) else None
        yield str(code.value), int(str(status)) if status is not None else None


def accounts_codes(kind: type[AccountsError] = AccountsError) -> Iterator[str]:
    for child in kind.__subclasses__():
        if "code" in vars(child):
            yield child.code
        yield from accounts_codes(child)


def test_the_list_of_codes_is_the_codes_own() -> None:
    found = {code for code, _status in refusals()} | set(accounts_codes()) | set(_CODES.values())
    found |= {code for code, _message in _KNOWN.values()} | {"unknown_url", "sites_full"}
    assert found == set(CODES)


def test_codes_have_the_statuses_that_they_are_raised_with() -> None:
    wrong = [(code, status) for code, status in refusals() if status and status not in CODES[code].statuses]
    assert wrong == []
    assert all(CODES[code].statuses[0] == status for status, (code, _message) in _KNOWN.items())


def figures_of(text: str) -> set[str]:
    return set(re.findall(r"\{\{(\w+)\}\}", text))


def prose(document: Document) -> list[str]:
    return [token.content for token in document.tokens if token.type == "inline"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_somewhere(language: str) -> None:
    pages = shelf(language)
    for slug, page in pages.pages.items():
        for target in LINK.findall(page.body):
            if target.startswith("/docs/"):
                assert target.removeprefix("/docs/") in {*pages.pages, "api"}, (slug, target)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_answers_in_its_language(catalog: None, client: Client, language: str) -> None:
    for slug, page in shelf(language).pages.items():
        answer = client.get("/docs" if slug == "index" else f"/docs/{slug}", {"hl": language})
        text = answer.content.decode()
        assert answer.status_code == 200, slug
        assert f'<html lang="{language}">' in text
        assert page.title.replace("'", "&#x27;") in text
        assert "{{" not in text and len(answer.content) < 200_000, slug


@pytest.mark.django_db
def test_figures_are_the_sites_own(catalog: None, client: Client) -> None:
    text = client.get("/docs/chat.md").content.decode()
    assert set(re.findall(r'model="([^"]+)"', text)) <= {row.model.slug for row in offers(market())}
    text = client.get("/docs/quickstart.md").content.decode()
    assert f"{settings.API_BASE_URL}/v1" in text
    assert f"{settings.FREE_DAILY_REQUESTS} free requests" in text
    pricing = client.get("/docs/pricing.md", headers={"accept-language": "en"}).content.decode()
    assert re.search(r"\d+% on closed third-party models", pricing)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("only an HMAC-SHA-256 digest", "stay readable to us", "Keys in plain text")),
        ("ru", ("дайджест HMAC-SHA-256", "остаются читаемыми", "Ключи в открытом виде")),
        ("uz", ("HMAC-SHA-256 daydjestini", "oʻqiladigan boʻlib qoladi", "Ochiq holdagi kalitlar")),
    ],
)
def test_the_faq_says_plainly_what_is_kept(language: str, said: tuple[str, ...]) -> None:
    """Keys are hashed, metadata stays readable when content is sealed, and some things are never stored."""
    text = shelf(language).pages["faq"].body
    assert [words for words in said if words not in text] == []


@pytest.mark.django_db
def test_a_language_named_by_the_address_is_kept(client: Client) -> None:
    answer = client.get("/docs/chat", {"hl": "ru"}, headers={"accept-language": "en"})
    assert answer.headers["Content-Language"] == "ru"
    assert client.get("/docs/video").headers["Content-Language"] == "ru"
    assert client.get("/docs/video", {"hl": "xx"}).headers["Content-Language"] == "ru"
    alternates = re.findall(r'hreflang="([\w-]+)" href="([^"]+)"', answer.content.decode())
    assert dict(alternates)["uz"] == f"{settings.SITE_URL}/docs/chat?hl=uz"


@pytest.mark.django_db
def test_an_error_codes_page_has_the_envelope_in_both_dialects(client: Client) -> None:
    text = client.get("/docs/errors/insufficient_balance", {"hl": "en"}).content.decode()
    assert "billing_error" in text and "402" in text
    text = client.get("/docs/errors/invalid_api_key", {"hl": "en"}).content.decode()
    assert "authentication_error" in text and "invalid_request_error" in text
    assert client.get("/docs/errors/no_such_code").status_code == 404
    assert client.get("/docs/../../etc/passwd.md").status_code == 404


def hits(client: Client, query: str, language: str) -> list[tuple[str, str]]:
    """(address, marked snippet) of what was found."""
    answer = client.get("/docs/search", {"q": query, "hl": language}, headers={"hx-request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in text
    return re.findall(r'<li><a href="([^"]+)">(.*?)</a></li>', text, re.DOTALL)


@pytest.mark.django_db
def test_search_ranks_titles_first_and_marks_what_it_found(client: Client) -> None:
    found = hits(client, "embeddings", "en")
    assert found[0][0] == "/docs/embeddings"
    assert "<mark>Embeddings</mark>" in found[0][1]
    assert hits(client, "insufficient_balance", "en")[0][0] == "/docs/errors/insufficient_balance"
    assert hits(client, "idempot", "en") != []
    assert any(address.startswith("/docs/pricing#holds") for address, _text in hits(client, "holds", "en"))
    assert hits(client, "zzzzzz", "en") == []
    assert hits(client, "", "en") == []


@pytest.mark.django_db
def test_who_reads_a_page_has_the_search_made_ready(client: Client) -> None:
    client.get("/docs/chat", {"hl": "ru"})
    assert index._begun["ru"]
    known = (*index._begun["ru"], ("another", "figure"))
    thread = index.warm("ru", known)
    assert thread is not None and index.warm("ru", known) is None
    thread.join()
    before = index._index.cache_info().hits
    assert index.index("ru", known) and index._index.cache_info().hits == before + 1


@pytest.mark.django_db
def test_search_is_no_way_to_put_markup_into_the_page(client: Client) -> None:
    text = client.get("/docs/search", {"q": '<script>alert(1)</script>"'}).content.decode()
    assert "<script>alert" not in text


@pytest.mark.django_db
def test_programs_have_a_list_and_markdown(client: Client) -> None:
    text = client.get("/llms.txt").content.decode()
    assert text.startswith("# CloudAPI\n")
    addresses = re.findall(r"\]\(([^)]+\.md)\)", text)
    assert len(addresses) == len(shelf(FALLBACK).pages)
    raw = client.get(addresses[5].removeprefix(settings.SITE_URL))
    assert raw.headers["Content-Type"].startswith("text/markdown")
    assert raw.content.startswith(b"# ")


def test_a_missing_page_falls_back_to_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for language, names in (("en", ("one", "two")), ("ru", ("one",))):
        (tmp_path / language).mkdir()
        for order, name in enumerate(names):
            head = f"---\ntitle: {language} {name}\nsummary: S\nsection: start\norder: {order}\n---\n"
            (tmp_path / language / f"{name}.md").write_text(head + "Body")
    monkeypatch.setattr("dashboard.guide.shelf.ROOT", tmp_path)
    found: Shelf = shelf.__wrapped__("ru")
    assert {slug: page.language for slug, page in found.pages.items()} == {"one": "ru", "two": "en"}


def test_html_in_markdown_is_shown_and_not_passed_on() -> None:
    assert "<b>" not in Document("a <b>c</b>\n\n<script>x</script>").html()


def test_adjacent_code_becomes_tabs_and_headings_get_anchors() -> None:
    document = Document(
        "## A b\n\n```python\n1\n```\n\n```bash\n2\n```\n\ntext\n\n## A b\n\n```json no-run\n3\n```\n"
    )
    assert [heading.anchor for heading in document.headings] == ["a-b", "a-b-2"]
    assert [(fence.language, fence.runs) for fence in document.fences()] == [
        ("python", True),
        ("bash", True),
        ("json", False),
    ]
    assert document.html().count('class="code"') == 2
    assert [part.title for part in document.parts()] == ["", "A b", "A b"]
