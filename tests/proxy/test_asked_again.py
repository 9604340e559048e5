"""Who is asked once more, after which wait, and what it leaves in the figures: attempts over fakes."""

from types import SimpleNamespace
from typing import Any

import pytest

from proxy.attempts import Attempts, retry_after_s
from proxy.call import NO_WISHES
from proxy.errors import ApiError
from proxy.keyring import Keyring
from proxy.surfaces import SURFACES
from proxy.upstream import UpstreamError
from proxy.vitals import Vitals
from tests.routing.test_choose import endpoint

SLEPT: list[float] = []


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    SLEPT.clear()

    async def noted(seconds: float) -> None:
        SLEPT.append(seconds)

    monkeypatch.setattr("proxy.attempts.asyncio.sleep", noted)


class Asked:
    """Answers by a script: an UpstreamError to raise, or None for an answer."""

    def __init__(
        self, *script: UpstreamError | None, stream: bool = False, ids: tuple[int, ...] = (1,)
    ) -> None:
        self.script = list(script)
        self.seen: list[tuple[int, float]] = []
        candidates = tuple(SimpleNamespace(endpoint=endpoint(number, 10)) for number in ids)
        self.job: Any = SimpleNamespace(
            grant=SimpleNamespace(candidates=candidates),
            plan=SimpleNamespace(prefix=0),
            call=SimpleNamespace(stream=stream, wishes=NO_WISHES),
            attempts=[],
            chosen=None,
            wasted=[],
        )
        self.job.waste = lambda candidate: self.job.wasted.append(candidate.endpoint.id)
        self.vitals = Vitals("redis://127.0.0.1:1/0", 5)
        self.keyring = Keyring("redis://127.0.0.1:1/0")

    async def __call__(self, candidate: Any, patience_s: float) -> None:
        self.seen.append((candidate.endpoint.id, patience_s))
        failure = self.script.pop(0)
        if failure is not None:
            raise failure

    async def run(self) -> None:
        await Attempts(self.job, SURFACES["chat"], self).first_answer(self)

    def failed_over(self, candidate: Any) -> Any:
        return candidate

    @property
    def order(self) -> list[int]:
        return [number for number, _ in self.seen]


def http(status: int, retry_after: str = "") -> UpstreamError:
    return UpstreamError(f"http_{status}", status=status, retry_after=retry_after)


async def test_the_next_one_is_asked_without_waiting():
    asked = Asked(http(500), UpstreamError("reset"), None, ids=(1, 2, 3))
    await asked.run()
    assert (asked.order, SLEPT) == ([1, 2, 3], [])
    assert [attempt.error for attempt in asked.job.attempts] == ["http_500", "reset", None]


async def test_a_blip_of_the_only_one_is_cured_by_asking_again_once():
    asked = Asked(http(502), None)
    await asked.run()
    assert (asked.order, SLEPT) == ([1, 1], [0.25])
    hopeless = Asked(http(502), http(502))
    with pytest.raises(ApiError) as told:
        await hopeless.run()
    assert (told.value.status, hopeless.order) == (502, [1, 1])


async def test_a_short_retry_after_is_kept_by_whoever_asked_for_least():
    asked = Asked(http(429, "4"), http(503, "2"), None, ids=(1, 2))
    await asked.run()
    assert (asked.order, SLEPT) == ([1, 2, 2], [2.0])


async def test_a_long_one_is_the_callers_to_keep():
    asked = Asked(http(429, "30"))
    with pytest.raises(ApiError) as told:
        await asked.run()
    assert (told.value.status, told.value.headers["retry-after"], SLEPT) == (503, "30", [])


@pytest.mark.parametrize("reason", ["timeout", "http_404", "malformed", "cut"])
async def test_what_is_no_blip_is_not_repeated(reason: str):
    asked = Asked(UpstreamError(reason, status=404 if reason == "http_404" else 200))
    with pytest.raises(ApiError):
        await asked.run()
    assert asked.order == [1]


async def test_a_lack_of_words_is_no_failure_of_the_endpoint():
    lack = UpstreamError("unsupported", param="n", message="'n' is 1 here.")
    for _ in range(5):
        asked = Asked(lack)
        with pytest.raises(ApiError) as told:
            await asked.run()
        assert (told.value.status, told.value.code, told.value.param) == (400, "unsupported_parameter", "n")
        assert asked.vitals.all_well


async def test_patience_is_less_while_somebody_else_is_left():
    asked = Asked(UpstreamError("timeout"), None, ids=(1, 2), stream=True)
    await asked.run()
    assert [patience for _, patience in asked.seen] == [8.0, 60.0]
    assert asked.job.wasted == [1]


async def test_loads_are_given_back():
    asked = Asked(http(500), http(500), UpstreamError("reset"), ids=(1, 2))
    with pytest.raises(ApiError):
        await asked.run()
    assert [asked.vitals.figures(number).load for number in (1, 2)] == [0, 0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("0.5", 0.5), ("", 0), ("soon", 0), ("-3", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float):
    assert retry_after_s(text) == seconds
