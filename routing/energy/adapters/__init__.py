"""The markets that can be asked, by the slug of their Feed: one file each, `fetch` and a pure `parse`.

A new market is a file here, a line below and a feed in the catalog file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from routing.energy.adapters import (
    aeso,
    boc,
    caiso,
    ercot,
    ieso,
    isone,
    miso,
    nyiso,
    pjm,
    replay,
    spp,
    static,
)
from routing.energy.adapters.point import Http, Node, PricePoint

__all__ = ["ADAPTERS", "Adapter", "Http", "Node", "PricePoint"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """How a market is asked and read.

    gap_s: seconds between two questions, at the very least. rates: its points are of currencies, by day.
    """

    fetch: Callable[[Http, Sequence[Node], datetime], bytes]
    parse: Callable[[bytes], list[PricePoint]]
    gap_s: int = 60
    online: bool = True
    rates: bool = False


ADAPTERS: Final[Mapping[str, Adapter]] = {
    "aeso": Adapter(aeso.fetch, aeso.parse),
    "boc": Adapter(boc.fetch, boc.parse, rates=True),
    "caiso": Adapter(caiso.fetch, caiso.parse, gap_s=5),
    "ercot": Adapter(ercot.fetch, ercot.parse, gap_s=300),
    "ieso": Adapter(ieso.fetch, ieso.parse),
    "isone": Adapter(isone.fetch, isone.parse),
    "miso": Adapter(miso.fetch, miso.parse, gap_s=60),
    "nyiso": Adapter(nyiso.fetch, nyiso.parse),
    "pjm": Adapter(pjm.fetch, pjm.parse, gap_s=60),
    "replay": Adapter(replay.fetch, replay.parse, gap_s=0, online=False),
    "spp": Adapter(spp.fetch, spp.parse),
    "static": Adapter(static.fetch, static.parse, gap_s=0, online=False),
}
