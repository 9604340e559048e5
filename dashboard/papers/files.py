"""Papers as files, in one of our languages: what pages hand out, and what may be attached to a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import override

from accounts.models import Organization
from dashboard.models import Paper
from dashboard.papers import issue, pages, sheets
from dashboard.papers.figures import Act, Party, Receipt
from dashboard.papers.months import Month
from dashboard.papers.ready import Ready

PDF: Final = "application/pdf"
CSV: Final = "text/csv; charset=utf-8"

type Makers = Mapping[str, Callable[[], bytes | str]]  # by form


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content_type: str
    body: bytes


def receipt_file(paper: Paper, form: str, language: str) -> File:
    """form: pdf or csv. A version that was replaced says so in large letters and in its name."""
    older, newer = issue.beside(paper)
    receipt = Receipt(**paper.figures)
    both: Makers = {
        "pdf": lambda: pages.receipt_pdf(paper, receipt, older, newer),
        "csv": lambda: sheets.receipt_csv(paper, receipt, newer),
    }
    return _file(f"receipt-{paper.number}{'-void' if newer else ''}", form, language, both)


def statement_file(organization: Organization, found: Ready, form: str, language: str) -> File:
    """form: pdf, csv or days.csv, which has the calls of each day."""
    month, paper = found.figures, found.paper
    supplier = Party(**paper.company) if paper else issue.company()
    customer = Party(**paper.payer) if paper else issue.payer(organization)
    makers: Makers = {
        "pdf": lambda: pages.statement_pdf(month, supplier, customer, paper),
        "csv": lambda: sheets.statement_csv(month),
        "days.csv": lambda: sheets.days_csv(month),
    }
    return _file(f"statement-{month.month}{'' if paper else '-preliminary'}", form, language, makers)


def act_file(paper: Paper, form: str, language: str) -> File:
    """form: pdf or csv."""
    act = Act(**paper.figures)
    both: Makers = {"pdf": lambda: pages.act_pdf(paper, act), "csv": lambda: sheets.act_csv(paper, act)}
    return _file(f"act-{act.month}", form, language, both)


def monthly_statement(organization: Organization, month: Month, language: str) -> File:
    """The PDF of a closed month, to be sent. Reads the books if nobody asked before. Raises NotClosed."""
    paper = issue.statement(organization, month)
    return statement_file(organization, Ready(issue.frozen_statement(paper), paper), "pdf", language)


def _file(name: str, form: str, language: str, makers: Makers) -> File:
    """Raises KeyError for a form that the paper doesn't have."""
    make = makers[form]
    with override(language):
        body = make()
    if isinstance(body, str):
        return File(f"cloudapi-{name}.{form}".replace(".days.", "-days."), CSV, body.encode())
    return File(f"cloudapi-{name}-{language}.{form}", PDF, body)
