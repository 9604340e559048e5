"""Steps 6–9 of an admitted call: call upstream, relay, meter, settle.

Runs in a task that the worker owns. A client that leaves, a cancelled task or an exception on any line ends
in exactly one settle or release, and nothing terminal leaves before that is committed.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, ClassVar, Final, Protocol

from proxy.attempts import Attempts
from proxy.bridge import EVENTS, Answer, Ask, Reply, Stream, Unsupported
from proxy.dialects.continued import gone_on
from proxy.dialects.spoken import Spoken
from proxy.dialects.tape import Tape
from proxy.errors import ApiError
from proxy.failpoint import failpoint
from proxy.job import Job
from proxy.keyring import Keyring
from proxy.meter import Usage
from proxy.plan import Candidate
from proxy.pump import SILENCE_S, Pump, broken
from proxy.reported import counted, reported
from proxy.rescue import handed_over, is_wished
from proxy.spool import Spool
from proxy.surfaces import SURFACES
from proxy.upstream import Opened, Upstream, UpstreamError
from proxy.vitals import Vitals
from proxy.watch import Watch

log = logging.getLogger(__name__)

TOTAL_S: Final = 900.0
# A stream of fewer output tokens says nothing about their rate.
RATE_TOKENS: Final = 16


class Floor(Protocol):
    """What serving needs of the worker. idle_s: how long an upstream may be silent within an answer."""

    upstream: Upstream
    vitals: Vitals
    keyring: Keyring
    spool: Spool
    watch: Watch
    idle_s: float

    def failed_over(self, candidate: Candidate) -> Candidate:
        """The candidate as it is asked after another one has failed: never at a higher price."""

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
        self._attempts = Attempts(job, self._surface, floor)
        self._interruptible: asyncio.Task[Any] | None = None
        self._pump: Pump | None = None
        self._answer: Answer | None = None
        self._waits = False  # nobody answers yet, or goes on yet
        self._blamed = False  # health knows already that the answer broke off

    async def run(self) -> None:
        """Whatever happens on the way, the hold is closed once."""
        # A client may have left before this task had its first turn.
        wanted = self._drains or not self.job.exchange.gone
        failure = await self._guarded() if wanted else None
        failure = self._metered() or failure
        self._report()
        try:
            charged = await self._floor.settle(self.job)
        except ApiError as refusal:
            charged, failure = 0, refusal
        except Exception:
            log.exception("call %s can't be settled; its hold runs out", self.job.name)
            charged, failure = 0, _internal()
        failpoint("after_commit")
        try:
            await self._finish(failure, charged)
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

    # 6: call upstream; see attempts.py

    async def _open(self, candidate: Candidate, patience_s: float) -> Opened:
        provider, ask = candidate.endpoint.provider, self._asked(candidate)
        if self.job.attempts:
            self._tell_spool()
        return await self._floor.upstream.open(provider, ask, patience_s)

    def _tell_spool(self) -> None:
        """Who may bill us from now on, and what is owed to those before; of the first one it knows."""
        job = self.job
        if not self.spooled:
            return
        try:
            self._floor.spool.again(job.name, job.trace())
        except OSError as error:
            log.error("spool: %s", error)

    def _asked(self, candidate: Candidate) -> Ask:
        """The question in this endpoint's dialect. Raises UpstreamError where it has no words for it."""
        try:
            bound = self.job.room if self.job.broken is not None else self.job.grant.output
            return self._attempts.bridge(candidate).ask(self.job.question, candidate.endpoint, bound)
        except Unsupported as lack:
            raise UpstreamError("unsupported", param=lack.param, message=lack.message) from None

    # 7: relay

    async def _whole(self) -> None:
        await self._attempts.first_answer(self._ask_whole)

    async def _ask_whole(self, candidate: Candidate, patience_s: float) -> None:
        opened = await self._open(candidate, patience_s)
        self.job.first_token = time.monotonic()
        try:
            data = opened.whole() or await self._read(opened, patience_s)
        finally:
            opened.close()
        read = self._attempts.bridge(candidate).answer
        self._answer = read(self.job.call, Reply(data, opened.kind), candidate.route.answers_as)
        if self._answer is None:
            raise UpstreamError("malformed", status=200)

    async def _read(self, opened: Opened, patience_s: float) -> bytes:
        try:
            with self._floor.watch.within(patience_s):
                return await opened.read(self._floor.watch, self._floor.idle_s)
        except TimeoutError:
            raise UpstreamError("timeout", status=200) from None

    async def _stream(self) -> None:
        """Nothing leaves before the upstream's first byte or 10 s of silence."""
        exchange = self.job.exchange
        self._stay_in_touch()
        try:
            await self._attempts.first_answer(self._ask_stream)
        finally:
            self._keep_silent()
        if self._pump is None:
            raise RuntimeError("an attempt succeeded without a stream")
        if not exchange.started:
            await exchange.start_stream(self.job.headers(), self._pump.stream.kind)
        await self._pump.run(exchange)
        if self._pump.failure and is_wished(self.job):
            await self._rescue(self._pump)
        if self._pump.failure:
            raise broken(self._pump, self.job.candidate.endpoint.provider.secret)

    async def _rescue(self, first: Pump) -> None:
        """Another endpoint goes on where the stream broke off, if one can; else all is as it was."""
        job, stream = self.job, first.stream
        report = self._reported(stream.usage)
        usage = counted(job, report, stream.text, stream.text_bytes)
        part = handed_over(job, first, usage, counted=report is not None)
        if part is None:
            return
        first.close()
        job.first_token = first.first_token
        job.note_part(first.failure, usage)
        self._blame(first.failure)
        job.broken = part
        self._stay_in_touch()
        try:
            await self._attempts.go_on(self._ask_stream, first.failure)
        finally:
            self._keep_silent()
            if self._pump is first:
                job.broken = None
        if job.broken is not None and self._pump is not None:
            await self._pump.run(job.exchange)

    def _stay_in_touch(self) -> None:
        """A ping every 10 s until an endpoint answers, so that nothing in between hangs up."""
        self._waits = True
        self._silence = self._floor.watch.after(SILENCE_S, lambda: self._floor.spawn(self._ping()))

    def _keep_silent(self) -> None:
        self._waits = False
        self._floor.watch.drop(self._silence)

    async def _ping(self) -> None:
        exchange = self.job.exchange
        ping = self._surface.voice.ping
        if self._waits and self._interruptible is not None and ping:
            self._stay_in_touch()
            if not exchange.started:
                await exchange.start_stream([], EVENTS)
            await exchange.send(ping)

    async def _ask_stream(self, candidate: Candidate, patience_s: float) -> None:
        """Up to the first byte a failure means the next candidate; from then on the answer is this one."""
        opened = await self._open(candidate, patience_s)
        stream = self._stream_of(candidate, opened)
        note = self._floor.spool.counter(self.job.name)
        floor = self._floor
        pump = Pump(floor.watch, opened, stream, self._surface.voice.ping, floor.idle_s, note)
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

    def _stream_of(self, candidate: Candidate, opened: Opened) -> Stream:
        job = self.job
        if job.broken is not None and self._pump is not None:
            return gone_on(job.call, self._pump.stream, candidate.endpoint.provider, job.broken.told)
        begin = self._attempts.bridge(candidate).stream
        if begin is None:
            raise RuntimeError("a stream was asked of a bridge that has none")
        stream = begin(job.call, candidate.route.answers_as, opened.kind)
        if isinstance(stream, Spoken) and is_wished(job):
            stream.tape = Tape()
        return stream

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
            job.first_token = job.first_token or self._pump.first_token
            heard = stream.text_bytes > 0 or (job.broken is not None and job.broken.heard)
            job.delivered = stream.complete or (heard and not self._is_torso)
            if job.delivered:
                own = self._counted(stream.usage, stream.text, stream.text_bytes)
                if job.broken is not None:
                    job.note_part(self._pump.failure, own)
                job.usage = job.joined(own)
            else:
                job.waste(job.candidate)
            if stream.complete:
                job.complete(job.usage, stream.finish_reason)
        if job.exchange.gone:
            job.status, job.http_status = "cancelled", 499

    def _counted(self, report: Any, text: bytes, text_bytes: int = 0) -> Usage:
        return counted(self.job, self._reported(report), text, text_bytes)

    def _reported(self, report: Any) -> Usage | None:
        return reported(self.job, self._attempts.bridge(self.job.candidate), report)

    @property
    def _is_torso(self) -> bool:
        """A provider broke off what isn't paid by the token: nobody can pay for half of it."""
        return self._pump is not None and bool(self._pump.failure) and not self.job.call.produces

    def _report(self) -> None:
        """How the endpoint that answered has done; one that never answered has been noted at its attempt."""
        job, pump = self.job, self._pump
        if (pump is None and self._answer is None) or (self._blamed and job.broken is None):
            return
        if pump is not None and pump.failure and not job.exchange.gone:
            self._blame(pump.failure)
            return
        vitals, endpoint = self._floor.vitals, job.candidate.endpoint.id
        vitals.left(endpoint)
        if job.plan.prefix:
            vitals.has_read(job.plan.prefix, endpoint)
        first = job.first_token if pump is None else pump.first_token
        ttft_ms = None if first is None else (first - self._attempts.began) * 1000
        vitals.succeeded(endpoint, ttft_ms if job.call.stream else None, self._token_rate(first))

    def _blame(self, failure: str) -> None:
        """The endpoint that serves has broken off."""
        self._blamed = True
        endpoint = self.job.candidate.endpoint.id
        self._floor.vitals.left(endpoint)
        self._floor.vitals.failed(endpoint, failure, None)

    def _token_rate(self, first: float | None) -> float | None:
        """Output tokens a second of a finished stream; a short one tells nothing."""
        output = (self.job.billed or self.job.usage).output
        if self._pump is None or first is None or output < RATE_TOKENS or self.job.status != "ok":
            return None
        return output / max(time.monotonic() - first, 0.001)

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
