"""Where `make run` keeps what it needs, and how its small files are written."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
VAR = CHECKOUT / "var"
LOGS = VAR / "log"
RUN_LOCK = VAR / "run.lock"
RUN_FILE = VAR / "run.json"
DEMO_FILE = VAR / "demo.json"
SECRETS_FILE = VAR / "secrets.json"


def write_private(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(values, stream, indent=2)
        stream.write("\n")
    fresh.replace(path)
