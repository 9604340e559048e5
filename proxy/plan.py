"""What a call may cost and where it may go: resolved names, ordered candidates, worst cases. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from billing.rates import RatesSnap
from proxy.call import Call
from proxy.errors import ApiError, invalid, no_endpoint
from proxy.keys import Caller
from proxy.meter import Price, Tariff, priced, worst_case
from proxy.surfaces import SURFACES
from routing import choose
from routing.errors import InvalidStrategy, NoEndpoint, UnknownModel
from routing.snaps import Catalog, EndpointSnap, ModelSnap

OUTPUT_DEFAULT_MAX = 16_384
OUTPUT_LEAST = 256
OUTPUT_CEILING = 2_000_000
FILM_SECONDS_MAX = 60  # where the catalog knows no maximum of the model's own
_ROUTES_MAX = 10_000
# No tokenizer makes a token of more bytes than this out of ordinary text.
_BYTES_PER_TOKEN = 8
# More than any wallet holds and still a bigint.
LARGEST = 9 * 10**18


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that may serve the call, what it costs, and the most that this call can cost there."""

    endpoint: EndpointSnap
    price: Price
    fixed_micros: int
    output_price: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Step 3's outcome. `answers_as`: the answer's model name, JSON-encoded; `served`: the canonical id."""

    model: ModelSnap
    candidates: tuple[Candidate, ...]
    served: str
    answers_as: bytes
    sandbox: bool
    output_min: int
    output_max: int

    def quote(self) -> list[dict[str, int]]:
        """What the hold keeps of each candidate: the three versions and the integers they made."""
        return [
            {
                "endpoint": c.endpoint.id,
                "c": c.price.cost_version,
                "f": c.price.fx_rate,
                "m": c.price.markup,
                "fixed": c.fixed_micros,
                "out": c.output_price,
            }
            for c in self.candidates
        ]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a name leads for a caller under one catalog: kept, as few names are asked for all day long.

    `room`: the smallest window among the endpoints, so the longest prompt that may go to any of them.
    """

    model: ModelSnap
    endpoints: tuple[EndpointSnap, ...]
    served: str
    answers_as: bytes
    sandbox: bool
    room: int


