"""Sites of ours with a market's prices in the database, as a poll would have stored them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from routing.energy.markets import Feed, GridNode, GridPrice
from routing.energy.models import DataCentre, Hosting
from routing.models import CostVersion, Endpoint, Model
from tests.energy import Site, make_site

FIVE = timedelta(minutes=5)


def host(slug: str, model: Model, *, feed: str = "", **terms: object) -> Site:
    """A site that hosts the model on four H100, as the worked example has it.

    Its node is of the simulated feed `replay`, or of a real one that is named.
    """
    site = make_site(slug, model)
    if feed:
        market, _ = Feed.objects.get_or_create(slug=feed, defaults={"name": feed})
        node = GridNode.objects.create(feed=market, code=slug.upper())
        DataCentre.objects.filter(pk=site.centre.pk).update(node=node)
    DataCentre.objects.filter(pk=site.centre.pk).update(**terms)
    Hosting.objects.create(endpoint=site.endpoint, gpus=4, joules_per_token="0.648", tokens_per_s=3244)
    site.centre.refresh_from_db()
    return site


def publish(site: Site, since: datetime, prices: Iterable[str | None]) -> None:
    """The market's intervals of five minutes from then on, USD per MWh; None: nothing is known."""
    GridPrice.objects.bulk_create(
        GridPrice(
            node=site.centre.node,
            start=since + number * FIVE,
            end=since + (number + 1) * FIVE,
            price=Decimal(price),
            usd=Decimal(price),
        )
        for number, price in enumerate(prices)
        if price is not None
    )


def costs(endpoint: Endpoint) -> list[CostVersion]:
    """Its prices, oldest first."""
    return list(CostVersion.objects.filter(endpoint=endpoint).order_by("pk"))
