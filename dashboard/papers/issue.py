"""Issuing papers: figures and names are frozen once, and whoever asks again gets the same paper."""

from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import BillingDetails, Organization
from billing.fiscal import receipt_link
from billing.ids import Kind
from billing.models import ProviderTransaction, TopUp
from dashboard.models import Paper
from dashboard.moments import TASHKENT
from dashboard.papers.books import is_closed, read_month
from dashboard.papers.figures import Act, Json, Party, Receipt, Statement, digest, statement_of, to_json
from dashboard.papers.months import Month


class NotClosed(Exception):
    """The month isn't over, or one of its calls is still under way."""


class NothingNew(Exception):
    """The paper says already all that there is to say."""


class NoAct(Exception):
    """No act of services is due: nothing was paid for, or a party has no STIR."""


def company() -> Party:
    """Ourselves, by the settings."""
    return Party(**settings.COMPANY)


def payer(organization: Organization) -> Party:
    """The organization as it wants to be named on papers; its name in the dashboard without details."""
    held = BillingDetails.objects.filter(organization=organization).first()
    if held is None:
        return Party(name=organization.name)
    return Party(
        name=held.name or organization.name,
        stir=held.stir,
        pinfl=held.pinfl,
        address=held.address,
        bank=held.bank,
        account=held.account,
        mfo=held.mfo,
        vat_code=held.vat_code,
        contact=held.contact,
    )


def receipt(topup: TopUp) -> Paper | None:
    """The receipt of a top-up that arrived; None for any other that has none yet."""
    held = issued(topup.org, Paper.Kind.RECEIPT, topup.number)
    if held is not None or topup.state != TopUp.State.PAID:
        return held
    return _issued(topup.org, Paper.Kind.RECEIPT, topup.number, to_json(_receipt(topup)))


def gains_a_link(topup: TopUp, held: Paper | None) -> bool:
    """Whether the top-up's fiscal receipt came after its paper was issued."""
    return held is not None and bool(link := fiscal_url(topup)) and held.figures["fiscal_url"] != link


def receipt_anew(topup: TopUp) -> Paper:
    """The next version of a receipt, with the fiscal receipt that came after it was issued.

    All else stays as it was frozen; the version before it is void. Raises NothingNew.
    """
    held = issued(topup.org, Paper.Kind.RECEIPT, topup.number)
    if held is None or not gains_a_link(topup, held):
        raise NothingNew
    figures = held.figures | {"fiscal_url": fiscal_url(topup)}
    parties = {"payer": held.payer, "company": held.company}
    # Two at once: the second one finds the first one's.
    paper, _ = Paper.objects.get_or_create(
        organization=topup.org,
        kind=Paper.Kind.RECEIPT,
        subject=topup.number,
        version=held.version + 1,
        defaults={
            "original": held.original or held,
            "figures": figures,
            **parties,
            "sha256": digest({"figures": figures, **parties}),
        },
    )
    return paper


def versions(organization: Organization, kind: Paper.Kind, subject: str) -> list[Paper]:
    """All that was issued of one thing, the one that counts first."""
    rows = Paper.objects.filter(organization=organization, kind=kind, subject=subject)
    return list(rows.select_related("original").order_by("-version"))


def beside(paper: Paper) -> tuple[Paper | None, Paper | None]:
    """The version that this one replaced, and the one that made it void."""
    near = (paper.version - 1, paper.version + 1)
    rows = Paper.objects.filter(
        organization=paper.organization_id, kind=paper.kind, subject=paper.subject, version__in=near
    )
    found = {row.version: row for row in rows.select_related("original")}
    return found.get(near[0]), found.get(near[1])


def statement(organization: Organization, month: Month) -> Paper:
    """The statement of a closed month. Raises NotClosed."""
    held = issued(organization, Paper.Kind.STATEMENT, str(month))
    if held is not None:
        return held
    if not is_closed(organization, month):
        raise NotClosed(str(month))
    figures = to_json(read_month(organization, month, settings.VAT_BPS)) | {"preliminary": False}
    return _issued(organization, Paper.Kind.STATEMENT, str(month), figures)


def frozen_statement(paper: Paper) -> Statement:
    """What an issued statement says."""
    return statement_of(paper.figures)


def preliminary(organization: Organization, month: Month) -> Statement:
    """What a month's statement would say now."""
    return read_month(organization, month, settings.VAT_BPS)


def act(organization: Organization, month: Month) -> Paper:
    """The act of a closed month, by the figures of its statement. Raises NotClosed, NoAct."""
    held = issued(organization, Paper.Kind.ACT, str(month))
    if held is not None:
        return held
    if not gets_acts(organization):
        raise NoAct
    due = act_of(frozen_statement(statement(organization, month)))
    if not due.tiyin:
        raise NoAct
    return _issued(organization, Paper.Kind.ACT, str(month), to_json(due))


def gets_acts(organization: Organization) -> bool:
    """Whether both parties are legal entities with a STIR."""
    ours = bool(settings.COMPANY["stir"])
    return ours and BillingDetails.objects.filter(organization=organization, is_legal_entity=True).exists()


def act_of(month: Statement) -> Act:
    """What of a month was paid for: promo money is a present, no service that is settled."""
    paid = {row.kind: row.paid for row in month.movements}
    return Act(
        month=month.month,
        vat_bps=month.vat_bps,
        charged=-paid.get(Kind.CHARGE_PAID, 0),
        refunded=paid.get(Kind.REFUND, 0),
    )


def _receipt(topup: TopUp) -> Receipt:
    payments = list(topup.payments.filter(state=ProviderTransaction.State.PERFORMED).order_by("pk"))
    decided_at = topup.decided_at or topup.created_at
    return Receipt(
        topup=topup.pk,
        paid_at=decided_at.astimezone(TASHKENT).isoformat(timespec="seconds"),
        micros=topup.credited_micros,
        method=topup.provider,
        references=[payment.external_id for payment in payments] or _bank_numbers(topup),
        fiscal_url=fiscal_url(topup),
        vat_bps=settings.VAT_BPS,
    )


def fiscal_url(topup: TopUp) -> str:
    """The tax office's page of the top-up's first payment that has one, so far; or nothing."""
    payments = topup.payments.filter(state=ProviderTransaction.State.PERFORMED).order_by("pk")
    links = (receipt_link(payment.fiscal_perform) for payment in payments)
    return next((link for link in links if link), "")


def _bank_numbers(topup: TopUp) -> list[str]:
    """What the customer knows a bank transfer by: the reference given, or the numbers on uploaded cheques."""
    if topup.reference:
        return [topup.reference]
    return list(topup.receipts.exclude(cheque_no="").order_by("pk").values_list("cheque_no", flat=True))


def issued(organization: Organization, kind: Paper.Kind, subject: str) -> Paper | None:
    """The paper that counts, if one was issued."""
    return next(iter(versions(organization, kind, subject)), None)


def _issued(organization: Organization, kind: Paper.Kind, subject: str, figures: Json) -> Paper:
    parties = {"payer": asdict(payer(organization)), "company": asdict(company())}
    with transaction.atomic():
        paper, _ = Paper.objects.get_or_create(
            organization=organization,
            kind=kind,
            subject=subject,
            version=1,
            defaults={
                "figures": figures,
                **parties,
                "sha256": digest({"figures": figures, **parties}),
                "issued_at": timezone.now(),
            },
        )
    return paper