class Market:
    """The catalog and the rates in force; a new pair replaces it whole, so a call sees one state of both."""

    def __init__(self, catalog: Catalog, rates: RatesSnap, *, demo: bool) -> None:
        self.catalog = catalog
        self.rates = rates
        self._demo = demo
        self._prices: dict[tuple[int, str], Price] = {}
        self._routes: dict[tuple[str, str, frozenset[str] | None], Route] = {}
        own = {endpoint.id for endpoint in catalog.sandboxes.values()}
        self._sandbox_models = {
            endpoint.id: model.slug
            for model in catalog.models.values()
            for endpoint in model.endpoints
            if endpoint.id in own
        }

    def plan(self, caller: Caller, call: Call) -> Plan:
        """Raises ApiError: 400, 403, 404 or 503."""
        floor = call.input_bound // _BYTES_PER_TOKEN if _is_one_prompt(call) else 0
        name = (call.kind, call.asked, caller.allowed_models)
        route = self._routes.get(name)
        if route is None:
            route = self._route(caller, call, 0)
            if len(self._routes) < _ROUTES_MAX:
                self._routes[name] = route
        if floor > route.room:
            route = self._route(caller, call, floor)
        model, endpoints = route.model, route.endpoints
        if call.remote_media and any(e.provider.hosted for e in endpoints):
            raise invalid("invalid_image_url", f"'{model.slug}' takes images as data: URLs only.", "messages")
        _check_sides(call, model)
        _check_length(call, model)
        output_min, output_max = _output(call, model, endpoints)
        return Plan(
            model=model,
            candidates=tuple(self._candidate(endpoint, call) for endpoint in endpoints),
            served=route.served,
            answers_as=route.answers_as,
            sandbox=route.sandbox,
            output_min=output_min,
            output_max=output_max,
        )

    def _route(self, caller: Caller, call: Call, floor: int) -> Route:
        resolution = self._resolve(caller, call)
        model = resolution.model
        if model.modality != call.modality:
            raise invalid("model_not_supported", f"'{model.slug}' is not a {call.modality} model.", "model")
        if caller.allowed_models is not None and model.slug not in caller.allowed_models:
            raise ApiError(
                403, "model_not_allowed", f"This project may not use '{model.slug}'.", param="model"
            )
        endpoints = self._endpoints(resolution, call, floor)
        sandbox = endpoints[0].stands_in
        served = self._sandbox_models[endpoints[0].id] if sandbox else model.slug
        own_name = call.asked.partition("@")[0].strip()
        renamed = sandbox or resolution.replaced or resolution.bare
        return Route(
            model=model,
            endpoints=endpoints,
            served=served,
            answers_as=orjson.dumps(served if renamed else own_name),
            sandbox=sandbox,
            room=min(choose.window(model, endpoint) or OUTPUT_CEILING for endpoint in endpoints),
        )

    def _resolve(self, caller: Caller, call: Call) -> choose.Resolution:
        asked = call.asked
        wanted = choose.Wanted(call.modality, SURFACES[call.kind].spoken)
        try:
            return choose.resolve(self.catalog, asked, caller.allowed_models, wanted)
        except UnknownModel:
            raise ApiError(
                404,
                "model_not_found",
                f"The model {orjson.dumps(asked).decode()} does not exist or you do not have access to it.",
                param="model",
            ) from None
        except InvalidStrategy as error:
            raise invalid("invalid_strategy", str(error), "model") from None
        except NoEndpoint:
            raise no_endpoint(asked) from None

    def _endpoints(self, resolution: choose.Resolution, call: Call, floor: int) -> tuple[EndpointSnap, ...]:
        model = resolution.model
        spoken = SURFACES[call.kind].spoken
        try:
            return choose.candidates(
                model,
                resolution.strategies,
                spoken=spoken,
                sandbox=self.catalog.sandboxes.get(model.modality) if self._demo else None,
                tokens_min=floor,
            )
        except NoEndpoint:
            if choose.serving(model, spoken):
                raise invalid(
                    "context_length_exceeded",
                    f"The prompt is too long: '{model.slug}' reads {model.context_window} tokens.",
                    "messages",
                ) from None
            raise no_endpoint(model.slug) from None

    def _candidate(self, endpoint: EndpointSnap, call: Call) -> Candidate:
        price = self.price(endpoint)
        fixed, output = worst_case(call.input_bound, call.copies, price.sale, call.units)
        return Candidate(endpoint, price, min(fixed, LARGEST), min(output, LARGEST))

    def price(self, endpoint: EndpointSnap) -> Price:
        """Raises ApiError 503 while no exchange rate or markup is in force."""
        name = (endpoint.cost.id, endpoint.markup_kind)
        price = self._prices.get(name)
        if price is None:
            price = self._prices[name] = self._price(endpoint)
        return price

    def _price(self, endpoint: EndpointSnap) -> Price:
        markup = self.rates.markups.get(endpoint.markup_kind)
        if markup is None or not self.rates.micros_per_usd:
            raise ApiError(503, "price_unavailable", "No exchange rate is in force at the moment.")
        cost = Tariff(endpoint.cost.components, endpoint.cost.above_input)
        return Price(
            cost_version=endpoint.cost.id,
            fx_rate=self.rates.fx_id,
            markup=markup.id,
            micros_per_usd=self.rates.micros_per_usd,
            bps=markup.bps,
            sale=priced(cost, self.rates.micros_per_usd, markup.bps),
            base=priced(cost, self.rates.micros_per_usd, 0),
            cost=cost,
        )


def _check_sides(call: Call, model: ModelSnap) -> None:
    """Raises ApiError 400 for a picture larger than the model makes."""
    for field, pixels in call.sides.items():
        if model.max_side_px and pixels > model.max_side_px:
            message = f"'{field}' is over the {model.max_side_px} pixels on a side that '{model.slug}' makes."
            raise invalid("invalid_value", message, field)


def _is_one_prompt(call: Call) -> bool:
    """Whether all input is one text that must fit: not so for batches of texts and for images."""
    return call.produces and "vision" not in call.needs


def _check_length(call: Call, model: ModelSnap) -> None:
    """Raises ApiError 400 for a film longer than the model makes."""
    most = model.max_duration_s or FILM_SECONDS_MAX
    if call.modality == "video" and call.units["second"] > most:
        name = call.output_field
        raise invalid("invalid_value", f"'{name}' is {most} seconds at most with '{model.slug}'.", name)


def _output(call: Call, model: ModelSnap, endpoints: Sequence[EndpointSnap]) -> tuple[int, int]:
    """(least, most) output tokens to be granted: the caller's limit as it is, else what can be afforded."""
    if not call.produces:
        return 0, 0
    rooms = [size for endpoint in endpoints if (size := choose.window(model, endpoint))]
    ceiling = min([OUTPUT_CEILING, *rooms, *([model.max_output_tokens] if model.max_output_tokens else [])])
    if call.output_limit is not None:
        limit = min(call.output_limit, ceiling)
        return limit, limit
    most = min(model.default_output_tokens or OUTPUT_DEFAULT_MAX, ceiling)
    return min(OUTPUT_LEAST, most), most
