"""Caps of projects and keys beside what was spent against them, and who may change them. Amounts are micros.

The ledger reads the caps in the statement that admits a call, so a change is in force everywhere at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from accounts.access import Caller
from accounts.errors import WiderKey
from accounts.models import ApiKey, Project
from accounts.roles import Power
from billing import caps
from billing.caps import Scope
from billing.notices.watch import look_at_caps
from dashboard.keys import SpendCap, Window

PROJECT_SCOPES = {"day": Scope.PROJECT_DAY, "month": Scope.PROJECT_MONTH}
KEY_SCOPES = {"day": Scope.KEY_DAY, "month": Scope.KEY_MONTH, "lifetime": Scope.KEY_LIFETIME}

type Owner = Project | ApiKey
type Limits = Mapping[str, int | None]  # by window: micros, or None for no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One window of a project or key: what may be spent in it (None: all of the wallet) and what is."""

    window: str
    limit_micros: int | None
    spent_micros: int
    held_micros: int
    resets_on: date | None  # 00:00 of this Tashkent day; a lifetime has none

    @property
    def left_micros(self) -> int | None:
        if self.limit_micros is None:
            return None
        return max(0, self.limit_micros - self.spent_micros - self.held_micros)

    @property
    def used_up(self) -> bool:
        """Whether every call is refused until the window ends."""
        return self.limit_micros is not None and self.spent_micros >= self.limit_micros

    @property
    def percent(self) -> int:
        """Spent of the limit, rounded down, at most 100."""
        if not self.limit_micros:
            return 100 if self.used_up else 0
        return min(100, 100 * self.spent_micros // self.limit_micros)


@dataclass(frozen=True, slots=True)
class ProjectBudgets:
    """A project with its own budgets and those of its usable keys."""

    project: Project
    budgets: Sequence[Budget]
    keys: Sequence[tuple[ApiKey, Sequence[Budget]]]


def scopes_of(owner: Owner) -> Mapping[str, Scope]:
    """The windows that this project or key can be capped in."""
    return PROJECT_SCOPES if isinstance(owner, Project) else KEY_SCOPES


def budgets_of(owner: Owner) -> list[Budget]:
    """Every window of one project or key."""
    return budgets_of_each([owner])[0]


def of_projects(projects: Sequence[Project]) -> list[tuple[Project, list[Budget]]]:
    """Those of the projects that have a limit, with the windows that are limited; the fullest first."""
    found = [
        (project, [budget for budget in budgets if budget.limit_micros is not None])
        for project, budgets in zip(projects, budgets_of_each(projects), strict=True)
    ]
    capped = [(project, budgets) for project, budgets in found if budgets]
    return sorted(capped, key=lambda one: -max(budget.percent for budget in one[1]))


@transaction.atomic
def change(caller: Caller, owner: Owner, limits: Limits) -> list[Budget]:
    """Set, or with None remove, the caps of these windows; answers all windows as they are now.

    Raises RoleNotAllowed for who doesn't answer for the money, WiderKey for a key that would free itself or
    another one from a limit that binds it, AmountRefused.
    """
    caller.require(Power.BUDGETS)
    caps.lock_caps([owner.pk])
    if caller.key is not None:
        _refuse_wider(caller.key, owner, limits)
    for window, limit in limits.items():
        scope = scopes_of(owner)[window]
        if limit is None:
            caps.remove_cap(scope, owner.pk)
        else:
            caps.set_cap(scope, owner.pk, limit)
    look_at_caps([caller.organization.pk])  # a lowered cap may be half used all at once
    return budgets_of(owner)


def budgets_of_each(owners: Sequence[Owner]) -> list[list[Budget]]:
    """budgets_of() each of these, all projects or all keys: a query for caps, one for uses."""
    if not owners:
        return []
    scopes = scopes_of(owners[0])
    ids = [owner.pk for owner in owners]
    limits = {(scope, pk): micros for scope, pk, micros in caps.limits(scopes.values(), ids)}
    used = caps.uses((scope, pk) for pk in ids for scope in scopes.values())
    ends = {scope: caps.begins_anew(scope) for scope in scopes.values()}
    return [
        [
            Budget(
                window=window,
                limit_micros=limits.get((scope, pk)),
                spent_micros=used[scope, pk].spent_micros,
                held_micros=used[scope, pk].held_micros,
                resets_on=ends[scope],
            )
            for window, scope in scopes.items()
        ]
        for pk in ids
    ]


def _refuse_wider(key: ApiKey, owner: Owner, limits: Limits) -> None:
    """A key may tighten what binds it (its project's caps, its own) and give others no more than it has."""
    now = {budget.window: budget.limit_micros for budget in budgets_of(owner)}
    if isinstance(owner, Project) or owner.pk == key.pk:
        for window, limit in limits.items():
            before = now[window]
            if before is not None and (limit is None or limit > before):
                raise WiderKey(window)
        return
    after = list(_spend_caps(now | dict(limits)))
    for own in _spend_caps({budget.window: budget.limit_micros for budget in budgets_of(key)}):
        if not any(cap.within(own) for cap in after):
            raise WiderKey(own.window.name.lower())


def _spend_caps(limits: Limits) -> Iterable[SpendCap]:
    return (SpendCap(limit, Window[window.upper()]) for window, limit in limits.items() if limit is not None)
