"""Usage of one endpoint's answer: by the upstream's report where that can be true, else an estimate."""

import logging
from dataclasses import replace
from typing import Any

from proxy.bridge import Bounds, Bridge
from proxy.job import Job
from proxy.meter import Usage, certain

log = logging.getLogger(__name__)


def reported(job: Job, bridge: Bridge, usage: Any) -> Usage | None:
    """The report of the endpoint that serves as units; None when it is missing or can't be true."""
    bounds = Bounds(
        input=2 * (job.call.input_bound + job.route.model.context_window),
        output=4 * job.grant.output * job.call.copies,
    )
    read = bridge.usage(job.call, usage, bounds)
    if read is None and usage is not None:
        log.warning("call %s: the upstream's usage can't be true", job.name)
    return None if read is None else certain(read, job.candidate.price.sale)


def counted(job: Job, usage: Usage | None, text: bytes, text_bytes: int = 0) -> Usage:
    """The report, or an estimate; of a report that broke off before the output its input counts."""
    if usage is not None and not usage.estimated:
        return usage
    estimate = job.estimate(text, text_bytes)
    return estimate if usage is None else replace(usage, output=estimate.output)
