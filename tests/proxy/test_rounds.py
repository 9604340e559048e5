"""The rounds of a worker go on whatever one of their steps meets."""

from typing import Any

import pytest

from proxy.worker import Worker


@pytest.mark.parametrize("error", [KeyError("a column"), ValueError("a row"), RecursionError()])
async def test_a_step_that_fails_is_told_and_ends_nothing(error: Exception, caplog: Any):
    async def step() -> None:
        raise error

    await Worker.__new__(Worker)._try("refresh", step)
    assert "refresh failed" in caplog.text
