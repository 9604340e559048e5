"""What the gateway takes from the settings, once, at its start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Config:
    database_url: str
    redis_url: str
    spool_dir: Path
    peppers: Mapping[int, bytes]
    hosts: frozenset[str]
    key_rpm: int
    org_rpm: int
    free_quota: int
    drain_s: int
    demo: bool
    video_dir: Path
    video_poll_s: int
    rest_s: float
    idle_s: float
    content_queue: int
    content_part: int
    anonymous: bool = False

    @property
    def pepper(self) -> bytes:
        return self.peppers[max(self.peppers)]


def from_settings(settings: Any) -> Config:
    """Django's settings as the gateway's own; the rest of the gateway never reads them."""
    return Config(
        database_url=settings.GATEWAY_DATABASE_URL,
        redis_url=settings.REDIS_URL,
        spool_dir=Path(settings.SPOOL_DIR),
        peppers=settings.KEY_PEPPERS,
        hosts=frozenset(host.lower() for host in settings.ALLOWED_HOSTS),
        key_rpm=settings.KEY_RPM_MAX,
        org_rpm=settings.ORG_RPM_MAX,
        free_quota=settings.FREE_DAILY_REQUESTS,
        drain_s=settings.DRAIN_S,
        demo=settings.DEMO,
        video_dir=Path(settings.VIDEO_DIR),
        video_poll_s=settings.VIDEO_POLL_S,
        anonymous=settings.ANONYMOUS_DAILY_UZS > 0,
        rest_s=settings.ENDPOINT_REST_S,
        idle_s=settings.UPSTREAM_IDLE_S,
        content_queue=settings.CONTENT_QUEUE_MB * 2**20,
        content_part=settings.CONTENT_PART_KB * 2**10,
    )
