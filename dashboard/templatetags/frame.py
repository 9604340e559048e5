"""The frame around a page: the dashboard's sections and which of them is open."""

from dataclasses import dataclass

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.roles import Power, roles_with

register = template.Library()


@dataclass(frozen=True, slots=True)
class Section:
    """One of the dashboard's; `holds` names the first parts of paths of pages that belong to it."""

    name: str  # of its address
    label: Promise
    icon: str  # lucide's name
    holds: tuple[str, ...] = ()
    letter: str = ""  # opens it after g


SECTIONS = (
    Section("overview", _("Overview"), "layout-dashboard", letter="o"),
    Section("desk_models", _("Models"), "box", ("models",), letter="m"),
    Section("projects", _("Projects"), "folder", ("projects",), letter="p"),
    Section("keys", _("Keys"), "key-round", ("keys",), letter="k"),
    Section("budgets", _("Budgets"), "gauge", ("budgets",), letter="u"),
    Section("studio", _("Studio"), "messages-square", letter="s"),
    Section("activity", _("Activity"), "activity", ("activity",), letter="a"),
    Section(
        "billing",
        _("Billing"),
        "wallet",
        ("billing", "papers", "refunds", "pay", "transfer", "topups"),
        letter="b",
    ),
    Section(
        "account",
        _("Settings"),
        "settings",
        ("account", "notifications", "members", "organization"),
        letter="t",
    ),
)
# The list beside each page of settings; `holds` are beginnings of paths here.
SETTINGS = (
    Section("account", _("Profile"), "user-round"),
    Section("account_email", _("E-mail address"), "mail", ("/accounts/email/", "/accounts/confirm-email/")),
    Section("account_change_password", _("Password"), "lock", ("/accounts/password/",)),
    Section("mfa_index", _("Two-factor authentication"), "shield-check", ("/accounts/2fa/",)),
    Section("sessions", _("Sessions"), "monitor-smartphone"),
    Section("notifications", _("Notifications"), "bell"),
    Section("members", _("Members"), "users-round", ("/dashboard/members/",)),
    Section("organization", _("Organizations"), "building-2", ("/dashboard/organization/",)),
    Section("keys", _("Keys"), "key-round"),
    Section(
        "account_data", _("Your data"), "archive", ("/dashboard/account/data", "/dashboard/account/delete")
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A section as the navigation shows it."""

    url: str
    label: Promise
    icon: str
    open: bool  # this page belongs to it
    here: bool  # this page is its own
    letter: str = ""


@register.simple_tag(takes_context=True)
def sections(context: RequestContext) -> list[Entry]:
    """The dashboard's navigation as seen from this request's page."""
    return entries(context.get("request"))


@register.simple_tag(takes_context=True)
def open_section(context: RequestContext) -> Entry | None:
    """The section above this page; None on its own page, outside of the dashboard and in settings' list.

    That list stands beside each of its pages, so a way back would only push it down on some of them.
    """
    if any(entry.here for entry in settings_entries(context)):
        return None
    found = [entry for entry in entries(context.get("request")) if entry.open and not entry.here]
    return found[0] if found else None


def entries(request: HttpRequest | None) -> list[Entry]:
    """All sections, for a page at the request's path."""
    path = request.path if request else ""
    first = _first(path)
    found = []
    for section in SECTIONS:
        url = reverse(section.name)
        here = path == url
        found.append(
            Entry(url, section.label, section.icon, here or first in section.holds, here, section.letter)
        )
    return found


@register.simple_tag(takes_context=True)
def settings_entries(context: RequestContext) -> list[Entry]:
    """The pages of settings as seen from this request's."""
    request = context.get("request")
    path = request.path if request else ""
    found = []
    for section in SETTINGS:
        url = reverse(section.name)
        here = path == url
        found.append(Entry(url, section.label, section.icon, here or path.startswith(section.holds), here))
    return found


def _first(path: str) -> str:
    """What comes after /dashboard/; what allauth keeps under /accounts/ belongs to the account."""
    if path.startswith("/accounts/"):
        return "account"
    return path.removeprefix("/dashboard/").partition("/")[0] if path.startswith("/dashboard/") else ""


@register.simple_tag
def who_may(power: str) -> str:
    """The roles that have this power of accounts/roles.py, by their names."""
    able = roles_with(Power(power))
    return ", ".join(str(role.label) for role in Role if role.value in able)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart, in the drawing's units."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of bars, as components/bars.html draws it."""

    width: int
    height: int
    bars: list[Bar]


@register.simple_tag
def bars(values: list[int]) -> Bars:
    """Bars for these values; anything above zero is seen."""
    step, width, height = 10, 8, 100
    most = max([*values, 1])
    tall = [max(value * height // most, 2 if value else 0) for value in values]
    drawn = [Bar(n * step, height - size, width, size) for n, size in enumerate(tall)]
    return Bars(len(values) * step - step + width, height, drawn)
