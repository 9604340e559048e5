"""How busy our sites are, by the words of their own inference servers: the job that puts it into Redis.

Gateways read it there with their beat (proxy/vitals.py). Of a site that doesn't tell, nothing is kept: it is
neither full nor closed for that.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from proxy.checkup import redis
from routing.energy.http import Client
from routing.energy.load import LOAD_KEY, Load, parse, wait_ms
from routing.energy.models import DataCentre
from routing.errors import FeedError

log = logging.getLogger(__name__)

# Site → "ms of the clock, waiting, running, done" of the last reading.
LAST_KEY: Final = "energy:load:last"
WHOLE_S: Final = 4.0
_AT_ONCE: Final = 16


def read_loads() -> int:
    """Asks every site in use that has a `metrics_url`, all at once; how many have told. Raises RedisError."""
    rows = DataCentre.objects.filter(provider__active=True, provider__paused_at=None).exclude(metrics_url="")
    sites = dict(rows.values_list("provider_id", "metrics_url"))
    if not sites:
        return 0
    with ThreadPoolExecutor(min(len(sites), _AT_ONCE)) as pool:
        found = dict(zip(sites, pool.map(_load, sites.values()), strict=True))
    told = {site: load for site, load in found.items() if load is not None}
    if told:
        _keep(told)
    return len(told)


def _load(url: str) -> Load | None:
    try:
        text = Client(whole_s=WHOLE_S).get(url).decode("utf-8", "replace")
    except FeedError as error:
        log.info("load: %s", error)
        return None
    return parse(text)


def _keep(loads: dict[int, Load]) -> None:
    """Waits by the readings before, then those in their place."""
    client = redis()
    seconds, micros = client.time()
    now = int(seconds) * 1000 + int(micros) // 1000
    before = dict(zip(loads, client.hmget(LAST_KEY, [str(site) for site in loads]), strict=True))
    waits: dict[Any, Any] = {}
    last: dict[Any, Any] = {}
    for site, load in loads.items():
        at, earlier = _reading(before[site])
        waits[str(site)] = f"{now} {wait_ms(load, earlier, (now - at) / 1000)}"
        last[str(site)] = f"{now} {load.waiting} {load.running} {load.done}"
    pipeline = client.pipeline()
    pipeline.hset(LOAD_KEY, mapping=waits)
    pipeline.hset(LAST_KEY, mapping=last)
    pipeline.execute()


def _reading(kept: bytes | str | None) -> tuple[int, Load | None]:
    """(ms of the clock, load) of the reading before; nothing where there is none, or no sense in it."""
    words = kept.split() if isinstance(kept, str) else []
    if len(words) != 4 or not all(word.isdigit() for word in words):
        return 0, None
    at, waiting, running, done = map(int, words)
    return at, Load(waiting, running, done)
