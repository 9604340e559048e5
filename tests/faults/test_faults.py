"""A short round of the faults; `make faults` plays all of them for longer (docs/reliability.md)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded import ROOT
from tests.faults.matrix import FAULTS

SHORT = (1, 2, 4, 9, 10, 12, 17, 24, 27)
SEED, CALLS, RATE = 1, 300, 60
MATRIX = {*range(1, 13), *range(15, 20), *range(21, 29)}


def test_the_matrix_is_complete():
    assert {fault.number for fault in FAULTS} == MATRIX


@pytest.mark.early
@pytest.mark.slow
def test_the_books_hold_under_fire(tmp_path: Path):
    """One process of its own with servers of its own: PostgreSQL and Valkey are killed in it."""
    log = tmp_path / "outcomes"
    words = f"--seed {SEED} --n {CALLS} --rate {RATE} --only {','.join(map(str, SHORT))} --short"
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words.split(), "--log", str(log)],
        env={name: value for name, value in os.environ.items() if not name.startswith("CLOUDAPI_TEST_")},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [outcome["number"] for outcome in outcomes] == list(SHORT)
    assert all(outcome["figures"]["calls"] >= CALLS for outcome in outcomes)
    assert all(outcome["figures"]["finished"] for outcome in outcomes)
    assert not [breach for outcome in outcomes for breach in outcome["breaches"]]
