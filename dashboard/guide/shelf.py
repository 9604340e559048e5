"""The pages as they lie in docs/site: one folder a language, Markdown under a small front matter.

Front matter is lines of `name: value` between two lines of `---`: title, summary, section (of SECTIONS) and
order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.guide.codes import CODES_FILE, code_pages
from dashboard.guide.page import Page

ROOT: Final = Path(settings.BASE_DIR) / "docs" / "site"
FALLBACK: Final = "en"  # every page is written in it first
SECTIONS: Final[dict[str, Promise]] = {
    "start": _("Get started"),
    "api": _("API"),
    "routing": _("Routing"),
    "money": _("Money"),
    "limits": _("Limits and errors"),
    "projects": _("Projects and data"),
    "tools": _("SDKs and tools"),
    "help": _("Help"),
}
HIDDEN: Final = "codes"  # the section of single error codes: found and linked, not listed beside the text


@dataclass(frozen=True, slots=True)
class Shelf:
    """All pages of one language in reading order; what isn't translated stands there in English."""

    language: str
    pages: Mapping[str, Page]

    def listed(self) -> list[tuple[Promise, list[Page]]]:
        """The sections with their pages, as the navigation has them."""
        found = [
            (title, [p for p in self.pages.values() if p.section == key]) for key, title in SECTIONS.items()
        ]
        return [(title, pages) for title, pages in found if pages]

    def beside(self, page: Page) -> tuple[Page | None, Page | None]:
        """The pages before and after it in reading order; codes among codes."""
        row = [p for p in self.pages.values() if (p.section == HIDDEN) == (page.section == HIDDEN)]
        at = row.index(page)
        return (row[at - 1] if at else None, row[at + 1] if at + 1 < len(row) else None)


@cache
def shelf(language: str) -> Shelf:
    """The pages of a language; English ones where a file is missing. Raises ValueError on a bad file."""
    pages = own_pages(FALLBACK)
    if language != FALLBACK:
        own = own_pages(language)
        pages = {slug: own.get(slug, page) for slug, page in pages.items()}
    return Shelf(language, pages)


def own_pages(language: str) -> dict[str, Page]:
    """What this language itself has, in reading order."""
    folder = ROOT / language
    files = [path for path in sorted(folder.glob("*.md")) if path.name != CODES_FILE]
    pages = sorted((read(path) for path in files), key=_place)
    codes = folder / CODES_FILE
    if codes.exists():
        pages += code_pages(codes.read_text(encoding="utf-8"), language, HIDDEN)
    return {page.slug: page for page in pages}


def read(path: Path) -> Page:
    """One file. Raises ValueError where its front matter lacks something."""
    head, _mark, body = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    try:
        return Page(
            slug=path.stem,
            language=path.parent.name,
            title=fields["title"],
            summary=fields["summary"],
            section=fields["section"],
            order=int(fields["order"]),
            body=body.strip(),
        )
    except KeyError as error:
        raise ValueError(f"{path}: no {error} in the front matter") from None


def _place(page: Page) -> tuple[int, int]:
    return list(SECTIONS).index(page.section), page.order
