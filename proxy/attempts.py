"""Step 6: the candidates in order until one gives its first byte. One hold, many attempts, one charge."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Final

from proxy.bridge import Bridge
from proxy.call import Attempt
from proxy.dialects.translated import says_too_long
from proxy.errors import ApiError, invalid
from proxy.job import Job
from proxy.plan import Candidate
from proxy.surfaces import Surface
from proxy.upstream import UpstreamError
from proxy.vitals import Vitals

# Without figures; the last candidate has nobody behind it: a model that thinks for long beats an error.
FIRST_BYTE_S: Final = 8.0
WHOLE_S: Final = 60.0
LAST_FIRST_BYTE_S: Final = 60.0
LAST_WHOLE_S: Final = 600.0
# When all have failed: who asked for so little patience, or failed by a blip, is asked once more.
RETRY_AFTER_MAX_S: Final = 5.0
BLIP_S: Final = 0.25
_BLIPS: Final = frozenset({"reset", "unreachable", "broken", "http_500", "http_502", "http_503", "empty"})
_OVERLOADED: Final = frozenset({429, 503, 529})

Ask = Callable[[Candidate, float], Awaitable[None]]


class Attempts:
    """All tries of one call. began: when the one that answers was begun (monotonic)."""

    def __init__(self, job: Job, surface: Surface, vitals: Vitals) -> None:
        self._job = job
        self._surface = surface
        self._vitals = vitals
        self._again: tuple[float, Candidate] | None = None  # who may be asked once more, after how long
        self._failure: UpstreamError | None = None
        self._refusal: ApiError | None = None
        self.began = 0.0

    async def first_answer(self, ask: Ask) -> None:
        """Raises ApiError when no candidate answered, or when the request itself is at fault."""
        last: UpstreamError | None = None
        candidates = self._job.grant.candidates
        for place, candidate in enumerate(candidates):
            last = await self._try(ask, candidate, is_last=place == len(candidates) - 1)
            if last is None:
                return
            self._remember(candidate, last)
        if self._again is not None:
            wait, candidate = self._again
            await asyncio.sleep(wait)
            last = await self._try(ask, candidate, is_last=True)
            if last is None:
                return
        if self._refusal is not None and self._failure is None:
            raise self._refusal
        raise unanswered(self._failure or last)

    async def go_on(self, ask: Ask, broken: str) -> bool:
        """Whether somebody goes on with the answer that has just broken off: those who weren't asked yet, at
        last the same one again. Of a refusal nobody hears, as the answer had begun.
        """
        job = self._job
        first = job.candidate
        self._failure = UpstreamError(broken, status=200)
        asked = {attempt.endpoint for attempt in job.attempts}
        others = [one for one in job.grant.candidates if one.endpoint.id not in asked]
        goes_on = False
        try:
            for candidate in (*others, first):
                goes_on = await self._try(ask, candidate, is_last=candidate is first) is None
                if goes_on:
                    break
        finally:
            if not goes_on:
                job.chosen = first
        return goes_on

    async def _try(self, ask: Ask, candidate: Candidate, *, is_last: bool) -> UpstreamError | None:
        """What went wrong; None when this is the one that answers."""
        job, endpoint = self._job, candidate.endpoint
        job.chosen = candidate
        self.began = time.monotonic()
        self._vitals.began(endpoint.id, probe=bool(job.call.wishes.rules.endpoint))
        try:
            await ask(candidate, self._patience(endpoint.id, is_last=is_last))
        except UpstreamError as error:
            self._vitals.left(endpoint.id)
            self._note(candidate, error)
            if not self._is_callers(candidate, error):
                self._failure = error
                self._vitals.failed(endpoint.id, error.reason, error.status, retry_after_s(error.retry_after))
            return error
        except BaseException:
            self._vitals.left(endpoint.id)
            job.waste(candidate)  # the caller left: the provider has read the prompt all the same
            raise
        self._note(candidate, None)
        return None

    def _remember(self, candidate: Candidate, error: UpstreamError) -> None:
        """Of those who may be asked once more, who wants the least patience; the first of equals."""
        wait = retry_after_s(error.retry_after) if error.status in _OVERLOADED else 0
        if not wait:
            if error.reason not in _BLIPS:
                return
            wait = BLIP_S
        if wait <= RETRY_AFTER_MAX_S and (self._again is None or wait < self._again[0]):
            self._again = wait, candidate

    def _is_callers(self, candidate: Candidate, error: UpstreamError) -> bool:
        """Whether the request is at fault. Raises ApiError where the other endpoints would refuse it too.

        A prompt may fit elsewhere; and where an endpoint has failed before, its stand-in's refusal (of a
        prefilled answer, say) must not hide that.
        """
        if error.reason == "unsupported":
            return True
        if error.status is None or not error.body:
            return False
        refusal = self.bridge(candidate).refusal(error.status, error.body)
        if refusal is None:
            return False
        if self._failure is None and not says_too_long(error.body.decode("utf-8", "replace")):
            raise refusal
        self._refusal = self._refusal or refusal
        return True

    def bridge(self, candidate: Candidate) -> Bridge:
        return self._surface.bridges[candidate.endpoint.provider.dialect]

    def _patience(self, endpoint: int, *, is_last: bool) -> float:
        """Seconds to the first byte of a stream, or to the end of a whole answer (ARCHITECTURE §5)."""
        if not (self._job.call.stream and self._surface.voice.ping):  # a file has to be made before it comes
            return LAST_WHOLE_S if is_last else WHOLE_S
        if is_last:
            return LAST_FIRST_BYTE_S
        slow_ms = self._vitals.figures(endpoint).ttft_p95_ms
        return FIRST_BYTE_S if slow_ms is None else min(max(4 * slow_ms / 1000, 5.0), 60.0)

    def _note(self, candidate: Candidate, error: UpstreamError | None) -> None:
        endpoint = candidate.endpoint
        status, reason = (200, None) if error is None else (error.status, error.reason)
        elapsed = int((time.monotonic() - self.began) * 1000)
        self._job.attempts.append(Attempt(endpoint.id, endpoint.provider.slug, status, reason, elapsed))
        if error is not None and (status == 200 or reason == "timeout"):
            self._job.waste(candidate)


def retry_after_s(text: str) -> float:
    """Seconds of a Retry-After header, a number or a date (RFC 9110 §10.2.3); 0 without a usable one."""
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def unanswered(error: UpstreamError | None) -> ApiError:
    """What the caller hears when no candidate answered."""
    if error is None:
        return ApiError(503, "no_endpoint", "No provider serves this model at the moment.")
    if error.reason == "unsupported":
        return invalid("unsupported_parameter", error.message, error.param)
    if error.reason in ("timeout", "stalled"):
        return ApiError(504, "upstream_timeout", "The model's provider did not answer in time.")
    if error.status in _OVERLOADED:
        retry = error.retry_after if error.retry_after.isdigit() else "5"
        return ApiError(
            503, "upstream_overloaded", "The model's provider is overloaded.", headers={"retry-after": retry}
        )
    return ApiError(502, "upstream_error", f"The model's provider failed ({error.reason}).")
