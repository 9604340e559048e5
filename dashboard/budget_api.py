"""DRF: `/api/projects/{id}/caps` and `/api/keys/{id}/caps`: read and change what may be spent.

Amounts are so'm as strings. A window that is left out stays as it is, null removes its cap.
"""

from datetime import datetime, time
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import find_caller_key, find_caller_project
from accounts.models import Project
from accounts.roles import Power
from billing.money import exact_uzs
from dashboard import budgets
from dashboard.api import MICROS_PER_UZS, ManagementView, StrictSerializer
from dashboard.budgets import Budget, Owner
from dashboard.moments import TASHKENT
from dashboard.shapes import KeyCaps, ProjectCaps, described


class AmountField(serializers.DecimalField):
    """So'm, exact to the micro; null is no limit."""

    def __init__(self) -> None:
        super().__init__(
            max_digits=18, decimal_places=6, min_value=Decimal(0), required=False, allow_null=True
        )


class ProjectCapsSerializer(StrictSerializer):
    day = AmountField()
    month = AmountField()


class KeyCapsSerializer(ProjectCapsSerializer):
    lifetime = AmountField()


class ProjectCapsView(ManagementView):
    """The caps of one project."""

    @described("getProjectCaps", "Caps of a project", ProjectCaps, tag="Budgets")
    def get(self, request: Request, project_id: str) -> Response:
        """What all keys of the project together may spend a day and a month, and have spent."""
        project = find_caller_project(self.caller, project_id)
        return Response(shown(project, budgets.budgets_of(project)))

    @described(
        "setProjectCaps",
        "Change caps of a project",
        ProjectCaps,
        tag="Budgets",
        request=ProjectCapsSerializer,
    )
    def patch(self, request: Request, project_id: str) -> Response:
        """In force for the next call, also below what is spent: then calls are refused until the reset."""
        project = find_caller_project(self.caller, project_id)
        return self._changed(request, project, ProjectCapsSerializer)

    def _changed(self, request: Request, owner: Owner, form_class: type[StrictSerializer]) -> Response:
        self.caller.require(Power.BUDGETS)
        form = form_class(data=request.data)
        form.is_valid(raise_exception=True)
        limits = {window: _micros(uzs) for window, uzs in form.validated_data.items()}
        return Response(shown(owner, budgets.change(self.caller, owner, limits)))


class KeyCapsView(ProjectCapsView):
    """The caps of one key."""

    @described("getKeyCaps", "Caps of a key", KeyCaps, tag="Budgets")
    def get(self, request: Request, key_id: str) -> Response:
        """What the key may spend a day, a month and in its lifetime, and has spent."""
        key = find_caller_key(self.caller, key_id)
        return Response(shown(key, budgets.budgets_of(key)))

    @described("setKeyCaps", "Change caps of a key", KeyCaps, tag="Budgets", request=KeyCapsSerializer)
    def patch(self, request: Request, key_id: str) -> Response:
        """As for a project. A key can tighten its own caps, and give no other key more than it has."""
        return self._changed(request, find_caller_key(self.caller, key_id), KeyCapsSerializer)


def shown(owner: Owner, found: list[Budget]) -> dict[str, Any]:
    """The public face of a project's or key's caps."""
    kind = "project" if isinstance(owner, Project) else "key"
    return {"id": owner.api_id, "object": f"{kind}.caps", "caps": {one.window: _shown(one) for one in found}}


def _shown(budget: Budget) -> dict[str, str | None]:
    resets = budget.resets_on
    return {
        "limit_uzs": _uzs(budget.limit_micros),
        "spent_uzs": exact_uzs(budget.spent_micros),
        "held_uzs": exact_uzs(budget.held_micros),
        "left_uzs": _uzs(budget.left_micros),
        "resets_at": datetime.combine(resets, time.min, TASHKENT).isoformat() if resets else None,
    }


def _uzs(micros: int | None) -> str | None:
    return None if micros is None else exact_uzs(micros)


def _micros(uzs: Decimal | None) -> int | None:
    return None if uzs is None else int(uzs * MICROS_PER_UZS)
