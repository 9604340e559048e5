"""Videos after their creation: how far they are, the film itself, and their end (`/v1/videos/…`)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Router

from proxy.dialects import video
from proxy.errors import ApiError, invalid, unavailable
from proxy.models import VideoJob
from proxy.reads import KeyAuth, answer, key_of, private
from proxy.shapes import Envelope, Video, VideoDeleted, VideoList
from proxy.video import fetch, films, jobs

LIMIT_MAX: Final = 100
PIECE: Final = 256 * 1024
FETCH_S: Final = 60.0

router = Router(tags=["Videos"], auth=KeyAuth(required=True))


class Source(Protocol):
    """A film that is read bit by bit."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""

    def close(self) -> None:
        """Nobody reads on."""


@router.get("", response={200: VideoList, 400: Envelope, 401: Envelope}, summary="List videos")
def list_videos(request: HttpRequest, limit: int = 20, after: str = "", order: str = "desc") -> HttpResponse:
    """The organization's videos, newest first unless `order` is `asc`."""
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid("invalid_value", f"'limit' must be from 1 to {LIMIT_MAX}.", "limit")
    if order not in ("asc", "desc"):
        raise invalid("invalid_value", "'order' must be asc or desc.", "order")
    found = jobs.page(_organization(request), order=order, after=_place(request, after), limit=limit + 1)
    data = [jobs.shown(job) for job in found[:limit]]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return answer(request, {"object": "list", "data": data, "has_more": len(found) > limit} | ends)


@router.get("/{video_id}", response={200: Video, 401: Envelope, 404: Envelope}, summary="Read a video")
def retrieve_video(request: HttpRequest, video_id: str) -> HttpResponse:
    """How far it is. The provider is asked at most every few seconds, however often this is."""
    job = jobs.refresh(_own(request, video_id))
    response = answer(request, jobs.shown(job))
    if job.settled_at is None:
        response["openai-poll-after-ms"] = str(max(1, settings.VIDEO_POLL_S) * 1000)
    return response


@router.delete(
    "/{video_id}", response={200: VideoDeleted, 401: Envelope, 404: Envelope}, summary="Delete a video"
)
def delete_video(request: HttpRequest, video_id: str) -> HttpResponse:
    """Removes the video; one that isn't finished is stopped and costs nothing."""
    job = _own(request, video_id)
    jobs.remove(job)
    return answer(request, {"id": job.public_id, "object": "video.deleted", "deleted": True})


@router.get(
    "/{video_id}/content",
    response={200: None, 400: Envelope, 401: Envelope, 404: Envelope},
    summary="Download a video",
)
def video_content(request: HttpRequest, video_id: str, variant: str = "video") -> StreamingHttpResponse:
    """The MP4 of a finished video, for a day."""
    if variant != "video":
        raise invalid("unsupported_parameter", "'variant' can only be 'video'.", "variant")
    job = jobs.refresh(_own(request, video_id))
    if job.settled_at is None:
        raise invalid("video_not_ready", "The video isn't ready yet; ask for its status first.")
    if job.status != VideoJob.Status.COMPLETED:
        raise ApiError(404, "video_failed", "This video was never made; its status tells why.")
    source, length = _film(job)
    response = StreamingHttpResponse(_pieces(request, source), content_type=video.MP4.decode())
    if length is not None:
        response["Content-Length"] = str(length)
    response["Content-Disposition"] = f'inline; filename="{job.public_id}.mp4"'
    response["X-Content-Type-Options"] = "nosniff"
    return private(request, response)


def _organization(request: HttpRequest) -> int:
    key = key_of(request)
    if key is None:
        raise RuntimeError("a view of keys was reached without one")
    return key.project.organization_id


def _own(request: HttpRequest, video_id: str) -> VideoJob:
    """Raises ApiError 404, for somebody else's too."""
    job = jobs.find(video_id, _organization(request))
    if job is None:
        raise ApiError(404, "not_found", "There is no such video.")
    return job


def _place(request: HttpRequest, after: str) -> VideoJob | None:
    job = jobs.find(after, _organization(request)) if after else None
    if after and job is None:
        raise invalid("invalid_value", "'after' is not in the list.", "after")
    return job


def _film(job: VideoJob) -> tuple[Source, int | None]:
    """The film and its length in bytes, from its provider or from where ours are kept. Raises ApiError."""
    if not job.upstream_id:
        return _kept(films.path(Path(settings.VIDEO_DIR), job.op_id))
    provider = jobs.provider_of(job)
    if provider is None:
        raise _expired()
    try:
        source = fetch.Download(provider, video.content(job.upstream_id), FETCH_S)
    except fetch.FAILURES:
        raise unavailable("upstream_error", "The video's provider can't be reached.") from None
    if source.status == 200 and source.is_film:
        return source, source.length
    source.close()
    if source.status in (404, 410):
        raise _expired()
    raise ApiError(502, "upstream_error", "The video's provider doesn't hand it out.")


def _kept(path: Path) -> tuple[Source, int | None]:
    try:
        file = path.open("rb")
    except OSError:
        raise _expired() from None
    return file, path.stat().st_size


def _expired() -> ApiError:
    return ApiError(404, "video_expired", "The video isn't kept any more.")


def _pieces(request: HttpRequest, source: Source) -> Iterator[bytes] | AsyncIterator[bytes]:
    """As the server wants it: on an event loop nothing may block."""
    return _apart(source) if isinstance(request, ASGIRequest) else _straight(source)


def _straight(source: Source) -> Iterator[bytes]:
    try:
        while data := source.read(PIECE):
            yield data
    finally:
        source.close()


async def _apart(source: Source) -> AsyncIterator[bytes]:
    try:
        while data := await asyncio.to_thread(source.read, PIECE):
            yield data
    finally:
        source.close()
