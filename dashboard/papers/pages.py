"""The words and tables of each paper, in the language that is active, from frozen figures alone."""

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import Final

import qrcode
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, KeepTogether, Spacer, Table, TableStyle

from billing.models import Channel
from dashboard.models import Paper
from dashboard.moments import TASHKENT
from dashboard.papers import drawing
from dashboard.papers.books import CALLS
from dashboard.papers.drawing import Head, amount, count, paragraph, with_unit
from dashboard.papers.figures import Act, Party, Receipt, Statement, Sums, Usage, vat_within
from dashboard.papers.months import Month
from dashboard.papers.words import amount_in_words
from dashboard.templatetags.money import percent, som_unit
from dashboard.wallet import MEANING

_TIYIN: Final = 10_000  # micros


def receipt_pdf(paper: Paper, receipt: Receipt, older: Paper | None, newer: Paper | None) -> bytes:
    """The receipt of one top-up. older: the version that it replaced; newer: the one that made it void."""
    paid_at = datetime.fromisoformat(receipt.paid_at)
    numbers = ", ".join(reference for reference in receipt.references if reference)
    rows: list[tuple[str, str | Flowable]] = [
        (_("Top-up"), f"№ {receipt.topup}"),
        (_("Paid at"), f"{paid_at:%d.%m.%Y %H:%M}"),
        (_("Paid by"), str(Channel(receipt.method).label)),
        (_("Payment number"), numbers or "–"),
        (_("Amount"), paragraph(with_unit(receipt.tiyin * _TIYIN), drawing.STRONG)),
        (_("In words"), _in_words(receipt.tiyin)),
        (_("VAT"), vat_line(receipt.tiyin, receipt.vat_bps)),
    ]
    note = _("An advance for services of CloudAPI. It is spent by calls and isn't transferable.")
    body = [
        *_versions(older, newer),
        drawing.pairs(rows),
        Spacer(1, 4 * mm),
        paragraph(note, drawing.SMALL),
        *_fiscal(receipt.fiscal_url),
    ]
    return drawing.pdf(_head(paper, _("Top-up receipt")), body)


def _versions(older: Paper | None, newer: Paper | None) -> list[Flowable]:
    """That this one is void, or which one it replaces."""
    if newer is not None:
        text, style = _("VOID. Replaced by № %(number)s of %(day)s.") % _named(newer), drawing.TITLE
    elif older is not None:
        text, style = _("Replaces № %(number)s of %(day)s, which is void.") % _named(older), drawing.TEXT
    else:
        return []
    whole = text.replace("№ ", "№\N{NO-BREAK SPACE}")
    return [paragraph(whole, style), Spacer(1, 4 * mm)]


def _named(paper: Paper) -> dict[str, str]:
    return {"number": paper.number, "day": f"{paper.issued_at.astimezone(TASHKENT):%d.%m.%Y}"}


def statement_pdf(month: Statement, supplier: Party, customer: Party, paper: Paper | None) -> bytes:
    """A month; without a paper it is marked preliminary, as it may still change."""
    name = month_name(month.month)
    if paper is not None:
        head = _head(paper, _("Monthly statement"), name)
    else:
        moment = f"{datetime.now(TASHKENT):%d.%m.%Y %H:%M}"
        subtitle = _("%(month)s · preliminary, as of %(moment)s") % {"month": name, "moment": moment}
        head = Head(
            title=_("Monthly statement"),
            subtitle=subtitle,
            supplier=supplier,
            customer=customer,
            foot=subtitle,
        )
    spent = sum(-row.paid for row in month.movements if row.kind in CALLS)
    said = _("Calls from the paid balance: %(vat)s") % {"vat": vat_line(_tiyin(spent), month.vat_bps)}
    vat = paragraph(said, drawing.SMALL)
    body = [*_balances(month), vat, *_models(month)]
    return drawing.pdf(head, body)


