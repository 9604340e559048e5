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
