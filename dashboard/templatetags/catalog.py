"""The catalog's words and figures for readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Scope
from dashboard import digits
from dashboard.activity import rate_of
from dashboard.clock import shown
from dashboard.forms import STATUSES
from dashboard.shop import MODALITIES, PER_ONE, PriceLine, price_lines
from proxy.meter import Price
from proxy.models import Request
from routing.energy.models import PriceState

register = template.Library()

CAPABILITIES: dict[str, Promise] = {
    "tools": _("call tools"),
    "vision": _("read images"),
    "json": _("answer in JSON"),
    "audio": _("hear audio"),
    "pdf": _("read PDF"),
    "reasoning": _("reason step by step"),
    "cache": _("cache prompts"),
    "web_search": _("search the web"),
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of a list row: tokens by the million, or one price by the piece; in micros."""

    input: int | None
    output: int | None
    each: PriceLine | None


_SITE_WHYS = {
    "preferred": _("electricity is cheapest there"),
    "affinity": _("it had read the beginning of this prompt"),
    "failover": _("another provider had failed before it"),
    "pinned": _("the call allowed no other"),
    "ordered": _("the call asked for this order"),
    "strategy": _("the strategy chose it"),
    "next": _("the next cheapest of those that were open"),
}


@register.filter
def headline(price: Price | None) -> Headline:
    if price is None:
        return Headline(None, None, None)
    sale = price.sale.components
    if "input" in sale or "output" in sale:
        return Headline(sale.get("input"), sale.get("output"), None)
    pieces = [name for name in sale if name in PER_ONE or name == "character"]
    lines = price_lines(price)
    return Headline(None, None, lines[0] if pieces and lines else None)


@register.filter
def one_unit(lines: Sequence[PriceLine]) -> str:
    """What all of these prices are for, to be said once; "" for a single one, or different things."""
    units = {str(line.unit) for line in lines}
    return units.pop() if len(units) == 1 and len(lines) > 1 else ""


@register.filter
def modality(name: str) -> str:
    return str(MODALITIES.get(name, name))


@register.filter
def capability(word: str) -> str:
    return str(CAPABILITIES.get(word, word))


@register.filter
def grouped(number: int | None) -> str:
    """128000 → 128 000 in the reader's way."""
    return "–" if number is None else digits.grouped(number)


@register.filter
def percent_sign(number: str) -> str:
    """A finished number as per cent."""
    return digits.percent(number)


@register.filter
def tokens(number: int) -> str:
    """A context window in short, as the language shortens: 128000 → 128K, 1048576 → 1M; 128 тыс., 1 млн."""
    if number >= 1_000_000:
        return pgettext("millions in short", "%(n)sM") % {"n": number // 1_000_000}
    if number >= 1_000:
        return pgettext("thousands in short", "%(n)sK") % {"n": number // 1_000}
    return str(number)


@register.filter
def seconds(ms: int | None) -> str:
    """Milliseconds for readers: 840 ms, 2.4 s."""
    if ms is None:
        return "–"
    if ms < 1000:
        return f"{ms}\N{NO-BREAK SPACE}" + gettext("ms")
    whole, tenth = divmod((ms + 50) // 100, 10)
    return f"{whole}{digits.decimal_point()}{tenth}\N{NO-BREAK SPACE}" + gettext("s")


@register.filter
def token_rate(rate: float | None) -> str:
    """Output tokens a second: 85 tok/s."""
    return "–" if rate is None else f"{round(rate)}\N{NO-BREAK SPACE}" + gettext("tok/s")


@register.filter
def speed(row: Request) -> str:
    """A call's own token rate."""
    return token_rate(rate_of(row))


@register.filter
def chart_step(at: datetime, step: str) -> str:
    """When a bar of the usage chart begins, as briefly as its step allows."""
    return shown(
        localtime(at),
        {"month": "SHORT_MONTH_FORMAT", "day": "SHORT_DATE_FORMAT"}.get(step, "DAY_TIME_FORMAT"),
    )


@register.filter
def price_state(state: str) -> str:
    """How live a price is, for readers."""
    return str(dict(PriceState.choices).get(state, state))


@register.filter
def scopes(of_key: list[str]) -> str:
    """What a key may be used for, in words."""
    return ", ".join(str(Scope(scope).label) for scope in of_key)


@register.filter
def call_status(status: str) -> str:
    return str(STATUSES.get(status, status))


@register.filter
def site_why(why: str) -> str:
    """Why a call was answered at this site of ours, in words."""
    return str(_SITE_WHYS.get(why, why))


@register.filter
def used(row: Request) -> str:
    """What a call is paid by: images, seconds, characters, or tokens in → out."""
    if row.images:
        return str(_("images: %(count)s")) % {"count": grouped(row.images)}
    if row.seconds:
        return f"{grouped(row.seconds)}\N{NO-BREAK SPACE}" + gettext("s")
    if row.characters:
        return str(_("characters: %(count)s")) % {"count": grouped(row.characters)}
    return f"{grouped(row.input_tokens)} → {grouped(row.output_tokens)}"
