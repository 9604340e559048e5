"""@anthropic-ai/sdk against the running stack; the cases are in node/anthropic.mjs."""

import pytest

from tests.sdk.packages import HERE, cases_of, outcomes_of
from tests.stack import Stack

SCRIPT = HERE / "anthropic.mjs"


@pytest.mark.parametrize("name", cases_of(SCRIPT))
def test_anthropic_node(stack: Stack, name: str):
    error = outcomes_of(SCRIPT, stack.url)[name]
    assert error is None, error