def act_pdf(paper: Paper, act: Act) -> bytes:
    """The act of services, with room for both signatures."""
    month = month_name(act.month)
    text = _(
        "The Supplier has rendered and the Customer has accepted the services named below in %(month)s. "
        "The parties have no claims against each other as to their volume, quality and time."
    ) % {"month": month}
    total = [
        paragraph(_("In words: %(amount)s") % {"amount": _in_words(act.tiyin)}),
        paragraph(vat_line(act.tiyin, act.vat_bps)),
    ]
    body = [paragraph(text), Spacer(1, 4 * mm), _services(act, month), Spacer(1, 3 * mm), *total]
    signatures = KeepTogether([Spacer(1, 12 * mm), _signatures(paper)])
    return drawing.pdf(_head(paper, _("Act of services"), month), [*body, signatures])


def month_name(month: str) -> str:
    """October 2026, as the active language says it."""
    # Uzbek dates join their parts by a character that the fonts of papers lack, and would print as a box.
    return date_format(Month.parse(month).first_day, "YEAR_MONTH_FORMAT").replace("\N{WORD JOINER}", "")


def vat_line(tiyin: int, bps: int) -> str:
    """VAT as an included part, or that there is none."""
    if not bps:
        return _("VAT is not applied.")
    vat = with_unit(vat_within(tiyin, bps) * _TIYIN)
    return _("including VAT %(rate)s: %(vat)s") % {"rate": percent(bps), "vat": vat}


def _head(paper: Paper, title: str, about: str = "") -> Head:
    number = _("№ %(number)s of %(day)s") % _named(paper)
    return Head(
        title=title,
        subtitle=f"{about} · {number}" if about else number,
        supplier=Party(**paper.company),
        customer=Party(**paper.payer),
        foot=f"{paper.number} · SHA-256 {paper.sha256[:16]}…",
    )


