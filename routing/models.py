"""What we sell and where we buy.

The law of this file:

- A model is sold under many names (id, aliases, display name); a folded name leads to one model only.
- An endpoint is one model at one provider. Its price is not a column: the newest CostVersion is in force,
  and a CostVersion is never changed or removed (a trigger refuses it), so a charge can always be explained.
- Costs are integers of nano-USD per 10^6 units; so'm and markup are billing's (ARCHITECTURE §3).
- Nothing is deleted, because request rows keep the ids: it is retired or made inactive.
- Each statement on these tables moves CatalogVersion by trigger; workers poll that row (ARCHITECTURE §2.3).
"""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from routing.energy.models import (
    BenchmarkPrice,
    DataCentre,
    Feed,
    FeedState,
    GridHour,
    GridNode,
    GridPrice,
    Hosting,
    Preference,
    SitePrice,
    SiteState,
)
from routing.pausable import Pausable, paused_with_a_reason
from routing.sync.models import CatalogProposal as CatalogProposal
from routing.sync.models import ProposalKind as ProposalKind
from routing.sync.models import ProposalState as ProposalState
from routing.wordings import ModelWording as ModelWording

# Django finds the models of an app in this module; those of other nouns have files of their own.
OF_ENERGY = (
    *(BenchmarkPrice, DataCentre, Feed, FeedState, GridHour, GridNode, GridPrice, Hosting, Preference),
    *(SitePrice, SiteState),
)

COMPONENTS = (
    "input",
    "cached_input",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "image",
    "second",
    "character",
    "request",
)


class Dialect(models.TextChoices):
    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    GEMINI = "gemini", "Gemini"
    POLLINATIONS = "pollinations", "Pollinations"


class OnDisconnect(models.TextChoices):
    CANCEL = "cancel"  # the upstream stops when the caller leaves: pay for what was produced
    DRAIN = "drain"  # the upstream bills to the end anyway: read on for the real usage


class Prefill(models.TextChoices):
    """How an endpoint is asked to go on with what another one has said (proxy/dialects/prefill.py)."""

    NO = "", "no"
    TURN = "turn", "a conversation that ends with the assistant's turn"
    FINAL_MESSAGE = "final_message", "continue_final_message (vLLM, SGLang)"
    PREFIX = "prefix", "prefix: true (DeepSeek's beta)"
    ECHOED_PREFIX = "echoed_prefix", "prefix: true, told again first (Mistral)"
    PARTIAL = "partial", "partial: true (Moonshot, Alibaba)"


class Modality(models.TextChoices):
    CHAT = "chat"
    EMBEDDING = "embedding"
    IMAGE = "image"
    VIDEO = "video"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    MODERATION = "moderation"


class Category(models.TextChoices):
    HOSTED = "hosted"  # open weights: served from our own sites, or bought in where we have none
    THIRD_PARTY = "third_party"  # closed: only its vendor (or the vendor's cloud partner) has it


class MarkupKind(models.TextChoices):
    ROUTING_FEE = "routing_fee"
    MARGIN = "margin"
    HOSTED = "hosted"


class ModelList(models.TextChoices):
    """Whose shape a provider's list of models has, for the catalog sync."""

    DIALECT = "", "as its dialect"
    OFF = "off", "not read"
    OPENAI = "openai", "OpenAI"
    OPENROUTER = "openrouter", "OpenRouter (with prices)"
    ANTHROPIC = "anthropic", "Anthropic"
    GEMINI = "gemini", "Gemini"


class Provider(Pausable):
    """Somebody who answers calls: a vendor, a reseller, or a site of ours."""

    slug = models.SlugField(unique=True)
    name = models.TextField()
    dialect = models.TextField(choices=Dialect.choices)
    base_url = models.TextField(blank=True, help_text="Up to and including /v1 where the dialect has one.")
    base_url_ref = models.TextField(blank=True, help_text="env:NAME, if the address is read from a setting.")
    on_disconnect = models.TextField(choices=OnDisconnect.choices, default=OnDisconnect.CANCEL)
    prefill = models.TextField(
        choices=Prefill.choices,
        default=Prefill.NO,
        db_default=Prefill.NO,
        blank=True,
        help_text="How its models are asked to go on with an answer that another provider began.",
    )
    hosted = models.BooleanField(default=False, help_text="A site of our own.")
    sandbox = models.BooleanField(default=False, help_text="Stands in for unconfigured models in the demo.")
    model_list = models.TextField(choices=ModelList.choices, blank=True, default="", db_default="")
    list_fee_bps = models.PositiveIntegerField(
        default=0, db_default=0, help_text="What it adds to its listed prices, in basis points: 550 is 5.5 %."
    )
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering: ClassVar[list[str]] = ["slug"]
        constraints: ClassVar[list[models.BaseConstraint]] = [paused_with_a_reason("provider")]

    def __str__(self) -> str:
        return self.slug


