"""The API reference: all that the document says, readable without scripts, in three languages."""

import ast
import json
import re
import shlex
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from cloudapi.openapi import document
from cloudapi.reference import samples
from cloudapi.reference.drawing import TITLES, found, prose
from cloudapi.reference.fields import Piece, example, kind, rows
from cloudapi.reference.operations import JSON, Operation
from tests.cloudapi.test_openapi import operations

OPERATIONS = list(found().operations)
BASE = "https://api.example"


@pytest.fixture
def whole(client: Client) -> str:
    return str(client.get("/docs/api").content.decode())


@pytest.mark.django_db
def test_the_page_needs_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/docs/api")
    page = answer.content.decode()
    assert re.findall(r'(?:src|href|action)="(https?:[^"]*)"', page.split("</head>")[1]) == []
    assert "/static/js/api.js" in page
    assert "/static/ninja/" not in page, "Swagger UI has an address of its own"
    assert not re.search(r"<style|<script>|\sstyle=|\son[a-z]+=", page)
    assert "'unsafe" not in answer["Content-Security-Policy"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_every_operation_of_the_document_is_on_it_in_each_language(client: Client, language: str) -> None:
    page = client.get("/docs/api", {"hl": language}).content.decode()
    described = list(operations())
    assert len(described) == len(OPERATIONS)
    for path, method, operation in described:
        body = page.split(f'id="{operation["operationId"]}"')
        assert len(body) == 2, operation["operationId"]
        said = body[0].rpartition("<summary>")[2]
        with override(language):
            summary = gettext(operation["summary"])
        assert path in said and method.upper() in said and summary in unescape(said)


@pytest.mark.django_db
def test_parameters_bodies_answers_and_refusals_stand_there(whole: str) -> None:
    schemas = document()["components"]["schemas"]
    for one in OPERATIONS:
        inner = whole.split(f'id="{one.id}"')[1].split('class="api-op"')[0]
        for parameter in one.parameters:
            assert f"<code>{parameter.row.name}</code>" in inner, (one.id, parameter.row.name)
        for answer in (*one.answers, *one.refusals):
            assert answer.status in inner, (one.id, answer.status)
        assert inner.count('class="code-panel"') == 2, one.id
    body = whole.split('id="createKey"')[1].split('class="api-op"')[0]
    for name in schemas["NewKey"]["properties"]:
        assert f"<code>{name}</code>" in body


@pytest.mark.django_db
def test_every_type_that_is_linked_has_its_place_and_each_anchor_is_one(whole: str) -> None:
    anchors = re.findall(r'\sid="([^"]+)"', whole)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', whole)) <= set(anchors)


@pytest.mark.django_db
def test_a_search_leaves_what_has_all_its_words_in_sight(client: Client) -> None:
    text = client.get("/docs/api", {"q": "Encoding_Format embeddings"}).content.decode()
    seen = re.findall(r'<details class="api-op"><summary>.*?id="(\w+)"', text, re.S)
    assert [one for one in seen if one in {o.id for o in OPERATIONS}] == ["createEmbedding"]
    nothing = client.get("/docs/api", {"q": '"><script>x\0'}).content.decode()
    assert "<script>x" not in nothing and "Nothing was found" in nothing


@pytest.mark.django_db
def test_the_document_is_to_be_had_as_it_is(client: Client, whole: str) -> None:
    assert 'href="/openapi.json" download' in whole
    assert client.get("/openapi.json").json()["openapi"] == "3.1.0"


@pytest.mark.django_db
def test_the_inner_parts_are_drawn_once_for_a_language(client: Client, whole: str) -> None:
    from_now_on = client.get("/docs/api").content.decode()
    assert _without_tokens(from_now_on) == _without_tokens(whole)


def _without_tokens(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page)


@pytest.mark.django_db
def test_an_object_that_is_one_of_some_values_names_them(whole: str) -> None:
    values = document()["components"]["schemas"]["KeyState"]["enum"]
    shown = whole.split('id="object-KeyState"')[1].split("</details>")[0]
    assert [code for code in re.findall("<code>(.*?)</code>", shown) if code in values] == values


@pytest.mark.django_db
def test_code_is_code_in_refusals_too(whole: str) -> None:
    assert "<code>error.param</code> names the field" in whole and "`error.param`" not in whole


def test_every_tag_has_a_title() -> None:
    assert set(found().groups) <= set(TITLES)


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.id)
def test_samples_are_whole(one: Operation) -> None:
    words = shlex.split(samples.curl(one, BASE))
    assert words[0] == "curl" and any(word.startswith(BASE) for word in words)
    assert not [word for word in words if re.search(r"[{}]", word) and "{" in word and word[0] not in "{["]
    body = one.body(JSON)
    if body is not None:
        assert json.loads(words[words.index("-d") + 1]) == body.example
    called = [
        node for node in ast.walk(ast.parse(samples.python(one, BASE))) if isinstance(node, ast.keyword)
    ]
    assert one.keys == any(node.arg == "headers" for node in called)
    given = {node.arg: node.value for node in called}
    if body is not None:
        assert ast.literal_eval(given["json"]) == body.example


def test_fields_unfold_what_has_no_name_and_link_what_has() -> None:
    named: dict[str, Any] = {"Part": {"type": "object", "properties": {"text": {"type": "string"}}}}
    schema = {
        "type": "object",
        "required": ["list"],
        "properties": {
            "list": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Part"},
                "minItems": 1,
                "maxItems": 3,
            },
            "inner": {
                "anyOf": [
                    {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}},
                    {"type": "null"},
                ]
            },
            "kind": {"type": ["string", "null"], "enum": ["a", "b", None], "default": "a"},
            "told": {
                "description": "Mine.",
                "anyOf": [{"type": "boolean", "enum": [True], "description": "Its own."}, {"type": "null"}],
            },
        },
    }
    found = list(rows(schema, named))
    assert [(row.name, row.depth, row.required) for row in found] == [
        ("list", 0, True),
        ("inner", 0, False),
        ("n", 1, False),
        ("kind", 0, False),
        ("told", 0, False),
    ]
    assert found[0].type == (Piece("Part", "Part"), Piece("[]"))
    assert found[0].bounds == (("items", "1 … 3"),)
    assert "".join(piece.text for piece in found[1].type) == "object | null"
    assert found[2].bounds == (("range", "≥ 1"),)
    assert (found[3].choices, found[3].bounds) == (("a", "b"), (("default", '"a"'),))
    assert (found[4].description, found[4].choices) == ("Mine.\n\nIts own.", ("true",))
    assert example(schema, named) == {"list": [{"text": "string"}]}


def test_a_schema_that_names_itself_ends() -> None:
    named: dict[str, Any] = {
        "Tree": {"type": "object", "properties": {"of": {"$ref": "#/components/schemas/Tree"}}}
    }
    assert [row.name for row in rows(named["Tree"], named)] == ["of"]
    assert list(kind({"$ref": "#/components/schemas/Tree"})) == [Piece("Tree", "Tree")]


def test_a_list_of_this_or_that_is_told_from_this_or_a_list() -> None:
    either = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "null"]}}]}
    several = {"type": "array", "items": either}
    told = ["".join(piece.text for piece in kind(one)) for one in (either, several)]
    assert told == ["string | (string | null)[]", "(string | (string | null)[])[]"]


def test_a_description_is_text_and_code() -> None:
    assert prose("See `GET /v1/x` <b>.\n\nMore.") == "See <code>GET /v1/x</code> &lt;b&gt;.<br>More."
