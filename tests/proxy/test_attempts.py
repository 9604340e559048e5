"""Which candidates are asked, how long each may be silent, and what a caller hears in the end."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import attempts as module
from proxy.attempts import Attempts
from proxy.call import Attempt
from proxy.errors import ApiError
from proxy.keyring import Keyring
from proxy.plan import Candidate
from proxy.surfaces import SURFACES
from proxy.upstream import UpstreamError
from routing.snaps import CredentialSnap
from routing.strategies import Figures
from tests.proxy.calls import call_of, endpoint_of

REFUSED = b'{"error":{"message":"No prefill here.","code":"bad_prefill"}}'
LONG = b'{"error":{"message":"Too long.","code":"context_length_exceeded"}}'
# What an endpoint does, by name; None: it answers.
OUTCOMES: dict[str, UpstreamError | None] = {
    "answers": None,
    "down": UpstreamError("http_500", status=500),
    "silent": UpstreamError("timeout"),
    "stalls": UpstreamError("stalled", status=200),
    "limited": UpstreamError("http_429", status=429, retry_after="60"),
    "refuses": UpstreamError("http_400", status=400, body=REFUSED),
    "too-long": UpstreamError("http_400", status=400, body=LONG),
    "refuses-key": UpstreamError("http_401", status=401),
    "no-money": UpstreamError("http_402", status=402, body=b'{"error":{"message":"Insufficient balance"}}'),
    "forbids": UpstreamError("http_403", status=403, body=b'{"error":{"code":"model_not_found"}}'),
    "moderates": UpstreamError("http_403", status=403, body=b'{"error":{"code":"content_filter"}}'),
    "firewall": UpstreamError("http_403", status=403),
    "unsupported": UpstreamError("unsupported", param="n", message="Not here."),
}
CALLERS_FAULT = {"refuses", "too-long", "unsupported", "moderates"}


@dataclass
class Books:
    """As much of a job as attempts write on."""

    call: Any
    grant: Any
    plan: Any = field(default_factory=lambda: SimpleNamespace(prefix=0))
    chosen: Candidate | None = None
    attempts: list[Attempt] = field(default_factory=list)
    wasted: list[int] = field(default_factory=list)

    @property
    def candidate(self) -> Candidate | None:
        return self.chosen

    def waste(self, candidate: Candidate) -> None:
        self.wasted.append(candidate.endpoint.id)


@dataclass
class Noted:
    """As much of vitals."""

    p95_ms: float | None = None
    loads: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def began(self, endpoint: int, *, probe: bool = False) -> None:
        self.loads[endpoint] += 1

    def left(self, endpoint: int) -> None:
        self.loads[endpoint] -= 1

    def failed(self, endpoint: int, reason: str, status: int | None, retry_after_s: float = 0) -> None:
        self.failures.append((endpoint, reason))

    def figures(self, endpoint: int) -> Figures:
        return Figures(ttft_p95_ms=self.p95_ms)


@dataclass
class Round:
    """One call over endpoints 0, 1, … that behave as told."""

    behave: Sequence[str]
    streamed: bool = True
    surface: str = "chat"
    noted: Noted = field(default_factory=Noted)
    keyring: Keyring = field(default_factory=lambda: Keyring("redis://127.0.0.1:1/0"))
    credentials: tuple[CredentialSnap, ...] = ()
    patience: list[float] = field(default_factory=list)
    keys: Mapping[str, str] = field(default_factory=dict)  # secret → what the first endpoint does for it

    def __post_init__(self) -> None:
        call = replace(
            call_of({"model": "m", "messages": [{"role": "user", "content": "a"}]}), stream=self.streamed
        )
        places = range(len(self.behave))
        candidates = tuple(self._candidate(place) for place in places)
        self.books = Books(call, SimpleNamespace(candidates=candidates))

    def _candidate(self, place: int) -> Candidate:
        endpoint = replace(endpoint_of(f"up-{place}", "openai"), id=place)
        if place == 0:
            secret = self.credentials[0].secret if self.credentials else None
            provider = replace(endpoint.provider, credentials=self.credentials, secret=secret)
            endpoint = replace(endpoint, provider=provider)
        return Candidate(endpoint, None, 0, 0, None)  # type: ignore[arg-type]

    async def _ask(self, candidate: Candidate, patience_s: float) -> None:
        self.patience.append(patience_s)
        behaves = self.behave[candidate.endpoint.id]
        error = OUTCOMES[self.keys.get(candidate.endpoint.provider.secret or "", behaves)]
        if error is not None:
            raise error

    async def run(self) -> ApiError | None:
        """What the caller is told; None: somebody answers."""
        floor: Any = SimpleNamespace(
            vitals=self.noted, keyring=self.keyring, failed_over=lambda candidate: candidate
        )
        attempts = Attempts(self.books, SURFACES[self.surface], floor)  # type: ignore[arg-type]
        try:
            await attempts.first_answer(self._ask)
        except ApiError as error:
            return error
        return None

    @property
    def asked(self) -> list[int]:
        return [attempt.endpoint for attempt in self.books.attempts]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLIP_S", 0)


@pytest.mark.parametrize(("p95_ms", "first_s"), [(None, 8), (100, 5), (2_000, 8), (3_000, 12), (90_000, 60)])
async def test_a_stream_may_be_silent_for_as_long_as_it_usually_is(p95_ms: float | None, first_s: float):
    """Without figures for 8 s, so that a silent route is given up in under 10; the last one for a minute."""
    tried = Round(["silent", "silent", "answers"], noted=Noted(p95_ms))
    assert await tried.run() is None
    assert tried.patience == [first_s, first_s, 60]


@pytest.mark.parametrize(("streamed", "surface"), [(False, "chat"), (False, "messages"), (True, "speech")])
@pytest.mark.parametrize("fault", ["silent", "stalls"])
async def test_a_whole_answer_has_a_minute_and_the_last_one_ten(streamed: bool, surface: str, fault: str):
    """S06 and S09 without a stream: the next one answers, and the provider may bill us for the first."""
    tried = Round([fault, "answers"], streamed=streamed, surface=surface)
    assert await tried.run() is None
    assert (tried.patience, tried.asked, tried.books.wasted) == ([60, 600], [0, 1], [0])
    assert tried.noted.failures == [(0, "timeout" if fault == "silent" else "stalled")]


@pytest.mark.parametrize(
    ("behave", "asked", "code"),
    [
        (["refuses", "answers"], [0], "upstream_refused"),
        (["too-long", "answers"], [0, 1], None),
        (["too-long", "too-long"], [0, 1], "upstream_refused"),
        (["too-long", "down"], [0, 1, 1], "upstream_error"),
        (["unsupported", "answers"], [0, 1], None),
        (["unsupported", "unsupported"], [0, 1], "unsupported_parameter"),
        (["unsupported", "refuses"], [0, 1], "upstream_refused"),
        (["silent", "refuses", "answers"], [0, 1, 2], None),
        (["silent", "refuses"], [0, 1], "upstream_timeout"),
        (["limited", "unsupported"], [0, 1], "upstream_overloaded"),
        (["down", "limited"], [0, 1, 0], "upstream_error"),
    ],
)
async def test_who_is_asked_and_what_is_told(behave: list[str], asked: list[int], code: str | None):
    tried = Round(behave)
    error = await tried.run()
    assert (tried.asked, error and error.code) == (asked, code)


@given(st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=4), st.booleans())
def test_whatever_endpoints_do(behave: list[str], streamed: bool):
    """Nobody is hammered, nobody blamed for a caller's mistake, no failure hidden, no load left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLIP_S", 0)
        tried = Round(behave, streamed=streamed)
        error = asyncio.run(tried.run())
    asked = tried.asked
    assert len(asked) == len(tried.patience) <= len(behave) + 1
    assert asked[: len(behave)] == list(range(min(len(asked), len(behave))))
    blamed = {endpoint for endpoint, _ in tried.noted.failures}
    assert blamed == {place for place in asked if behave[place] not in CALLERS_FAULT | {"answers"}}
    answered = tried.books.chosen is not None and behave[tried.books.chosen.endpoint.id] == "answers"
    assert (error is None) == answered
    assert sum(tried.noted.loads.values()) == (1 if answered else 0)
    if "answers" in behave and "refuses" not in behave:
        assert error is None
    if blamed and error is not None:
        assert error.status >= 500
    silent = {"silent", "stalls"}
    assert tried.books.wasted == [place for place in asked if behave[place] in silent]


