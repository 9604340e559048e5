"""How long one waits at a site of ours, by the words of the inference servers themselves. Pure.

Read are Prometheus texts of vLLM, SGLang and llama.cpp's server: how many requests wait, how many run and
how many are done. A wait is the waiting ones ÷ the rate at which requests get done (Little's law); before
anything is known of the rate, each place is taken to be free again after SERVICE_S.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

# Redis: site (its provider's id) → "ms of the clock, ms to wait". What is older says nothing any more.
LOAD_KEY: Final = "energy:load"
LOAD_S: Final = 30.0
SERVICE_S: Final = 5.0
WAIT_MAX_MS: Final = 600_000

_SAMPLE: Final = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{.*\})?\s+(\S+)")
_WAITING: Final = frozenset(
    {"vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred"}
)
_RUNNING: Final = frozenset(
    {"vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing"}
)
_DONE: Final = frozenset({"vllm:request_success_total", "sglang:num_requests_total"})


@dataclass(frozen=True, slots=True)
class Load:
    """Requests at a site: waiting and running now, and done since its servers were started."""

    waiting: int
    running: int
    done: int


def parse(text: str) -> Load | None:
    """The sums over all models and replicas of a text; None where no server that we know wrote it."""
    sums: dict[str, float] = {}
    for line in text.splitlines():
        found = _SAMPLE.match(line)
        if found is not None:
            sums[found[1]] = sums.get(found[1], 0.0) + _number(found[2])
    if not sums.keys() & _WAITING:
        return None
    return Load(*(int(sum(sums.get(name, 0.0) for name in names)) for names in (_WAITING, _RUNNING, _DONE)))


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def wait_ms(now: Load, before: Load | None, seconds: float) -> int:
    """Milliseconds until a request that comes now has its turn. before: the load so many seconds ago."""
    if not now.waiting:
        return 0
    done = now.done - before.done if before is not None else 0
    rate = done / seconds if done > 0 and seconds > 0 else max(now.running, 1) / SERVICE_S
    return min(int(now.waiting / rate * 1000), WAIT_MAX_MS)
