"""What operators did about top-ups."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TopUpDecision(models.Model):
    """One act of one operator, with the top-up before and after. Written with the act; append-only."""

    class Action(models.TextChoices):
        FIRST = "first", _("first approval")
        APPROVE = "approve", _("approved")
        REJECT = "reject", _("rejected")
        ARGUED = "argued", _("dispute: first word")
        SETTLED = "settled", _("dispute settled")

    topup = models.ForeignKey("billing.TopUp", on_delete=models.PROTECT, related_name="decisions")
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("operator")
    )
    action = models.CharField(_("what"), max_length=7, choices=Action)
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        verbose_name = _("decision on a top-up")
        verbose_name_plural = _("decisions on top-ups")

    def __str__(self) -> str:
        return f"{self.topup_id} {self.action}"
