"""Feeds of a database of their own test, and markets over real HTTP."""

import base64
import json
import re
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from deploy.local.process import spawn, stop, tail
from routing.energy.markets import Feed, GridNode
from tests import embedded
from tests.processes import until


@dataclass(frozen=True, slots=True)
class Markets:
    """The running markets."""

    url: str

    def say(self, host: str, body: bytes = b"", **rest: Any) -> None:
        """What a host answers from now on."""
        told = {"body": base64.b64encode(body).decode(), **rest}
        request = urllib.request.Request(f"{self.url}/_told/{host}", json.dumps(told).encode(), method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def asked(self, host: str = "") -> list[dict[str, Any]]:
        """What was asked, of one host or of all."""
        with urllib.request.urlopen(f"{self.url}/_asked", timeout=10) as reply:
            return [entry for entry in json.load(reply) if not host or entry["host"] == host]


@pytest.fixture(scope="session")
def _markets() -> Iterator[Markets]:
    folder = embedded.session_folder() / f"markets-{uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    log = folder / "markets.log"
    process = spawn([sys.executable, "-m", "tests.markets"], log, cwd=embedded.ROOT)
    line = r"listen on (http://\S+)"
    yield Markets(until(lambda: re.search(line, tail(log)), "the markets").group(1))
    stop(process, 15, 5)


@pytest.fixture
def markets(_markets: Markets, settings: Any) -> Markets:
    """Nothing told and nothing asked yet; the feeds' mirror points there."""
    urllib.request.urlopen(f"{_markets.url}/_forget", timeout=10).close()
    settings.ENERGY_FEEDS = True
    settings.ENERGY_MIRROR = _markets.url
    return _markets


@pytest.fixture
def feed(db: None) -> Callable[..., Feed]:
    """Makes a feed of that slug with these nodes; no other is active."""
    Feed.objects.update(active=False)

    def make(slug: str, *codes: str, currency: str = "USD", **values: Any) -> Feed:
        found, _ = Feed.objects.update_or_create(
            slug=slug, defaults={"name": slug, "active": True, "poll_s": 240, **values}
        )
        for code in codes:
            GridNode.objects.create(feed=found, code=code, currency=currency)
        return found

    return make
