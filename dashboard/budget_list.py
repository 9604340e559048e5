"""The list of budgets: projects with their usable keys, found by name, a page at a time, and as a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller, reachable_keys
from accounts.models import ApiKey, Project
from billing.money import exact_uzs
from dashboard.budgets import Budget, ProjectBudgets, budgets_of_each
from dashboard.key_list import KeysForm
from dashboard.lists import Listing, Order

COLUMNS: Final = (
    *("kind", "id", "name", "project", "project_name", "window"),
    *("limit_uzs", "spent_uzs", "held_uzs", "left_uzs", "resets_on"),
)
_BY_PROJECT: Final = ("-project__is_default", "project__name", "project_id")


class BudgetList(KeysForm):
    """Usable keys under their projects, which stay together in every order."""

    ORDERS: ClassVar[Mapping[str, Order]] = {
        "-created": Order(_("Newest keys first"), (*_BY_PROJECT, "-pk")),
        "name": Order(_("Keys by name"), (*_BY_PROJECT, Lower("name"), "pk")),
    }

    OFFERED: ClassVar[Mapping[str, None]] = {"archived_at": None}

    def lets_through(self, project: Project) -> bool:
        """Whether a project is found by itself, with or without keys."""
        text = str(self.said.get("q", "")).casefold()
        return self.said.get("project", project) == project and text in project.name.casefold()


def usable(caller: Caller) -> QuerySet[ApiKey]:
    """The keys that can be capped; those of archived projects are refused anyway."""
    return reachable_keys(caller).filter(revoked_at=None, project__archived_at=None)


def grouped(caller: Caller, form: BudgetList, shown: Listing[ApiKey]) -> list[ProjectBudgets]:
    """A page of keys under their projects. Projects that are found by themselves are on the first page."""
    return _together(_projects(caller, form, shown.rows, alone=shown.page.number == 1), shown.rows)


def file_rows(caller: Caller, form: BudgetList) -> Iterator[Sequence[object]]:
    """Each window of what the filter lets through, in order of COLUMNS; amounts are exact so'm."""
    keys = list(form.rows(usable(caller)))
    for entry in _together(_projects(caller, form, keys, alone=True), keys):
        project = entry.project
        for budget in entry.budgets:
            yield "project", project.api_id, project.name, project.api_id, project.name, *_figures(budget)
        for key, budgets in entry.keys:
            for budget in budgets:
                yield "key", key.api_id, key.name, project.api_id, project.name, *_figures(budget)


def _projects(caller: Caller, form: BudgetList, keys: Sequence[ApiKey], *, alone: bool) -> list[Project]:
    with_keys = {key.project_id for key in keys}
    return [one for one in caller.projects() if one.pk in with_keys or alone and form.lets_through(one)]


def _together(projects: Sequence[Project], keys: Sequence[ApiKey]) -> list[ProjectBudgets]:
    of_keys = list(zip(keys, budgets_of_each(keys), strict=True))
    return [
        ProjectBudgets(project, budgets, [pair for pair in of_keys if pair[0].project_id == project.pk])
        for project, budgets in zip(projects, budgets_of_each(projects), strict=True)
    ]


def _figures(budget: Budget) -> tuple[str, ...]:
    amounts = (budget.limit_micros, budget.spent_micros, budget.held_micros, budget.left_micros)
    ends = budget.resets_on.isoformat() if budget.resets_on else ""
    return (budget.window, *("" if micros is None else exact_uzs(micros) for micros in amounts), ends)
