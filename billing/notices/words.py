"""A notice in a reader's language: templates/notices/<kind>.txt, whose first line is the subject."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from billing.models.topup import refusal_text

_PLACES = {
    "cap": "/dashboard/budgets",
    "balance": "/dashboard/billing",
    "topup": "/dashboard/billing",
    "refund": "/dashboard/billing",
    "price": "/energy",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message without greeting and signature."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str

    @property
    def text(self) -> str:
        """For a chat."""
        return "\n\n".join((self.subject, *self.paragraphs, self.link))


def written(kind: str, facts: Mapping[str, Any], language: str) -> Letter:
    """The notice in this language; in the site's own where a person has none."""
    known = dict(facts)
    if known.get("resets_on"):
        known["resets_on"] = date.fromisoformat(known["resets_on"])
    with translation.override(language or settings.LANGUAGE_CODE):
        if "refusal" in known:
            known["reason"] = refusal_text(known["refusal"], known["reason"])
        lines = render_to_string(f"notices/{kind}.txt", known).splitlines()
    # Spaces alone: those between an amount and its unit don't break.
    subject, *paragraphs = [" ".join(filter(None, line.split(" "))) for line in lines if line.strip()]
    return Letter(subject, tuple(paragraphs), settings.SITE_URL + _PLACES.get(kind, "/dashboard"))
