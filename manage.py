#!/usr/bin/env python3
"""Django's command line. Works with any python3: it continues in `.venv` when there is one."""

import os
import sys
from pathlib import Path

VENV = Path(__file__).resolve().parent / ".venv"
PYTHON = VENV / "bin" / "python"
if Path(sys.prefix).resolve() != VENV.resolve() and PYTHON.exists():
    os.execv(str(PYTHON), [str(PYTHON), *sys.argv])

try:
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
except ImportError:
    sys.exit("Dependencies are missing: `make run` and `make test` install them into .venv.")


def main() -> None:
    """Run a management command; a database that doesn't answer is one line, not a stack."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit(f"The database does not answer: {str(error).strip()}\nStart `make run` or set DATABASE_URL.")


if __name__ == "__main__":
    main()
