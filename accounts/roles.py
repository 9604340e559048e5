"""What each role may do: one table, asked by pages, by the management API and by templates.

A power is a thing that somebody does, not a page: looking on needs none, every member may. Powers grow with
the role, so whoever is given more loses nothing. Pure, as it is a law and no look-up.
"""

from enum import StrEnum
from typing import Final


class Power(StrEnum):
    """Something that not everybody in an organization may do."""

    CALL = "call"  # call models in Studio
    KEYS = "keys"  # make, move and revoke keys that call models
    PAY = "pay"  # file, show and cancel top-ups, redeem promo codes
    FORGET = "forget"  # delete what one call said
    MANAGE_KEYS = "manage_keys"  # make keys that manage: such a key may more than a developer
    PROJECTS = "projects"  # create, change and archive projects
    BUDGETS = "budgets"  # caps of projects and keys
    LOGS = "logs"  # the content log of a project: on, off, days, delete all
    MONEY = "money"  # refunds, billing details, the threshold of the balance
    MEMBERS = "members"  # invite, change and remove members who own nothing
    ORGANIZATION = "organization"  # rename it, make owners and unmake them, hand it over


_VIEWER: Final[frozenset[Power]] = frozenset()
_DEVELOPER: Final = _VIEWER | {Power.CALL, Power.KEYS, Power.PAY, Power.FORGET}
_ADMIN: Final = _DEVELOPER | {
    *(Power.MANAGE_KEYS, Power.PROJECTS, Power.BUDGETS, Power.LOGS, Power.MONEY, Power.MEMBERS)
}
_OWNER: Final = _ADMIN | {Power.ORGANIZATION}

# By the value of accounts.models.Role, the least first.
POWERS: Final[dict[str, frozenset[Power]]] = {
    "viewer": _VIEWER,
    "developer": _DEVELOPER,
    "admin": _ADMIN,
    "owner": _OWNER,
}


def may(role: str | None, power: Power) -> bool:
    """Whether somebody of this role may do that; nobody, and a role that doesn't exist, may nothing."""
    return power in POWERS.get(role or "", _VIEWER)


def powers(role: str | None) -> dict[str, bool]:
    """Every power by its name, for templates: `{% if may.budgets %}`."""
    return {power.value: may(role, power) for power in Power}


def roles_with(power: Power) -> frozenset[str]:
    """The roles that have it."""
    return frozenset(role for role, held in POWERS.items() if power in held)