class Credential(models.Model):
    """One of the accounts that we have at a provider; a provider without any is asked without a key.

    The secret is the sealed one, else the environment's. `version` moves with the secret and whenever it's
    enabled again: what gateways have found out of an earlier version doesn't count any more.
    """

    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="credentials")
    label = models.CharField(max_length=60, help_text="For operators; customers never see it.")
    ref = models.TextField(blank=True, help_text="env:NAME, if the secret is read from the environment.")
    sealed = models.BinaryField(null=True, editable=False)
    last4 = models.CharField(max_length=4, blank=True, editable=False)
    from_env = models.BooleanField(default=False, editable=False)
    weight = models.PositiveSmallIntegerField(
        default=1, help_text="Its share of the calls beside the others; 0: only when no other one is left."
    )
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    disabled_reason = models.CharField(max_length=60, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering: ClassVar[list[str]] = ["provider", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "ref"], condition=~models.Q(ref=""), name="routing_credential_ref_once"
            ),
            models.CheckConstraint(
                condition=models.Q(disabled_at=None) | ~models.Q(disabled_reason=""),
                name="routing_credential_disabled_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.provider}"

    @property
    def name(self) -> str:
        """How gateways speak of it in this version (routing/snaps.py)."""
        return f"{self.pk}.{self.version}"

    def enable(self) -> None:
        """A new start, under a new version; the caller saves the row."""
        self.version += 1
        self.disabled_at, self.disabled_reason, self.retired_at = None, "", None

    @property
    def state(self) -> str:
        """What operators read of it; what gateways found out in the last minute isn't here yet."""
        if self.retired_at is not None:
            return "not in the catalog any more"
        if not self.active:
            return "switched off"
        if self.disabled_at is not None:
            return f"disabled {self.disabled_at:%Y-%m-%d %H:%M} UTC: {self.disabled_reason}"
        return "in use"


class Model(models.Model):
    """Something a caller can name in `model`."""

    slug = models.TextField(unique=True)
    name = models.TextField()
    modality = models.TextField(choices=Modality.choices)
    category = models.TextField(choices=Category.choices)
    free = models.BooleanField(default=False, help_text="Free within the daily quota, at its price after.")
    rpm = models.PositiveIntegerField(null=True, blank=True, help_text="Requests per minute, per key.")
    context_window = models.PositiveIntegerField(default=0, help_text="Tokens; 0 where it has no meaning.")
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    default_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    capabilities = ArrayField(models.TextField(), default=list, blank=True)
    creator = models.TextField(blank=True)
    description = models.TextField(blank=True)
    strengths = models.TextField(blank=True)
    weaknesses = models.TextField(blank=True)
    tokenizer = models.TextField(blank=True)
    max_duration_s = models.PositiveIntegerField(null=True, blank=True)
    default_size = models.TextField(blank=True)
    max_side_px = models.PositiveIntegerField(null=True, blank=True, help_text="Images and video.")
    replaced_by = models.TextField(blank=True, help_text="Id of the model that answers for this one.")
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering: ClassVar[list[str]] = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ModelName(models.Model):
    """A spelling that leads to a model, folded by `routing.names.fold`."""

    folded = models.TextField(unique=True)
    name = models.TextField()
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="names")

    class Meta:
        verbose_name = _("model name")
        verbose_name_plural = _("model names")
        ordering: ClassVar[list[str]] = ["folded"]

    def __str__(self) -> str:
        return self.name


class Endpoint(Pausable):
    """A model at a provider. `context_window` is the provider's own where it is smaller than the model's."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="endpoints")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="endpoints")
    upstream_name = models.TextField()
    markup_kind = models.TextField(choices=MarkupKind.choices)
    priority = models.PositiveIntegerField(default=1, help_text="The smallest is asked first.")
    context_window = models.PositiveIntegerField(null=True, blank=True)
    ttft_ms = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Expected until traffic says better: milliseconds to the first token.",
    )
    token_rate = models.PositiveIntegerField(
        null=True, blank=True, help_text="Expected until traffic says better: output tokens a second."
    )
    price_pinned = models.BooleanField(
        default=False, db_default=False, help_text="The catalog sync leaves its price alone."
    )
    active = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        ordering: ClassVar[list[str]] = ["model", "priority", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["model", "provider", "upstream_name"], name="routing_endpoint_once"
            ),
            paused_with_a_reason("endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}"


def _of_document(path: str) -> Any:
    number = models.BigIntegerField()
    return models.GeneratedField(expression=Cast(KT(path), number), output_field=number, db_persist=True)


class CostVersion(models.Model):
    """What an endpoint costs us from a moment on: component → nano-USD per 10^6 units. Append-only."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="costs")
    components = models.JSONField()
    above_input = models.JSONField(default=list, blank=True)
    from_sync = models.BooleanField(
        default=False, db_default=False, help_text="Read off the provider's list."
    )
    energy = models.JSONField(
        null=True, help_text="Of a hosted model: what the price was made of (routing/energy/pricing.py)."
    )
    valid_from = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    # Out of the documents, so that an index alone answers for the thousands of rows of a chart.
    output_nano = _of_document("components__output")
    energy_nano = _of_document("energy__energy_nano")

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering: ClassVar[list[str]] = ["-id"]
        # A hosted endpoint has up to 288 a day for good: the newest one, and a chart's stretch of time.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["endpoint", "-id"], name="routing_cost_newest"),
            models.Index(
                fields=["endpoint", "valid_from"],
                include=["id", "output_nano", "energy_nano"],
                name="routing_cost_over_time",
            ),
        ]

    def __str__(self) -> str:
        return f"c{self.pk} of {self.endpoint}"


class ProviderSync(models.Model):
    """How reading a provider's list went last. Apart from Provider, as a row of that moves the catalog."""

    provider = models.OneToOneField(Provider, on_delete=models.PROTECT, related_name="sync")
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


class CatalogVersion(models.Model):
    """One row, id 1: moves with every change above."""

    version = models.BigIntegerField(default=1)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="routing_catalogversion_single"),
        ]

    def __str__(self) -> str:
        return str(self.version)
