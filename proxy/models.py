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
        OK = "ok", _("Answered")  # in full
        ERROR = "error", _("Failed")  # no endpoint answered, or the answer broke off
        CANCELLED = "cancelled", _("Cancelled")  # the caller left before the end
        CRASHED = "crashed", _("Broken off by us")  # our own process died: nothing is charged

    id = models.UUIDField(_("request ID"), primary_key=True)
    at = models.DateTimeField(_("time"))
    org_id = models.BigIntegerField(_("number of the organization"))
    project_id = models.BigIntegerField(_("number of the project"))
    key_id = models.BigIntegerField(_("number of the key"))
    model = models.TextField(_("model"))
    asked = models.TextField(_("as the caller named it"))
    endpoint_id = models.BigIntegerField(_("number of the endpoint"), null=True)
    provider = models.TextField(_("provider"))
    kind = models.TextField(_("kind"))
    stream = models.BooleanField(_("streamed"))
    sandbox = models.BooleanField(_("sandbox"))
    free = models.BooleanField(_("free"))
    status = models.TextField(_("state"), choices=Status.choices)
    http_status = models.IntegerField(_("HTTP status"))
    error_code = models.TextField(_("error"))
    finish_reason = models.TextField(_("Finish reason"))
    attempts = models.JSONField(_("Attempts"))
    input_tokens = models.BigIntegerField(_("Input tokens"))
    cached_tokens = models.BigIntegerField(_("of them cached"))
    cache_write_tokens = models.BigIntegerField(_("of them written to cache"))
    output_tokens = models.BigIntegerField(_("Output tokens"))
    reasoning_tokens = models.BigIntegerField(_("of them reasoning"))
    estimated = models.BooleanField(_("estimated"))
    price_micros = models.BigIntegerField(_("price, micros"))
    cost_micros = models.BigIntegerField(_("cost, micros"))
    hold_micros = models.BigIntegerField(_("held, micros"))
    provider_cost_nano = models.BigIntegerField(_("cost at the provider, nano-USD"))
    cost_version = models.BigIntegerField(_("number of the price"), null=True)
    fx_rate = models.BigIntegerField(_("number of the exchange rate"), null=True)
    markup = models.BigIntegerField(_("number of the markup"), null=True)
    micros_per_usd = models.BigIntegerField(_("so'm for one dollar, micros"), null=True)
    fx_date = models.DateField(_("exchange rate of"), null=True)
    markup_bps = models.IntegerField(_("markup, basis points"))
    prices = models.JSONField(_("prices"))
    latency_ms = models.IntegerField(_("latency, ms"))
    ttft_ms = models.IntegerField(_("first token, ms"), null=True)
    cache_write_1h_tokens = models.BigIntegerField(_("of them cached for an hour"), default=0)
    images = models.BigIntegerField(_("Pictures"), default=0)
    seconds = models.BigIntegerField(_("Seconds"), default=0)
    characters = models.BigIntegerField(_("Characters"), default=0)
    route = models.JSONField(_("Route"), default=list)
    fx_margin = models.BigIntegerField(_("number of the exchange margin"), null=True)
    fx_margin_bps = models.IntegerField(_("exchange margin, basis points"), default=0)
    owed_elsewhere = models.JSONField(
        _("owed to others, nano-USD"), null=True
    )  # of the provider's cost, by slug

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
        CREATING = "creating", _("no provider has said yes yet")  # the money is held
        QUEUED = "queued", _("waits for its turn")
        IN_PROGRESS = "in_progress", _("is being made")
        COMPLETED = "completed", _("made")  # charged
        FAILED = "failed", _("failed")  # the hold was given back, as in the two below
        EXPIRED = "expired", _("nobody can say how it ended")
        DELETED = "deleted", _("deleted")

    id = models.BigAutoField(primary_key=True)
    op_id = models.UUIDField(_("request ID"), unique=True)
    org_id = models.BigIntegerField(_("number of the organization"))
    project_id = models.BigIntegerField(_("number of the project"))
    key_id = models.BigIntegerField(_("number of the key"))
    epoch = models.BigIntegerField(_("number of its process"))
    provider_id = models.BigIntegerField(_("number of the provider"), null=True)
    upstream_id = models.TextField(_("number at the provider"), blank=True)
    model = models.TextField(_("model"))
    asked = models.TextField(_("as the caller named it"))
    size = models.TextField(_("Size"), blank=True)
    seconds = models.IntegerField(_("Seconds"))
    status = models.TextField(_("state"), choices=Status.choices)
    progress = models.SmallIntegerField(_("Progress"), default=0)
    misses = models.SmallIntegerField(_("polls without an answer"), default=0)
    error_code = models.TextField(_("error"), blank=True)
    row = models.JSONField()
    tariff = models.JSONField()
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    polled_at = models.DateTimeField(_("last asked"), null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    expires_at = models.DateTimeField(_("expires"))

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
