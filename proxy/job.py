"""An admitted call while it runs: what is known of it so far, and the row it will leave."""

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from accounts.values import value
from billing.money import exact_uzs
from proxy import tokens
from proxy.call import Attempt, Call
from proxy.exchange import Exchange, Headers
from proxy.keys import Caller
from proxy.meter import Usage, guessed, shared, total
from proxy.plan import LARGEST, Candidate, Plan, Route, told


@value(frozen=True)
class Grant:
    """The ledger's yes: how much output, from which pocket, and which candidates may be tried."""

    output: int
    free: bool
    hold_micros: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What an endpoint gave of an answer before its stream broke, for another one to go on with.

    counted: the input in `usage` is its provider's own count. told: its text. carried: tokens of it, which
    who goes on reads beside the prompt. heard: anything of it has come to the caller.
    """

    candidate: Candidate
    usage: Usage
    counted: bool
    told: str
    carried: int
    heard: bool


def nothing_yet(plan: Plan) -> Grant:
    """Before the ledger has answered."""
    return Grant(0, False, 0, plan.candidates)


@dataclass(slots=True)
class Job:
    """Owned by the worker, not by the request: it ends in exactly one settle or release."""

    id: uuid.UUID
    exchange: Exchange
    caller: Caller
    call: Call
    plan: Plan
    grant: Grant
    fx_date: str | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)
    attempts: list[Attempt] = field(default_factory=list)
    chosen: Candidate | None = None
    first_token: float | None = None
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""
    status: str = "error"
    http_status: int = 0
    error_code: str = ""
    delivered: bool = False
    wasted: Counter[str] = field(default_factory=Counter)  # nano-USD by provider: who serves no longer
    broken: Part | None = None  # the part that somebody else goes on with
    billed: Usage | None = None  # what the one that went on reports, what it had to read included

    @property
    def name(self) -> str:
        return self.exchange.id

    @property
    def candidate(self) -> Candidate:
        """The endpoint that serves, or the first one to be tried."""
        return self.chosen or self.grant.candidates[0]

    @property
    def route(self) -> Route:
        """The model that answers, or the first one to be tried."""
        return self.candidate.route

    def reasons(self) -> Sequence[Mapping[str, Any]]:
        """Why whom: the plan's reasons, and whom the wallet can't pay."""
        plan, kept = self.plan, self.grant.candidates
        if len(kept) == len(plan.candidates):
            return plan.reasons
        dear = {c.endpoint.id for c in plan.candidates} - {c.endpoint.id for c in kept}
        return [
            {**row, "rejected": "unaffordable"} if row["endpoint"] in dear and "rejected" not in row else row
            for row in plan.reasons
        ]

    def _told(self) -> bytes:
        """The reasons as a header; those of an ordinary call are written once for its route."""
        reasons, route = self.reasons(), self.route
        return route.told if reasons is route.reasons else told(reasons)

    def choice(self) -> Sequence[Mapping[str, Any] | int]:
        """The reasons as the request row keeps them (receipt.py reads them): none where there was nothing to
        choose, ids alone where the operator's order stood.
        """
        rows = self.reasons()
        if rows is self.route.reasons and len(rows) > 1:
            return self.route.in_order
        if len(rows) == 1 and "rejected" not in rows[0] and "site" not in rows[0]:
            return ()
        return rows

    @property
    def price_micros(self) -> int:
        """What the usage costs at the serving endpoint's price; nothing before the first token."""
        if self.grant.free or not self.delivered:
            return 0
        sale, broken = self.candidate.price.sale, self.broken
        if broken is None:
            return min(total(self.usage, sale), LARGEST)
        both = shared(self.usage, (broken.usage, broken.candidate.price.sale), sale)
        return min(both, self.grant.hold_micros)

    def headers(self) -> Headers:
        """What the caller is told about the route, on every answer that an endpoint gave."""
        rows = [
            (b"x-cloudapi-model", self.route.served.encode()),
            (b"x-cloudapi-provider", self.candidate.endpoint.provider.slug.encode()),
            (b"x-cloudapi-attempts", b"%d" % max(1, len(self.attempts))),
            (b"x-cloudapi-price-version", self.candidate.price.version.encode()),
            (b"x-cloudapi-route", self._told()),
        ]
        site = self.candidate.endpoint.site
        if site is not None:
            rows.append((b"x-cloudapi-datacenter", site.slug.encode()))
        if self.route.sandbox:
            rows.append((b"x-cloudapi-sandbox", b"1"))
        if self.caller.seal is not None:
            rows.append((b"x-cloudapi-content-log", b"1"))
        return rows

    def item(self) -> dict[str, Any]:
        """The settle item: the money and the whole request row, enough to be replayed without the hold."""
        cost = self.price_micros
        return {
            **self.identity(),
            "op": "capture" if self.delivered else "release",
            "cost": cost,
            "free_back": not self.delivered,
            **self.row(cost),
        }

    def identity(self) -> dict[str, Any]:
        """Whose call this is, as the ledger names it."""
        return {
            "id": self.name,
            "org": self.caller.organization,
            "project": self.caller.project,
            "key": self.caller.key,
            "builtin": self.caller.builtin,
        }

    def row(self, price_micros: int = 0) -> dict[str, Any]:
        """The request row as far as it is known now (proxy/sql/request.sql)."""
        candidate, usage = self.candidate, self.usage
        price = candidate.price
        return {
            "at": self.at.isoformat(),
            "org_id": self.caller.organization,
            "project_id": self.caller.project,
            "key_id": self.caller.key,
            "model": self.route.model.slug,
            "asked": self.call.asked,
            "endpoint_id": candidate.endpoint.id,
            "provider": candidate.endpoint.provider.slug,
            "kind": self.call.kind,
            "stream": self.call.stream,
            "sandbox": self.route.sandbox,
            "free": self.grant.free,
            "status": self.status,
            "http_status": self.http_status,
            "error_code": self.error_code,
            "finish_reason": self.finish_reason,
            "attempts": [attempt.report() for attempt in self.attempts],
            "route": self.choice(),
            "input_tokens": usage.input,
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "output_tokens": usage.output,
            "reasoning_tokens": usage.reasoning,
            "cache_write_1h_tokens": usage.cache_write_1h,
            "images": usage.image,
            "seconds": usage.second,
            "characters": usage.character,
            "estimated": usage.estimated,
            "price_micros": price_micros,
            "hold_micros": self.grant.hold_micros,
            "provider_cost_nano": self.provider_cost_nano(),
            "owed_elsewhere": self.owed_elsewhere(),
            "cost_version": price.cost_version,
            "fx_rate": price.fx_rate,
            "markup": price.markup,
            "micros_per_usd": price.micros_per_usd,
            "fx_date": self.fx_date,
            "markup_bps": price.bps,
            "fx_margin": price.fx_margin,
            "fx_margin_bps": price.fx_bps,
            "prices": price.report,
            "latency_ms": self.elapsed_ms(),
            "ttft_ms": None if self.first_token is None else int((self.first_token - self.began) * 1000),
        }

    def trace(self) -> dict[str, Any]:
        """What the spool keeps, for the case that this process doesn't live to tell how the call ended."""
        return {**self.identity(), **self.row(), "spool": self.exposure()}

    def exposure(self) -> dict[str, int]:
        """What the provider bills if this process dies now: the prompt, and so much per 10^6 of output.

        Of output at most the tokens that may still come: `room`.
        """
        ours = _is_ours(self.candidate)
        prompt = self._sunk() + _owed(self.candidate, self._unheard())
        output = 0 if ours else self.candidate.price.cost.components.get("output", 0)
        return {"input_nano": prompt, "output_nano": output, "room": self.room}

    def provider_cost_nano(self) -> int:
        """What we owe providers for this call, in nano-USD; nothing for a model of our own."""
        usage = self.billed or self.usage
        owed = _owed(self.candidate, usage) if usage != Usage() else 0
        return min(owed + self._sunk(), LARGEST)

    def _sunk(self) -> int:
        """What is owed already to those who serve no longer."""
        if self.broken is None and not self.wasted:
            return 0
        return sum(self._sunk_by_provider().values())

    def _sunk_by_provider(self) -> Counter[str]:
        sunk = self.wasted
        if self.broken is not None:
            first = self.broken.candidate
            sunk = sunk + Counter({first.endpoint.provider.slug: _owed(first, self.broken.usage)})
        return sunk

    def owed_elsewhere(self) -> dict[str, int] | None:
        """The part of the costs that isn't the serving provider's, in nano-USD by provider."""
        if self.broken is None and not self.wasted:
            return None
        own = self.candidate.endpoint.provider.slug
        return {slug: nano for slug, nano in self._sunk_by_provider().items() if slug != own and nano} or None

    def complete(self, usage: Usage, finish_reason: str) -> None:
        """The answer came to its own end."""
        self.usage, self.finish_reason = usage, finish_reason
        self.status, self.http_status, self.delivered = "ok", 200, True

    def withdraw(self) -> None:
        """The answer can't be charged, so it won't leave; what its provider bills stays in the row."""
        self.delivered, self.status = False, "error"
        self.http_status, self.error_code = 503, "ledger_unavailable"

    def waste(self, candidate: Candidate, usage: Usage | None = None) -> None:
        """An endpoint took the prompt and nobody pays for what came: its provider may bill us for it."""
        self.wasted[candidate.endpoint.provider.slug] += _owed(candidate, usage or self._unheard())

    def _unheard(self) -> Usage:
        """What was asked for, where nobody knows what came of it."""
        return Usage(input=self._reads, estimated=True, **self.call.units)

    @property
    def _reads(self) -> int:
        """Tokens that the endpoint asked now has to read, by our estimate."""
        return self.call.input_estimate + (0 if self.broken is None else self.broken.carried)

    @property
    def room(self) -> int:
        """Output tokens that may still come."""
        said = 0 if self.broken is None else self.broken.usage.output
        return max(0, self.grant.output * self.call.copies - said)

    @property
    def question(self) -> Call:
        """The call as the endpoint asked now is told it."""
        return self.call if self.broken is None else replace(self.call, said=self.broken.told.rstrip())

    def joined(self, own: Usage) -> Usage:
        """The usage of the whole answer, of which `own` is what the endpoint that ends it reports.

        The prompt counts once: as the first one counted it, else without what the second had to read of the
        first one's words. Of its cache the second one knows.
        """
        if self.broken is None:
            return own
        self.billed, begun = own, self.broken.usage
        prompt = begun.input if self.broken.counted else max(own.input - self.broken.carried, 1)
        prompt = min(prompt, own.input)
        cached = min(own.cached, prompt)
        written = min(own.cache_write, prompt - cached)
        return replace(
            own,
            input=prompt,
            cached=cached,
            cache_write=written,
            cache_write_1h=min(own.cache_write_1h, prompt - cached - written),
            output=begun.output + own.output,
            reasoning=begun.reasoning + own.reasoning,
            estimated=begun.estimated or own.estimated,
        )

    def note_part(self, error: str, usage: Usage) -> None:
        """What the endpoint that was asked last has given, for the receipt; `error`: why it broke off."""
        output_price = self.candidate.price.sale.at(usage.input).get("output", 0)
        self.attempts[-1] = replace(
            self.attempts[-1], error=error or None, output=usage.output, output_price=output_price
        )

    def cost_text(self, charged_micros: int) -> str:
        """So'm as an exact decimal; who has no wallet is told of no cost."""
        return exact_uzs(0 if self.caller.anonymous else charged_micros)

    def summary(self, charged_micros: int) -> dict[str, Any]:
        """What a streamed answer says in its usage chunk, since headers had to leave before it was known."""
        told = {
            "request_id": self.name,
            "model": self.route.served,
            "provider": self.candidate.endpoint.provider.slug,
            "attempts": len(self.attempts),
            "sandbox": self.route.sandbox,
            "cost_uzs": self.cost_text(charged_micros),
        }
        site = self.candidate.endpoint.site
        if site is not None:
            told["datacenter"] = site.slug
        return told if self.broken is None else told | {"rescued": True, "parts": self._parts()}

    def _parts(self) -> list[dict[str, Any]]:
        """Who gave how much of an answer that several gave."""
        return [
            {"provider": attempt.provider, "output_tokens": attempt.output}
            for attempt in self.attempts
            if attempt.output is not None
        ]

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self.began) * 1000)

    def estimate(self, text: bytes, text_bytes: int = 0) -> Usage:
        """Usage of an answer whose upstream reported none: labelled, never above what was granted.

        `text_bytes`: how long the answer was where `text` is only its beginning.
        """
        counted = tokens.count(text.decode("utf-8", "replace"))
        if text_bytes > len(text) > 0:
            counted = -(-counted * text_bytes // len(text))
        return guessed(self._reads, min(counted, self.room), self.call.units)


def _is_ours(candidate: Candidate) -> bool:
    """Nobody bills us for it."""
    return candidate.route.sandbox or candidate.endpoint.provider.hosted


def _owed(candidate: Candidate, usage: Usage) -> int:
    """Nano-USD that a provider bills for this much."""
    return 0 if _is_ours(candidate) else total(usage, candidate.price.cost)
