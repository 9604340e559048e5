"""openai-node (the newest that Node 20 runs) against the running stack; the cases are in node/openai.mjs."""

import json
import re
import subprocess

import pytest

from tests.factories import make_caller
from tests.sdk.packages import HERE, node_folder
from tests.stack import Stack

CASES = re.findall(r"^  async (\w+)\(\)", (HERE / "openai.mjs").read_text(), re.MULTILINE)
_outcomes: dict[str, str | None] = {}


@pytest.fixture
def outcomes(stack: Stack) -> dict[str, str | None]:
    """What each case came to: None or its error. The script runs once for all of them."""
    if not _outcomes:
        folder = node_folder()
        keys = {
            "baseURL": f"{stack.url}/v1",
            "key": make_caller(balance_uzs=100_000).key,
            "poorKey": make_caller().key,
            "limitedKey": make_caller(balance_uzs=1000, rpm=1).key,
        }
        command = ["node", "openai.mjs", json.dumps(keys)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        _outcomes.update({case["name"]: case["error"] for case in map(json.loads, done.stdout.splitlines())})
    return _outcomes


@pytest.mark.parametrize("name", CASES)
def test_openai_node(outcomes: dict[str, str | None], name: str):
    assert outcomes[name] is None, outcomes[name]
