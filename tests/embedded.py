"""PostgreSQL and Valkey of one test session: a data folder of its own, one migrated template, cheap clones.

Where the servers will listen is known before they run, so that settings can load at once and a run of pure
tests starts nothing. With xdist the controller starts them and its workers find them in the environment.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local.place import find_place
from deploy.local.servers import OWNER, Servers, start

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "tests"
TEMPLATE = "template"
OWNER_LOCK = "owner.lock"
_FOLDER, _RUNNING = "CLOUDAPI_TEST_FOLDER", "CLOUDAPI_TEST_SERVERS"


def worker_number() -> int:
    """0 without xdist and for its first worker, then upwards."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def session_folder() -> Path:
    """The folder of this test session, the same in all its processes."""
    if _FOLDER not in os.environ:
        HOME.mkdir(parents=True, exist_ok=True)
        _remove_leftovers()
        os.environ[_FOLDER] = tempfile.mkdtemp(dir=HOME)
        _take(Path(os.environ[_FOLDER]))
        atexit.register(remove, Path(os.environ[_FOLDER]))
    return Path(os.environ[_FOLDER])


def servers() -> Servers:
    """The session's servers by name; they answer after `ensure_running`."""
    return Servers(place=find_place(session_folder() / "servers"))


def environment(name: str, *, valkey_db: int) -> dict[str, str]:
    """What a process needs to work on the database `name`."""
    found = servers()
    return {
        "DJANGO_SETTINGS_MODULE": "cloudapi.settings",
        "DATABASE_URL": found.database_url(name),
        "GATEWAY_DATABASE_URL": found.gateway_database_url(name),
        "REDIS_URL": found.redis_url(valkey_db),
        "SPOOL_DIR": str(session_folder() / f"spool-{name}"),
    }


def ensure_running() -> Servers:
    """Start the servers and migrate the template, once per session."""
    if _RUNNING not in os.environ:
        live = start(session_folder() / "servers")
        atexit.register(live.stop)
        _create(live, TEMPLATE)
        manage("migrate", "--no-input", "--skip-checks", "-v0", env=environment(TEMPLATE, valkey_db=0))
        os.environ[_RUNNING] = str(os.getpid())
    return servers()


def clone(name: str) -> None:
    """A database like the template; an old one of that name goes."""
    live = ensure_running()
    with psycopg.connect(live.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    _create(live, name, TEMPLATE)


def manage(*command: str, env: dict[str, str]) -> str:
    """Run a management command in a process of its own; its output, or RuntimeError with all it said."""
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *command],
        env=os.environ | env, capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def remove(folder: Path) -> None:
    """Remove a session's folder, and its data where root keeps them elsewhere."""
    with contextlib.suppress(OSError):
        shutil.rmtree(find_place(folder / "servers").data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _create(live: Servers, name: str, template: str = "template1") -> None:
    names = map(sql.Identifier, (name, OWNER, template))
    with psycopg.connect(live.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))


def _remove_leftovers() -> None:
    """Folders of sessions that were killed; their servers went with them."""
    for folder in HOME.iterdir():
        lock = folder / OWNER_LOCK
        if lock.exists():
            with contextlib.suppress(BlockingIOError), lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(folder)


def _take(folder: Path) -> None:
    """Hold the folder's lock for the life of this process; visible to others only once it is held."""
    hidden = folder / f"{OWNER_LOCK}.new"
    file = hidden.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    hidden.rename(folder / OWNER_LOCK)
    atexit.register(file.close)
