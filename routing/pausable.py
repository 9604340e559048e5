"""What providers and endpoints have in common for an operator's switch (pause.py)."""

from django.db import models

from accounts.models import User


def paused_with_a_reason(table: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"routing_{table}_paused_with_a_reason",
        condition=models.Q(paused_at=None, paused_reason="")
        | (models.Q(paused_at__isnull=False) & ~models.Q(paused_reason="")),
    )


class Pausable(models.Model):
    """Switched off by an operator, who says why (pause.py); a load of the catalog doesn't undo it.

    `active` is the catalog file's own word. Customers see that something is paused, never the reason.
    """

    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    paused_reason = models.TextField(blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True

    @property
    def is_on(self) -> bool:
        return bool(self.active) and self.paused_at is None  # type: ignore[attr-defined]
