"""What is left of a key's rate windows, read without taking from them: for answers of the control plane."""

import math
import time
from functools import cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from accounts.models import ApiKey
from proxy.limits import WINDOW_S

_TIMEOUT_S = 0.1


@cache
def _redis() -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)


def headers(key: ApiKey, *, unix_time: bool = False) -> dict[str, str]:
    """X-RateLimit headers of the tightest window; a full one while Redis is away.

    The reset is in seconds from now (/v1), or a Unix time (/api, as CloudGPT's clients read it).
    """
    organization = key.project.organization
    ceiling = organization.key_rpm_max or settings.KEY_RPM_MAX
    limits = {
        f"rl:k:{key.pk}": min(key.rpm or ceiling, ceiling),
        f"rl:o:{organization.pk}": organization.rpm_max or settings.ORG_RPM_MAX,
    }
    left, limit, reset = min(_windows(limits))
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(int(time.time()) + reset if unix_time else reset),
    }


def _windows(limits: dict[str, int]) -> list[tuple[int, int, int]]:
    """(remaining, limit, seconds to the reset) of each window."""
    try:
        pipeline = _redis().pipeline(transaction=False)
        for name in limits:
            pipeline.get(name)
            pipeline.pttl(name)
        answers = iter(pipeline.execute())
    except (RedisError, OSError):
        return [(limit, limit, WINDOW_S) for limit in limits.values()]
    rows = []
    for limit in limits.values():
        count, left_ms = int(next(answers) or 0), int(next(answers))
        reset = math.ceil(left_ms / 1000) if left_ms > 0 else WINDOW_S
        rows.append((max(0, limit - count), limit, reset))
    return rows
