"""Jobs as the control plane knows them: found, asked after, ended and removed.

Asked after at most every VIDEO_POLL_S by whoever looks first: the job's owner or the sweeper. What ends a job
is one SQL function (proxy/sql/videos.sql), so any number may find out at the same time.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.utils import timezone

from proxy.dialects import video
from proxy.models import VideoJob
from proxy.video import fetch, films
from proxy.video.ending import Ending, Open, settling
from proxy.video.shape import shape
from routing.credentials import unseal
from routing.snaps import ProviderSnap
from routing.snapshot import load_provider_sync

log = logging.getLogger(__name__)

ASK_S: Final = 10.0
AT_ONCE: Final = 8
BATCH: Final = 40
MISSES_MAX: Final = 3
_OPEN: Final = Q(settled_at=None)
# Between the admission and a provider's yes, and while a provider's answer is the film itself, only the
# worker that serves the call knows more.
_IN_HAND: Final = Q(upstream_id="")
_WITHOUT_WORKER: Final = """
    NOT EXISTS (SELECT FROM worker w WHERE w.epoch = proxy_video.epoch AND w.fenced_at IS NULL)
"""


def find(text: str, organization: int) -> VideoJob | None:
    """The organization's own job of this id; a foreign, unknown, deleted and malformed id are all None."""
    try:
        wanted = UUID(hex=text.removeprefix("video_"))
    except ValueError:
        return None
    jobs = VideoJob.objects.filter(op_id=wanted, org_id=organization)
    return jobs.exclude(status=VideoJob.Status.DELETED).first() if text.startswith("video_") else None


def page(organization: int, *, order: str, after: VideoJob | None, limit: int) -> list[VideoJob]:
    """The organization's jobs in this order, from behind `after` on."""
    newest_first = order == "desc"
    found = VideoJob.objects.filter(org_id=organization).exclude(status=VideoJob.Status.DELETED)
    if after is not None:
        found = found.filter(pk__lt=after.pk) if newest_first else found.filter(pk__gt=after.pk)
    return list(found.order_by("-pk" if newest_first else "pk")[:limit])


def shown(job: VideoJob) -> dict[str, Any]:
    """The job as OpenAI's video object."""
    done = job.status == VideoJob.Status.COMPLETED
    return shape(
        job.op_id,
        model=job.model,
        status=job.status,
        progress=job.progress,
        seconds=job.seconds,
        size=job.size,
        created_at=job.created_at,
        error_code=job.error_code,
        completed_at=job.settled_at if done else None,
        expires_at=job.expires_at if done else None,
    )


def refresh(job: VideoJob) -> VideoJob:
    """The job as it is now: its provider is asked, unless somebody did so a moment ago."""
    if job.settled_at is None and job.upstream_id and _leased([job.pk]):
        _learn(job, _told(job, provider_of(job)))
        job.refresh_from_db()
    return job


def remove(job: VideoJob) -> None:
    """The owner wants it no more. One that is finished meanwhile is charged first: it was made as asked."""
    if job.settled_at is None and job.upstream_id:
        _learn(job, _told(job, provider_of(job)))
        job.refresh_from_db()
    if job.settled_at is None:
        end(job, Ending(status="deleted", error_code="deleted", billed=True, kept_s=0))
    deleted = VideoJob.Status.DELETED
    VideoJob.objects.filter(pk=job.pk).update(status=deleted, updated_at=timezone.now())
    films.drop(Path(settings.VIDEO_DIR), job.op_id)
    provider = provider_of(job) if job.upstream_id else None
    if provider is not None:
        fetch.ask(provider, video.remove(job.upstream_id), ASK_S)


