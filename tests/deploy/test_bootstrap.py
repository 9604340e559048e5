"""run.py: finds a Python wherever it is kept, and installs what the lock says and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import run


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is found: an empty home folder and PATH."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for variable in ("PYTHON", *(variable for variable, _, _ in run.MANAGED)):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    monkeypatch.setattr(run, "VERSIONS", ("3.13",))
    return tmp_path


@pytest.mark.parametrize(
    "kept",
    [
        ".pyenv/versions/3.13.0/bin/python3",
        ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3",
        ".asdf/installs/python/3.13.0/bin/python3",
        ".local/share/mise/installs/python/3.13.0/bin/python3",
        "bin/python3.13",
    ],
)
def test_a_python_is_found_where_version_managers_keep_it(bare: Path, kept: str) -> None:
    script(bare / kept, "exit 0")
    assert run.find_python().endswith(Path(kept).name)


def test_a_manager_may_keep_its_pythons_elsewhere(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = script(bare / "shared/versions/3.13.0/bin/python3", "exit 0")
    monkeypatch.setenv("PYENV_ROOT", str(bare / "shared"))
    assert run.find_python() == str(kept)


def test_a_shim_that_does_not_run_and_an_old_python_are_passed_over(bare: Path) -> None:
    script(bare / "bin/python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    script(bare / ".pyenv/versions/3.13.0/bin/python3", "exit 1")
    good = script(bare / ".asdf/installs/python/3.13.2/bin/python3", "exit 0")
    assert run.find_python() == str(good)


def test_the_one_in_the_environment_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(bare / "bin/python3.13", "exit 0")
    chosen = script(bare / "mine", "exit 0")
    monkeypatch.setenv("PYTHON", str(chosen))
    assert run.find_python() == str(chosen)


def test_without_any_python_the_message_says_what_to_do(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "candidates", lambda: iter(()))
    with pytest.raises(SystemExit, match=r"(?s)Python 3\.12 or newer .*PYTHON=/path"):
        run.find_python()


def test_the_probe_refuses_nothing_that_we_run_on() -> None:
    assert run.works(sys.executable)


def test_the_lock_pins_everything_with_hashes_and_names_no_address() -> None:
    text = run.LOCK.read_text()
    assert "://" not in text and "index-url" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text[re.search(r"^[a-z0-9]", text, re.M).start() :])  # type: ignore[union-attr]
    assert len(entries) > 80
    for entry in entries:
        assert re.match(r"^[a-z0-9._-]+==", entry) and "--hash=sha256:" in entry, entry[:80]


def test_uv_is_installed_by_the_hashes_of_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def call(command: list[str], **options: object) -> int:
        seen.append(Path(command[-1]).read_text())
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    assert run.pinned_uv(["pip"]) == str(run.VENV / "bin" / "uv")
    assert re.fullmatch(r"uv==[\d.]+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", seen[0])


def test_it_is_written_for_any_python_3() -> None:
    """No syntax that a Python 3.6 refuses: then it could not even say what is missing."""
    source = Path(run.__file__).read_text()
    compile(source, "run.py", "exec", flags=0x400, dont_inherit=True, _feature_version=6)  # type: ignore[call-overload]


def test_unknown_words_explain_the_commands() -> None:
    done = subprocess.run([sys.executable, run.__file__, "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "run " in done.stdout and "test " in done.stdout


def test_make_and_run_py_know_the_same_commands() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (run.HERE / "Makefile").read_text(), re.M)
    assert targets and targets[1].split() == list(run.COMMANDS)


def test_manage_py_continues_in_the_environment() -> None:
    """With a Python that knows none of our packages."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = ["/usr/bin/env", "-S", "python3", "-I", "manage.py", "version"]
    done = subprocess.run(command, cwd=run.HERE, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("6.1"), done.stderr
