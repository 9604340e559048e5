"""`make test`: style, types, import contracts, migrations, translations, then pytest on real servers."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from deploy.local.files import CHECKOUT

_RUN = [sys.executable, "-m"]
CHECKS: dict[str, list[str]] = {
    "style": [*_RUN, "ruff", "check", "--quiet", "."],
    "format": [*_RUN, "ruff", "format", "--check", "--quiet", "."],
    "types": [*_RUN, "mypy"],
    "import contracts": [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
    # The warning says that there is no database to compare with; the models are compared with the files.
    # Checks of fields ask it too: `migrate` makes them on the servers of the suite.
    "migrations": [
        *[sys.executable, "-W", "ignore::RuntimeWarning", "manage.py"],
        *["makemigrations", "--check", "--dry-run", "--skip-checks"],
    ],
    "translations": [*_RUN, "deploy.local.translations"],
}


def main(words: list[str]) -> int:
    """Run the checks side by side; when all pass, pytest, whose closing line stays the last."""
    # Nothing of a `make run` beside this may leak into the tests.
    environment = {**os.environ, "DATABASE_URL": os.environ.get("DATABASE_URL", "")}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = pool.map(lambda name: _check(name, environment), CHECKS)
        if not all(list(results)):
            print("\nA check failed; pytest was not started. `make test` runs everything again.")
            return 1
    sys.stdout.flush()
    # One worker more than there are cores: tests wait for servers.
    workers = os.environ.get("TEST_WORKERS", str((os.cpu_count() or 2) + 1))
    return subprocess.call([*_RUN, "pytest", "-n", workers, *words], cwd=CHECKOUT)


def _check(name: str, environment: dict[str, str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        CHECKS[name], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    output = "" if done.returncode == 0 else f"\n{done.stdout}{done.stderr}"
    print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s){output}", flush=True)
    return done.returncode == 0