def end(job: VideoJob, ending: Ending) -> bool:
    """Ends the job and its hold in one commit; False if that was done before."""
    age = timezone.now() - job.created_at
    item = settling(
        Open(job.seconds, job.row, job.tariff), ending, max(0, int(age / timedelta(milliseconds=1)))
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT end_videos(%s::json)::text", [orjson.dumps([item]).decode()])
        [answer] = orjson.loads(cursor.fetchone()[0])
    return answer is not None and "was" not in answer


def poll_due() -> int:
    """Asks after the jobs that nobody asked after lately; how many there were."""
    due = timezone.now() - timedelta(seconds=settings.VIDEO_POLL_S)
    waiting = VideoJob.objects.filter(_OPEN, Q(polled_at=None) | Q(polled_at__lte=due)).exclude(
        upstream_id=""
    )
    leased = _leased(
        waiting.order_by(F("polled_at").asc(nulls_first=True)).values_list("pk", flat=True)[:BATCH]
    )
    jobs = list(VideoJob.objects.filter(pk__in=leased))
    loaded = {pk: _loaded(pk) for pk in {job.provider_id for job in jobs}}
    providers = {job.pk: _using(loaded[job.provider_id], job) for job in jobs}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(lambda job: _told(job, providers[job.pk]), jobs))
    for job, answer in zip(jobs, told, strict=True):
        with _apart_from_others(job):
            _learn(job, answer)
    return len(jobs)


def give_up() -> int:
    """Ends the jobs that nobody can tell the end of; how many. What their providers bill is our loss."""
    late = VideoJob.objects.filter(_OPEN, expires_at__lte=timezone.now())
    orphaned = VideoJob.objects.filter(_OPEN, _IN_HAND).extra(where=[_WITHOUT_WORKER])
    given_up = 0
    for code, found in (("expired", late), ("interrupted", orphaned)):
        for job in found[:BATCH]:
            with _apart_from_others(job):
                given_up += end(job, Ending(status="expired", error_code=code, billed=True, kept_s=0))
    return given_up


@contextmanager
def _apart_from_others(job: VideoJob) -> Iterator[None]:
    """One job that the database refuses, or that makes no sense, must not keep all others' money."""
    try:
        yield
    except (DatabaseError, LookupError, TypeError, ValueError):
        log.exception("video %s can't be looked after", job.op_id)


def _leased(jobs: Iterable[int]) -> list[int]:
    """Those of these that are ours to ask after now: nobody else does it for VIDEO_POLL_S."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE proxy_video SET polled_at = clock_timestamp() WHERE id IN (
                   SELECT id FROM proxy_video WHERE id = ANY (%s) AND settled_at IS NULL
                      AND (polled_at IS NULL OR polled_at <= clock_timestamp() - %s * interval '1 second')
                    ORDER BY id FOR UPDATE SKIP LOCKED)
               RETURNING id""",
            [list(jobs), settings.VIDEO_POLL_S],
        )
        return [pk for (pk,) in cursor.fetchall()]


def provider_of(job: VideoJob) -> ProviderSnap | None:
    """Who makes it, with the credential that took the job; None where nobody does any more."""
    return _using(_loaded(job.provider_id), job)


def _loaded(provider: int | None) -> ProviderSnap | None:
    connection.ensure_connection()
    return load_provider_sync(connection.connection, provider or 0, os.environ, unseal)


def _using(provider: ProviderSnap | None, job: VideoJob) -> ProviderSnap | None:
    attempts = job.row.get("attempts") or [{}]
    return None if provider is None else provider.using(attempts[-1].get("credential", 0))


def _told(job: VideoJob, provider: ProviderSnap | None) -> fetch.Told:
    """What the provider says; touches no database, so that many can be asked at once."""
    if provider is None:
        return fetch.Told(0)
    return fetch.ask(provider, video.look(job.upstream_id), ASK_S)


def _learn(job: VideoJob, told: fetch.Told) -> None:
    """Writes down what was heard of the job, and ends it if it is over."""
    if told.status == 404:
        _miss(job)
        return
    film = video.read(told.data) if told.status == 200 else None
    if film is None:  # can't be told now; the deadline is in give_up()
        return
    if film.status == "completed":
        end(job, Ending(status="completed", seconds=film.seconds))
    elif film.status == "failed":
        end(job, Ending(status="failed", error_code=film.error_code or "upstream_error"))
    else:
        VideoJob.objects.filter(_OPEN, pk=job.pk).update(
            status=film.status, progress=max(job.progress, film.progress), misses=0, updated_at=timezone.now()
        )


def _miss(job: VideoJob) -> None:
    """The provider doesn't know the job. Once may be a server of theirs that hasn't heard of it yet."""
    VideoJob.objects.filter(_OPEN, pk=job.pk).update(misses=F("misses") + 1)
    if VideoJob.objects.filter(_OPEN, pk=job.pk, misses__gte=MISSES_MAX).exists():
        end(job, Ending(status="failed", error_code="upstream_lost", billed=True))
