"""How a video's job ends: what is charged for it and what its provider bills. Pure; both planes end jobs.

Money: micros; costs nano-USD.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from billing.money import ceil_div
from proxy.meter import Tariff, Usage, total
from proxy.plan import LARGEST

KEPT_S: Final = 24 * 3600  # how long a film may be fetched, as OpenAI keeps them
_NANO: Final = 10**9
# status of the job → status and HTTP status of the request row.
_ROWS: Final = {
    "completed": ("ok", 200),
    "failed": ("error", 502),
    "expired": ("crashed", 0),
    "deleted": ("cancelled", 499),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a job. `seconds`: how long the film is, None where nobody told.

    billed: a provider may bill the film although nobody gets it. kept_s: how long it can be fetched.
    """

    status: Literal["completed", "failed", "expired", "deleted"]
    error_code: str = ""
    seconds: int | None = None
    billed: bool = False
    kept_s: int = KEPT_S


@dataclass(frozen=True, slots=True)
class Open:
    """What a job knows of itself (proxy_video): the request row so far and what a second costs."""

    seconds: int
    row: Mapping[str, Any]
    tariff: Mapping[str, Any]


def tariff(sale: Tariff, cost: Tariff | None) -> dict[str, Any]:
    """What the charge will be made of. `cost`: None where no provider bills us."""
    return {"sale": dict(sale.components), "cost": dict(cost.components) if cost else {}}


def settling(job: Open, ending: Ending, latency_ms: int) -> dict[str, Any]:
    """The settle item with the job's end beside it, for end_videos (proxy/sql/videos.sql)."""
    done = ending.status == "completed"
    status, http_status = _ROWS[ending.status]
    charged = _charged(job, ending) if done else 0
    return {
        **job.row,
        "op": "capture" if done else "release",
        "cost": charged,
        "free_back": not done,
        "status": status,
        "http_status": http_status,
        "error_code": ending.error_code,
        "finish_reason": "stop" if done else "",
        "seconds": _sold(job, ending) if done else 0,
        "estimated": done and ending.seconds is None,
        "price_micros": charged,
        "latency_ms": min(latency_ms, 2**31 - 1),
        **_owed(job, ending),
        "video": {"status": ending.status, "error_code": ending.error_code, "kept_s": ending.kept_s},
    }


def _sold(job: Open, ending: Ending) -> int:
    """Seconds that are paid for: what came, and never more than was asked for."""
    return job.seconds if ending.seconds is None else min(ending.seconds, job.seconds)


def _charged(job: Open, ending: Ending) -> int:
    if job.row["free"]:
        return 0
    return min(total(Usage(second=_sold(job, ending)), Tariff(job.tariff["sale"])), LARGEST)


def _owed(job: Open, ending: Ending) -> dict[str, int]:
    """What the provider bills: a cost of the call, or our loss where nobody knows how it ended."""
    nano = int(job.row["provider_cost_nano"])
    if ending.status == "completed" or ending.billed:
        made = job.seconds if ending.seconds is None else ending.seconds
        nano += total(Usage(second=made), Tariff(job.tariff["cost"]))
    nano = min(nano, LARGEST)
    if ending.status != "expired":
        return {"provider_cost_nano": nano}
    micros = ceil_div(nano * int(job.row["micros_per_usd"]), _NANO)
    return {"provider_cost_nano": 0, "owed_micros": min(micros, LARGEST)}
