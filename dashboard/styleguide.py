"""The design system as one page, /styleguide: each component as its include line makes it, light and dark."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from dashboard.samples import Sample, highlighted, sample


@dataclass(frozen=True, slots=True)
class Specimen:
    """One component in one state."""

    title: str
    source: str  # what a template writes


@dataclass(frozen=True, slots=True)
class Shown:
    """A specimen, its source coloured, and what it makes in light and in dark."""

    title: str
    source: SafeString
    light: SafeString
    dark: SafeString


class Form(forms.Form):
    """A field of each kind."""

    name = forms.CharField(help_text="Shown to you alone.")
    model = forms.ChoiceField(choices=[("", "All"), ("chat", "Chat")], required=False)
    caps = forms.BooleanField(label="Cap this key", required=False)


TOKENS = {
    "Ground": ("ground", "surface", "sunken", "line", "edge", "code"),
    "Ink": ("ink", "muted", "good", "warn", "bad"),
    "Accents": ("cobalt", "cobalt-fill", "cobalt-deep", "cobalt-wash"),
    "Alive": ("turquoise", "turquoise-fill", "turquoise-wash"),
}
SIZES = ("text-xs", "text-sm", "text-ui", "text", "text-lg", "text-xl", "text-2xl", "text-3xl")

# Pages that nobody gets by a link: what there is to see when something goes wrong. The second group is
# rendered without a request, as Django does it.
ERRORS = {"400": "400.html", "403": "403.html", "404": "404.html", "503": "site/unpriced.html"}
PLAIN_ERRORS = {"403-csrf": "403_csrf.html", "500": "500.html"}

SPECIMENS = (
    Specimen("Button", '{% include "components/button.html" with label="Create a key" icon="plus" %}'),
    Specimen("Button, quiet", '{% include "components/button.html" with label="Later" kind="quiet" %}'),
    Specimen(
        "Button, danger, small",
        '{% include "components/button.html" with label="Revoke the key" kind="danger" small=True %}',
    ),
    Specimen("Button, disabled", '{% include "components/button.html" with label="Save" disabled=True %}'),
    Specimen(
        "Field", '<form class="stack">{% include "components/field.html" with field=form.name %}</form>'
    ),
    Specimen(
        "Field with an error",
        '<form class="stack">{% include "components/field.html" with field=wrong.name %}</form>',
    ),
    Specimen(
        "Choice and check box",
        '<form class="stack">{% include "components/field.html" with field=form.model %}'
        '{% include "components/field.html" with field=form.caps %}</form>',
    ),
    Specimen(
        "Badges",
        '{% include "components/badge.html" with label="Available" kind="ok" %}\n'
        '{% include "components/badge.html" with label="Unavailable" kind="away" %}\n'
        '{% include "components/badge.html" with label="Rejected" kind="error" %}\n'
        '{% include "components/badge.html" with label="Coming soon" %}',
    ),
    Specimen(
        "Card",
        '<section class="card"><div class="card-head"><h3>Promo code</h3></div>'
        '<p class="muted">What is inside.</p></section>',
    ),
    Specimen(
        "Stats",
        '<dl class="figures">{% include "components/stat.html" with label="Balance" value="968.50" lead=1 %}'
        '{% include "components/stat.html" with label="Requests" value="1,204" note="+12 %" %}</dl>',
    ),
    Specimen(
        "Table",
        '<section class="card flush"><table class="rows"><thead><tr><th scope="col">Model</th>'
        '<th scope="col" class="num">Price</th></tr></thead><tbody><tr><th scope="row">GPT 4o</th>'
        '<td class="num" data-label="Price">30,961.56</td></tr><tr><th scope="row">Llama 3.3</th>'
        '<td class="num" data-label="Price">1,234.50</td></tr></tbody></table></section>',
    ),
    Specimen("Tabs", '{% include "components/tabs.html" with tabs=tabs label=place %}'),
    Specimen(
        "Notice",
        '<p class="notice success">Saved.</p><p class="notice warning">The rate is old.</p>'
        '<p class="notice error">That code has been used.</p>',
    ),
    Specimen(
        "Toast: Django's messages, by base.html",
        '<div class="messages at-rest"><p class="notice success"><span>The key is revoked.</span></p></div>',
    ),
    Specimen(
        "Dialog",
        '<button type="button" class="button quiet" commandfor="dialog-{{ place }}" command="show-modal">'
        "Ask</button>"
        '{% include "components/dialog.html" with id=dialog title="Delete it?" text="This stays." '
        'action="#" label="Delete" kind="danger" %}',
    ),
    Specimen(
        "Empty state",
        '{% include "components/empty.html" with title="No keys yet" text="Free models work at once." %}',
    ),
    Specimen("Skeleton", '{% include "components/skeleton.html" with rows="123" %}'),
    Specimen("Progress", '<progress max="100" value="60" aria-label="Spent">60 %</progress>'),
    Specimen("Bars", '{% include "components/bars.html" with values=values label="Requests by hour" %}'),
    Specimen("To copy", '{% include "components/copy.html" with id=copy text="cap-…" label="key" %}'),
    Specimen("Code", '{% include "components/code.html" with id=code samples=samples label="First call" %}'),
    Specimen("Girih", '<div class="girih girih-room"></div>'),
    Specimen("Icon", '{% load icons %}{% lucide "wallet" size=20 class="icon" aria_hidden="true" %}'),
)


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in its states; 404 in production."""
    if settings.PRODUCTION:
        raise Http404
    shown = [_shown(request, specimen) for specimen in SPECIMENS]
    return render(request, "site/styleguide.html", {"shown": shown, "tokens": TOKENS, "sizes": SIZES})


@require_safe
def error(request: HttpRequest, page: str) -> HttpResponse:
    """An error page as it looks, answered as if all were well; 404 in production."""
    if settings.PRODUCTION or page not in ERRORS | PLAIN_ERRORS:
        raise Http404
    if page in ERRORS:
        return render(request, ERRORS[page])
    return HttpResponse(render_to_string(PLAIN_ERRORS[page]))


def _shown(request: HttpRequest, specimen: Specimen) -> Shown:
    template = engines["django"].from_string(specimen.source)
    # The sources are ours, above.
    light, dark = (mark_safe(template.render(_context(place), request)) for place in ("light", "dark"))
    return Shown(specimen.title, highlighted("html+django", specimen.source), light, dark)


def _context(place: str) -> dict[str, Any]:
    """What the specimens name; ids end in the place, so that none is twice on the page."""
    return {
        "place": place,
        "form": Form(auto_id=f"{place}-%s"),
        "wrong": Form({"name": ""}, auto_id=f"{place}-wrong-%s"),
        "tabs": [("#", "Chart", True), ("#", "Table", False)],
        "dialog": f"dialog-{place}",
        "copy": f"copy-{place}",
        "code": f"code-{place}",
        "values": [3, 5, 4, 9, 12, 7, 0, 6, 11, 14, 10, 8],
        "samples": _samples(),
    }


def _samples() -> list[Sample]:
    return [
        sample("python", 'client = OpenAI(api_key="cap-…")  # one key\nprint(len("Salom"))'),
        sample("javascript", 'const client = new OpenAI({ apiKey: "cap-…" }); // one key'),
        sample("bash", 'curl "$BASE/v1/models" -H "Authorization: Bearer cap-…"'),
    ]
