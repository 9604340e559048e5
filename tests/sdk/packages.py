"""npm packages of the SDK tests: installed once per lock into a cache folder under var/."""

import fcntl
import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedded import ROOT

SDK = Path(__file__).resolve().parent
HERE = SDK / "node"
AGENTS = SDK / "agents"
SCRIPTS = ("openai.mjs", "fixtures.json")


@functools.cache
def node_folder(packages: Path = HERE) -> Path:
    """A folder with our scripts and node_modules; skips where Node or npm is missing."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    digest = hashlib.sha256((packages / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = ROOT / "var" / "node" / digest
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            _install(packages, folder)
    for script in SCRIPTS:
        if (packages / script).exists():
            shutil.copy2(packages / script, folder)
    return folder


def _install(packages: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(packages / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm ci failed: {done.stderr.strip()[-300:]}")
    (folder / "installed").touch()
