"""Headings of a list's columns that order it, and the addresses of its pages."""

from dataclasses import dataclass
from typing import Any

from django import template

from dashboard.lists import PAGE_PARAMETER, Listing

register = template.Library()


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a click on it leads; `sorted` is ARIA's word for the order in force."""

    query: str
    sorted: str


@register.simple_tag
def heading(shown: Listing[Any], name: str) -> Heading:
    """The column of this order; a second click turns it around where the list can be."""
    form = shown.form
    ways = [way for way in (name, f"-{name}") if way in form.ORDERS]
    if form.order not in ways:
        return Heading(form.query(sort=ways[0]), "none")
    here = ways.index(form.order)
    turned = ways[(here + 1) % len(ways)]
    return Heading(form.query(sort=turned), "descending" if ways[here].startswith("-") else "ascending")


@register.simple_tag
def page_query(shown: Listing[Any], number: int) -> str:
    """The same list's page of this number."""
    return shown.form.query(**{PAGE_PARAMETER: str(number) if number > 1 else ""})
