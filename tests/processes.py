"""The processes of a live stack: the test upstream and a gateway as in production."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.process import spawn, stop, tail
from tests.embedded import ROOT

PATIENCE_S = 30.0
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]


def until[Found](look: Callable[[], Found], what: str, patience_s: float = PATIENCE_S) -> Found:
    """What `look` returns as soon as it is true; fails after the patience."""
    end = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < end, f"waited {patience_s:.0f} s for {what}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Upstream:
    """The running test upstream and its control API."""

    url: str
    process: subprocess.Popen[bytes]

    def journal(self, run: str) -> list[dict[str, Any]]:
        """All that the run asked of it, in order."""
        entries: list[dict[str, Any]] = self._control("journal", run=run)
        return entries

    def finished(self, run: str, count: int = 1) -> list[dict[str, Any]]:
        """The run's entries once `count` of them are over."""

        def over() -> list[dict[str, Any]]:
            return [entry for entry in self.journal(run) if "answered_at" in entry]

        return until(lambda: found if len(found := over()) >= count else [], f"{count} answers of {run}")

    def release(self, name: str) -> None:
        """Let the answers that wait at `name` go, and all later ones."""
        self._control("release", name=name)

    def waiting(self, name: str) -> int:
        """How many answers wait at `name`."""
        return int(self._control("waiting", name=name)["waiting"])

    def _control(self, verb: str, **query: str) -> Any:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        with urllib.request.urlopen(f"{self.url}/_control/{verb}?{words}", timeout=10) as reply:
            return json.load(reply)


def start_upstream(folder: Path) -> Upstream:
    """Start `python -m tests.upstream` on a free port; its books are in upstream.jsonl."""
    log = folder / "upstream.log"
    command = [sys.executable, "-m", "tests.upstream", "--log", str(folder / "upstream.jsonl")]
    process = spawn(command, log, cwd=ROOT)
    line = r"listens on (http://\S+)"
    url = until(lambda: re.search(line, tail(log)) or _ended(process, log), "the upstream").group(1)
    return Upstream(url, process)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gunicorn with uvicorn workers that serves both planes."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    env: dict[str, str]

    @property
    def url(self) -> str:
        """Where it listens; the OpenAI base is this and /v1."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill_workers(self) -> None:
        """kill -9 all workers, then the master, which is stopped before so that it replaces none of them."""
        victims = self.workers()
        os.kill(self.process.pid, signal.SIGSTOP)
        for pid in (*victims, self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        until(lambda: not any(runs(pid) for pid in victims), "the end of the workers")

    def pause_master(self) -> None:
        """Stop the master alone: workers that die from now on stay dead."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def stop(self) -> None:
        """SIGTERM, then whatever it takes."""
        stop(self.process, signal.SIGTERM, 15)

    def told(self) -> str:
        """The end of its log."""
        return tail(self.log, 60)


def start_gateway(
    folder: Path, env: dict[str, str], *, workers: int = 1, name: str = "gateway", app: str = ""
) -> Gateway:
    """Start gunicorn as `make run` does and wait until each worker answers; `app`: in place of its own."""
    port, log = free_port(), folder / f"{name}.log"
    Path(env["SPOOL_DIR"]).mkdir(parents=True, exist_ok=True)
    listening = {"BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": str(workers), "DRAIN_S": "5"}
    process = spawn([*GUNICORN, *([app] if app else [])], log, env=os.environ | listening | env, cwd=ROOT)
    gateway = Gateway(port, process, log, env)
    try:
        until(lambda: _answers(gateway) or _ended(process, log), "the gateway", 60)
    except AssertionError as error:
        gateway.stop()
        raise AssertionError(f"{error}\n{tail(log, 60)}") from error
    return gateway


def _answers(gateway: Gateway) -> bool:
    """The data plane refuses a call without a key."""
    try:
        urllib.request.urlopen(f"{gateway.url}/v1/chat/completions", b"{}", timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code in {400, 401, 415}
    except OSError:
        return False
    return True


def _ended(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.poll() is None, f"ended with {process.returncode}:\n{tail(log, 60)}"


def runs(pid: int) -> bool:
    """Whether the process lives; a zombie doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
