"""Rows of the price list as HTML, in the language in force.

In Python, not in a template: the first reader in a language after a start, and after a new rate, waits for
some 1,300 rows of 264 models, which a template takes far longer for.
"""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dashboard.pricing import Entry, Line, Tag
from dashboard.shop import COMPONENTS
from dashboard.templatetags.catalog import grouped
from dashboard.templatetags.components import badge
from dashboard.templatetags.money import percent, plain_uzs


class Pen:
    """Draws entries. fx_bps: the margin on the rate, which has a column of its own unless it is 0."""

    def __init__(self, fx_bps: int) -> None:
        self._names = {name: (escape(label), escape(unit)) for name, (label, unit) in COMPONENTS.items()}
        self._component, self._base = escape(_("Component")), escape(_("Base"))
        self._markup, self._final = escape(_("Markup")), escape(_("You pay"))
        self._free, self._away = badge(escape(_("Free")), "free"), badge(escape(_("Unavailable")), "away")
        margin = f'<td class="num muted" data-label="{escape(_("Exchange margin"))}">{percent(fx_bps)}</td>'
        self._margin = margin if fx_bps else ""

    def rows(self, entry: Entry) -> SafeString:
        """A body of the table for each price of the model."""
        return mark_safe("".join(self._tag(entry, tag) for tag in entry.tags))

    def _tag(self, entry: Entry, tag: Tag) -> str:
        return f"<tbody>{''.join(self._lines(entry, tag))}</tbody>"

    def _lines(self, entry: Entry, tag: Tag) -> Iterator[str]:
        head, markup = self._head(entry, tag), percent(tag.markup_bps)
        for line in tag.lines:
            yield (
                f'<tr>{head}<td data-label="{self._component}"><span>{self._named(line)}</span></td>'
                f'<td class="num muted" data-label="{self._base}">{plain_uzs(line.base_shown)}</td>'
                f'<td class="num muted" data-label="{self._markup}">{markup}</td>{self._margin}'
                f'<td class="num" data-label="{self._final}"><strong>{plain_uzs(line.final_shown)}</strong>'
                "</td></tr>\n"
            )
            head = ""

    def _head(self, entry: Entry, tag: Tag) -> str:
        """The model, beside all lines of one price; who serves at it, where there are several."""
        model = entry.model
        page = escape(reverse("model", args=[model.slug]))
        badges = (f" {self._free}" if entry.server.free else "") + (
            "" if entry.available else f" {self._away}"
        )
        several = len(entry.tags) > 1
        told = f'<div class="muted small-text">{escape(", ".join(tag.providers))}</div>' if several else ""
        return (
            f'<th scope="rowgroup" rowspan="{len(tag.lines)}" class="wide"><a href="{page}">'
            f'{escape(model.name)}</a>{badges}<div class="model-id">{escape(model.slug)}</div>{told}</th>'
        )

    def _named(self, line: Line) -> str:
        name, unit = self._names[line.component]
        over = _("prompts over %(n)s tokens") % {"n": grouped(line.over_tokens)} if line.over_tokens else ""
        return f'{name} <span class="muted small-text">{unit}{", " if over else ""}{escape(over)}</span>'