KEYS = tuple(
    CredentialSnap(id=n, name=f"{n}.1", label=f"k{n}", secret=f"key-{n}", weight=1) for n in (1, 2, 3)
)


def tried(*keys: str, then: str = "answers") -> Round:
    """An endpoint whose credentials fare like this, with another endpoint behind it."""
    behave = dict(zip(("key-1", "key-2", "key-3"), keys, strict=False))
    return Round(["answers", then], credentials=KEYS[: len(keys)], keys=behave)


@pytest.mark.parametrize("fault", ["refuses-key", "no-money", "forbids", "limited"])
async def test_another_credential_is_tried_before_another_endpoint(fault: str):
    """And the endpoint, which has answered, is blamed for nothing."""
    call = tried(fault, "answers")
    assert await call.run() is None
    assert [(a.endpoint, a.credential) for a in call.books.attempts] == [(0, 1), (0, 2)]
    assert call.noted.failures == []
    assert call.books.chosen is not None
    assert call.books.chosen.endpoint.provider.secret == "key-2"


@pytest.mark.parametrize(
    ("keys", "asked", "off", "blamed"),
    [
        (("refuses-key", "refuses-key"), [(0, 1), (0, 2), (1, 0)], {"1.1", "2.1"}, [(0, "http_401")]),
        (("limited", "limited", "limited"), [(0, 1), (0, 2), (0, 3), (1, 0)], set(), [(0, "http_429")]),
        (("no-money",), [(0, 1), (1, 0)], {"1.1"}, [(0, "http_402")]),
        (("firewall", "answers"), [(0, 1), (1, 0)], set(), [(0, "http_403")]),
        (("moderates", "answers"), [(0, 1), (1, 0)], set(), []),
        (("down", "answers"), [(0, 1), (1, 0)], set(), [(0, "http_500")]),
    ],
)
async def test_whose_fault_it_is_decides_who_is_asked_next(
    keys: tuple[str, ...], asked: list[tuple[int, int]], off: set[str], blamed: list[tuple[int, str]]
):
    call = tried(*keys)
    assert await call.run() is None
    assert [(a.endpoint, a.credential) for a in call.books.attempts] == asked
    assert {key.name for key in KEYS if call.keyring.is_off(key)} == off
    assert call.noted.failures == blamed


async def test_a_refused_content_is_told_as_such_when_nobody_takes_it():
    call = tried("moderates", then="moderates")
    error = await call.run()
    assert error is not None
    assert (error.status, call.noted.failures) == (403, [])


async def test_the_last_credentials_come_back_when_their_provider_takes_one_again():
    """All are refused: the endpoint's probe goes out with one all the same, and its answer counts."""
    first = tried("refuses-key", "refuses-key")
    await first.run()
    again = tried("answers", "answers")
    again.keyring = first.keyring
    assert await again.run() is None
    assert len(again.books.attempts) == 1
    used = again.books.attempts[0].credential
    assert [first.keyring.is_off(key) for key in KEYS[:2]] == [used != 1, used != 2]
