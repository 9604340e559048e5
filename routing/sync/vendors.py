"""The vendors' own lists, which have no prices: OpenAI's, Anthropic's and Gemini's. Pure.

Sources: platform.openai.com/docs/api-reference/models/list (ids only), docs.anthropic.com/en/api/models-list
(limits and abilities, `lifecycle`), ai.google.dev/api/models (limits and methods, pages by token).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from routing.sync import document
from routing.sync.listing import Listed, Page

PAGE: Final = 1_000  # the most that Anthropic and Gemini give at once
_CLAUDE: Final = {
    "image_input": "vision",
    "pdf_input": "pdf",
    "structured_outputs": "json",
    "thinking": "reasoning",
}
_METHODS: Final = {
    "embedContent": "embedding",
    "predict": "image",
    "predictLongRunning": "video",
    "generateContent": "chat",
}


def openai_page(data: bytes) -> Page:
    """One answer. Raises ListRefused."""
    rows = document.rows(document.read(data), "data")
    return Page(tuple(Listed(id=document.name(row, "id").removeprefix("models/")) for row in rows))


def anthropic_page(data: bytes) -> Page:
    """One answer, without the retired models that it keeps for the record. Raises ListRefused."""
    found = document.read(data)
    rows = document.rows(found, "data")
    models = tuple(_tolerant(_claude, row, "id") for row in rows if row.get("lifecycle") != "retired")
    last = (
        document.text(found, "last_id") if isinstance(found, dict) and found.get("has_more") is True else ""
    )
    return Page(models, f"?limit={PAGE}&after_id={quote(last, safe='')}" if last else "")


def gemini_page(data: bytes) -> Page:
    """One answer. Raises ListRefused."""
    found = document.read(data)
    models = tuple(_tolerant(_gemini, row, "name") for row in document.rows(found, "models"))
    token = found.get("nextPageToken") if isinstance(found, dict) else None
    following = (
        f"?pageSize={PAGE}&pageToken={quote(token, safe='')}" if isinstance(token, str) and token else ""
    )
    return Page(models, following)


def _tolerant(read: Callable[[str, Mapping[str, Any]], Listed], row: Mapping[str, Any], key: str) -> Listed:
    """The model, or what is wrong with it."""
    slug = document.name(row, key).removeprefix("models/")
    try:
        return read(slug, row)
    except ValueError as error:
        return Listed(id=slug, problem=f"{slug}: {error}")


def _claude(slug: str, row: Mapping[str, Any]) -> Listed:
    able = document.part(row, "capabilities")
    return Listed(
        id=slug,
        name=document.text(row, "display_name"),
        context_window=document.tokens(row, "max_input_tokens"),
        max_output_tokens=document.tokens(row, "max_tokens"),
        capabilities=frozenset(
            ours for theirs, ours in _CLAUDE.items() if document.part(able, theirs).get("supported") is True
        ),
        told=frozenset(ours for theirs, ours in _CLAUDE.items() if theirs in able),
        deprecated=row.get("lifecycle") == "deprecated",
    )


def _gemini(slug: str, row: Mapping[str, Any]) -> Listed:
    methods = document.words(row, "supportedGenerationMethods")
    thinks = row.get("thinking")
    return Listed(
        id=slug,
        name=document.text(row, "displayName"),
        modality=next((ours for theirs, ours in _METHODS.items() if theirs in methods), "chat"),
        context_window=document.tokens(row, "inputTokenLimit"),
        max_output_tokens=document.tokens(row, "outputTokenLimit"),
        capabilities=frozenset({"reasoning"} if thinks is True else ()),
        told=frozenset({"reasoning"} if isinstance(thinks, bool) else ()),
    )
