"""Steps 6–9 of an admitted call: call upstream, relay, meter, settle.

Runs in a task that the worker owns. A client that leaves, a cancelled task or an exception on any line ends
in exactly one settle or release, and nothing terminal leaves before that is committed.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar, Final, Protocol

from proxy.bridge import EVENTS, Answer, Ask, Bounds, Bridge, Reply, Unsupported
from proxy.call import Attempt
from proxy.errors import ApiError, invalid
from proxy.failpoint import failpoint
from proxy.job import Job
from proxy.meter import Usage, certain
from proxy.plan import Candidate
from proxy.pump import IDLE_S, SILENCE_S, Pump
from proxy.spool import Spool
from proxy.surfaces import SURFACES
from proxy.upstream import Opened, Upstream, UpstreamError
from proxy.watch import Watch

log = logging.getLogger(__name__)

TOTAL_S: Final = 900.0
FIRST_BYTE_S: Final = 8.0
WHOLE_S: Final = 60.0
# The last candidate has nobody behind it: a model that thinks for long is better than an error.
LAST_FIRST_BYTE_S: Final = 60.0
LAST_WHOLE_S: Final = 600.0


class Floor(Protocol):
    """What serving needs of the worker."""

    upstream: Upstream
    spool: Spool
    watch: Watch

    async def settle(self, job: Job) -> int:
        """Closes the call's hold once; the micros charged."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs something small beside the call."""


