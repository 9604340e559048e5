"""An operator's test call: one real call to one endpoint, and what the books say of it.

The organization `platform` pays. The answer's beginning is for the operator's eyes and kept nowhere. What is
switched off can be tested too, before customers are let in. A film is a job: its end is looked up later.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from accounts.models import PLATFORM, Organization
from proxy.models import Request, VideoJob
from proxy.offers import catalog
from proxy.probe import Finding, ask
from proxy.probe_key import probe_key
from proxy.video import jobs
from routing.models import Endpoint

NOT_ON_SALE: Final = "not_on_sale"  # without a price, or its model is retired


@dataclass(frozen=True, slots=True)
class Trial:
    """row: the call in the request log; None where nobody was asked, or while the log can't be read yet."""

    finding: Finding
    row: Request | None = None


@dataclass(frozen=True, slots=True)
class Shooting:
    """The film of a test call. row: as soon as it is over."""

    job: VideoJob
    row: Request | None = None

    @property
    def is_over(self) -> bool:
        return self.job.settled_at is not None

    @property
    def took_ms(self) -> int:
        """From the call to the end of the job, or to what was heard of it last."""
        until = self.job.settled_at or self.job.updated_at
        return max(0, (until - self.job.created_at) // timedelta(milliseconds=1))


def trial(endpoint: Endpoint) -> Trial:
    """Calls it, whatever its health and switch; an answer ends its rest. Nobody is called without a price."""
    found = catalog().endpoint(endpoint.pk)
    if found is None:
        return Trial(Finding(0, error=NOT_ON_SALE))
    finding = ask(*found, probe_key())
    return Trial(finding, None if finding.film else _row(finding.call))


def shooting(film: str) -> Shooting | None:
    """How the film of a test call is getting on; None where the platform has no such job."""
    job = jobs.find(film, Organization.objects.get(slug=PLATFORM).pk)
    if job is None:
        return None
    job = jobs.refresh(job)
    return Shooting(job, Request.objects.filter(id=job.op_id).first() if job.settled_at else None)


def _row(call: str) -> Request | None:
    try:
        return Request.objects.filter(id=UUID(call)).first()
    except ValueError:
        return None
