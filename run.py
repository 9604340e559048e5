#!/usr/bin/env python3
"""CloudAPI from nothing: `python3 run.py run`. What make does, where make is missing.

Works with any Python 3 and the standard library alone: it finds a Python that is new enough, makes .venv,
installs requirements.lock into it and hands over to deploy/local/ inside. Repeated calls take milliseconds.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = str(VENV / "bin" / "python")
LOCK = HERE / "requirements.lock"
STAMP = VENV / ".installed"

COMMANDS = {
    "run": "start everything on 127.0.0.1:8000 (PORT=8001: another port, MODEL=0: no sandbox model)",
    "test": "run all checks and tests; words after it go to pytest",
    "stop": "stop what `run` started",
    "clean": "remove all data of this checkout",
    "bench": "measure the gateway",
    "screenshots": "take pictures of every page, and weigh it (--only billing --lang uz: some)",
    "faults": "let faults strike under load (SEED=1: another seed, N=3000: calls per fault)",
}
# Works: runs at all (a version manager's shim may not), is new enough, can make an environment with pip.
PROBE = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"
VERSIONS = ("3.13", "3.14", "3.12", "3.15")
# A manager's folder is where its variable says, else under the home folder.
MANAGED = (
    ("PYENV_ROOT", ".pyenv", "versions/{v}*/bin/python3"),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "cpython-{v}*/bin/python3"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python/{v}*/bin/python3"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python/{v}*/bin/python3"),
    ("RYE_HOME", ".rye", "py/cpython@{v}*/bin/python3"),
    ("CONDA_ROOT", "miniconda3", "envs/*/bin/python{v}"),
)
NO_PYTHON = """CloudAPI needs Python 3.12 or newer (3.13 is recommended) with its venv module. None was found
on PATH, in PYTHON, or in the folders of pyenv, uv, asdf and mise. Install one, for example:
    pyenv install 3.13        uv python install 3.13        sudo apt-get install python3.13-venv
or name it: PYTHON=/path/to/python3.13 python3 run.py run"""


def candidates():
    """Interpreters worth a try, the recommended version first."""
    if os.environ.get("PYTHON"):
        yield os.environ["PYTHON"]
    yield sys.executable
    for version in VERSIONS:
        yield "python" + version
        for variable, folder, pattern in MANAGED:
            root = Path(os.environ.get(variable) or Path.home() / folder)
            for path in sorted(root.glob(pattern.format(v=version)), reverse=True):
                yield str(path)
    yield "python3"
    for prefix in ("/opt/homebrew/bin/", "/usr/local/bin/", "/usr/bin/"):
        for version in VERSIONS:
            yield prefix + "python" + version


def works(python):
    """Whether an interpreter runs, is new enough and can make environments."""
    try:
        return (
            subprocess.call([python, "-c", PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
        )
    except OSError:
        return False


def find_python():
    """The first candidate that works; ends the program with advice if there is none."""
    for python in candidates():
        if works(python):
            return python
    sys.exit(NO_PYTHON)


@contextlib.contextmanager
def progress(what):
    """Say what takes long, and every five seconds that it still does."""
    print(what + " …", flush=True)
    started, done = time.time(), threading.Event()

    def tick():
        while not done.wait(5):
            print("  … {:.0f} s".format(time.time() - started), flush=True)

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    print("  done in {:.1f} s".format(time.time() - started), flush=True)


def fingerprint():
    """What .venv must have been made from: this lock, in this folder (scripts in it hold absolute paths)."""
    return hashlib.sha256(LOCK.read_bytes() + str(HERE).encode()).hexdigest()


def installed(want):
    try:
        return STAMP.read_text() == want and os.access(PYTHON, os.X_OK)
    except OSError:
        return False


def bootstrap():
    """Make .venv match requirements.lock. Two at once take turns on a lock of the checkout's folder."""
    want = fingerprint()
    if installed(want):
        return
    folder = os.open(str(HERE), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not installed(want):
            if not works(PYTHON):
                make_venv(find_python())
            with progress("Installing dependencies, about 400 MB the first time"):
                install()
            STAMP.write_text(want)
    finally:
        os.close(folder)


def make_venv(python):
    shutil.rmtree(str(VENV), ignore_errors=True)
    with progress("Making .venv with " + python):
        subprocess.check_call([python, "-m", "venv", str(VENV)])


def install():
    """uv is several times quicker; pip alone does it too. Both check every hash in the lock."""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wanted = ["--no-deps", "--require-hashes", "-r"]
    uv = shutil.which("uv") or pinned_uv(pip + wanted)
    if (
        uv
        and subprocess.call([uv, "pip", "install", "--quiet", "--python", PYTHON] + wanted + [str(LOCK)]) == 0
    ):
        return
    if subprocess.call(pip + wanted + [str(LOCK)]):
        sys.exit("The dependencies could not be installed; the lines above say why.")


def pinned_uv(pip):
    """Install uv alone, by the lock's own hashes; None if it can't be had for this machine."""
    entry = re.search(r"^uv==.*?(?<!\\)$", LOCK.read_text(), re.M | re.S)
    if not entry:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as alone:
        alone.write(entry.group() + "\n")
        alone.flush()
        if subprocess.call(pip + [alone.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            return None
    return str(VENV / "bin" / "uv")


def main(words):
    """Carry out one command, or explain them all."""
    if not words or words[0] not in COMMANDS:
        print("usage: python3 run.py COMMAND\n")
        for name, meaning in COMMANDS.items():
            print("  {:11} {}".format(name, meaning))
        sys.exit(2 if words else 0)
    os.chdir(str(HERE))
    if words[0] in ("stop", "clean"):  # these need no dependencies
        python = PYTHON if os.access(PYTHON, os.X_OK) else find_python()
        os.execvp(python, [python, "-m", "deploy.local." + words[0]])
    bootstrap()
    os.execv(PYTHON, [PYTHON, "-m", "deploy.local"] + words)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
