"""How reading providers' lists went, what they say otherwise than the catalog, and what was made of it."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ProposalKind(models.TextChoices):
    NEW = "new", _("new model")
    VANISHED = "vanished", _("no longer listed")
    PRICE = "price", _("price")
    CONTEXT = "context", _("context window")
    MAX_OUTPUT = "max_output", _("longest output")
    CAPABILITIES = "capabilities", _("capabilities")


class ProposalState(models.TextChoices):
    OPEN = "open", _("open")
    ACCEPTED = "accepted", pgettext_lazy("proposal", "accepted")  # by an operator, and in force since
    APPLIED = "applied", _("applied by sync")  # a small change of price, without anybody
    REJECTED = "rejected", _("rejected")
    SUPERSEDED = "superseded", _("superseded")  # a later list said something else


class CatalogProposal(models.Model):
    """What a provider's list says otherwise than the catalog. One open row for one finding.

    `before` is what the catalog held when it was found, so that it is refused once that is no longer true.
    """

    provider = models.ForeignKey(
        "routing.Provider", on_delete=models.PROTECT, related_name="proposals", verbose_name=_("provider")
    )
    endpoint = models.ForeignKey(
        "routing.Endpoint",
        on_delete=models.PROTECT,
        null=True,
        related_name="proposals",
        verbose_name=_("endpoint"),
    )
    kind = models.TextField(_("kind"), choices=ProposalKind.choices)
    subject = models.TextField(_("model"), help_text=_("What the provider calls the model."))
    before: Any = models.JSONField(null=True)
    after: Any = models.JSONField(null=True)
    change_bps = models.IntegerField(null=True, help_text="The largest step of a component; empty from zero.")
    drift_bps = models.IntegerField(
        null=True, help_text="Of a price: how far from what an operator set last, or from a month ago."
    )
    state = models.TextField(_("state"), choices=ProposalState.choices, default=ProposalState.OPEN)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last seen"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(_("reason"), blank=True)
    cost = models.ForeignKey(
        "routing.CostVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("price")
    )

    class Meta:
        verbose_name = _("catalog proposal")
        verbose_name_plural = _("catalog proposals")
        ordering: ClassVar[list[str]] = ["provider__slug", "kind", "subject", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "kind", "subject", "endpoint"],
                condition=models.Q(state="open"),
                nulls_distinct=False,
                name="routing_proposal_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open") ^ models.Q(decided_at__isnull=False),
                name="routing_proposal_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.subject}, {self.get_kind_display()}"


class ProviderSync(models.Model):
    """How reading a provider's list went last. Apart from Provider, as a row of that moves the catalog."""

    provider = models.OneToOneField(
        "routing.Provider", on_delete=models.PROTECT, related_name="sync", verbose_name=_("provider")
    )
    tried_at = models.DateTimeField(_("last tried"), null=True)
    ok_at = models.DateTimeField(_("last read"), null=True)
    error = models.TextField(_("error"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    counts = models.JSONField(_("counts"), default=dict)
    absent = models.JSONField(default=dict, help_text="Endpoint id → the days on which it wasn't listed.")

    class Meta:
        verbose_name = _("catalog sync")
        verbose_name_plural = _("catalog syncs")
        ordering: ClassVar[list[str]] = ["provider__slug"]

    def __str__(self) -> str:
        return str(self.provider)