def _tiyin(micros: int) -> int:
    return (max(micros, 0) + _TIYIN // 2) // _TIYIN


def _in_words(tiyin: int) -> str:
    said = amount_in_words(tiyin, (get_language() or "en")[:2])
    return said[:1].upper() + said[1:]


def _fiscal(url: str) -> list[Flowable]:
    """The tax office's receipt as a QR code and a link."""
    if not url:
        return []
    out = BytesIO()
    qrcode.make(url, border=1, box_size=6).save(out, "PNG")
    out.seek(0)
    link = [paragraph(_("Fiscal receipt"), drawing.STRONG), paragraph(url, drawing.SMALL)]
    cells = Table([[Image(out, 30 * mm, 30 * mm), link]], [36 * mm, drawing.WIDTH - 36 * mm])
    cells.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    return [Spacer(1, 5 * mm), cells]


def _balances(month: Statement) -> list[Flowable]:
    """Opening balance, what moved, closing balance; both parts of the wallet apart."""
    sums = [month.opening, month.closing, *(row.sums for row in month.movements)]
    places = drawing.places_of([part for each in sums for part in (each.paid, each.bonus)])
    head = [_("Balance"), _("Paid"), _("Bonus"), f"{_('Total')}, {som_unit()}"]
    rows = [[paragraph(text, _heading(place)) for place, text in enumerate(head)]]
    rows.append(_sums(_("Opening balance"), month.opening, places, strong=True))
    for row in month.movements:
        name = str(MEANING.get(row.kind, _("Transfer")))
        # One call may have taken from both parts: its transfers are no number of calls.
        label = name if row.kind in CALLS else f"{name} ({count(row.count)})"
        rows.append(_sums(label, row.sums, places))
    rows.append(_sums(_("Closing balance"), month.closing, places, strong=True))
    rest = (drawing.WIDTH - 66 * mm) / 3
    return [drawing.table(rows, [66 * mm, rest, rest, rest]), Spacer(1, 2 * mm)]


def _sums(label: str, sums: Sums, places: int, *, strong: bool = False) -> list[Flowable]:
    text, number = (drawing.CELL_STRONG, drawing.RIGHT_STRONG) if strong else (drawing.CELL, drawing.RIGHT)
    return [
        paragraph(label, text),
        *(paragraph(amount(micros, places), number) for micros in (sums.paid, sums.bonus, sums.total)),
    ]


def _models(month: Statement) -> list[Flowable]:
    heading = paragraph(_("Calls by project and model"), drawing.HEADING)
    used = month.by_model()
    if not used:
        return [heading, paragraph(_("No calls in this month."), drawing.SMALL)]
    places = drawing.places_of([row.micros for row in used])
    tokens = [_("Input tokens"), _("Cached"), _("Cache writes"), _("Output tokens")]
    head = [_("Model"), _("Calls"), *tokens, som_unit()]
    rows = [[paragraph(text, _heading(place)) for place, text in enumerate(head)]]
    shaded = []
    for project in dict.fromkeys(row.project for row in used):
        own = [row for row in used if row.project == project]
        shaded.append(("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.8, drawing.MUTED))
        rows.append(_usage(Usage(0, project, project, *_added(own)), places, strong=True))
        rows += [_usage(row, places) for row in own]
    rows.append(_usage(Usage(0, "", _("Total"), *_added(used)), places, strong=True))
    narrow = [19 * mm, 21 * mm, 18 * mm, 16 * mm, 20 * mm, 25 * mm]
    return [heading, Spacer(1, 2 * mm), drawing.table(rows, [drawing.WIDTH - sum(narrow), *narrow], *shaded)]


def _added(rows: Iterable[Usage]) -> list[int]:
    fields = (
        "requests",
        "input",
        "cached",
        "cache_write",
        "output",
        "images",
        "seconds",
        "characters",
        "micros",
    )
    return [sum(getattr(row, field) for row in rows) for field in fields]


def _usage(row: Usage, places: int, *, strong: bool = False) -> list[Flowable | list[Flowable]]:
    text, number = (drawing.CELL_STRONG, drawing.RIGHT_STRONG) if strong else (drawing.CELL, drawing.RIGHT)
    numbers = [count(each) for each in (row.requests, row.input, row.cached, row.cache_write, row.output)]
    name: list[Flowable] = [paragraph(row.model, text)]
    if others := _others(row):
        name.append(paragraph(others, drawing.SMALL))
    return [name, *(paragraph(each, number) for each in (*numbers, amount(row.micros, places)))]


def _others(row: Usage) -> str:
    """What calls were charged for beside tokens."""
    said = [
        (row.images, ngettext("%(count)s image", "%(count)s images", row.images)),
        (row.seconds, ngettext("%(count)s second", "%(count)s seconds", row.seconds)),
        (row.characters, ngettext("%(count)s character", "%(count)s characters", row.characters)),
    ]
    return " · ".join(text % {"count": count(number)} for number, text in said if number)


def _heading(place: int) -> ParagraphStyle:
    return drawing.HEAD_NUMBER if place else drawing.HEAD_CELL


def _services(act: Act, month: str) -> Table:
    vat = vat_within(act.tiyin, act.vat_bps)
    name = _("Access to AI models through the CloudAPI interface, %(month)s") % {"month": month}
    head = [
        "№",
        _("Service"),
        _("Unit"),
        _("Quantity"),
        _("Without VAT"),
        _("VAT"),
        f"{_('Total')}, {som_unit()}",
    ]
    rows = [[paragraph(text, _heading(int(place > 2))) for place, text in enumerate(head)]]
    without = amount((act.tiyin - vat) * _TIYIN)
    shown = amount(vat * _TIYIN) if act.vat_bps else gettext("none")
    numbers = ["1", without, shown, amount(act.tiyin * _TIYIN)]
    texts = [paragraph(text, drawing.CELL) for text in ("1", name, _("month"))]
    rows.append([*texts, *(paragraph(text, drawing.RIGHT) for text in numbers)])
    totals = [paragraph(text, drawing.RIGHT_STRONG) for text in numbers[1:]]
    rows.append(
        [paragraph(""), paragraph(_("Total"), drawing.CELL_STRONG), paragraph(""), paragraph(""), *totals]
    )
    widths = [8 * mm, 0.0, 14 * mm, 17 * mm, 26 * mm, 24 * mm, 28 * mm]
    widths[1] = drawing.WIDTH - sum(widths)
    return drawing.table(rows, widths)


def _signatures(paper: Paper) -> Table:
    roles = [(_("For the Supplier"), paper.company), (_("For the Customer"), paper.payer)]
    cells = [
        [
            paragraph(role, drawing.STRONG),
            paragraph(party["name"]),
            Spacer(1, 12 * mm),
            paragraph(f"__________________________  {party['director']}"),
            paragraph(_("signature, full name, seal"), drawing.SMALL),
        ]
        for role, party in roles
    ]
    flush = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return Table([cells], [drawing.WIDTH / 2, drawing.WIDTH / 2], style=flush)
