"""The dashboard's models: what may be called from which project, what it costs, and hosted prices live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.models import Project
from accounts.roles import Power
from dashboard.energy_pages import asked_chart
from dashboard.parts import answered
from dashboard.people import page_caller
from dashboard.price_chart import Chart
from dashboard.price_spark import spark
from dashboard.site.filters import CatalogForm, found
from dashboard.site.showcase import Card, showcase
from dashboard.views import private

PAGE: Final = 40
NAMED_MAX: Final = 3  # projects named on a row; more are counted


@dataclass(frozen=True, slots=True)
class Row:
    """A model and the projects that may use it. everywhere: all of them may."""

    card: Card
    projects: Sequence[Project]
    everywhere: bool

    @property
    def named(self) -> Sequence[Project]:
        return self.projects[:NAMED_MAX]

    @property
    def more(self) -> int:
        return max(0, len(self.projects) - NAMED_MAX)

    @property
    def hosted(self) -> bool:
        """Whether its price moves with electricity."""
        return any(one.site is not None for one in self.card.server.endpoints)


@private("GET", "HEAD")
def models(request: HttpRequest) -> HttpResponse:
    """One page of what is on sale, as the filter of the public list has it."""
    caller = page_caller(request)
    shown = showcase()
    context: dict[str, Any] = {"shown": shown, "may_call": caller.may(Power.CALL)}
    if shown is not None:
        form = CatalogForm(shown, request.GET or None)
        said = form.cleaned_data if form.is_valid() else {}
        pages = Paginator(found(shown.cards.values(), said), PAGE)
        page = pages.get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        context |= {
            "form": form,
            "page": page,
            "rows": rows(page.object_list, caller.projects()),
            "narrowed": any(said.get(name) for name in form.wishes if name != "sort"),
            "query": query.urlencode(),
        }
    return render(request, "dashboard/models.html", context)


@private("GET", "HEAD")
def price(request: HttpRequest, model_id: str) -> HttpResponseBase:
    """A hosted model's price and its small chart, for the card to put in place and to ask for again."""
    drawn = asked_chart(request, model_id)
    context = {"chart": drawn, "spark": spark(_prices(drawn)), "windows": drawn.windows}
    return answered(request, render(request, "components/model_price.html", context))


def rows(cards: Iterable[Card], projects: Sequence[Project]) -> list[Row]:
    """Each card with those of the projects whose list of models lets it through."""
    allowed = [(project, _allows(project)) for project in projects]
    rows = []
    for card in cards:
        fits = [one for one, slugs in allowed if slugs is None or card.model.slug in slugs]
        rows.append(Row(card, fits, everywhere=len(fits) == len(projects)))
    return rows


def _allows(project: Project) -> frozenset[str] | None:
    return None if project.allowed_models is None else frozenset(project.allowed_models)


def _prices(drawn: Chart) -> list[int | None]:
    return drawn.found.rate.prices(drawn.found.columns.out)
