"""Limits on what may be spent, as operators' pages list them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.caps import Scope

SCOPES = {
    Scope.PROJECT_DAY: _("project, a day"),
    Scope.PROJECT_MONTH: _("project, a month"),
    Scope.KEY_LIFETIME: _("key, in its lifetime"),
    Scope.KEY_DAY: _("key, a day"),
    Scope.KEY_MONTH: _("key, a month"),
    Scope.PLATFORM_DAY: _("the platform's own calls, a day"),
}


class Cap(models.Model):
    """A view of the table `cap`, whose key has two columns; changed in billing/caps.py only."""

    id = models.BigIntegerField(primary_key=True)  # scope_id · 8 + scope
    scope = models.SmallIntegerField(
        _("what"), choices=[(scope.value, label) for scope, label in SCOPES.items()]
    )
    scope_id = models.BigIntegerField(_("number of the project or key"), help_text=_("0 for the platform"))
    limit_micros = models.BigIntegerField(_("limit, micros"))

    class Meta:
        managed = False
        db_table = "cap_listed"
        ordering: ClassVar[list[str]] = ["-scope", "scope_id"]
        verbose_name = _("cap")
        verbose_name_plural = _("caps")

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.scope_id}"

    @staticmethod
    def number(scope: int, scope_id: int) -> int:
        """The id of a cap's row."""
        return scope_id * 8 + scope
