"""One page of the documentation, before anything is made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """body: Markdown with {{figures}} to be filled in. language: the one that it is written in."""

    slug: str
    language: str
    title: str
    summary: str
    section: str
    order: int
    body: str
