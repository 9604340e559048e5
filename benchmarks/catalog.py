"""What a large catalog costs a call: 50 models with 5 endpoints each beside one model with one endpoint.

python -m benchmarks.catalog [--seconds 5] [--rounds 5] [--connections 32] [--rate 300]

With --rate calls begin by the clock: then both make the same number of calls in the same time, and so batches
of the same size, while a closed loop's CPU per call moves with whatever else slows the machine down.

The same gateway in one sitting; the catalog changes between the runs, which are in turn. CPU per call is the
figure to trust on a machine that does something else as well.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import uvloop
import yaml

from benchmarks import load, proc
from benchmarks.environment import ENVIRONMENT, fresh_database
from benchmarks.load import Result
from benchmarks.reply import REQUEST
from benchmarks.sitting import Sitting, sitting
from benchmarks.steady import Steady
from tests import embedded
from tests.live.client import send
from tests.processes import until

MODELS, ENDPOINTS = 50, 5
TAGS = ("", "@price")


def main(options: argparse.Namespace) -> None:
    """Print a line for each kind of name: what the one and the many cost, and their ratio."""
    with sitting(fresh_database()) as place:
        _load_many(place)
        found: dict[tuple[str, str], list[tuple[Result, float]]] = {}
        for turn in range(options.rounds + 1):
            for size in ("one", "many") if turn % 2 else ("many", "one"):
                with _sold(place, size):
                    for tag in TAGS:
                        run = _run(place, size, tag, options)
                        if turn:  # the first round only warms up
                            found.setdefault((tag, size), []).append(run)
        for tag in TAGS:
            _tell(tag, found[tag, "one"], found[tag, "many"])


def _bodies(size: str, tag: str) -> list[str]:
    names = ["bench/model"] if size == "one" else [f"many/m{number}" for number in range(MODELS)]
    return [json.dumps(json.loads(REQUEST) | {"model": name + tag}) for name in names]


def _run(place: Sitting, size: str, tag: str, options: argparse.Namespace) -> tuple[Result, float]:
    """One run and the gateway's CPU in µs per call."""
    (worker,) = place.gateway.workers()
    used = proc.cpu_s(worker)
    if options.rate:
        result = uvloop.run(_steadily(place, _bodies(size, tag), options))
    else:
        result = load.press(
            place.gateway.port, place.keys, options.connections, options.seconds, _bodies(size, tag)
        )
    assert not result.bad, f"{result.bad} answers were bad"
    return result, (proc.cpu_s(worker) - used) * 1e6 / result.ok


async def _steadily(place: Sitting, bodies: list[str], options: argparse.Namespace) -> Result:
    steady = Steady(place.gateway.port, place.keys, options.rate, bodies)
    found = await steady.run(options.seconds)
    steady.close()
    p50, p99 = found.at(0.5), found.at(0.99)
    return Result(ok=len(found.due_ms), bad=found.bad, seconds=options.seconds, p50_ms=p50, p99_ms=p99)


def _tell(tag: str, one: list[tuple[Result, float]], many: list[tuple[Result, float]]) -> None:
    for name, runs in (("1 × 1", one), (f"{MODELS} × {ENDPOINTS}", many)):
        rates, waits = [run.rate for run, _ in runs], [run.p50_ms for run, _ in runs]
        cpu = ", ".join(f"{spent:.0f}" for _, spent in runs)
        print(
            f"{tag or 'no tag':7} {name:7} {median(rates):6.0f} req/s, p50 {median(waits):6.2f} ms, "
            f"CPU µs/call {median(spent for _, spent in runs):.0f} ({cpu})"
        )
    rate = median(run.rate for run, _ in many) / median(run.rate for run, _ in one)
    # Neighbours in time compare best, as the machine's own speed moves from minute to minute.
    ratios = [large / small for (_, small), (_, large) in zip(one, many, strict=True)]
    told = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    # Other work on the machine only ever adds to a run's CPU, so the least of each says most.
    least = min(spent for _, spent in many) / min(spent for _, spent in one)
    print(
        f"{tag or 'no tag':7} many ÷ one: req/s {rate:.3f}, CPU median {median(ratios):.3f} ({told}), "
        f"least {least:.3f}"
    )


def _load_many(place: Sitting) -> None:
    """The large catalog beside the small one, all of it answered by the canned upstream."""
    url = f"http://127.0.0.1:{place.upstream_port}/v1"
    providers = [{"slug": f"many-{n}", "dialect": "openai", "base_url": url} for n in range(ENDPOINTS)]
    catalog = {"providers": providers, "models": [_model(number) for number in range(MODELS)]}
    path = Path(embedded.session_folder()) / "many.yaml"
    path.write_text(yaml.safe_dump(catalog))
    embedded.manage("catalog", "load", str(path), env=ENVIRONMENT)


def _model(number: int) -> dict[str, Any]:
    """Each endpoint has its own price and place, as real ones do: nothing is left to a tie."""
    endpoints = [
        {
            "provider": f"many-{place}",
            "upstream_name": f"m{number}",
            "price_usd": {"input": f"{2.5 + place / 2:.2f}", "output": f"{10 + 2 * place}.00"},
            "priority": place + 1,
        }
        for place in range(ENDPOINTS)
    ]
    limits = {"context_window": 128_000, "max_output_tokens": 16_384, "capabilities": ["tools"]}
    return {"id": f"many/m{number}", "endpoints": endpoints} | limits


@contextmanager
def _sold(place: Sitting, size: str) -> Iterator[None]:
    """Only this catalog is sold, and the gateway knows it."""
    many = size == "many"
    with psycopg.connect(ENVIRONMENT["DATABASE_URL"]) as connection:
        of = "SELECT id FROM routing_provider WHERE slug LIKE 'many-%%'"
        connection.execute(f"UPDATE routing_endpoint SET active = %s WHERE provider_id IN ({of})", [many])
        connection.execute(
            f"UPDATE routing_endpoint SET active = %s WHERE provider_id NOT IN ({of})", [not many]
        )
    here, gone = (_bodies(size, "")[0], _bodies("one" if many else "many", "")[-1])
    until(lambda: _status(place, here) == 200 and _status(place, gone) == 503, "the other catalog")
    yield


def _status(place: Sitting, body: str) -> int:
    headers = {"authorization": f"Bearer {place.keys[0]}"}
    return send(place.gateway, headers, body.encode()).status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A large catalog beside a small one")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument(
        "--rate", type=float, default=0, help="calls a second by the clock; 0: as fast as it goes"
    )
    main(parser.parse_args())
