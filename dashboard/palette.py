"""What Ctrl+K finds: pages, actions that the role may do, projects, keys by name, models, documentation.

Everything is looked up here, from the caller's organization down; a browser holds no list of anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.template.defaultfilters import striptags
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Caller, reachable_keys
from accounts.roles import Power
from dashboard.guide.search import fold, words
from dashboard.guide.views import hits
from dashboard.key_list import with_text
from dashboard.site.filters import found as models_found
from dashboard.site.showcase import showcase
from dashboard.templatetags.frame import SECTIONS, SETTINGS

SHOWN: Final = 6  # of each kind that is looked up
TEXT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A place to go to. note: what tells it from others of its name."""

    url: str
    label: str
    icon: str  # lucide's name
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    found: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Place:
    """A page, or a deed that begins on one: its address's name, and who may."""

    name: str
    label: Promise
    icon: str
    power: Power | None = None
    anchor: str = ""


ACTIONS: Final = (
    Place("keys", gettext_lazy("Create a key"), "plus", Power.KEYS, "#new"),
    Place("projects", gettext_lazy("Create a project"), "folder-plus", Power.PROJECTS),
    Place("billing", gettext_lazy("Top up"), "wallet", Power.PAY),
    Place("transfer", gettext_lazy("Top up by card transfer"), "landmark", Power.PAY),
    Place("budgets", gettext_lazy("Change caps"), "gauge", Power.BUDGETS),
    Place("refunds", gettext_lazy("Ask for a refund"), "undo-2", Power.MONEY),
    Place("members", gettext_lazy("Invite a member"), "user-plus", Power.MEMBERS),
    Place("sessions", gettext_lazy("Log out other browsers"), "monitor-smartphone"),
    Place("account", gettext_lazy("Change the language"), "languages"),
    Place("account_logout", gettext_lazy("Log out"), "log-out"),
)
PAGES: Final = (
    Place("papers", gettext_lazy("Papers"), "file-text"),
    Place("pricing", gettext_lazy("Pricing"), "tag"),
    Place("docs", gettext_lazy("Documentation"), "book-open"),
    Place("status", gettext_lazy("Service status"), "heart-pulse"),
)


def groups(caller: Caller, text: str) -> list[Group]:
    """What the text finds; all pages and actions for none. Groups without anything are left out."""
    text = " ".join(text.replace("\0", "").split())[:TEXT_MAX]
    made = [
        Group(_("Actions"), _matching(_actions(caller), text)),
        Group(_("Pages"), _matching(_pages(), text)),
    ]
    if text:
        made += [
            Group(_("Projects"), _matching(_projects(caller), text)[:SHOWN]),
            Group(_("Keys"), list(_keys(caller, text))),
            Group(_("Models"), list(_models(text))),
            Group(_("Documentation"), list(_documents(text))),
        ]
    return [group for group in made if group.found]


def _matching(places: Iterator[Found], text: str) -> list[Found]:
    """Those of which each word begins a word of theirs; no text lets all through."""
    terms = words(text)
    return [one for one in places if all(any(w.startswith(t) for w in words(one.label)) for t in terms)]


def _actions(caller: Caller) -> Iterator[Found]:
    for place in ACTIONS:
        if place.power is None or caller.may(place.power):
            yield Found(reverse(place.name) + place.anchor, str(place.label), place.icon)


def _pages() -> Iterator[Found]:
    for section in (*SECTIONS, *(one for one in SETTINGS if one.name != "keys")):
        yield Found(reverse(section.name), str(section.label), section.icon)
    for place in PAGES:
        yield Found(reverse(place.name), str(place.label), place.icon)


def _projects(caller: Caller) -> Iterator[Found]:
    for project in caller.projects():
        yield Found(reverse("project", args=[project.api_id]), project.name, "folder")


def _keys(caller: Caller, text: str) -> Iterator[Found]:
    """Usable ones; a key leads to itself in the list."""
    keys = reachable_keys(caller).filter(with_text(text), revoked_at=None).order_by("name", "pk")
    for key in keys[:SHOWN]:
        shown = f"{key.prefix}…{key.last4}"
        yield Found(f"{reverse('keys')}?q={shown}", key.name, "key-round", f"{shown} · {key.project.name}")


def _models(text: str) -> Iterator[Found]:
    shown = showcase()
    for card in models_found(shown.cards.values(), {"q": text})[:SHOWN] if shown else ():
        yield Found(reverse("model", args=[card.model.slug]), card.model.name, "box", card.model.slug)


def _documents(text: str) -> Iterator[Found]:
    for hit in hits(text)[:SHOWN]:
        page = reverse("docs-page", args=[hit.page.slug]) + (f"#{hit.anchor}" if hit.anchor else "")
        title = striptags(hit.heading)
        yield Found(page, title, "book-open", hit.page.title if fold(hit.page.title) != fold(title) else "")
