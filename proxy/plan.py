"""What a call may cost and where it may go: candidates, worst cases, output bounds, rate windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.values import value
from proxy.call import Call
from proxy.errors import ApiError, invalid, unavailable
from proxy.keys import Caller
from proxy.meter import Price, Usage, guessed
from routing import choose
from routing.pick import Verdict
from routing.snaps import EndpointSnap, ModelSnap

OUTPUT_DEFAULT_MAX = 16_384
OUTPUT_LEAST = 256
OUTPUT_CEILING = 2_000_000
FILM_SECONDS_MAX = 60  # where the catalog knows no maximum of the model's own
# A header has its limits, a row too; bare tags consider every endpoint there is.
TOLD_MAX = 12
KEPT_MAX = 64
# More than any wallet holds and still a bigint.
LARGEST = 9 * 10**18

# To compare prices: what an answer has if nobody says how long it may be.
_USUAL_OUTPUT = 1_024


@dataclass(frozen=True, slots=True)
class Route:
    """Where a name leads for a caller under one catalog: kept, as few names are asked for all day long.

    served: the canonical id. answers_as: the answer's model name, JSON-encoded. room: the smallest window
    among the endpoints, so the longest prompt that may go to any of them. shared:
    a provider has several credentials, so it matters which one has read a prompt. settled: while all is
    well, the order of the endpoints is the operator's, whatever the call. sited: some are at sites of ours.
    ours: only tags were asked for, so the model is our choice.
    """

    model: ModelSnap
    endpoints: tuple[EndpointSnap, ...]
    tags: tuple[str, ...]
    served: str
    answers_as: bytes
    sandbox: bool
    room: int
    shared: bool
    settled: bool
    sited: bool
    reasons: Sequence[Mapping[str, Any]]
    told: bytes  # the reasons as a header
    in_order: tuple[int, ...]  # the endpoints' ids: what the reasons come to
    ours: bool


@value(frozen=True)
class Candidate:
    """An endpoint that may serve the call, what it costs, and the most that this call can cost there."""

    endpoint: EndpointSnap
    price: Price
    fixed_micros: int
    output_price: int
    route: Route


@value(frozen=True)
class Plan:
    """Step 3's outcome. reasons: on each endpoint that was considered, as header and receipt tell them.

    prefix: names the long beginning of this prompt, which the endpoint that has read it lately may have
    cached; 0 where that decides nothing. stale: the rate is too old to charge a customer by.
    """

    candidates: tuple[Candidate, ...]
    output_min: int
    output_max: int
    reasons: Sequence[Mapping[str, Any]]
    prefix: int = 0
    stale: bool = False

    @property
    def model(self) -> ModelSnap:
        """The model that is asked first."""
        return self.candidates[0].route.model

    @property
    def free(self) -> bool:
        """Whether a free unit may pay, whoever of the candidates serves."""
        return all(candidate.route.model.free for candidate in self.candidates)

    def check_rate(self, caller: Caller) -> None:
        """Raises ApiError 503 for who would pay by a stale rate; free and the platform's calls go on."""
        if self.stale and not self.free and not caller.builtin:
            raise too_old()

    def bids(self, caller: Caller) -> tuple[tuple[int, int], ...]:
        """What each candidate costs at most, for the ledger: (micros, micros per 10^6 of output)."""
        if self.stale and not caller.builtin:
            # No wallet has as much, so that a free unit may pay and nothing else.
            return ((LARGEST, 0),) * len(self.candidates)
        return tuple((c.fixed_micros, c.output_price) for c in self.candidates)

    def quote(self) -> list[tuple[int | None, ...]]:
        """What the hold keeps of each candidate, the versions and the integers they made: endpoint, cost
        version, rate, markup, margin on the rate (null where there is none), micros at most without output,
        micros per 10^6 of output. Names would cost each call more than the rest of its hold.
        """
        return [
            (
                *(c.endpoint.id, c.price.cost_version, c.price.fx_rate, c.price.markup, c.price.fx_margin),
                *(c.fixed_micros, c.output_price),
            )
            for c in self.candidates
        ]


