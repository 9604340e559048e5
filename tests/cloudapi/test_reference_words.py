"""The API reference speaks the reader's language; the document that it is drawn from is English for all."""

import json
import re
from html import unescape

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from cloudapi.openapi import document
from cloudapi.reference.drawing import TITLES, drawn, found
from cloudapi.reference.fields import Piece, Row
from cloudapi.reference.operations import Object, Reference
from cloudapi.reference.words import paragraphs, told

LANGUAGES = ("uz", "ru")
# How ids and keys begin, names of formats, values: nothing that a translator could change.
SAME = {
    *("OK", "base64", "cap-…", "cap-xyz...", "inv_…", "key_…", "lk_…", "mem_…", "proj_…", "topup_…"),
    "text, image, document, tool_use, tool_result, thinking, …",
    "message, function_call, function_call_output, reasoning, …",
}
NAMES = {"Messages", "Responses", "CloudGPT"}  # of other people's APIs
_CODE = re.compile("`[^`]+`")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_it_says_is_translated(language: str) -> None:
    with override(language):
        same = {text for text in paragraphs(found()) if gettext(text) == text}
    assert same == SAME | ({"Video"} if language == "uz" else set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_are_called_what_the_reader_calls_them(language: str) -> None:
    with override(language):
        same = {tag for tag, title in TITLES.items() if str(title) == tag}
    assert same == NAMES | ({"Audio"} if language == "uz" else set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_in_a_text_stays_as_it_is(language: str) -> None:
    with override(language):
        for text in paragraphs(found()):
            assert sorted(_CODE.findall(gettext(text))) == sorted(_CODE.findall(text)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_english_is_left_among_its_parts(language: str) -> None:
    """Whatever of a text has three words or more would be seen; the words for a search aren't shown."""
    shown = drawn(language)
    html = "".join(one.html for group in shown.groups for one in group.entries) + shown.objects
    seen = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", unescape(re.sub(r'data-also="[^"]*"', "", html))))
    told = (re.sub("`", "", text) for text in paragraphs(found()) if text not in SAME)
    assert [text for text in told if text.count(" ") > 1 and text in seen] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_english_whoever_asks_first(client: Client, language: str) -> None:
    with override(language):
        assert document.__wrapped__() == document()
    served = client.get("/openapi.json", {"hl": language}, headers={"accept-language": language})
    assert served.json() == json.loads(json.dumps(document()))
    assert not re.search("[А-Яа-яʻ]", served.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "query"),
    [
        ("uz", "o'chirish loyiha mazmunini"),
        ("uz", "Loyiha mazmunini oʻchirish"),
        ("uz", "delete a project's content"),
        ("ru", "удалить содержимое проекта"),
        ("ru", "project's content delete"),
        ("ru", "deleteProjectContent"),
        ("en", "Delete a projects content"),
    ],
)
def test_a_search_knows_the_readers_words_and_the_english_ones(
    client: Client, language: str, query: str
) -> None:
    page = client.get("/docs/api", {"hl": language, "q": query}).content.decode()
    seen = re.findall(r'<details class="api-op"><summary>.*?id="(\w+)"', page, re.S)
    assert "deleteProjectContent" in seen and len(seen) < 5


@pytest.mark.django_db
def test_a_page_carries_the_english_words_that_it_does_not_show(client: Client) -> None:
    """For the page's own script, which narrows the list while somebody types."""
    russian = client.get("/docs/api", {"hl": "ru"}).content.decode()
    assert 'id="getWallet" data-also="Wallet Wallet Balance, what calls' in russian
    assert "data-also" not in client.get("/docs/api", {"hl": "en"}).content.decode()


def test_a_paragraph_is_one_text_however_its_lines_are_broken() -> None:
    row = Row(name="n", type=(Piece("string"),), description="Two\n    lines.\n\n  And\nmore.")
    whole = Reference({}, (Object("One", "", (row,), ()), Object("Two", "And more.", (), ())))
    assert paragraphs(whole) == ["Two lines.", "And more."]
    assert told(whole, str.upper).objects[0].rows[0].description == "TWO LINES.\n\nAND MORE."
