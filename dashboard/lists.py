"""Lists whose state stands in their address: search, filters, order and page. So a reload, the back button
and a link that is sent on show the same.

A list is a form of its own: fields are its filters, ORDERS what it can be ordered by. What is asked for and
doesn't exist narrows nothing; a page past the end is the last one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from dashboard.widgets import LongSelect

PAGE: Final = 50
PAGE_PARAMETER: Final = "page"


@dataclass(frozen=True, slots=True)
class Order:
    """One way to order a list: its name for readers, and fields for order_by, the last of them unique."""

    label: Promise
    by: tuple[Any, ...]


class ListForm[M: Model](forms.Form):
    """The filters of a list. The first of ORDERS holds where none is asked for."""

    ORDERS: ClassVar[Mapping[str, Order]] = {}

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "data-search": True}),
    )
    sort = forms.ChoiceField(label=_("Order"), required=False, widget=LongSelect)

    def __init__(self, said: QueryDict) -> None:
        super().__init__(said)
        field = self.fields["sort"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, order.label) for name, order in self.ORDERS.items()]
        self.order_fields([name for name in self.fields if name != "sort"] + ["sort"])
        self.said: dict[str, Any] = {}
        self.read()

    def read(self) -> None:
        """Once more by a subclass that has filled in what its fields offer."""
        self.full_clean()
        self.said = {name: value for name, value in self.cleaned_data.items() if value}

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows that the filters let through."""
        raise NotImplementedError

    def rows(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Those rows in the order asked for: all of them, for a file."""
        return self.narrow(rows).order_by(*self.ORDERS[self.order].by)

    @property
    def order(self) -> str:
        """The name of the order in force."""
        return str(self.said.get("sort") or next(iter(self.ORDERS)))

    @property
    def narrows(self) -> bool:
        """Whether a filter says something."""
        return bool(set(self.said) - {"sort"})

    def query(self, **other: str) -> str:
        """The list's address from the question mark on, its page left out; `other` replaces what is said."""
        asked = {name: self.data.get(name, "") for name in self.fields if name in self.said} | other
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in asked.items() if value})
        return query.urlencode()


@dataclass(frozen=True)
class Listing[M: Model]:
    """One page of a list, as components/list_*.html show it."""

    form: ListForm[M]
    page: Page[M]
    at: str = ""  # the id of its place, where it isn't the page's first thing

    @property
    def anchor(self) -> str:
        """What its addresses end in, so that the next page is seen where this one was."""
        return f"#{self.at}" if self.at else ""

    @cached_property
    def rows(self) -> Sequence[M]:
        return list(self.page.object_list)

    @property
    def count(self) -> int:
        """Of all pages."""
        return self.page.paginator.count


def listing[M: Model](
    form: ListForm[M], rows: QuerySet[M], said: QueryDict, size: int = PAGE, *, at: str = ""
) -> Listing[M]:
    """The page that the address asks for."""
    pages: Paginator[M] = Paginator(form.rows(rows), size)
    return Listing(form, pages.get_page(said.get(PAGE_PARAMETER)), at)


def chosen(said: QueryDict, name: str) -> list[str]:
    """Ids of rows that were chosen in a list, each once: at most a page of them."""
    return list(dict.fromkeys(said.getlist(name)))[:PAGE]


def back_to(page: str, said: QueryDict) -> str:
    """The address of a list as it was when something was chosen in it: `back` is its query."""
    return f"{reverse(page)}?{QueryDict(said.get('back', '')).urlencode()}".rstrip("?")
