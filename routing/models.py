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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.energy.markets import Feed, FeedState, GridHour, GridNode, GridPrice, GridRate
from routing.energy.models import BenchmarkPrice, DataCentre, Hosting, Preference, SitePrice, SiteState
from routing.pausable import Pausable, paused_with_a_reason
from routing.sync.models import CatalogProposal as CatalogProposal
from routing.sync.models import ProposalKind as ProposalKind
from routing.sync.models import ProposalState as ProposalState
from routing.sync.models import ProviderSync as ProviderSync
from routing.wordings import ModelWording as ModelWording

# Django finds the models of an app in this module; those of other nouns have files of their own.
OF_ENERGY = (
    *(BenchmarkPrice, DataCentre, Feed, FeedState, GridHour, GridNode, GridPrice, GridRate, Hosting),
    *(Preference, SitePrice, SiteState),
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
    CANCEL = "cancel", _("stop it, and pay for what was produced")
    DRAIN = "drain", _("read to the end: it bills that anyway")


class Prefill(models.TextChoices):
    """How an endpoint is asked to go on with what another one has said (proxy/dialects/prefill.py)."""

    NO = "", _("no")
    TURN = "turn", _("a conversation that ends with the assistant's turn")
    FINAL_MESSAGE = "final_message", "continue_final_message (vLLM, SGLang)"
    PREFIX = "prefix", _("prefix: true (DeepSeek's beta)")
    ECHOED_PREFIX = "echoed_prefix", _("prefix: true, told again first (Mistral)")
    PARTIAL = "partial", "partial: true (Moonshot, Alibaba)"


class Modality(models.TextChoices):
    CHAT = "chat", _("Chat")
    EMBEDDING = "embedding", _("Embeddings")
    IMAGE = "image", _("Images")
    VIDEO = "video", _("Video")
    SPEECH = "speech", _("Speech")
    TRANSCRIPTION = "transcription", _("Transcription")
    MODERATION = "moderation", _("Moderation")


class Category(models.TextChoices):
    HOSTED = "hosted", _("Open")  # open weights: served from our own sites, or bought in where we have none
    THIRD_PARTY = "third_party", _("Closed")  # closed: only its vendor (or the vendor's cloud partner) has it


class MarkupKind(models.TextChoices):
    ROUTING_FEE = "routing_fee", _("routing fee")
    MARGIN = "margin", _("margin on models bought in")
    HOSTED = "hosted", _("margin of our own sites")


class ModelList(models.TextChoices):
    """Whose shape a provider's list of models has, for the catalog sync."""

    DIALECT = "", _("as its dialect")
    OFF = "off", _("not read")
    OPENAI = "openai", "OpenAI"
    OPENROUTER = "openrouter", _("OpenRouter (with prices)")
    ANTHROPIC = "anthropic", "Anthropic"
    GEMINI = "gemini", "Gemini"


class Provider(Pausable):
    """Somebody who answers calls: a vendor, a reseller, or a site of ours."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.TextField(_("name"))
    dialect = models.TextField(_("dialect"), choices=Dialect.choices)
    base_url = models.TextField(
        _("address"), blank=True, help_text=_("Up to and including /v1 where the dialect has one.")
    )
    base_url_ref = models.TextField(
        _("setting with the address"),
        blank=True,
        help_text=_("env:NAME, if the address is read from a setting."),
    )
    on_disconnect = models.TextField(
        _("when a caller leaves"), choices=OnDisconnect.choices, default=OnDisconnect.CANCEL
    )
    prefill = models.TextField(
        _("going on with an answer"),
        choices=Prefill.choices,
        default=Prefill.NO,
        db_default=Prefill.NO,
        blank=True,
        help_text=_("How its models are asked to go on with an answer that another provider began."),
    )
    hosted = models.BooleanField(_("site of ours"), default=False)
    sandbox = models.BooleanField(
        _("sandbox"), default=False, help_text=_("Stands in for unconfigured models in the demo.")
    )
    model_list = models.TextField(
        _("shape of its list of models"), choices=ModelList.choices, blank=True, default="", db_default=""
    )
    list_fee_bps = models.PositiveIntegerField(
        _("fee on listed prices, basis points"),
        default=0,
        db_default=0,
        help_text=_("What it adds to its listed prices, in basis points: 550 adds 5.5 per cent."),
    )
    active = models.BooleanField(_("active"), default=True)

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

    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="credentials", verbose_name=_("provider")
    )
    label = models.CharField(_("label"), max_length=60, help_text=_("For operators; customers never see it."))
    ref = models.TextField(
        _("setting with the secret"),
        blank=True,
        help_text=_("env:NAME, if the secret is read from the environment."),
    )
    sealed = models.BinaryField(null=True, editable=False)
    last4 = models.CharField(max_length=4, blank=True, editable=False)
    from_env = models.BooleanField(default=False, editable=False)
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=1,
        help_text=_("Its share of the calls beside the others; 0: only when no other one is left."),
    )
    active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, editable=False)
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
        return gettext("%(label)s of %(provider)s") % {"label": self.label, "provider": self.provider}

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

    slug = models.TextField(_("model ID"), unique=True)
    name = models.TextField(_("name"))
    modality = models.TextField(_("modality"), choices=Modality.choices)
    category = models.TextField(_("category"), choices=Category.choices)
    free = models.BooleanField(
        _("free"), default=False, help_text=_("Free within the daily quota, at its price after.")
    )
    rpm = models.PositiveIntegerField(_("requests per minute, one key"), null=True, blank=True)
    context_window = models.PositiveIntegerField(
        _("context window"), default=0, help_text=_("Tokens; 0 where it has no meaning.")
    )
    max_output_tokens = models.PositiveIntegerField(_("longest output"), null=True, blank=True)
    default_output_tokens = models.PositiveIntegerField(_("output by default"), null=True, blank=True)
    capabilities = ArrayField(models.TextField(), default=list, blank=True, verbose_name=_("capabilities"))
    creator = models.TextField(_("maker"), blank=True)
    description = models.TextField(_("description"), blank=True)
    strengths = models.TextField(_("strengths"), blank=True)
    weaknesses = models.TextField(_("weaknesses"), blank=True)
    tokenizer = models.TextField(_("tokenizer"), blank=True)
    max_duration_s = models.PositiveIntegerField(_("longest, seconds"), null=True, blank=True)
    default_size = models.TextField(_("size by default"), blank=True)
    max_side_px = models.PositiveIntegerField(
        _("longest side, pixels"), null=True, blank=True, help_text=_("Images and video.")
    )
    replaced_by = models.TextField(
        _("replaced by"), blank=True, help_text=_("Id of the model that answers for this one.")
    )
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
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
    name = models.TextField(_("name"))
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="names")

    class Meta:
        verbose_name = _("model name")
        verbose_name_plural = _("model names")
        ordering: ClassVar[list[str]] = ["folded"]

    def __str__(self) -> str:
        return self.name


class Endpoint(Pausable):
    """A model at a provider. `context_window` is the provider's own where it is smaller than the model's."""

    model = models.ForeignKey(
        Model, on_delete=models.PROTECT, related_name="endpoints", verbose_name=_("model")
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.PROTECT, related_name="endpoints", verbose_name=_("provider")
    )
    upstream_name = models.TextField(_("name at the provider"))
    markup_kind = models.TextField(_("kind of markup"), choices=MarkupKind.choices)
    priority = models.PositiveIntegerField(_("priority"), default=1, help_text=_("The smallest is first."))
    context_window = models.PositiveIntegerField(_("context window"), null=True, blank=True)
    ttft_ms = models.PositiveIntegerField(
        _("first token, ms"), null=True, blank=True, help_text=_("Expected until traffic says better.")
    )
    token_rate = models.PositiveIntegerField(
        _("tokens a second"), null=True, blank=True, help_text=_("Expected until traffic says better.")
    )
    price_pinned = models.BooleanField(
        _("price is pinned"),
        default=False,
        db_default=False,
        help_text=_("The catalog sync leaves its price alone."),
    )
    active = models.BooleanField(_("active"), default=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

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
        return gettext("%(model)s at %(provider)s") % {"model": self.model, "provider": self.provider}


def _of_document(path: str) -> Any:
    number = models.BigIntegerField()
    return models.GeneratedField(expression=Cast(KT(path), number), output_field=number, db_persist=True)


class CostVersion(models.Model):
    """What an endpoint costs us from a moment on: component → nano-USD per 10^6 units. Append-only."""

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="costs", verbose_name=_("endpoint")
    )
    components = models.JSONField()
    above_input = models.JSONField(default=list, blank=True)
    from_sync = models.BooleanField(
        default=False, db_default=False, help_text="Read off the provider's list."
    )
    energy = models.JSONField(
        null=True, help_text="Of a hosted model: what the price was made of (routing/energy/pricing.py)."
    )
    valid_from = models.DateTimeField(_("in force from"), default=timezone.now)
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
        return gettext("c%(id)s of %(endpoint)s") % {"id": self.pk, "endpoint": self.endpoint}


class CatalogVersion(models.Model):
    """One row, id 1: moves with every change above."""

    version = models.BigIntegerField(default=1)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="routing_catalogversion_single"),
        ]

    def __str__(self) -> str:
        return str(self.version)
