"""The cache of the pages: Redis, or nothing while it is away. It holds only what may be lost at any time."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


def _or[**P, T](method: Callable[P, T], away: T) -> Callable[P, T]:
    """The method, answering `away` when Redis doesn't."""

    @wraps(method)
    def answered(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except RedisError:
            return away

    return answered


class ForgetfulCache(RedisCache):
    """Sessions then come from the database; sign-in limits start anew."""

    add = _or(RedisCache.add, away=True)
    set = _or(RedisCache.set, away=None)
    touch = _or(RedisCache.touch, away=False)
    delete = _or(RedisCache.delete, away=False)
    has_key = _or(RedisCache.has_key, away=False)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The stored value, or the default if there is none or Redis is away."""
        try:
            return super().get(key, default, version)
        except RedisError:
            return default
