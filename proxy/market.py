"""Catalog and rates in force: what names lead to, what endpoints cost, and the plan of a call. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from billing.fx.ladder import Level
from billing.rates import RatesSnap
from proxy.call import NO_WISHES, Call, Wishes
from proxy.errors import ApiError, invalid, no_endpoint
from proxy.keys import Caller
from proxy.meter import MILLION, Price, Tariff, Usage, priced, total, worst_case
from proxy.plan import (
    KEPT_MAX,
    LARGEST,
    OUTPUT_CEILING,
    Candidate,
    Plan,
    Route,
    check_length,
    check_sides,
    expected,
    is_one_prompt,
    output_bounds,
    reason,
    told,
)
from proxy.surfaces import SURFACES
from routing import choose
from routing.errors import InvalidStrategy, NoEndpoint, UnknownModel
from routing.pick import Health, Offer, Verdict, pick
from routing.snaps import Catalog, EndpointSnap, ModelSnap
from routing.strategies import TIE, Entry, Figures

_ROUTES_MAX = 10_000
# No tokenizer makes a token of more bytes than this out of ordinary text.
_BYTES_PER_TOKEN = 8
# Vendors cache prompts from about 1,024 tokens on.
CACHED_BYTES = 4_096
# How many candidates each of several models gets, the one that was asked for first.
_SHARES = {1: (3,), 2: (2, 1), 3: (1, 1, 1), 4: (1, 1, 1, 0)}


class Market:
    """A new pair of catalog and rates replaces it whole, so a call sees one state of both."""

    def __init__(self, catalog: Catalog, rates: RatesSnap, *, demo: bool) -> None:
        self.catalog = catalog
        self.rates = rates
        self._demo = demo
        self._stale = rates.level is Level.STOP
        self._prices: dict[tuple[int, str], Price] = {}
        self._routes: dict[tuple[str, str, frozenset[str] | None], tuple[Route, ...]] = {}
        own = {endpoint.id for endpoint in catalog.sandboxes.values()}
        self._sandbox_models = {
            endpoint.id: model.slug
            for model in catalog.models.values()
            for endpoint in model.endpoints
            if endpoint.id in own
        }

    def plan(self, caller: Caller, call: Call, health: Health) -> Plan:
        """Raises ApiError: 400, 403, 404 or 503."""
        floor = call.input_bound // _BYTES_PER_TOKEN if is_one_prompt(call) else 0
        groups = self._led_to(caller, call)
        route = groups[0][0]
        plain = call.wishes is NO_WISHES and route.settled and health.all_well and floor <= route.room
        if plain:
            chosen = [(route, endpoint) for endpoint in route.endpoints[: choose.CANDIDATES_MAX]]
            reasons, prefix = route.reasons, _prefix(caller, call) if route.shared else 0
        else:
            prefix = _prefix(caller, call)
            reader = health.reader(prefix) if prefix else 0
            chosen, reasons = self._chosen(groups, call, Reading(health, reader) if reader else health, floor)
        for leg, endpoint in chosen:
            _check(call, leg.model, endpoint)
        candidates = tuple(self._candidate(leg, endpoint, call) for leg, endpoint in chosen)
        return Plan(candidates, *output_bounds(call, candidates), reasons, prefix, self._stale)

    # names

    def _led_to(self, caller: Caller, call: Call) -> Sequence[tuple[Route, ...]]:
        """Where the name asked for leads, then where the caller's further models do."""
        if call.wishes.rules.endpoint in self.catalog.dormant:
            return ((self._switched_off(call),),)
        if not call.wishes.models:
            return (self._known(caller, call, call.asked),)
        found: list[tuple[Route, ...]] = []
        lack: ApiError | None = None
        for name in dict.fromkeys((call.asked, *call.wishes.models)):
            try:
                found.append(self._known(caller, call, name))
            except ApiError as error:
                if error.code != "no_endpoint":
                    raise
                lack = lack or error
        if not found and lack is not None:
            raise lack
        return found

    def _known(self, caller: Caller, call: Call, asked: str) -> tuple[Route, ...]:
        name = (call.kind, asked, caller.allowed_models)
        routes = self._routes.get(name)
        if routes is None:
            routes = self._found(caller, call, asked)
            if len(self._routes) < _ROUTES_MAX:
                self._routes[name] = routes
        return routes

    def _found(self, caller: Caller, call: Call, asked: str) -> tuple[Route, ...]:
        """One route for a name; for bare tags one for each model that could be meant: they compete."""
        wanted = choose.Wanted(call.modality, SURFACES[call.kind].spoken)
        resolution = self._resolve(caller, asked, wanted)
        if resolution.bare:
            models = choose.every(self.catalog, caller.allowed_models, wanted)
            return tuple(self._route(model, resolution, asked, wanted) for model in models)
        model = resolution.model
        if model.modality != call.modality:
            raise invalid("model_not_supported", f"'{model.slug}' is not a {call.modality} model.", "model")
        if caller.allowed_models is not None and model.slug not in caller.allowed_models:
            raise ApiError(
                403, "model_not_allowed", f"This project may not use '{model.slug}'.", param="model"
            )
        return (self._route(model, resolution, asked, wanted),)

    def _switched_off(self, call: Call) -> Route:
        """To what no name leads, for the platform's test call that names the endpoint itself."""
        model, endpoint = self.catalog.dormant[call.wishes.rules.endpoint]
        if model.modality != call.modality:
            raise no_endpoint(model.slug)
        alone = replace(model, endpoints=(endpoint,))
        wanted = choose.Wanted(call.modality, SURFACES[call.kind].spoken)
        return self._route(alone, choose.Resolution(alone, ()), call.asked, wanted)

    def _resolve(self, caller: Caller, asked: str, wanted: choose.Wanted) -> choose.Resolution:
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

    def _route(
        self, model: ModelSnap, resolution: choose.Resolution, asked: str, wanted: choose.Wanted
    ) -> Route:
        sandbox = self.catalog.sandboxes.get(model.modality) if self._demo else None
        tags = resolution.strategies
        try:
            endpoints = choose.candidates(model, tags, spoken=wanted.spoken, sandbox=sandbox)
        except NoEndpoint:
            raise no_endpoint(model.slug) from None
        reasons = [reason(Verdict(endpoint), model) for endpoint in endpoints]
        stands_in = endpoints[0].stands_in
        served = self._sandbox_models[endpoints[0].id] if stands_in else model.slug
        own_name = asked.partition("@")[0].strip()
        renamed = stands_in or resolution.replaced or resolution.bare
        return Route(
            model=model,
            endpoints=endpoints,
            tags=tags,
            served=served,
            answers_as=orjson.dumps(served if renamed else own_name),
            sandbox=stands_in,
            room=min(choose.window(model, endpoint) or OUTPUT_CEILING for endpoint in endpoints),
            shared=any(len(endpoint.provider.credentials) > 1 for endpoint in endpoints),
            settled=not tags and not self._tied(endpoints),
            reasons=reasons,
            told=told(reasons),
            in_order=tuple(endpoint.id for endpoint in endpoints),
        )

    def _tied(self, endpoints: Sequence[EndpointSnap]) -> bool:
        """Whether priority and price leave it open who is asked first."""
        rows = [(e.priority, self._usual(e)) for e in endpoints]
        return any(
            one[0] == other[0] and other[1] + 1 <= (one[1] + 1) * TIE
            for one, other in zip(rows, rows[1:], strict=False)
        )

    # choices

    def _chosen(
        self, groups: Sequence[Sequence[Route]], call: Call, health: Health, floor: int
    ) -> tuple[list[tuple[Route, EndpointSnap]], Sequence[Mapping[str, Any]]]:
        """The endpoints to ask, in order and with their routes, and the reasons for what was considered."""
        asked: list[tuple[Route, Verdict]] = []
        others: list[tuple[Route, Verdict]] = []
        for routes, share in zip(groups, _SHARES[len(groups)], strict=True):
            rows = self._picked(routes, call, health, floor)
            accepted = [row for row in rows if not row[1].rejected][:share]
            asked += accepted
            others += rows[len(accepted) :]
        if not asked:
            raise _nobody(groups[0][0], [verdict for _, verdict in others])
        kept = [*asked, *others][:KEPT_MAX]
        chosen = [(route, verdict.endpoint) for route, verdict in asked]
        return chosen, [reason(verdict, route.model) for route, verdict in kept]

    def _picked(
        self, routes: Sequence[Route], call: Call, health: Health, floor: int
    ) -> list[tuple[Route, Verdict]]:
        of: dict[int, Route] = {}
        offers: list[Offer] = []
        small: list[Verdict] = []
        usual = expected(call)
        for route in routes:
            tight = floor > route.room
            for endpoint in route.endpoints:
                of[id(endpoint)] = route
                if tight and not choose.fits(route.model, endpoint, floor):
                    small.append(Verdict(endpoint, rejected="context_too_small"))
                else:
                    offers.append(self._offer(endpoint, usual, call.wishes, health))
        tags = routes[0].tags or call.wishes.sort
        verdicts = pick(offers, tags, call.wishes.rules, health)
        return [(of[id(verdict.endpoint)], verdict) for verdict in [*verdicts, *small]]

    def _offer(self, endpoint: EndpointSnap, usual: Usage, wishes: Wishes, health: Health) -> Offer:
        price = self.price(endpoint)
        entry = Entry(endpoint, total(usual, price.sale), health.figures(endpoint.id))
        if not wishes.rules.max_price:
            return Offer(entry)
        factor = (10_000 + price.bps) * (10_000 + price.fx_bps)
        asks = {name: nano * factor // 10**8 for name, nano in price.cost.components.items()}
        return Offer(entry, asks)

    # prices

    def _usual(self, endpoint: EndpointSnap) -> int:
        return total(Usage(input=MILLION, output=MILLION), self.price(endpoint).sale)

    def _candidate(self, route: Route, endpoint: EndpointSnap, call: Call) -> Candidate:
        price = self.price(endpoint)
        fixed, output = worst_case(call.input_bound, call.copies, price.sale, call.units)
        return Candidate(endpoint, price, min(fixed, LARGEST), min(output, LARGEST), route)

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
        rate, margin = self.rates.micros_per_usd, self.rates.fx_margin
        cost = Tariff(endpoint.cost.components, endpoint.cost.above_input)
        return Price(
            cost_version=endpoint.cost.id,
            fx_rate=self.rates.fx_id,
            markup=markup.id,
            micros_per_usd=rate,
            bps=markup.bps,
            sale=priced(cost, rate, markup.bps, margin.bps),
            base=priced(cost, rate, 0),
            cost=cost,
            fx_margin=margin.id if margin.bps else None,
            fx_bps=margin.bps,
        )


class Reading:
    """Health as it looks to one prompt: among equals, the endpoint that has read its beginning comes
    first."""

    def __init__(self, health: Health, reader: int) -> None:
        self._health = health
        self._reader = reader
        self.resting = health.resting
        self.reader = health.reader
        self.all_well = health.all_well

    def figures(self, endpoint: int) -> Figures:
        found = self._health.figures(endpoint)
        return replace(found, load=-1) if endpoint == self._reader else found


def _prefix(caller: Caller, call: Call) -> int:
    """A number for the beginning of a long prompt of this key; 0 for a short one, which nobody caches."""
    if call.input_bound < CACHED_BYTES or not call.produces:
        return 0
    body = call.body
    messages = body.get("messages") or body.get("input")
    first = messages[0] if isinstance(messages, list) and messages else messages
    beginning = orjson.dumps([body.get("system"), body.get("instructions"), first])[:CACHED_BYTES]
    return hash((caller.key, call.asked, beginning))


def _check(call: Call, model: ModelSnap, endpoint: EndpointSnap) -> None:
    """What this model can't be asked for. Raises ApiError 400."""
    if call.remote_media and endpoint.provider.hosted:
        raise invalid("invalid_image_url", f"'{model.slug}' takes images as data: URLs only.", "messages")
    check_sides(call, model)
    check_length(call, model)


def _nobody(route: Route, verdicts: Sequence[Verdict]) -> ApiError:
    """Every endpoint was passed over: because of the prompt's size, or of the caller's own rules."""
    if any(verdict.rejected == "context_too_small" for verdict in verdicts):
        model = route.model
        return invalid(
            "context_length_exceeded",
            f"The prompt is too long: '{model.slug}' reads {model.context_window} tokens.",
            "messages",
        )
    told = ", ".join(f"{v.endpoint.provider.slug}: {v.rejected}" for v in verdicts)
    return invalid("no_allowed_provider", f"Your 'provider' rules leave no provider ({told}).", "provider")
