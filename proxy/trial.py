"""An operator's test call: one real call to one endpoint, and what the books say of it.

The organization `platform` pays. The answer's beginning is for the operator's eyes and kept nowhere.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from proxy.models import Request
from proxy.offers import catalog
from proxy.probe import QUESTIONS, Finding, ask
from proxy.probe_key import probe_key
from routing.models import Endpoint
from routing.snaps import EndpointSnap, ModelSnap

NOT_ON_SALE: Final = "not_on_sale"  # switched off, without a price, or its model is retired
NO_QUESTION: Final = "no_question"  # nothing small to ask: a film takes minutes, a transcription needs sound


@dataclass(frozen=True, slots=True)
class Trial:
    """row: the call in the request log; None where nobody was asked, or while the log can't be read yet."""

    finding: Finding
    row: Request | None = None


def trial(endpoint: Endpoint) -> Trial:
    """Calls it, whatever its health; an answer ends its rest. Nothing is called where none could come."""
    found = _snapped(endpoint)
    if found is None:
        return Trial(Finding(0, error=NOT_ON_SALE))
    model, snap = found
    if model.modality not in QUESTIONS:
        return Trial(Finding(0, error=NO_QUESTION))
    finding = ask(model, snap, probe_key())
    return Trial(finding, _row(finding.call))


def _snapped(endpoint: Endpoint) -> tuple[ModelSnap, EndpointSnap] | None:
    for model in catalog().models.values():
        for snap in model.endpoints:
            if snap.id == endpoint.pk and not model.retired:
                return model, snap
    return None


def _row(call: str) -> Request | None:
    try:
        return Request.objects.filter(id=UUID(call)).first()
    except ValueError:
        return None
