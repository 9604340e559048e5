"""OpenAI's video object, as both planes show a job. Pure."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

# What OpenAI has no word for; one that never ended well has failed.
_STATUSES: Final = {"creating": "queued", "expired": "failed"}
_WORDS: Final = {
    "expired": "The provider did not say in time how the video ended.",
    "interrupted": "The making of the video was interrupted on our side.",
    "upstream_lost": "The provider does not know of this video any more.",
    "upstream_error": "The provider could not make the video.",
}


def public_id(op: UUID) -> str:
    """How its owner knows a job: by its call."""
    return f"video_{op.hex}"


def shape(  # noqa: PLR0913
    op: UUID,
    *,
    model: str,
    status: str,
    progress: int,
    seconds: int,
    size: str,
    created_at: datetime,
    error_code: str = "",
    completed_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    """The object. The prompt isn't kept, so it isn't told."""
    error = {"code": error_code, "message": _WORDS.get(error_code, "The provider refused or failed.")}
    return {
        "id": public_id(op),
        "object": "video",
        "created_at": int(created_at.timestamp()),
        "completed_at": int(completed_at.timestamp()) if completed_at else None,
        "expires_at": int(expires_at.timestamp()) if expires_at else None,
        "status": _STATUSES.get(status, status),
        "progress": progress,
        "model": model,
        "seconds": str(seconds),
        "size": size,
        "prompt": None,
        "error": error if error_code else None,
        "remixed_from_video_id": None,
    }