class Serving:
    """One admitted call on its way through upstream and ledger."""

    spooled: ClassVar[bool] = True  # its hold is this worker's, whose spool tells how it ended

    def __init__(self, floor: Floor, job: Job) -> None:
        self._floor = floor
        self.job = job
        self._surface = SURFACES[job.call.kind]
        self._interruptible: asyncio.Task[Any] | None = None
        self._pump: Pump | None = None
        self._answer: Answer | None = None

    async def run(self) -> None:
        """Whatever happens on the way, the hold is closed once."""
        # A client may have left before this task had its first turn.
        wanted = self._drains or not self.job.exchange.gone
        failure = await self._guarded() if wanted else None
        failure = self._metered() or failure
        try:
            charged = await self._floor.settle(self.job)
        except ApiError as refusal:
            charged, failure = 0, refusal
        except Exception:
            log.exception("call %s can't be settled; its hold runs out", self.job.name)
            charged, failure = 0, _internal()
        failpoint("after_commit")
        try:
            # Who has no wallet is told of no cost.
            await self._finish(failure, 0 if self.job.caller.anonymous else charged)
        except OSError:
            pass
        except Exception:
            log.exception("call %s is settled, but its end can't be told", self.job.name)
            with suppress(Exception):
                await self.job.exchange.refuse(_internal())

    def client_left(self) -> None:
        """Stops the upstream, unless its provider would bill us for the rest all the same."""
        if not self._drains:
            self.interrupt()

    @property
    def _drains(self) -> bool:
        return self.job.candidate.endpoint.provider.on_disconnect == "drain"

    def interrupt(self) -> None:
        """Ends the part that may be interrupted; metering and settling follow."""
        if self._interruptible is not None:
            self._interruptible.cancel()

    async def _guarded(self) -> ApiError | None:
        """The part that may be interrupted. Returns what to tell the caller when it went wrong."""
        task = self._interruptible = asyncio.current_task()
        error: ApiError | None = None
        try:
            with self._floor.watch.within(TOTAL_S):
                await (self._stream() if self.job.call.stream else self._whole())
        except asyncio.CancelledError:
            if task is not None:
                task.uncancel()
            error = ApiError(503, "shutdown", "The server is restarting; try again.")
        except TimeoutError:
            error = ApiError(504, "upstream_timeout", "The model took too long to answer.")
        except ApiError as refusal:
            error = refusal
        except Exception:
            log.exception("call %s broke", self.job.name)
            error = _internal()
        finally:
            self._interruptible = None
            if self._pump is not None:
                self._pump.close()
        if error is not None:
            self.job.error_code, self.job.http_status = error.code, error.status
        return error

    # 6: call upstream

    async def _attempts(self, ask: Callable[[Candidate, float], Awaitable[None]]) -> None:
        """Asks the candidates in order until one answers. Raises ApiError when none did."""
        last: UpstreamError | None = None
        candidates = self.job.grant.candidates
        for place, candidate in enumerate(candidates):
            self.job.chosen = candidate
            began = time.monotonic()
            try:
                await ask(candidate, self._patience(is_last=place == len(candidates) - 1))
            except UpstreamError as error:
                self._note(candidate, began, error)
                last = error
                self._blame(candidate, error)
            except BaseException:
                self.job.waste(candidate)  # the caller left: the provider has read the prompt all the same
                raise
            else:
                self._note(candidate, began, None)
                return
        raise unanswered(last)

    def _blame(self, candidate: Candidate, error: UpstreamError) -> None:
        """Raises ApiError where the caller's request is at fault: the next endpoint would refuse it too."""
        if error.status is None or not error.body:
            return
        refusal = self._bridge(candidate).refusal(error.status, error.body)
        if refusal is not None:
            raise refusal

    def _bridge(self, candidate: Candidate) -> Bridge:
        return self._surface.bridges[candidate.endpoint.provider.dialect]

    def _patience(self, *, is_last: bool) -> float:
        if self.job.call.stream and self._surface.voice.ping:  # a file may have to be made before it comes
            return LAST_FIRST_BYTE_S if is_last else FIRST_BYTE_S
        return LAST_WHOLE_S if is_last else WHOLE_S

    def _note(self, candidate: Candidate, began: float, error: UpstreamError | None) -> None:
        endpoint = candidate.endpoint
        status, reason = (200, None) if error is None else (error.status, error.reason)
        elapsed = int((time.monotonic() - began) * 1000)
        self.job.attempts.append(Attempt(endpoint.id, endpoint.provider.slug, status, reason, elapsed))
        if error is not None and (status == 200 or reason == "timeout"):
            self.job.waste(candidate)

    async def _open(self, candidate: Candidate, patience_s: float) -> Opened:
        provider = candidate.endpoint.provider
        return await self._floor.upstream.open(provider, self._asked(candidate), patience_s)

    def _asked(self, candidate: Candidate) -> Ask:
        """The question in this endpoint's dialect. Raises UpstreamError where it has no words for it."""
        try:
            return self._bridge(candidate).ask(self.job.call, candidate.endpoint, self.job.grant.output)
        except Unsupported as lack:
            raise UpstreamError("unsupported", param=lack.param, message=lack.message) from None

    # 7: relay

    async def _whole(self) -> None:
        await self._attempts(self._ask_whole)

    async def _ask_whole(self, candidate: Candidate, patience_s: float) -> None:
        opened = await self._open(candidate, patience_s)
        self.job.first_token = time.monotonic()
        try:
            data = opened.whole() or await self._read(opened, patience_s)
        finally:
            opened.close()
        read = self._bridge(candidate).answer
        self._answer = read(self.job.call, Reply(data, opened.kind), self.job.plan.answers_as)
        if self._answer is None:
            raise UpstreamError("malformed", status=200)

    async def _read(self, opened: Opened, patience_s: float) -> bytes:
        try:
            with self._floor.watch.within(patience_s):
                return await opened.read(self._floor.watch, IDLE_S)
        except TimeoutError:
            raise UpstreamError("timeout", status=200) from None

    async def _stream(self) -> None:
        """Nothing leaves before the upstream's first byte or 10 s of silence."""
        exchange = self.job.exchange
        self._stay_in_touch()
        try:
            await self._attempts(self._ask_stream)
        finally:
            self._floor.watch.drop(self._silence)
        if self._pump is None:
            raise RuntimeError("an attempt succeeded without a stream")
        if not exchange.started:
            await exchange.start_stream(self.job.headers(), self._pump.stream.kind)
        await self._pump.run(exchange, self._mark)
        if self._pump.failure:
            raise _broken(self._pump, self.job.candidate.endpoint.provider.secret)

    def _stay_in_touch(self) -> None:
        """A ping every 10 s until an endpoint answers, so that nothing in between hangs up."""
        self._silence = self._floor.watch.after(SILENCE_S, lambda: self._floor.spawn(self._ping()))

    async def _ping(self) -> None:
        exchange = self.job.exchange
        ping = self._surface.voice.ping
        if self._pump is None and self._interruptible is not None and ping:
            self._stay_in_touch()
            if not exchange.started:
                await exchange.start_stream([], EVENTS)
            await exchange.send(ping)

    async def _ask_stream(self, candidate: Candidate, patience_s: float) -> None:
        """Up to the first byte a failure means the next candidate; from then on the answer is this one."""
        opened = await self._open(candidate, patience_s)
        begin = self._bridge(candidate).stream
        if begin is None:
            raise RuntimeError("a stream was asked of a bridge that has none")
        stream = begin(self.job.call, self.job.plan.answers_as, opened.kind)
        pump = Pump(self._floor.watch, opened, stream, self._surface.voice.ping)
        try:
            with self._floor.watch.within(patience_s):
                await pump.begin()
        except TimeoutError:
            pump.close()
            raise UpstreamError("timeout", status=200) from None
        except BaseException:
            pump.close()
            raise
        self._pump = pump

    def _mark(self) -> None:
        if self._pump is not None:
            stream = self._pump.stream
            self._floor.spool.mark(self.job.name, self.job.said(stream.said, stream.text_bytes))

    # 8: meter

    def _metered(self) -> ApiError | None:
        """Whatever an upstream reports, it can't keep the call from being settled."""
        try:
            self._meter()
        except Exception:
            log.exception("call %s can't be metered", self.job.name)
            self.job.delivered, self.job.error_code, self.job.http_status = False, "internal_error", 500
            return _internal()
        return None

    def _meter(self) -> None:
        """Usage by the upstream's report, else a labelled estimate of what the caller was given."""
        job = self.job
        if self._answer is not None:
            usage = self._counted(self._answer.usage, self._answer.text)
            if self._drains or not job.exchange.gone:
                job.complete(usage, self._answer.finish_reason)
            else:  # nobody got it, nobody pays for it, but its provider will bill it
                job.waste(job.candidate, usage)
        elif self._pump is not None:
            stream = self._pump.stream
            job.first_token = self._pump.first_token
            job.delivered = stream.complete or (stream.text_bytes > 0 and not self._is_torso)
            if job.delivered:
                job.usage = self._counted(stream.usage, stream.text, stream.text_bytes)
            else:
                job.waste(job.candidate)
            if stream.complete:
                job.complete(job.usage, stream.finish_reason)
        if job.exchange.gone:
            job.status, job.http_status = "cancelled", 499

    def _counted(self, reported: Any, text: bytes, text_bytes: int = 0) -> Usage:
        """The report, or an estimate; of a report that broke off before the output its input counts."""
        usage = self._reported(reported)
        if usage is not None and not usage.estimated:
            return usage
        estimate = self.job.estimate(text, text_bytes)
        return estimate if usage is None else replace(usage, output=estimate.output)

    @property
    def _is_torso(self) -> bool:
        """A provider broke off what isn't paid by the token: nobody can pay for half of it."""
        return self._pump is not None and bool(self._pump.failure) and not self.job.call.produces

    def _reported(self, usage: Any) -> Usage | None:
        """The upstream's report as units; None when it is missing or can't be true."""
        job = self.job
        bounds = Bounds(
            input=2 * (job.call.input_bound + job.plan.model.context_window),
            output=4 * job.grant.output * job.call.copies,
        )
        read = self._bridge(job.candidate).usage(job.call, usage, bounds)
        if read is None and usage is not None:
            log.warning("call %s: the upstream's usage can't be true", job.name)
        return None if read is None else certain(read, job.candidate.price.sale)

    # 9: settle is the worker's; then the terminal part may leave

    async def _finish(self, failure: ApiError | None, charged: int) -> None:
        job, exchange = self.job, self.job.exchange
        if failure is not None:
            failure.headers |= {name.decode(): value.decode() for name, value in job.headers()}
            if exchange.started and self._pump is not None:
                await exchange.fail(self._pump.stream.failed(failure, job.name))
            else:
                await exchange.refuse(failure)
        elif self._answer is not None:
            headers = [*job.headers(), (b"x-cloudapi-cost-uzs", job.cost_text(charged).encode())]
            await exchange.answer(200, self._answer.body(job.usage), headers, self._answer.kind)
        elif self._pump is not None:
            await exchange.end(self._pump.stream.end(job.usage, job.summary(charged)))


