"""Step 6: the candidates in order until one gives its first byte. One hold, many attempts, one charge."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from proxy.blame import Fault, fault
from proxy.bridge import Bridge
from proxy.call import Attempt
from proxy.dialects.translated import refusal as told_refusal
from proxy.dialects.translated import says_too_long
from proxy.errors import ApiError, invalid
from proxy.job import Job
from proxy.keyring import Keyring, with_key
from proxy.plan import Candidate
from proxy.surfaces import Surface
from proxy.upstream import UpstreamError
from proxy.vitals import Vitals
from routing.health import REFUSED
from routing.snaps import CredentialSnap

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
# The request was sent and no status came back: the provider may have read the prompt, and bill it.
_UNANSWERED: Final = frozenset({"timeout", "reset", "broken"})
# How many of a provider's credentials one call tries at an endpoint, and whose fault makes it try another.
CREDENTIALS_MAX: Final = 4
_OF_KEYS: Final = frozenset({Fault.CREDENTIAL, Fault.LIMITED, Fault.UNFIT})

Ask = Callable[[Candidate, float], Awaitable[None]]


class Floor(Protocol):
    """What attempts need of the worker."""

    vitals: Vitals
    keyring: Keyring

    def failed_over(self, candidate: Candidate) -> Candidate:
        """The candidate as it is asked after another one has failed: never at a higher price."""


class Attempts:
    """All tries of one call. began: when the one that answers was begun (monotonic)."""

    def __init__(self, job: Job, surface: Surface, floor: Floor) -> None:
        self._job = job
        self._surface = surface
        self._floor = floor
        self._vitals = floor.vitals
        self._keyring = floor.keyring
        self._again: tuple[float, Candidate] | None = None  # who may be asked once more, after how long
        self._failure: UpstreamError | None = None
        self._refusal: ApiError | None = None
        self._key: tuple[CredentialSnap, bool] | None = None  # in use, and whether it was known as refused
        self.began = 0.0
        self.unasked = False  # the candidate was taken without a question: learnt() tells later

    async def first_answer(self, ask: Ask) -> None:
        """Raises ApiError when no candidate answered, or when the request itself is at fault."""
        last: UpstreamError | None = None
        candidates = self._job.grant.candidates
        for place, planned in enumerate(candidates):
            candidate = self._floor.failed_over(planned) if place else planned
            last = await self._try(ask, candidate, is_last=place == len(candidates) - 1)
            if last is None:
                return
            self._remember(candidate, last)
        if self._again is not None:
            wait, candidate = self._again
            await asyncio.sleep(wait)
            last = await self._try(ask, self._floor.failed_over(candidate), is_last=True)
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
            for candidate in (*map(self._floor.failed_over, others), first):
                goes_on = await self._try(ask, candidate, is_last=candidate is first) is None
                if goes_on:
                    break
        finally:
            if not goes_on:
                job.chosen = first
        return goes_on

    async def _try(self, ask: Ask, candidate: Candidate, *, is_last: bool) -> UpstreamError | None:
        """What went wrong; None when this is the one that answers.

        A credential that is no good is followed by another one of the same provider.
        """
        key = self._keyring.pick(candidate.endpoint, self._job.plan.prefix)
        tried: list[str] = []
        while True:
            error = await self._once(ask, candidate, key, is_last=is_last)
            if error is None:
                return None
            self.learnt(error)
            found = fault(error.status, error.body)
            other = self._other(candidate, key, found, tried)
            if other is None:
                self._blame(candidate, error, found)
                return error
            key = other

    async def _once(
        self, ask: Ask, candidate: Candidate, key: CredentialSnap | None, *, is_last: bool
    ) -> UpstreamError | None:
        """One request to one endpoint with one credential."""
        job, endpoint = self._job, candidate.endpoint
        job.chosen = candidate = _keyed(candidate, key)
        self._key = None if key is None else (key, self._keyring.is_off(key))
        self.began = time.monotonic()
        self._vitals.began(endpoint.id, probe=bool(job.call.wishes.rules.endpoint))
        try:
            await ask(candidate, self._patience(endpoint.id, is_last=is_last))
        except UpstreamError as error:
            self._vitals.left(endpoint.id)
            self._note(candidate, key, error)
            return error
        except BaseException:
            self._vitals.left(endpoint.id)
            job.waste(candidate)  # the caller left: the provider has read the prompt all the same
            raise
        self._note(candidate, key, None)
        if not self.unasked:
            self.learnt(None)
        return None

    def learnt(self, error: UpstreamError | None) -> None:
        """What the provider thinks of the credential in use; None: it took it."""
        if self._key is None:
            return
        (key, was_off), endpoint = self._key, self._job.candidate.endpoint
        if error is None:
            self._keyring.answered(key, endpoint, self._job.plan.prefix, probe=was_off)
            return
        match fault(error.status, error.body):
            case Fault.CREDENTIAL:
                self._keyring.refused(key, endpoint, error.reason)
            case Fault.LIMITED:
                self._keyring.limited(key, endpoint, retry_after_s(error.retry_after))
            case Fault.UNFIT:
                self._keyring.unfit(key, endpoint)
            case _:
                self._keyring.failed(key)

    def _other(
        self, candidate: Candidate, key: CredentialSnap | None, found: Fault, tried: list[str]
    ) -> CredentialSnap | None:
        """The credential to try next at this endpoint; None: no other one would do better."""
        if key is None or found not in _OF_KEYS:
            return None
        tried.append(key.name)
        return self._keyring.pick(candidate.endpoint, 0, tried) if len(tried) < CREDENTIALS_MAX else None

    def _blame(self, candidate: Candidate, error: UpstreamError, found: Fault) -> None:
        """The endpoint's failure, unless the request is at fault. Raises ApiError as _is_callers() does."""
        if self._is_callers(candidate, error, found):
            return
        self._failure = error
        endpoint, wait_s = candidate.endpoint, retry_after_s(error.retry_after)
        if found is Fault.LIMITED:
            wait_s = self._keyring.wait_s(endpoint, wait_s)
        # A firewall's page or a wish that was too dear says nothing about how long it will be so.
        is_news = error.status in REFUSED and found not in (Fault.CREDENTIAL, Fault.UNFIT)
        self._vitals.failed(endpoint.id, error.reason, None if is_news else error.status, wait_s)

    def _remember(self, candidate: Candidate, error: UpstreamError) -> None:
        """Of those who may be asked once more, who wants the least patience; the first of equals."""
        wait = retry_after_s(error.retry_after) if error.status in _OVERLOADED else 0
        if not wait:
            if error.reason not in _BLIPS:
                return
            wait = BLIP_S
        if wait <= RETRY_AFTER_MAX_S and (self._again is None or wait < self._again[0]):
            self._again = wait, candidate

    def _is_callers(self, candidate: Candidate, error: UpstreamError, found: Fault) -> bool:
        """Whether the request is at fault. Raises ApiError where the other endpoints would refuse it too.

        A prompt may fit elsewhere; and where an endpoint has failed before, its stand-in's refusal (of a
        prefilled answer, say) must not hide that.
        """
        if error.reason == "unsupported":
            return True
        if error.status is None or not error.body or found in _OF_KEYS:
            return False
        refusal = self.bridge(candidate).refusal(error.status, error.body)
        if found is Fault.REQUEST:  # what one provider won't talk about another may
            self._refusal = self._refusal or refusal or told_refusal(error.status, error.body)
            return True
        if refusal is None or error.status in REFUSED:
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

    def _note(self, candidate: Candidate, key: CredentialSnap | None, error: UpstreamError | None) -> None:
        endpoint = candidate.endpoint
        status, reason = (200, None) if error is None else (error.status, error.reason)
        elapsed = int((time.monotonic() - self.began) * 1000)
        credential = 0 if key is None else key.id
        self._job.attempts.append(
            Attempt(endpoint.id, endpoint.provider.slug, status, reason, elapsed, credential)
        )
        if error is not None and (status == 200 or reason in _UNANSWERED):
            self._job.waste(candidate)


def _keyed(candidate: Candidate, key: CredentialSnap | None) -> Candidate:
    endpoint = with_key(candidate.endpoint, key)
    return candidate if endpoint is candidate.endpoint else replace(candidate, endpoint=endpoint)


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
