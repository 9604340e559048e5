"""Films that a provider gave us instead of keeping them: private files that go after a day."""

import os
import time
from pathlib import Path
from typing import Final
from uuid import UUID

_SUFFIX: Final = ".mp4"


def path(folder: Path, op: UUID) -> Path:
    """Where the film of this call is, if there is one."""
    return folder / f"{op.hex}{_SUFFIX}"


def keep(folder: Path, op: UUID, data: bytes) -> None:
    """Writes the film whole or not at all; blocks. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    hidden = folder / f"{op.hex}.new"
    with os.fdopen(os.open(hidden, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    hidden.rename(path(folder, op))


def drop(folder: Path, op: UUID) -> None:
    """Nobody may fetch it any more."""
    path(folder, op).unlink(missing_ok=True)


def clear(folder: Path, older_s: float) -> int:
    """Removes what is older, torn files included; how many there were."""
    past = time.time() - older_s
    old = [file for file in folder.glob("*") if file.suffix in (_SUFFIX, ".new")] if folder.is_dir() else []
    gone = [file for file in old if file.stat().st_mtime < past]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
