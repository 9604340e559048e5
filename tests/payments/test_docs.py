"""docs/payments.md says which test shows what: each of them exists, and no case is left out."""

import ast
import re
from functools import cache

from tests.embedded import ROOT

CASES = [
    f"{letter}{n}"
    for letter, count in (("P", 37), ("C", 28), ("M", 5), ("R", 4))
    for n in range(1, count + 1)
]


def table() -> list[tuple[str, list[str]]]:
    """What is shown, and the tests' names."""
    said = (ROOT / "docs" / "payments.md").read_text(encoding="utf-8").partition("## What is shown where")[2]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", said, re.MULTILINE)
    return [(what, re.findall(r"`([\w/]+\.py::\w+)`", tests)) for what, tests in rows if what not in HEADS]


HEADS = ("case", "what the site promises")


@cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_in_the_table_exists() -> None:
    named = [test for _, tests in table() for test in tests]
    assert len(named) > len(CASES)
    assert [test for test in named if test.partition("::")[2] not in functions(test.partition("::")[0])] == []


def test_every_case_of_the_acceptance_list_has_a_test() -> None:
    shown = [case for what, tests in table() if tests for case in what.split(", ")]
    assert [case for case in CASES if shown.count(case) != 1] == []
    assert [what for what, tests in table() if not tests] == []
