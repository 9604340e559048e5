"""Catalog and rates in force: what names lead to, what endpoints cost, and the plan of a call. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from accounts.values import value
from billing.fx.ladder import Level
from billing.rates import RatesSnap
from proxy.call import NO_WISHES, Call
from proxy.errors import ApiError, invalid, no_endpoint, unavailable
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
from proxy.sites import BUSY, DRAINED, NO_HOUSE, Guest, House, SitesFull, housed, is_lower, lowest
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
# Electricity is priced anew every five minutes.
DRAINED_S = 300
# Why a model is none for a call that leaves the choice to us, and what none of them then does.
_LACKING = {"no_tools": "calls tools", "no_vision": "looks at pictures"}
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
        endpoints = [(model, endpoint) for model in catalog.models.values() for endpoint in model.endpoints]
        self._sandbox_models = {model.modality: model.slug for model, one in endpoints if one.id in own}
        self._sited = {one.id: one for _, one in endpoints if one.site is not None}

    def plan(self, caller: Caller, call: Call, health: Health) -> Plan:
        """Raises ApiError: 400, 403, 404 or 503."""
        floor = call.input_bound // _BYTES_PER_TOKEN if is_one_prompt(call) else 0
        groups = self._led_to(caller, call)
        route = groups[0][0]
        plain = call.wishes is NO_WISHES and route.settled and health.all_well and floor <= route.room
        if plain:
            chosen = [(route, one, self.price(one)) for one in route.endpoints[: choose.CANDIDATES_MAX]]
            reasons, prefix = route.reasons, _prefix(caller, call) if route.shared else 0
        else:
            prefix = _prefix(caller, call)
            reader = health.reader(prefix) if prefix else 0
            known = Reading(health, reader) if reader else health
            chosen, reasons = self._chosen(groups, _Search(call, known, floor, reader))
        for leg, endpoint, _ in chosen:
            _check(call, leg.model, endpoint)
        candidates = tuple(_candidate(leg, endpoint, price, call) for leg, endpoint, price in chosen)
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
        served = self._sandbox_models[model.modality] if stands_in else model.slug
        own_name = asked.partition("@")[0].strip()
        renamed = stands_in or resolution.replaced or resolution.bare
        sited = any(endpoint.site is not None for endpoint in endpoints)
        return Route(
            model=model,
            endpoints=endpoints,
            tags=tags,
            served=served,
            answers_as=orjson.dumps(served if renamed else own_name),
            sandbox=stands_in,
            room=min(choose.window(model, endpoint) or OUTPUT_CEILING for endpoint in endpoints),
            shared=any(len(endpoint.provider.credentials) > 1 for endpoint in endpoints),
            settled=not tags and not sited and not self._tied(endpoints),
            sited=sited,
            reasons=reasons,
            told=told(reasons),
            in_order=tuple(endpoint.id for endpoint in endpoints),
            ours=resolution.bare,
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
        self, groups: Sequence[Sequence[Route]], search: "_Search"
    ) -> tuple[list[tuple[Route, EndpointSnap, Price]], Sequence[Mapping[str, Any]]]:
        """Route, endpoint and price of those to ask, in order, and the reasons for what was considered."""
        asked: list[_Row] = []
        others: list[_Row] = []
        for routes, share in zip(groups, _SHARES[len(groups)], strict=True):
            rows = self._picked(routes, search)
            accepted = [row for row in rows if not row.verdict.rejected][:share]
            asked += accepted
            others += rows[len(accepted) :]
        if not asked:
            raise _nobody(groups[0][0], [row.verdict for row in others])
        chosen = [(row.route, row.endpoint, row.house.price_at(row.endpoint, self.price)) for row in asked]
        kept = [*asked, *others][:KEPT_MAX]
        return chosen, [reason(row.verdict, row.route.model) | row.house.told(row.endpoint) for row in kept]

    def _picked(self, routes: Sequence[Route], search: "_Search") -> list["_Row"]:
        of: dict[int, tuple[Route, House]] = {}
        offers: list[Offer] = []
        closed: list[Verdict] = []
        rules, tags = search.call.wishes.rules, routes[0].tags or search.call.wishes.sort
        usual = expected(search.call)
        for route in routes:
            house = self._housed(route, search, tags) if route.sited else NO_HOUSE
            lacking = search.lacking(route)
            for endpoint in route.endpoints:
                of[id(endpoint)] = route, house
                why = lacking or ("" if search.fits(route, endpoint) else "context_too_small")
                if not why and route.sited:
                    why = house.against(endpoint, usual, self.price)
                if why:
                    closed.append(Verdict(endpoint, rejected=why))
                else:
                    offers.append(self._offer(endpoint, house, usual, search))
        verdicts = [*pick(offers, tags, rules, search.health), *closed]
        return [_Row(*of[id(verdict.endpoint)], verdict) for verdict in verdicts]

    def _housed(self, route: Route, search: "_Search", tags: Sequence[str]) -> House:
        guest = Guest(search.call.wishes.rules, tags, search.reader)
        homes = [one for one in route.endpoints if one.site and search.fits(route, one)]
        return housed(homes, self.price, guest, search.health)

    def _offer(self, endpoint: EndpointSnap, house: House, usual: Usage, search: "_Search") -> Offer:
        price, max_price = house.price_at(endpoint, self.price), search.call.wishes.rules.max_price
        figures = house.seated(endpoint, search.health.figures(endpoint.id))
        entry = Entry(endpoint, total(usual, price.sale), figures)
        if not max_price:
            return Offer(entry)
        factor = (10_000 + price.bps) * (10_000 + price.fx_bps)
        asks = {name: nano * factor // 10**8 for name, nano in price.cost.components.items()}
        return Offer(entry, asks)

    # prices

    def _usual(self, endpoint: EndpointSnap) -> int:
        return total(Usage(input=MILLION, output=MILLION), self.price(endpoint).sale)

    def failed_over(self, candidate: Candidate) -> Candidate:
        """Who is asked after another one: at a site of ours, at its price of now if that has fallen below
        the locked one."""
        now = self._sited.get(candidate.endpoint.id)
        if now is None:
            return candidate
        price = self.price(now)
        return replace(candidate, price=price) if is_lower(price, candidate.price) else candidate

    def listed_price(self, endpoints: Sequence[EndpointSnap]) -> Price:
        """What a call without wishes would pay, if all were well, at the first of these."""
        if endpoints[0].site is None:
            return self.price(endpoints[0])
        homes = [one for one in endpoints if one.site]
        return lowest(self.price(one) for one in homes if one.site and not one.site.drained) or self.price(
            endpoints[0]
        )

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


@value(frozen=True)
class _Search:
    """A call that looks for endpoints. floor: the least tokens of its prompt. reader: who has read its
    beginning, or 0.
    """

    call: Call
    health: Health
    floor: int
    reader: int

    def lacking(self, route: Route) -> str:
        """What the call needs and a model of our choice can't do; '' is nothing. Whom a caller names is asked
        whatever the catalog knows of it.
        """
        if not route.ours or route.model.modality != "chat" or self.call.needs <= route.model.capabilities:
            return ""
        return f"no_{min(self.call.needs - route.model.capabilities)}"

    def fits(self, route: Route, endpoint: EndpointSnap) -> bool:
        return self.floor <= route.room or choose.fits(route.model, endpoint, self.floor)


@value(frozen=True)
class _Row:
    """A verdict on an endpoint, with what it belongs to."""

    route: Route
    house: House
    verdict: Verdict

    @property
    def endpoint(self) -> EndpointSnap:
        return self.verdict.endpoint


class Reading:
    """Health as it looks to one prompt: among equals, the endpoint that has read its beginning comes
    first."""

    def __init__(self, health: Health, reader: int) -> None:
        self._health = health
        self._reader = reader
        self.resting = health.resting
        self.reader = health.reader
        self.full = health.full
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


def _candidate(route: Route, endpoint: EndpointSnap, price: Price, call: Call) -> Candidate:
    fixed, output = worst_case(call.input_bound, call.copies, price.sale, call.units)
    return Candidate(endpoint, price, min(fixed, LARGEST), min(output, LARGEST), route)


def _check(call: Call, model: ModelSnap, endpoint: EndpointSnap) -> None:
    """What this model can't be asked for. Raises ApiError 400."""
    if call.remote_media and endpoint.provider.hosted:
        raise invalid("invalid_image_url", f"'{model.slug}' takes images as data: URLs only.", "messages")
    check_sides(call, model)
    check_length(call, model)


def _nobody(route: Route, verdicts: Sequence[Verdict]) -> ApiError:
    """Every endpoint was passed over: as sites are full or too dear to run, because of the prompt's size, or
    of the caller's own rules.
    """
    homes = [v.endpoint.site for v in verdicts if v.rejected in BUSY and v.endpoint.site]
    if homes:
        return SitesFull(route.model.slug, max(site.queue_budget_ms for site in homes))
    if any(verdict.rejected == DRAINED for verdict in verdicts):
        return unavailable("sites_drained", "Electricity is too dear at all sites at the moment.", DRAINED_S)
    if route.ours and all(verdict.rejected in _LACKING for verdict in verdicts):
        lack = _LACKING[verdicts[0].rejected]
        return invalid("model_not_supported", f"No model that you may use {lack}.", "model")
    if any(verdict.rejected == "context_too_small" for verdict in verdicts):
        model = route.model
        return invalid(
            "context_length_exceeded",
            f"The prompt is too long: '{model.slug}' reads {model.context_window} tokens.",
            "messages",
        )
    told = ", ".join(f"{v.endpoint.provider.slug}: {v.rejected}" for v in verdicts)
    return invalid("no_allowed_provider", f"Your 'provider' rules leave no provider ({told}).", "provider")
