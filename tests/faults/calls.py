"""What is asked: a seeded plan of calls, written for the load process and kept for the audit."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from proxy.dialects import openai_request

WALLETS = 20
STREAMS = 0.6
FIRST_NUMBER = 1000  # a call's number is its output bound: large enough for any answer
FREE, CAPPED, POOR = WALLETS - 3, WALLETS - 2, WALLETS - 1
HOT = 0
WORD = " abc"

# Of the models of world.py, in micros per token; provider costs in nano-USD per token.
IN_MICROS, OUT_MICROS = 12_600, 37_800
IN_NANO, OUT_NANO = 1_000, 3_000
MICROS_PER_NANO = 12  # at 12,000 so'm to the dollar


@dataclass(slots=True, kw_only=True)
class Spec:
    """One call to be made."""

    number: int
    at: float  # seconds after the start of the load
    wallet: int
    stream: bool
    tokens: int
    model: str = "faults/one"
    chunk_ms: int = 0
    first_ms: int = 0
    wishes: dict[str, Any] = field(default_factory=dict)  # what else the upstream is told
    exact: bool = True  # its upstream reports what it produced, so the price can be worked out again
    leave: str = ""  # "", reset, close or half
    leave_after: int = 0  # bytes of the answer
    slow: bool = False  # reads 1 KB/s through a small socket buffer
    body: str = ""
    prompt: int = 0

    def written(self) -> "Spec":
        """With its body. The prompt's size is what the gateway would estimate, so that both sides agree."""
        self.prompt = self._estimate(self._estimate(100))  # the estimate depends on its digits
        self.body = self._body(self.prompt)
        return self

    def _estimate(self, prompt: int) -> int:
        return openai_request.parse(self._body(prompt).encode(), {}).input_estimate

    def _body(self, prompt: int) -> str:
        wishes = {"run": str(self.number), "prompt_tokens": prompt} | self.wishes
        # A token of four bytes, wherever it is cut: counts by tokens and by bytes are both right.
        wishes |= {"word": WORD, "completion_tokens": self.tokens}
        wishes |= {"chunk_ms": self.chunk_ms, "first_ms": self.first_ms}
        content = json.dumps({"upstream": wishes}, ensure_ascii=False)
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": self.number,
        }
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps(body, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the client saw of one call; times in milliseconds from when the call was due."""

    number: int
    at: float
    wallet: int
    stream: bool
    status: int  # 0: no answer at all
    finished: bool  # a complete body, or [DONE]
    broken: str  # why there is no end: "", refused, cut, left, hung
    bytes: int
    tokens: int  # of a stream, as far as they came
    request_id: str
    cost_micros: int | None  # as reported
    code: str  # of an error
    first_ms: float
    ms: float


def make_calls(
    random: Random, count: int, seconds: float, shape: Callable[[Spec, Random], None]
) -> list[Spec]:
    """`count` calls over `seconds`; one wallet gets half of them. `shape` makes them the fault's own."""
    calls = []
    for place in range(count):
        spec = Spec(
            number=FIRST_NUMBER + place,
            at=(place + random.random()) * seconds / count,
            wallet=HOT if random.random() < 0.5 else random.randrange(1, WALLETS),
            stream=random.random() < STREAMS,
            tokens=random.randint(3, 40),
            chunk_ms=random.choice((0, 0, 5, 20, 60)),
        )
        if spec.wallet == FREE:
            spec.model = "faults/free"
        shape(spec, random)
        calls.append(spec.written())
    return calls


def save(path: Path, calls: Iterable[Spec]) -> None:
    """One JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for spec in calls:
            file.write(json.dumps(asdict(spec), ensure_ascii=False) + "\n")


def load_specs(path: Path) -> list[Spec]:
    """What `save` wrote."""
    return [Spec(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def load_records(path: Path) -> tuple[float, list[Record]]:
    """When the load began by the monotonic clock, and what became of each call."""
    began, *lines = path.read_text(encoding="utf-8").splitlines()
    return float(began), [Record(**json.loads(line)) for line in lines]
