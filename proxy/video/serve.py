"""Steps 6–9 of a video: the call's answer leaves long before its work is done.

What differs from proxy/serve.py: the hold belongs to a job (books.py). It doesn't end when its caller leaves,
and whoever learns how it went may end it: this worker, or later the control plane (jobs.py). A provider that
answers with the film itself, instead of an id to ask for, is waited for here.
"""

import asyncio
import logging
from contextlib import suppress
from typing import ClassVar, Final, Protocol

import orjson

from proxy.attempts import LAST_WHOLE_S, unanswered
from proxy.bridge import JSON, Ask
from proxy.config import Config
from proxy.dialects import video
from proxy.dialects.mp4 import is_mp4, seconds_of
from proxy.dialects.video import Film
from proxy.errors import ApiError, unavailable
from proxy.failpoint import failpoint
from proxy.job import Job
from proxy.lane import Result
from proxy.plan import Candidate
from proxy.serve import TOTAL_S, Floor, Serving
from proxy.upstream import UpstreamError
from proxy.video import films
from proxy.video.books import VideoBooks, charging
from proxy.video.ending import Ending, Open, settling
from proxy.video.shape import public_id, shape
from routing.snaps import ProviderSnap

log = logging.getLogger(__name__)

JOB_S: Final = 2 * 3600  # then nobody waits for a provider any more
SHOOTING_S: Final = int(TOTAL_S) + 60  # a film that comes as the answer itself
ASK_S: Final = 10.0
MISSES_MAX: Final = 3
# Dialects whose providers answer with the film.
DIRECT: Final = frozenset({"pollinations"})


class Studio(Floor, Protocol):
    """What the making of a video needs of the worker."""

    videos: VideoBooks
    config: Config


