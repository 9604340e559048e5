"""Which list each provider has, how it is asked for, and the whole of it page by page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urljoin, urlsplit

from routing.errors import ListRefused
from routing.models import ModelList, Provider
from routing.sync import fetch, openrouter, vendors
from routing.sync.access import secret_of
from routing.sync.listing import Listed, Page, joined

PAGES_MAX: Final = 20
_VERSION: Final = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Shape:
    """path: after the base URL. headers: of the credential. modalities: of which it names all models; empty
    for all."""

    path: str
    page: Callable[[bytes], Page]
    headers: Callable[[str], dict[str, str]]
    modalities: frozenset[str] = frozenset()


def _bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def _anthropic(secret: str) -> dict[str, str]:
    return {"x-api-key": secret}


def _gemini(secret: str) -> dict[str, str]:
    return {"x-goog-api-key": secret}


def shape_of(provider: Provider) -> Shape | None:
    """How this provider's list is read; None if it isn't. Sites of our own are never asked."""
    if provider.hosted or provider.sandbox:
        return None
    shapes: Mapping[str, Shape] = {
        ModelList.OPENAI: Shape("/models", vendors.openai_page, _bearer),
        ModelList.OPENROUTER: Shape(
            "/models",
            partial(openrouter.page, fee_bps=provider.list_fee_bps),
            _bearer,
            frozenset({"chat"}),
        ),
        ModelList.ANTHROPIC: Shape(f"/v1/models?limit={vendors.PAGE}", vendors.anthropic_page, _anthropic),
        ModelList.GEMINI: Shape(f"/models?pageSize={vendors.PAGE}", vendors.gemini_page, _gemini),
    }
    return shapes.get(provider.model_list or provider.dialect)


def listing(provider: Provider, shape: Shape, *, private: bool) -> dict[str, Listed]:
    """The whole list of this provider. Raises ListRefused."""
    secret = secret_of(provider)
    headers = {"anthropic-version": _VERSION} if shape.headers is _anthropic else {}
    headers |= shape.headers(secret) if secret else {}
    url = provider.base_url.rstrip("/") + shape.path
    pages: list[Page] = []
    while url:
        if len(pages) == PAGES_MAX:
            raise ListRefused(f"the list has more than {PAGES_MAX} pages")
        page = shape.page(fetch.get(url, headers, private=private))
        pages.append(page)
        url = _following(url, page.next) if page.next else ""
    return joined(pages)


def _following(url: str, following: str) -> str:
    """The next page's address, which may not lead elsewhere: the credential goes along."""
    found = urljoin(url, following)
    here, there = urlsplit(url), urlsplit(found)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise ListRefused("the list goes on at another host")
    return found
