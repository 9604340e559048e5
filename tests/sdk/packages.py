"""npm packages of the SDK tests: installed once per lock into a cache folder under var/."""

import fcntl
import functools
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.embedded import ROOT
from tests.factories import make_caller

SDK = Path(__file__).resolve().parent
HERE = SDK / "node"
AGENTS = SDK / "agents"
VERCEL = SDK / "vercel"


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
    for script in (*packages.glob("*.mjs"), *packages.glob("fixtures.json")):
        shutil.copy2(script, folder)
    return folder


def cases_of(script: Path) -> list[str]:
    """The names of a script's cases."""
    return re.findall(r"^  async (\w+)\(\)", script.read_text(), re.MULTILINE)


@functools.cache
def outcomes_of(script: Path, base_url: str) -> dict[str, str | None]:
    """What each case of a script came to: None or its error. It runs once for all of them."""
    folder = node_folder(script.parent)
    keys = {
        "baseURL": base_url,
        "key": make_caller(balance_uzs=100_000).key,
        "poorKey": make_caller().key,
        "limitedKey": make_caller(balance_uzs=1000, rpm=1).key,
    }
    command = ["node", script.name, json.dumps(keys)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {case["name"]: case["error"] for case in map(json.loads, done.stdout.splitlines())}


def _install(packages: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(packages / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm ci failed: {done.stderr.strip()[-300:]}")
    (folder / "installed").touch()
