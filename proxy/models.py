"""The request log: one row for every call that passed reserve, written in the commit that charges it.

The table is range-partitioned by id (UUIDv7, UTC months) in proxy/sql, so the model is unmanaged and no
foreign key leads to or from it. A row is never changed after its insert.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from routing.models import Credential, Endpoint


class Request(models.Model):
    class Status(models.TextChoices):
        OK = "ok"  # answered in full
        ERROR = "error"  # no endpoint answered, or the answer broke off
        CANCELLED = "cancelled"  # the caller left before the end
        CRASHED = "crashed"  # our own process died: nothing is charged

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    org_id = models.BigIntegerField()
    project_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    model = models.TextField()
    asked = models.TextField()
    endpoint_id = models.BigIntegerField(null=True)
    provider = models.TextField()
    kind = models.TextField()
    stream = models.BooleanField()
    sandbox = models.BooleanField()
    free = models.BooleanField()
    status = models.TextField(choices=Status.choices)
    http_status = models.IntegerField()
    error_code = models.TextField()
    finish_reason = models.TextField()
    attempts = models.JSONField()
    input_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    cache_write_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    estimated = models.BooleanField()
    price_micros = models.BigIntegerField()
    cost_micros = models.BigIntegerField()
    hold_micros = models.BigIntegerField()
    provider_cost_nano = models.BigIntegerField()
    cost_version = models.BigIntegerField(null=True)
    fx_rate = models.BigIntegerField(null=True)
    markup = models.BigIntegerField(null=True)
    micros_per_usd = models.BigIntegerField(null=True)
    fx_date = models.DateField(null=True)
    markup_bps = models.IntegerField()
    prices = models.JSONField()
    latency_ms = models.IntegerField()
    ttft_ms = models.IntegerField(null=True)
    cache_write_1h_tokens = models.BigIntegerField(default=0)
    images = models.BigIntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    characters = models.BigIntegerField(default=0)
    route = models.JSONField(default=list)
    fx_margin = models.BigIntegerField(null=True)
    fx_margin_bps = models.IntegerField(default=0)
    owed_elsewhere = models.JSONField(null=True)  # of the provider's cost: others' parts, nano-USD by slug

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        managed = False
        db_table = "proxy_request"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.id} {self.model}"


class VideoJob(models.Model):
    """A film on its way, and the owner of its call's hold: the hold's `owner` is this row's id, negative.

    Written by the functions of proxy/sql/videos.sql alone. The prompt isn't kept. `row` is the request row as
    it was when the job was made, `tariff` what a second costs; both make the charge when the job ends.
    """

    class Status(models.TextChoices):
        CREATING = "creating"  # the money is held, no provider has said yes yet
        QUEUED = "queued"
        IN_PROGRESS = "in_progress"
        COMPLETED = "completed"  # charged
        FAILED = "failed"  # the hold was given back, as in the two below
        EXPIRED = "expired"  # nobody could say how it ended
        DELETED = "deleted"

    id = models.BigAutoField(primary_key=True)
    op_id = models.UUIDField(unique=True)
    org_id = models.BigIntegerField()
    project_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    epoch = models.BigIntegerField()
    provider_id = models.BigIntegerField(null=True)
    upstream_id = models.TextField(blank=True)
    model = models.TextField()
    asked = models.TextField()
    size = models.TextField(blank=True)
    seconds = models.IntegerField()
    status = models.TextField(choices=Status.choices)
    progress = models.SmallIntegerField(default=0)
    misses = models.SmallIntegerField(default=0)
    error_code = models.TextField(blank=True)
    row = models.JSONField()
    tariff = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "proxy_video"
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("video job")
        verbose_name_plural = _("video jobs")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["org_id", "-id"], name="proxy_video_org"),
            models.Index(fields=["polled_at"], condition=models.Q(settled_at=None), name="proxy_video_open"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="proxy_video_settled_once_over",
                condition=models.Q(settled_at=None, status__in=["creating", "queued", "in_progress"])
                | models.Q(
                    settled_at__isnull=False, status__in=["completed", "failed", "expired", "deleted"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """How its owner knows it."""
        return f"video_{self.op_id.hex}"


class CredentialHealth(Credential):
    """A credential as operators look after it: how often it is used, and whether its provider refuses it."""

    class Meta:
        proxy = True
        verbose_name = _("credential health")
        verbose_name_plural = _("credential health")
        ordering: ClassVar[list[str]] = ["provider__slug", "id"]


class EndpointHealth(Endpoint):
    """An endpoint as operators look after it: how it does now, and whether it rests."""

    class Meta:
        proxy = True
        verbose_name = _("endpoint health")
        verbose_name_plural = _("endpoint health")
        ordering: ClassVar[list[str]] = ["provider__slug", "model__slug"]


class ProbeKey(models.Model):
    """One row, id 1: the key of our own test calls, sealed as provider credentials are (probe_key.py)."""

    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField(editable=False)

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="proxy_probekey_single"),
        ]

    def __str__(self) -> str:
        return str(self.key)
