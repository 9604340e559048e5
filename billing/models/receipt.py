"""What customers show of their transfers. A picture is a claim; it never moves money."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Receipt(models.Model):
    """A file that a customer uploaded, as we keep it: decoded and written anew, or a checked PDF."""

    class Kind(models.TextChoices):
        JPEG = "jpeg", "JPEG"
        PDF = "pdf", "PDF"

    name = models.UUIDField(default=uuid4, unique=True, editable=False)  # of the file in RECEIPT_DIR
    topup = models.ForeignKey(
        "billing.TopUp", on_delete=models.PROTECT, related_name="receipts", verbose_name=_("top-up")
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    kind = models.CharField(max_length=4, choices=Kind)
    size = models.IntegerField(_("bytes"))
    sha256 = models.BinaryField(max_length=32)  # of the file as it was uploaded
    dhash = models.BigIntegerField(null=True)  # how the picture looks; see billing/bank/look.py
    cheque_no = models.CharField(_("cheque number"), max_length=64, blank=True)  # folded
    sender_last4 = models.CharField(_("sender's card ends in"), max_length=4, blank=True)
    # The earlier receipt that this one repeats. Only receipts that repeat nothing have to be unique.
    same_file = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="copies")
    same_look = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="lookalikes")
    same_cheque = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reuses")
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    removed_at = models.DateTimeField(_("file deleted at"), null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        verbose_name = _("receipt of a transfer")
        verbose_name_plural = _("receipts of transfers")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="receipt_file_once", fields=["sha256"], condition=Q(same_file=None)),
            models.UniqueConstraint(
                name="receipt_cheque_once",
                fields=["cheque_no"],
                condition=Q(same_cheque=None) & ~Q(cheque_no=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topup_id}/{self.name}"