def too_old() -> ApiError:
    """503: nobody is charged by a rate of so long ago."""
    return unavailable(
        "price_unavailable",
        "Paid calls are paused: the exchange rate is too old to charge by. Free models still answer.",
        retry_after_s=600,
    )


def reason(verdict: Verdict, model: ModelSnap) -> dict[str, Any]:
    """One line of a receipt's route. score: 1.00 is the best; estimated: a default stood in for a figure."""
    found: dict[str, Any] = {
        "endpoint": verdict.endpoint.id,
        "provider": verdict.endpoint.provider.slug,
        "model": model.slug,
    }
    if verdict.score is not None:
        found["score"] = f"{verdict.score:.3f}"
        found["estimated"] = not verdict.live
    if verdict.rejected:
        found["rejected"] = verdict.rejected
    return found


def considered(reason: Mapping[str, Any]) -> dict[str, Any]:
    """One endpoint of a choice. score: 1.000 is the best; None where the operator's priority decided.

    estimated: catalog figures stood in for live ones. rejected: why it was passed over. datacenter, why: its
    site, and what spoke for that one.
    """
    site = {"datacenter": reason["site"], "why": reason.get("why")} if "site" in reason else {}
    return {
        "provider": reason.get("provider"),
        "model": reason.get("model"),
        "score": reason.get("score"),
        "estimated": reason.get("estimated", False),
        "rejected": reason.get("rejected"),
        **site,
    }


def told(reasons: Sequence[Mapping[str, Any]]) -> bytes:
    """The header x-cloudapi-route: `alpha=1.000, beta=1.250, gamma=!ignored`; without tags no scores."""
    rows = []
    for row in reasons[:TOLD_MAX]:
        rejected, score = row.get("rejected"), row.get("score")
        rows.append(row["provider"] + (f"=!{rejected}" if rejected else f"={score}" if score else ""))
    return ", ".join(rows).encode("latin-1", "replace")


def expected(call: Call) -> Usage:
    """What a call like this usually takes, to compare prices by."""
    output = min(call.output_limit or _USUAL_OUTPUT, _USUAL_OUTPUT) if call.produces else 0
    return guessed(call.input_estimate, output, call.units)


def check_sides(call: Call, model: ModelSnap) -> None:
    """Raises ApiError 400 for a picture larger than the model makes."""
    for field, pixels in call.sides.items():
        if model.max_side_px and pixels > model.max_side_px:
            message = f"'{field}' is over the {model.max_side_px} pixels on a side that '{model.slug}' makes."
            raise invalid("invalid_value", message, field)


def check_length(call: Call, model: ModelSnap) -> None:
    """Raises ApiError 400 for a film longer than the model makes."""
    most = model.max_duration_s or FILM_SECONDS_MAX
    if call.modality == "video" and call.units["second"] > most:
        name = call.output_field
        raise invalid("invalid_value", f"'{name}' is {most} seconds at most with '{model.slug}'.", name)


def is_one_prompt(call: Call) -> bool:
    """Whether all input is one text that must fit: not so for batches of texts and for images."""
    return call.produces and "vision" not in call.needs


def output_bounds(call: Call, candidates: Sequence[Candidate]) -> tuple[int, int]:
    """(least, most) output tokens to be granted: the caller's limit as it is, else what can be afforded."""
    if not call.produces:
        return 0, 0
    ceiling, most = OUTPUT_CEILING, OUTPUT_CEILING
    for candidate in candidates:
        model = candidate.route.model
        room = choose.window(model, candidate.endpoint) or OUTPUT_CEILING
        ceiling = min(ceiling, room, model.max_output_tokens or OUTPUT_CEILING)
        most = min(most, model.default_output_tokens or OUTPUT_DEFAULT_MAX)
    if call.output_limit is not None:
        limit = min(call.output_limit, ceiling)
        return limit, limit
    most = min(most, ceiling)
    return min(OUTPUT_LEAST, most), most
