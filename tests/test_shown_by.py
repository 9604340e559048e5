"""Tables that name tests as proof name tests that exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def named() -> Iterator[tuple[str, str, str]]:
    """Document, file and test."""
    for document in sorted((ROOT / "docs").glob("*.md")):
        for file, test in NAMED.findall(document.read_text(encoding="utf-8")):
            yield document.name, file, test


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("document", "file", "test"), sorted(set(named())))
def test_what_is_named_as_proof_exists(document: str, file: str, test: str) -> None:
    assert test.startswith("test_")
    assert test in functions_in(file), f"{document} names {file}::{test}"


def test_routing_has_such_a_table() -> None:
    assert sum(document == "routing.md" for document, _, _ in named()) > 50
