"""Settings are read strictly: what doesn't parse stops the program; production refuses published secrets."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from cloudapi import env as env_module
from cloudapi.env import BASE_DIR, INSECURE, Env, broker, database, environment

GOOD = {
    "DJANGO_ENV": "production",
    "DATABASE_URL": "postgresql://cloudapi@db/cloudapi",
    "GATEWAY_DATABASE_URL": "postgresql://gateway@db/cloudapi",
    "REDIS_URL": "redis://cache:6379/0",
    "SECRET_KEY": "s" * 50,
    "KEY_PEPPERS": "1:" + "p" * 40,
    "CREDENTIAL_KEYS": "c" * 43 + "=",
    "ALLOWED_HOSTS": "api.example.uz",
}


@pytest.mark.parametrize(
    ("raw", "meant"), [("1", True), ("true", True), ("0", False), ("off", False), ("", True)]
)
def test_a_switch(raw: str, meant: bool) -> None:
    assert Env({"X": raw}).flag("X", default=True) is meant


def test_a_number_of_so_many_digits_may_have_spaces() -> None:
    assert Env({"X": "301 234 567"}).digits("X", 9) == "301234567"
    assert Env({}).digits("X", 9) == ""


@pytest.mark.parametrize("raw", ["12345678", "1234567890", "٣٠١٢٣٤٥٦٧", "30123456x"])
def test_a_number_of_other_digits_is_refused(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="9 digits"):
        Env({"X": raw}).digits("X", 9)


@pytest.mark.parametrize("raw", ["2", "ja", " 1"])
def test_a_switch_is_refused_when_unclear(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X="):
        Env({"X": raw}).flag("X", default=False)


@pytest.mark.parametrize("raw", ["-1", "1.5", "sixty", "٣", "1e3"])
def test_a_number_is_refused_when_unclear(raw: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="X="):
        Env({"X": raw}).number("X", 5)


def test_a_number_has_a_floor() -> None:
    assert Env({}).number("X", 5, least=1) == 5
    with pytest.raises(ImproperlyConfigured):
        Env({"X": "0"}).number("X", 5, least=1)


def test_peppers_are_numbered() -> None:
    found = Env({"P": "1:" + "a" * 20 + ", 2:" + "b" * 20}).peppers("P", production=False)
    assert found == {1: b"a" * 20, 2: b"b" * 20}
    for wrong in ("a" * 20, "x:" + "a" * 20, "1:short", "0:" + "a" * 20):
        with pytest.raises(ImproperlyConfigured):
            Env({"P": wrong}).peppers("P", production=False)


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x" * 40 + "\n")
    assert (
        Env({"SECRET_KEY_FILE": str(tmp_path / "secret")}).secret("SECRET_KEY", production=True) == "x" * 40
    )


def test_a_database_url_with_a_socket_and_a_password() -> None:
    found = database("postgresql://me:p%40ss@/shop?host=%2Ftmp%2Fa%20b&connect_timeout=3")
    assert (found["NAME"], found["USER"], found["PASSWORD"], found["HOST"]) == (
        "shop",
        "me",
        "p@ss",
        "/tmp/a b",
    )
    assert found["OPTIONS"] == {"connect_timeout": "3"}


def test_a_broken_database_url_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(ImproperlyConfigured) as told:
        database("postgresql://me:hunter2@[/x")
    assert "hunter2" not in str(told.value)


def test_the_broker_of_a_unix_socket() -> None:
    assert broker("unix:///tmp/v.sock?db=3") == "redis+socket:///tmp/v.sock?virtual_host=3"
    assert broker("redis://cache/1") == "redis://cache/1"


def test_beside_make_run_its_files_complete_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"database_url": "postgresql:///x", "port": 8001}))
    (tmp_path / "secrets.json").write_text(json.dumps({"secret_key": "from the file"}))
    monkeypatch.setattr(env_module, "RUN_FILE", tmp_path / "run.json")
    monkeypatch.setattr(env_module, "SECRETS_FILE", tmp_path / "secrets.json")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("SECRET_KEY", raising=False)
    found = environment()
    assert (found["DATABASE_URL"], found["PORT"], found["SECRET_KEY"]) == (
        "postgresql:///x",
        "8001",
        "from the file",
    )
    monkeypatch.setenv("DATABASE_URL", "postgresql:///mine")
    assert "SECRET_KEY" not in environment()


def settings_with(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "import cloudapi.settings"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], **GOOD, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_everything_set() -> None:
    done = settings_with()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"SECRET_KEY": ""},
        {"SECRET_KEY": INSECURE["SECRET_KEY"]},
        {"KEY_PEPPERS": INSECURE["KEY_PEPPERS"]},
        {"CREDENTIAL_KEYS": INSECURE["CREDENTIAL_KEYS"]},
        {"SECRET_KEY": "short"},
        {"DEMO": "1"},
        {"DEBUG": "1"},
        {"DATABASE_URL": ""},
        {"GATEWAY_DATABASE_URL": ""},
        {"REDIS_URL": ""},
        {"DJANGO_ENV": "prod"},
        {"DRAIN_S": "soon"},
    ],
    ids=str,
)
def test_production_refuses(changes: dict[str, str]) -> None:
    done = settings_with(**changes)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
