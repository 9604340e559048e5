"""A run of all cases against one gateway, and what must be left behind by it: nothing."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from deploy.local.process import spawn, stop, tail
from proxy.dialects import sse
from tests.embedded import ROOT, manage
from tests.factories import Caller, make_caller, rows
from tests.fuzz import streams
from tests.fuzz.attack import CONNECTIONS, Ended, Line, Report, attack
from tests.fuzz.seen import WINDOW
from tests.live.client import PATH
from tests.processes import Gateway, start_gateway, until
from tests.stack import Stack

CALLERS = 8
WARM_UP = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of a run; `failures` is empty when everything held."""

    requests: Report
    answers: Report
    parsed: int
    seconds: float
    tasks: tuple[int, int]
    descriptors: tuple[int, int]
    failures: list[str]


def campaign(stack: Stack, seed: str, count: int) -> Outcome:
    """`count` cases: 40 % requests, 5 % answers to the gateway, the rest answers to its parser alone."""
    began = time.monotonic()
    callers = [make_caller(balance_uzs=1_000_000, scopes=("inference", "manage")) for _ in range(CALLERS)]
    keys = [caller.key for caller in callers]
    told = count // 20
    with _gateway(stack) as gateway:
        asyncio.run(attack(gateway.port, keys, f"{seed}-warm", WARM_UP))
        before = _at_rest(gateway, callers, Counter(), 0)
        _say("requests", began)
        requests = asyncio.run(attack(gateway.port, keys, seed, count * 2 // 5))
        _say("answers", began)
        answers = asyncio.run(_listen(gateway.port, keys, seed, told))
        parsed = count - requests.cases - answers.cases
        failures = [f"request {case}: {what}" for case, what in requests.failures]
        failures += [f"answer {case}: {what}" for case, what in answers.failures]
        _say("parser", began)
        failures += _parse(seed, parsed)
        _say("what is left", began)
        after = _at_rest(gateway, callers, before[0], before[1])
        failures += _left(stack, gateway, callers, told)
    tasks = (before[0].total(), after[0].total())
    return Outcome(
        requests, answers, parsed, time.monotonic() - began, tasks, (before[1], after[1]), failures
    )


def _say(part: str, began: float) -> None:
    sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {part}\n")


@contextlib.contextmanager
def _gateway(stack: Stack) -> Iterator[Gateway]:
    """A gateway of its own whose models fuzz/good and fuzz/bad are served by provider.py."""
    log = stack.folder / "fuzz-provider.log"
    provider = spawn([sys.executable, "-m", "tests.fuzz.provider"], log, cwd=ROOT)
    try:
        port = until(lambda: re.search(r"listens on (\d+)", tail(log)), "the provider")[1]
        _sell(stack, f"http://127.0.0.1:{port}/v1")
        env = stack.env | {"SPOOL_DIR": str(stack.folder / "spool-fuzz"), "HEAD_S": "3", "BODY_S": "3"}
        gateway = start_gateway(stack.folder, env, name="fuzz", app="tests.fuzz.seen:application")
        try:
            yield gateway
        finally:
            gateway.stop()
    finally:
        stop(provider, 15, 5)


def _sell(stack: Stack, url: str) -> None:
    provider = {"slug": "fuzz", "name": "Fuzz", "dialect": "openai", "base_url": url}
    price = {"input": "1.00", "output": "3.00"}
    endpoint = {"provider": "fuzz", "price_usd": price, "markup": "routing_fee", "priority": 1}
    kind = {
        "modality": "chat",
        "category": "third_party",
        "context_window": 128_000,
        "max_output_tokens": 4096,
    }
    models = [
        {
            "id": f"fuzz/{name}",
            "name": f"fuzz/{name}",
            **kind,
            "endpoints": [endpoint | {"upstream_name": name}],
        }
        for name in ("good", "bad")
    ]
    path: Path = stack.folder / "fuzz.yaml"
    path.write_text(yaml.safe_dump({"providers": [provider], "models": models}))
    manage("catalog", "--skip-checks", "load", str(path), env=stack.env)


async def _listen(port: int, keys: list[str], seed: str, count: int) -> Report:
    """Calls whose upstream has a bad day: 200 with an end, or an error that blames the upstream."""
    report = Report()
    cases = iter(range(count))

    async def work() -> None:
        line = Line(port)
        for case in cases:
            report.cases += 1
            try:
                async with asyncio.timeout(30):
                    await _hear(line, keys, f"{seed}-{case}", case, report)
            except (TimeoutError, Ended) as error:
                report.blame(case, type(error).__name__)
                await line.close()
        await line.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(work())
    return report


async def _hear(line: Line, keys: list[str], name: str, case: int, report: Report) -> None:
    dice = Random(f"ask-{name}")
    streamed = dice.random() < 0.8
    body = {
        "model": "fuzz/bad",
        "stream": streamed,
        "max_tokens": 50,
        "messages": [{"role": "user", "content": f"case:{name}:end"}],
        "stream_options": {"include_usage": dice.random() < 0.5},
    }
    data = json.dumps(body).encode()
    await line.send(
        b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
        % (PATH.encode(), dice.choice(keys).encode(), len(data), data)
    )
    status, _, answer = await line.answer(bodyless=False)
    report.statuses[status] += 1
    if status not in (200, 502, 503) and not 400 <= status < 500:
        report.blame(case, f"{status}: {answer[:200]!r}")
    elif status == 200 and streamed:
        payloads = [sse.payload(event) for event in sse.Splitter().feed(answer)]
        if not payloads or (payloads[-1] != b"[DONE]" and b'"error"' not in payloads[-1]):
            report.blame(case, f"a stream without an end: {answer[-200:]!r}")
    elif status == 200:
        json.loads(answer)


def _parse(seed: str, count: int) -> list[str]:
    """Streams through the parser alone."""
    failures = []
    for case in range(count):
        dice = Random(f"parse-{seed}-{case}")
        try:
            streams.check(dice, streams.answer(dice))
        except Exception as error:
            failures.append(f"parse {case}: {type(error).__name__}: {error}")
    return failures


def _at_rest(
    gateway: Gateway, callers: list[Caller], tasks: Counter[str], files: int
) -> tuple[Counter[str], int]:
    """Tasks and descriptors once no hold is open and no more of both are left than there were before."""
    until(lambda: _open_holds(callers) == 0, "all holds to be closed", 60)

    def calm() -> bool:
        found = _tasks(gateway)
        return not any("run_asgi" in name or "Serving" in name for name in found - tasks) and (
            not tasks or (found.total() <= tasks.total() + 1 and _descriptors(gateway) <= files + CONNECTIONS)
        )

    until(
        calm, f"the gateway to rest: {_tasks(gateway)} instead of {tasks}, {_descriptors(gateway)} files", 60
    )
    return _tasks(gateway), _descriptors(gateway)


def _tasks(gateway: Gateway) -> Counter[str]:
    with urllib.request.urlopen(f"{gateway.url}{WINDOW}", timeout=10) as reply:
        found = Counter(json.load(reply))
    found["RequestResponseCycle.run_asgi"] -= 1  # the one that asked
    return +found


def _descriptors(gateway: Gateway) -> int:
    (worker,) = gateway.workers()
    return len(list(Path(f"/proc/{worker}/fd").iterdir()))


def _open_holds(callers: list[Caller]) -> int:
    organizations = [caller.organization.pk for caller in callers]
    return int(
        rows("SELECT count(*) AS n FROM hold WHERE state = 0 AND org = ANY(%s)", organizations)[0]["n"]
    )


def _left(stack: Stack, gateway: Gateway, callers: list[Caller], told: int) -> list[str]:
    """Books, log and worker after the run."""
    failures = []
    organizations = [caller.organization.pk for caller in callers]
    query = "SELECT count(*) AS n FROM proxy_request WHERE model = 'fuzz/bad' AND org_id = ANY(%s)"
    if (rows_of := rows(query, organizations)[0]["n"]) < told:
        failures.append(f"{told} calls left {rows_of} rows")
    try:
        stack.check_ledger()
    except (RuntimeError, subprocess.SubprocessError) as error:
        failures.append(f"check_ledger: {error}")
    log = gateway.log.read_text(errors="replace")
    broken = [line for line in log.splitlines() if _is_broken(line)]
    if broken:
        failures.append(f"{len(broken)} tracebacks in the log, the first of them:\n{broken[0][:4000]}")
    return failures


def _is_broken(line: str) -> bool:
    """A traceback or quarantine; but for strange hosts, which Django logs with one, and clients that left."""
    known = "DisallowedHost" in line or "I/O operation on closed file" in line
    return ("Traceback" in line and line.startswith("{") and not known) or "quarantine" in line