def _internal() -> ApiError:
    return ApiError(500, "internal_error", "Something went wrong on our side.")


def unanswered(error: UpstreamError | None) -> ApiError:
    """What the caller hears when no candidate answered."""
    if error is None:
        return ApiError(503, "no_endpoint", "No provider serves this model at the moment.")
    if error.reason == "unsupported":
        return invalid("unsupported_parameter", error.message, error.param)
    if error.reason in ("timeout", "stalled"):
        return ApiError(504, "upstream_timeout", "The model's provider did not answer in time.")
    if error.status in (429, 503, 529):
        retry = error.retry_after if error.retry_after.isdigit() else "5"
        return ApiError(
            503, "upstream_overloaded", "The model's provider is overloaded.", headers={"retry-after": retry}
        )
    return ApiError(502, "upstream_error", f"The model's provider failed ({error.reason}).")


def _broken(pump: Pump, secret: str | None) -> ApiError:
    if pump.failure == "stalled":
        return ApiError(504, "upstream_timeout", "The model's provider stopped sending.")
    words = pump.stream.error
    message = words.get("message") if isinstance(words, dict) else None
    told = f"The model's provider broke off ({pump.failure})."
    if isinstance(message, str):
        told += " " + (message.replace(secret, "***") if secret else message)
    return ApiError(502, "upstream_error", told)
