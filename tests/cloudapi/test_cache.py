"""Pages work while Redis is away."""

from pathlib import Path

from redis.backoff import NoBackoff
from redis.retry import Retry

from cloudapi.cache import ForgetfulCache


def test_a_cache_that_is_away_has_forgotten_everything(tmp_path: Path) -> None:
    options = {"OPTIONS": {"retry": Retry(NoBackoff(), 0)}}
    cache = ForgetfulCache(f"unix://{tmp_path}/none.sock?db=0", options)
    cache.set("a", 1)
    assert cache.get("a", "nothing") == "nothing"
    assert cache.add("a", 1) is True
    assert cache.has_key("a") is False
    assert cache.delete("a") is False