class VideoServing(Serving):
    """One admitted video on its way to a job, and for `/api/video` to its film."""

    spooled: ClassVar[bool] = False

    def __init__(self, studio: Studio, job: Job) -> None:
        super().__init__(studio, job)
        self._studio = studio
        self._film: Film | None = None  # what the provider said last
        self._shot: Ask | None = None  # asks for the film itself
        self._started = self._over = self._told = False
        self._misses = 0
        self._charged: int | None = None

    @property
    def _drains(self) -> bool:
        """Whoever leaves finds the film later."""
        return True

    async def run(self) -> None:
        failure = await self._guarded()
        try:
            if failure is not None and not self._over and (self._shot is not None or not self._started):
                await self._failed(failure.code)
        except ApiError:
            log.warning("video %s: the ledger is away", self.job.name)
        except Exception:
            log.exception("video %s can't be ended; the sweeper will", self.job.name)
        with suppress(OSError):
            if failure is not None and not self._told:
                rows = [*self.job.headers(), *self._own_header()]
                failure.headers |= {name.decode(): value.decode() for name, value in rows}
                await self.job.exchange.refuse(failure)

    async def _whole(self) -> None:
        await self._attempts.first_answer(self._ask_whole)
        endpoint = self.job.candidate.endpoint.id
        self._floor.vitals.left(endpoint)
        self._floor.vitals.succeeded(endpoint, None, None)
        failpoint("after_create")
        await self._start()
        failpoint("after_start")
        waits = self.job.call.kind == "api_video"
        if not waits:
            await self._tell()
        if self._shot is not None:
            await self._shoot(self._shot)
        elif waits:
            await self._wait()

    # 6: a provider takes the job

    async def _ask_whole(self, candidate: Candidate, patience_s: float) -> None:
        """Creates the job; with a provider that answers with the film there is nothing to create."""
        if candidate.endpoint.provider.dialect in DIRECT:
            self._attempts.unasked = True
            self._shot = self._asked(candidate)
            self._film = Film("", "in_progress")
            return
        await super()._ask_whole(candidate, patience_s)
        if self._answer is not None:
            self._film = self._answer.usage

    async def _start(self) -> None:
        """The job is known under the provider's id from here on. Raises ApiError 503."""
        job, film = self.job, self._film or Film("", "queued")
        columns = {
            "status": "queued" if film.status == "queued" else "in_progress",
            "progress": 0 if film.over else film.progress,
            "provider_id": job.candidate.endpoint.provider.id,
            "upstream_id": film.id,
            "size": film.size or job.call.body.get("size") or job.route.model.default_size,
            **charging(job),
        }
        ttl_s = SHOOTING_S if self._shot is not None else JOB_S
        item = {"id": job.name, "ttl_s": ttl_s, "video": columns}
        try:
            self._started = await self._studio.videos.start(job.caller.organization, item)
            if not self._started:
                raise unavailable("interrupted", "The video was given up; try again.")
        except BaseException:
            if film.id:
                job.waste(job.candidate)
                self._floor.spawn(self._abandon(film.id))
            raise

    async def _abandon(self, upstream_id: str) -> None:
        """Nobody will ask for it: its provider may stop, if it is able to."""
        with suppress(UpstreamError):
            opened = await self._floor.upstream.open(self._provider, video.remove(upstream_id), ASK_S)
            opened.close()

    @property
    def _provider(self) -> ProviderSnap:
        return self.job.candidate.endpoint.provider

    # 7: the film itself

    async def _shoot(self, ask: Ask) -> None:
        """The provider's answer is the film. Raises ApiError 502 or 504 when it isn't."""
        try:
            data = await self._fetched(ask, LAST_WHOLE_S)
            self._attempts.learnt(None)
        except UpstreamError as error:
            self._attempts.learnt(error)
            if error.status == 200 or error.reason in ("timeout", "stalled"):
                self.job.waste(self.job.candidate)
            raise unanswered(error) from None
        folder = self._studio.config.video_dir
        try:
            await asyncio.to_thread(films.keep, folder, self.job.id, data)
        except OSError:
            log.exception("video %s can't be kept", self.job.name)
            self.job.waste(self.job.candidate)
            raise unavailable("storage_unavailable", "The video can't be kept at the moment.") from None
        if await self._completed(seconds_of(data)):
            await self._deliver(data)
        else:
            films.drop(folder, self.job.id)
            raise _gone()

    async def _wait(self) -> None:
        """Asks until the film is there, and hands it over; a caller who has left finds it under its id."""
        while not self._film_is_over():
            if self.job.exchange.gone:
                return
            await asyncio.sleep(self._studio.config.video_poll_s)
            await self._look()
        if self._film is None or self._film.status == "failed":
            code = self._film.error_code if self._film else ""
            await self._failed(code, billed=code == "upstream_lost")
            raise ApiError(502, "upstream_error", "The model's provider could not make the video.")
        try:
            data = await self._fetched(video.content(self._film.id), LAST_WHOLE_S)
        except UpstreamError as error:
            await self._failed("upstream_error", billed=True)
            raise unanswered(error) from None
        if not await self._completed(self._film.seconds):
            raise _gone()
        await self._deliver(data)

    def _film_is_over(self) -> bool:
        return self._film is not None and self._film.over

    async def _look(self) -> None:
        """What can't be told now may be told the next time, unless the provider has forgotten the job."""
        film = self._film or Film("", "queued")
        try:
            opened = await self._floor.upstream.open(self._provider, video.look(film.id), ASK_S)
            try:
                self._film = (
                    video.read(opened.whole() or await opened.read(self._floor.watch, self._floor.idle_s))
                    or film
                )
            finally:
                opened.close()
            self._misses = 0
        except UpstreamError as error:
            self._misses += error.status == 404
            if self._misses >= MISSES_MAX:
                self._film = Film(film.id, "failed", error_code="upstream_lost")

    async def _fetched(self, ask: Ask, patience_s: float) -> bytes:
        """The MP4 of a provider's answer. Raises UpstreamError."""
        opened = await self._floor.upstream.open(self._provider, ask, patience_s)
        try:
            data = opened.whole() or await opened.read(self._floor.watch, self._floor.idle_s)
        finally:
            opened.close()
        if not is_mp4(data):
            raise UpstreamError("malformed", status=200)
        return data

    # 8 and 9: the job ends, once, whoever comes first

    async def _completed(self, seconds: int | None) -> bool:
        """Charged before the film leaves; False: the job was given up before. Raises ApiError 503."""
        answer = await self._end(Ending(status="completed", seconds=seconds))
        return bool(answer.get("was", "completed") == "completed")

    async def _failed(self, code: str, *, billed: bool = False) -> None:
        self.job.error_code = code or "upstream_error"
        await self._end(Ending(status="failed", error_code=self.job.error_code, billed=billed))

    async def _end(self, ending: Ending) -> Result:
        self._over = True
        job = self.job
        known = Open(job.call.units["second"], **charging(job))
        answer = await self._studio.videos.end(
            job.caller.organization, settling(known, ending, job.elapsed_ms())
        )
        failpoint("after_end")
        self._charged = answer.get("charged")
        return answer

    # what the caller hears

    async def _tell(self) -> None:
        """The video object, at once."""
        job, film = self.job, self._film or Film("", "queued")
        told = shape(
            job.id,
            model=orjson.loads(job.route.answers_as),
            status="in_progress" if film.over else film.status,
            progress=0 if film.over else film.progress,
            seconds=job.call.units["second"],
            size=film.size or job.call.body.get("size") or job.route.model.default_size,
            created_at=job.at,
        )
        self._told = True
        with suppress(OSError):
            await job.exchange.answer(200, orjson.dumps(told), job.headers(), JSON)

    async def _deliver(self, data: bytes) -> None:
        """The film, to who waits for it."""
        job = self.job
        if self._told:
            return
        self._told = True
        headers = [*job.headers(), *self._own_header()]
        if self._charged is not None:
            charged = 0 if job.caller.anonymous else self._charged
            headers.append((b"x-cloudapi-cost-uzs", job.cost_text(charged).encode()))
        with suppress(OSError):
            await job.exchange.answer(200, data, headers, video.MP4)

    def _own_header(self) -> list[tuple[bytes, bytes]]:
        """Where the film will be found, for who can't wait for it."""
        return [(b"x-cloudapi-video-id", public_id(self.job.id).encode())] if self._started else []


def _gone() -> ApiError:
    return ApiError(410, "video_gone", "The video was deleted or given up meanwhile.")
