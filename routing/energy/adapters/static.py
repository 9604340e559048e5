"""A contract price: no market, no network. Each node says what it costs in its `params`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from routing.energy.adapters.point import Http, Node, PricePoint
from routing.energy.adapters.reading import FIVE_MINUTES, amount, document, only_feed_errors, utc

_STEP_S: Final = 300


def fetch(http: Http, nodes: Sequence[Node], now: datetime) -> bytes:
    """The nodes' own figures, for the interval that runs now."""
    second = int(now.timestamp())
    start = datetime.fromtimestamp(second - second % _STEP_S, UTC)
    prices = {node.code: [str(node.params.get("usd_per_mwh", "")), node.currency] for node in nodes}
    return json.dumps({"start": start.isoformat(), "prices": prices}).encode()


@only_feed_errors
def parse(body: bytes) -> list[PricePoint]:
    """A price for each node that has one."""
    said = document(body)
    start = utc(said["start"])
    found = [(code, amount(price), str(currency)) for code, (price, currency) in said["prices"].items()]
    return [
        PricePoint(code, start, start + FIVE_MINUTES, price, currency)
        for code, price, currency in found
        if price is not None
    ]
