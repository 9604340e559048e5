"""The request log: one row for every call that passed reserve, written in the commit that charges it.

The table is range-partitioned by id (UUIDv7, UTC months) in proxy/sql, so the model is unmanaged and no
foreign key leads to or from it. A row is never changed after its insert.
"""

from typing import ClassVar

from django.db import models


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

    class Meta:
        managed = False
        db_table = "proxy_request"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.id} {self.model}"
