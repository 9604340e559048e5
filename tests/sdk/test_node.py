"""openai-node (the newest that Node 20 runs) and Vercel's AI SDK against the running stack.

Their cases are in node/*.mjs and vercel/ai.mjs.
"""

from pathlib import Path

import pytest

from tests.sdk.packages import HERE, VERCEL, cases_of, outcomes_of
from tests.stack import Stack

SCRIPTS = (HERE / "openai.mjs", HERE / "responses.mjs", VERCEL / "ai.mjs")
CASES = [
    pytest.param(script, name, id=f"{script.stem}-{name}") for script in SCRIPTS for name in cases_of(script)
]


@pytest.mark.parametrize(("script", "name"), CASES)
def test_a_client_in_node(stack: Stack, script: Path, name: str):
    error = outcomes_of(script, f"{stack.url}/v1")[name]
    assert error is None, error
