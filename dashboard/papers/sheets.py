"""Papers for spreadsheets: exact so'm, columns named in English, rows that add up."""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

from billing.ids import Kind
from billing.money import exact_uzs
from dashboard.models import Paper
from dashboard.papers.books import CALLS
from dashboard.papers.figures import Act, Receipt, Statement, Sums, Usage, vat_within

_COUNTS: Final = (
    *("requests", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"),
    *("images", "seconds", "characters"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes what begins so for a formula
_TIYIN: Final = 10_000


def statement_csv(month: Statement) -> str:
    """Opening balance, movements, calls by project and model, closing balance: amounts add up to the last."""
    unused = [""] * (2 + len(_COUNTS))
    rows: list[list[object]] = [["opening", *unused, *_parts(month.opening)]]
    for row in month.movements:
        if row.kind not in CALLS:
            rows.append([_name(row.kind), "", "", row.count, *[""] * (len(_COUNTS) - 1), *_parts(row.sums)])
    rows += [["calls", *_usage(row), "", "", exact_uzs(-row.micros)] for row in month.by_model()]
    rows.append(["closing", *unused, *_parts(month.closing)])
    header = ["line", "project", "model", *_COUNTS, "paid_uzs", "promo_uzs", "amount_uzs"]
    return _csv(header, rows)


def days_csv(month: Statement) -> str:
    """Calls by Tashkent day, project and model."""
    rows = [[f"{month.month}-{row.day:02d}", *_usage(row), exact_uzs(row.micros)] for row in month.by_day()]
    return _csv(["date", "project", "model", *_COUNTS, "cost_uzs"], rows)


def receipt_csv(paper: Paper, receipt: Receipt, newer: Paper | None = None) -> str:
    """newer: the version that made it void."""
    header = ["number", "topup", "paid_at", "method", "references", "amount_uzs", "vat_percent", "vat_uzs"]
    row = [
        *(paper.number, receipt.topup, receipt.paid_at, receipt.method, _text("; ".join(receipt.references))),
        *(exact_uzs(receipt.micros), *_vat(receipt.tiyin, receipt.vat_bps)),
    ]
    names = ["payer", "payer_stir", "seller", "seller_stir", "fiscal_receipt", "void_replaced_by"]
    void = newer.number if newer else ""
    return _csv([*header, *names], [[*row, *_parties(paper), receipt.fiscal_url, void]])


def act_csv(paper: Paper, act: Act) -> str:
    header = ["number", "month", "amount_uzs", "vat_percent", "vat_uzs"]
    row = [paper.number, act.month, exact_uzs(act.tiyin * _TIYIN), *_vat(act.tiyin, act.vat_bps)]
    names = ["payer", "payer_stir", "seller", "seller_stir"]
    return _csv([*header, *names], [[*row, *_parties(paper)]])


def _name(kind: int) -> str:
    return Kind(kind).name.lower()


def _usage(row: Usage) -> list[object]:
    counts = (row.requests, row.input, row.cached, row.cache_write, row.output)
    return [_text(row.project), _text(row.model), *counts, row.images, row.seconds, row.characters]


def _parts(sums: Sums) -> list[str]:
    return [exact_uzs(micros) for micros in (sums.paid, sums.bonus, sums.total)]


def _vat(tiyin: int, bps: int) -> list[str]:
    return [exact_uzs(bps * _TIYIN), exact_uzs(vat_within(tiyin, bps) * _TIYIN)]


def _parties(paper: Paper) -> list[str]:
    sides = (paper.payer, paper.company)
    return [_text(side[field]) for side in sides for field in ("name", "stir")]


def _csv(header: list[str], rows: Iterable[list[object]]) -> str:
    """UTF-8 with a mark, so that spreadsheets see it."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
