"""What a test call has shown, as rows of a table: name and value, in the operator's language."""

from decimal import Decimal

from django.utils.translation import gettext as _

from billing.money import exact_uzs
from proxy.models import Request, VideoJob
from proxy.trial import NOT_ON_SALE, Shooting, Trial

_NANO = 1_000_000_000

Facts = list[tuple[str, str]]


def facts_of(done: Trial) -> Facts:
    """Of a call that is over."""
    finding, row = done.finding, done.row
    facts = [
        (_("Result"), _("answered") if finding.answered else _explained(done)),
        (_("HTTP status"), str(finding.status or "–")),
        (_("Latency"), _ms(finding.latency_ms)),
        (_("First token"), _ms(finding.ttft_ms) if finding.ttft_ms is not None else "–"),
    ]
    if row is not None:
        facts += _booked(row)
    if finding.call:
        facts.append((_("Request ID"), finding.call))
    return facts


def facts_of_film(film: Shooting) -> Facts:
    """Of a film, while it is made and after."""
    job = film.job
    state = job.get_status_display()
    facts = [
        (_("Result"), f"{state}: {job.error_code}" if job.error_code else state),
        (_("Progress"), f"{100 if job.status == VideoJob.Status.COMPLETED else job.progress} %"),
        (_("Latency"), _ms(film.took_ms)),
        (_("Seconds asked for"), str(job.seconds)),
    ]
    if film.row is not None:
        facts += _booked(film.row)
    return [*facts, (_("Request ID"), str(job.op_id))]


def _booked(row: Request) -> Facts:
    attempts = "; ".join(
        f"{one['provider']}: {one.get('error') or one.get('status')}, {_ms(one.get('ms'))}"
        for one in row.attempts
    )
    usd = Decimal(row.provider_cost_nano) / _NANO
    return [
        (_("Attempts"), attempts or "–"),
        *_units(row),
        (_("Charged to the platform"), f"{exact_uzs(row.cost_micros)} UZS"),
        (_("Provider's cost"), f"${usd:f}"),
    ]


def _ms(count: object) -> str:
    return f"{count} {_('ms')}"


def _units(row: Request) -> Facts:
    """What was paid for: tokens in and out, and whatever else this kind of model counts."""
    counted = [
        (_("Seconds"), row.seconds),
        (_("Pictures"), row.images),
        (_("Characters"), row.characters),
    ]
    facts = [(name, str(count)) for name, count in counted if count]
    if row.input_tokens or row.output_tokens or not facts:
        facts.insert(0, (_("Tokens"), f"{row.input_tokens} → {row.output_tokens}"))
    return [(name, f"{count} ({_('estimated')})" if row.estimated else count) for name, count in facts]


def _explained(done: Trial) -> str:
    finding = done.finding
    if finding.error == NOT_ON_SALE:
        return _("It can't be called: it has no price, or its model is retired.")
    if finding.status == 0:
        return _("Our own gateway can't be reached (%(error)s); the endpoint was not asked.") % {
            "error": finding.error
        }
    return f"{finding.error}: {finding.message}" if finding.message else finding.error
