"""Sites of ours with a history of prices, as a tick would have written it, for charts and alerts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from routing.energy.markets import Feed, GridNode
from routing.energy.models import DataCentre, SitePrice, SiteState
from routing.models import CostVersion, Endpoint, Model, ModelName, Provider
from routing.names import fold

FIXED = 1_027_500_000  # nano-USD per 10^6 output tokens, of Llama 3.1 70B
STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Site:
    """A site with one hosted model."""

    centre: DataCentre
    endpoint: Endpoint

    def costs(self, at: datetime, energy_nano: int) -> CostVersion:
        """From this moment on a million output tokens cost FIXED and this much electricity."""
        output = FIXED + energy_nano
        return CostVersion.objects.create(
            endpoint=self.endpoint,
            valid_from=at,
            components={"input": output // 5, "cached_input": output // 20, "output": output},
            energy={
                "site": self.centre.provider.slug,
                "energy_nano": energy_nano,
                "fixed_nano": FIXED,
                "state": "fresh",
            },
        )

    def ticks(self, since: datetime, until: datetime, state: str = "fresh", *, drained: bool = False) -> None:
        """Its price was looked after every five minutes of this time."""
        SitePrice.objects.bulk_create(
            SitePrice(site=self.centre, at=at, delivered_usd=Decimal(65), state=state, drained=drained)
            for at in _moments(since, until)
        )
        last = max(_moments(since, until))
        SiteState.objects.update_or_create(
            site=self.centre,
            defaults={"at": last, "delivered_usd": Decimal(65), "state": state, "drained": drained},
        )


def _moments(since: datetime, until: datetime) -> Iterable[datetime]:
    return [since + STEP * number for number in range(int((until - since) / STEP))]


def make_site(slug: str, model: Model, *, place: str = "Dallas, Texas", simulated: bool = True) -> Site:
    """A site of a replayed market that hosts the model."""
    feed, _ = Feed.objects.get_or_create(slug="replay", defaults={"name": "Replay", "simulated": simulated})
    node, _ = GridNode.objects.get_or_create(feed=feed, code=slug.upper())
    provider = Provider.objects.create(
        slug=slug, name=slug.title(), dialect="openai", base_url="http://127.0.0.1:1/v1", hosted=True
    )
    centre = DataCentre.objects.create(provider=provider, place=place, country="US", node=node)
    endpoint = Endpoint.objects.create(
        model=model, provider=provider, upstream_name=model.slug, markup_kind="hosted"
    )
    return Site(centre, endpoint)


def make_model(slug: str = "meta-llama/llama-3.1-70b-instruct", name: str = "Llama 3.1 70B") -> Model:
    model = Model.objects.create(
        slug=slug, name=name, modality="chat", category="hosted", context_window=128_000, creator="Meta"
    )
    for spelling in (slug, name):
        ModelName.objects.create(folded=fold(spelling), name=spelling, model=model)
    return model
