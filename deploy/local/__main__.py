"""`python -m deploy.local COMMAND`: what run.py hands over to, inside .venv."""

import subprocess
import sys
from collections.abc import Callable

from deploy.local import clean, stop, suite, supervisor

COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": lambda words: supervisor.main(),
    "test": suite.main,
    "stop": lambda words: stop.main(),
    "clean": lambda words: clean.main(),
    "bench": lambda words: subprocess.call([sys.executable, "-m", "benchmarks", *words]),
    "screenshots": lambda words: subprocess.call([sys.executable, "-m", "deploy.local.screenshots", *words]),
    "faults": lambda words: subprocess.call([sys.executable, "-m", "tests.faults", *words]),
}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
