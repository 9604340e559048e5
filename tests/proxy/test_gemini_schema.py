"""JSON Schemas on their way to Gemini."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.dialects.gemini_schema import cleaned
from tests.upstream.gemini_rules import broken_rule


def test_a_schema_keeps_what_gemini_reads():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "when": {"type": "string", "format": "date-time", "pattern": "x", "default": "now"},
            "mail": {"type": "string", "format": "email"},
            "kind": {"const": "a"},
            "tree": {"$ref": "#/definitions/node", "description": "a tree"},
            "both": {
                "allOf": [{"type": "object", "properties": {"x": {"type": "integer"}}}, {"required": ["x"]}]
            },
            "required": {"type": ["string", "null"]},
        },
        "required": ["when"],
        "additionalProperties": False,
        "definitions": {
            "node": {"type": "array", "items": {"$ref": "#/definitions/node"}, "uniqueItems": True}
        },
    }
    assert cleaned(schema) == {
        "type": "object",
        "properties": {
            "when": {"type": "string", "format": "date-time"},
            "mail": {"type": "string"},
            "kind": {"enum": ["a"]},
            "tree": {"$ref": "#/$defs/node"},
            "both": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
            "required": {"type": ["string", "null"]},
        },
        "required": ["when"],
        "additionalProperties": False,
        "$defs": {"node": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    }


KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "anyOf",
        "allOf",
        "oneOf",
        "$ref",
        "$defs",
        "definitions",
        "const",
        "enum",
        "format",
        "pattern",
        "additionalProperties",
        "prefixItems",
        "not",
        "x-odd",
        "$schema",
        "required",
        "default",
    ]
)
SCHEMAS = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.just("#/definitions/a"),
    lambda inner: st.dictionaries(KEYWORDS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(KEYWORDS, SCHEMAS, max_size=5))
def test_any_schema_becomes_one_without_a_word_that_gemini_does_not_read(schema: dict[str, Any]):
    once = cleaned(schema)
    assert cleaned(once) == once
    declared = {"name": "one", "parametersJsonSchema": once}
    body = {
        "contents": [{"role": "user", "parts": [{"text": "a"}]}],
        "tools": [{"functionDeclarations": [declared]}],
    }
    assert broken_rule(body, "gemini-2.5-flash") == ""
