"""What the public reads answer, for the API documentation only: the answers are built as plain values."""

from typing import Any

from ninja import Field, Schema


class Problem(Schema):
    """What is wrong, in words and in a stable code; `param` names the field at fault."""

    message: str
    type: str = Field(..., examples=["invalid_request_error"])
    param: str | None
    code: str = Field(..., examples=["invalid_api_key"])


class Envelope(Schema):
    """Every refusal."""

    type: str = Field("error", examples=["error"])
    error: Problem
    request_id: str


class ModelItem(Schema):
    """One model. Prices are so'm as strings: per million tokens or characters; per image, second, request."""

    id: str = Field(..., examples=["openai/gpt-4o"])
    object: str = "model"
    created: int
    owned_by: str
    name: str
    description: str
    context_length: int
    max_completion_tokens: int
    architecture: dict[str, Any]
    supported_parameters: list[str]
    modality: str
    category: str
    free: bool
    available: bool
    sandbox: bool
    pricing_uzs: dict[str, str] = Field({}, examples=[{"input": "30961.56", "output": "123846.24"}])
    standard_pricing_uzs: dict[str, str] = Field({}, description="What a free model costs beyond the quota.")
    replaced_by: str = Field("", description="The model that answers for this retired id.")


class ModelList(Schema):
    object: str = "list"
    data: list[ModelItem]
    has_more: bool
    first_id: str | None
    last_id: str | None


class PriceNow(Schema):
    """So'm per million tokens."""

    site: str = Field(..., examples=["dallas"])
    state: str = Field(..., examples=["fresh", "hold", "estimated", "tariff", "override"])
    input: float
    cached_input: float
    output: float
    energy: float | None = Field(..., description="The part of `output` that is electricity.")


class PriceHistory(Schema):
    """Columns of `48`, `288` or `336` points; point `i` is the time from `t0 + i × step`, in Unix seconds.

    So'm per million output tokens at the exchange rate of `rate_date`; null where nothing is known.
    """

    object: str = "price_history"
    model: str
    window: str = Field(..., examples=["24h"])
    currency: str = "UZS"
    per: int = 1_000_000
    rate_date: str
    simulated: bool = Field(..., description="The market's prices are made up, as in a demo.")
    updated_at: str | None
    current: PriceNow | None = Field(..., description="What a call pays now; null while no site is open.")
    average_24h: float | None
    sites: dict[str, str] = Field(..., description="Names of the sites.")
    t0: int
    step: int
    out: list[float | None] = Field(..., description="Time-weighted mean.")
    energy: list[float | None] = Field(..., description="The part of `out` that is electricity.")
    min: list[float | None]
    max: list[float | None]
    site: list[str | None] = Field(..., description="The site that set the price.")
    state: list[str | None] = Field(..., description="How live the price was: fresh, hold, estimated …")


class SitePriceNow(PriceNow):
    id: str = Field(..., description="The model.")
    available: bool
    preferred: bool = Field(..., description="New conversations go here first.")


class EnergySite(Schema):
    id: str
    name: str
    place: str
    country: str
    state: str
    drained: bool = Field(..., description="Electricity is too dear there now: no calls are sent.")
    simulated: bool
    updated_at: str | None
    models: list[SitePriceNow]


class EnergySites(Schema):
    object: str = "list"
    currency: str = "UZS"
    per: int = 1_000_000
    data: list[EnergySite]


class Spread(Schema):
    """Milliseconds."""

    p50: int
    p95: int


class Measured(Schema):
    """null: fewer than five calls tell it."""

    error_percent: float | None
    ttft_ms: Spread | None = Field(..., description="Time to the first token of streams.")
    latency_ms: Spread | None = Field(..., description="Of whole calls.")
    tokens_per_second: float | None = Field(..., description="Median of streams after their first token.")


class EndpointStatus(Schema):
    provider: str
    windows: dict[str, Measured]


class ModelStatus(Schema):
    id: str
    windows: dict[str, Measured] = Field(..., description="`1h`, `24h` and `90d`, as callers saw it.")
    endpoints: list[EndpointStatus] = Field(..., description="By attempts, those before a failover too.")


class Status(Schema):
    object: str = "list"
    data: list[ModelStatus]


class CloudgptModel(Schema):
    """One model as CloudGPT lists it."""

    id: str = Field(..., examples=["openai"])
    name: str = Field(..., examples=["OpenAI GPT-4o"])
    provider: str = Field(..., examples=["pollinations"])
    description: str = Field(..., examples=["OpenAI GPT-4o model"])


class CloudgptModels(Schema):
    object: str = "list"
    data: list[CloudgptModel]


class CloudgptVideoModel(CloudgptModel):
    maxDuration: int = Field(..., description="Seconds.", examples=[8])


class CloudgptVideoModels(Schema):
    object: str = "list"
    data: list[CloudgptVideoModel]


class Generation(Schema):
    """The receipt of one call. Amounts are so'm as strings, prices per million tokens."""

    id: str
    model: str
    asked: str
    status: str
    endpoint: dict[str, Any]
    rescued: bool = Field(
        False, description="A provider broke off and another went on; the attempts tell each one's part."
    )
    attempts: list[dict[str, Any]]
    route: list[dict[str, Any]] = Field([], description="The endpoints considered, where there was a choice.")
    usage: dict[str, Any]
    prices_uzs: dict[str, dict[str, str]]
    markup_percent: str
    fx_margin_percent: str = Field("", description="The margin on the rate; absent where there was none.")
    rate_date: str | None
    price_uzs: str
    cost_uzs: str
    latency_ms: int
    ttft_ms: int | None


class Video(Schema):
    """A job that makes a video. `prompt` is always null: it isn't kept."""

    id: str = Field(..., examples=["video_0199f3c0a1b27c3d8e4f5a6b7c8d9e00"])
    object: str = "video"
    created_at: int
    completed_at: int | None
    expires_at: int | None = Field(..., description="Until when a finished video can be fetched.")
    status: str = Field(..., examples=["queued", "in_progress", "completed", "failed"])
    progress: int
    model: str
    seconds: str
    size: str
    prompt: None = None
    error: dict[str, Any] | None
    remixed_from_video_id: None = None


class VideoList(Schema):
    object: str = "list"
    data: list[Video]
    has_more: bool
    first_id: str | None
    last_id: str | None


class VideoDeleted(Schema):
    id: str
    object: str = "video.deleted"
    deleted: bool = True


class CreditTotals(Schema):
    """So'm as exact numbers, and as integers of micros (10⁻⁶ so'm)."""

    total_credits: float
    total_usage: float
    currency: str = "UZS"
    total_credits_micros: int
    total_usage_micros: int
    balance_uzs: str
    available_uzs: str


class Credits(Schema):
    data: CreditTotals
