"""A hosted model's price over time for people: the chart, its table and its CSV say the same in so'm.

Prices are micros per 10^6 output tokens, times Unix seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.core.cache import cache
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.money import exact_uzs
from dashboard.moments import TASHKENT
from proxy.price_history import PriceHistory, price_history
from routing.energy.costs import history
from routing.energy.models import PriceState
from routing.energy.series import (
    WINDOWS,
    Columns,
    Hours,
    Usual,
    Window,
    buckets,
    cheapest_hours,
    usual_energy,
)

NAMES: Final = {
    Window.HOURS_4: _("4 hours"),
    Window.HOURS_24: _("24 hours"),
    Window.DAYS_7: _("7 days"),
}
CSV_COLUMNS: Final = (
    *("from_utc", "until_utc", "mean_uzs", "energy_uzs", "least_uzs", "most_uzs", "site", "state"),
)
_WIDER: Final = {Window.HOURS_4: 3, Window.HOURS_24: 12, Window.DAYS_7: 12}  # 15 minutes, an hour, 6 hours
_HOURS_S: Final = 1800  # the hint is worth an hour at most
_USUAL_S: Final = 30 * 24 * 3600
_TASHKENT_S: Final = 5 * 3600
_LIVE: Final = {PriceState.FRESH.value, PriceState.OVERRIDE.value}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `mean` and the rest: None where nothing is known."""

    begin: datetime
    end: datetime
    mean: int | None
    energy: int | None
    least: int | None
    most: int | None
    site: str
    state: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the component shows."""

    found: PriceHistory
    hours: Hours | None

    @property
    def model(self) -> str:
        return self.found.model

    @property
    def window(self) -> str:
        return self.found.window.label

    @property
    def windows(self) -> list[tuple[str, Any]]:
        """The toggle's labels by window."""
        return [(window.label, NAMES[window]) for window in Window]

    @property
    def price(self) -> int | None:
        """Now; None while no site is open."""
        return self._priced(self.found.now.output if self.found.now else None)

    @property
    def energy(self) -> int | None:
        """The part of it that is electricity."""
        return self._priced(self.found.now.energy if self.found.now else None)

    @property
    def energy_bps(self) -> int | None:
        if not self.price or self.energy is None:
            return None
        return (self.energy * 20_000 + self.price) // (2 * self.price)

    @property
    def usual(self) -> Usual | None:
        """What electricity usually was of it, in the same micros."""
        found = _usual(self.found)
        return found and found._replace(energy=self.found.rate.price(found.energy))

    @property
    def state(self) -> str:
        return self.found.now.state if self.found.now else ""

    @property
    def live(self) -> bool:
        return self.state in _LIVE

    @property
    def rows(self) -> list[Row]:
        """The table, newest first."""
        found, rate = self.found, self.found.rate
        columns = buckets(found.steps, found.window, found.until_s, wider=_WIDER[found.window])
        return list(_rows(columns, rate.prices, self._names))[::-1]

    @property
    def data(self) -> str:
        """What the chart is drawn of, in so'm, as JSON."""
        columns, rate = self.found.columns, self.found.rate
        told: dict[str, Any] = {"t0": columns.t0, "step": columns.step_s}
        for name in ("out", "energy", "least", "most"):
            told[name] = [_short(micros) for micros in rate.prices(getattr(columns, name))]
        told |= {"site": columns.site, "state": columns.state, "live": sorted(_LIVE)}
        return orjson.dumps(told | {"sites": self._names, "states": _states()}).decode()

    @property
    def words(self) -> str:
        """What the chart says of a point, as JSON."""
        said = {
            "unknown": gettext("not known"),
            "energy": gettext("electricity"),
            "minutes": gettext("{n} min ago"),
            "hours": gettext("{n} h ago"),
        }
        return orjson.dumps(said).decode()

    @property
    def _names(self) -> dict[str, str]:
        return {row.site: row.place for row in self.found.sites}

    def _priced(self, nano: int | None) -> int | None:
        return None if nano is None else self.found.rate.price(nano)


def chart(name: str, wish: str) -> Chart | None:
    """The chart of a model; None if no site of ours hosts it. Raises ApiError 404 and 503.

    wish: a window; whatever isn't one is 24 hours.
    """
    found = price_history(name, WINDOWS.get(wish, Window.HOURS_24))
    return None if found is None else Chart(found, _hours(found))


def csv_rows(found: PriceHistory) -> Iterator[Sequence[object]]:
    """Each point, exact so'm; empty where nothing is known."""
    for row in _rows(found.columns, found.rate.prices, {}):
        amounts = (row.mean, row.energy, row.least, row.most)
        yield [
            *(f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for at in (row.begin, row.end)),
            *("" if micros is None else exact_uzs(micros) for micros in amounts),
            *(row.site, row.state),
        ]


def _rows(columns: Columns, prices: Any, names: dict[str, str]) -> Iterator[Row]:
    amounts = [prices(column) for column in (columns.out, columns.energy, columns.least, columns.most)]
    for number, (mean, energy, least, most) in enumerate(zip(*amounts, strict=True)):
        began = columns.t0 + number * columns.step_s
        site = columns.site[number] or ""
        yield Row(
            *(_moment(began), _moment(began + columns.step_s), mean, energy, least, most),
            *(names.get(site, site), columns.state[number] or ""),
        )


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, TASHKENT)


def _hours(found: PriceHistory) -> Hours | None:
    """Of the last 7 days; read once an hour, as it hardly moves."""
    name = f"energy.hours.{found.model}"
    kept: Hours | str | None = cache.get(name)
    if kept is None:
        steps = history(found.model, found.until_s - Window.DAYS_7.length_s, found.until_s)
        kept = cheapest_hours(steps, found.until_s, zone_s=_TASHKENT_S) or ""
        cache.set(name, kept, _HOURS_S)
    return kept if isinstance(kept, Hours) else None


def _usual(found: PriceHistory) -> Usual | None:
    """Of the last 30 days, in nano-USD; read as rarely as the hours."""
    name = f"energy.usual.{found.model}"
    kept: Usual | str | None = cache.get(name)
    if kept is None:
        since_s = found.until_s - _USUAL_S
        steps = history(found.model, since_s, found.until_s)
        kept = usual_energy(steps, since_s, found.until_s) or ""
        cache.set(name, kept, _HOURS_S)
    return kept if isinstance(kept, Usual) else None


def _short(micros: int | None) -> orjson.Fragment | None:
    """So'm with two decimals, half up as everywhere, so that a chart says what its heading says."""
    if micros is None:
        return None
    whole, rest = divmod((micros + 5_000) // 10_000, 100)
    return orjson.Fragment(f"{whole}.{rest:02d}")


def _states() -> dict[str, str]:
    return {state.value: str(state.label) for state in PriceState}
