"""How papers look: letters, the head with both parties, tables, amounts. The same figures give the same file.

Everything a person typed is escaped: reportlab's paragraphs read mark-up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from dashboard.papers.figures import Party
from dashboard.templatetags.money import som_unit

_FONTS: Final = Path(__file__).parent / "fonts"
PLAIN, BOLD = "NotoSans", "NotoSans-SemiBold"
pdfmetrics.registerFont(TTFont(PLAIN, str(_FONTS / "NotoSans-Regular.ttf")))
pdfmetrics.registerFont(TTFont(BOLD, str(_FONTS / "NotoSans-SemiBold.ttf")))

INK, MUTED, LINE, SHADE = (HexColor(code) for code in ("#14181f", "#5b6472", "#d5d9e0", "#f2f4f7"))
MARGIN: Final = 18 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
_PADDING: Final = 6  # of reportlab's frames, in points
_TIYIN: Final = 10_000  # micros

_BASE: Final = {"fontName": PLAIN, "fontSize": 9, "leading": 12.5, "textColor": INK}
TEXT = ParagraphStyle("text", **_BASE)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=7.5, leading=10, textColor=MUTED)
STRONG = ParagraphStyle("strong", parent=TEXT, fontName=BOLD)
TITLE = ParagraphStyle("title", parent=TEXT, fontName=BOLD, fontSize=17, leading=21)
HEADING = ParagraphStyle("heading", parent=TEXT, fontName=BOLD, fontSize=11, leading=15, spaceBefore=12)
MARK = ParagraphStyle("mark", parent=TEXT, fontName=BOLD, fontSize=12, alignment=TA_RIGHT)
LABEL = ParagraphStyle("label", parent=SMALL, fontSize=8)
CELL = ParagraphStyle("cell", parent=TEXT, fontSize=8.5, leading=11.5)
CELL_STRONG = ParagraphStyle("cell strong", parent=CELL, fontName=BOLD)
RIGHT = ParagraphStyle("right", parent=CELL, alignment=TA_RIGHT)
RIGHT_STRONG = ParagraphStyle("right strong", parent=CELL_STRONG, alignment=TA_RIGHT)
HEAD_CELL = ParagraphStyle("head cell", parent=SMALL, fontName=BOLD, textColor=INK)
HEAD_NUMBER = ParagraphStyle("head number", parent=HEAD_CELL, alignment=TA_RIGHT)

type Cell = Flowable | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands on top of a paper and at the foot of each page."""

    title: str
    subtitle: str
    supplier: Party
    customer: Party
    foot: str


def paragraph(text: str, style: ParagraphStyle = TEXT) -> Paragraph:
    """A paragraph of plain text; its line breaks stay."""
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def amount(micros: int, places: int = 2) -> str:
    """Grouped so'm of the reader's language, without the unit, half up to the places."""
    exact = Decimal(micros).scaleb(-6).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    shown = number_format(abs(exact), places, use_l10n=True, force_grouping=True)
    return f"\N{MINUS SIGN}{shown}" if exact < 0 else shown


def with_unit(micros: int, places: int = 2) -> str:
    return f"{amount(micros, places)}\N{NO-BREAK SPACE}{som_unit()}"


def count(number: int) -> str:
    return number_format(number, 0, use_l10n=True, force_grouping=True)


def places_of(amounts: Sequence[int]) -> int:
    """Two decimals if that shows each amount in full, else six: columns then add up as they stand."""
    return 2 if all(micros % _TIYIN == 0 for micros in amounts) else 6


def table(rows: Sequence[Sequence[Cell]], widths: Sequence[float], *extra: tuple[Any, ...]) -> Table:
    """A table whose first row is repeated on each page; widths in points."""
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        *extra,
    ]
    return Table([list(row) for row in rows], list(widths), repeatRows=1, style=TableStyle(style))


def pairs(rows: Sequence[tuple[str, Cell]], label_width: float = 42 * mm) -> Table:
    """Labels at the left, values at the right."""
    cells = [
        [paragraph(label, LABEL), paragraph(value) if isinstance(value, str) else value]
        for label, value in rows
    ]
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    thin = [("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
    return Table(cells, [label_width, WIDTH - label_width], style=TableStyle([*style, *thin]))


def pdf(head: Head, body: Sequence[Flowable]) -> bytes:
    """The file. The same input gives the same bytes: no clock and no chance in it."""
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN - _PADDING,
        rightMargin=MARGIN - _PADDING,
        topMargin=16 * mm,
        bottomMargin=20 * mm,
        title=f"{head.title} {head.subtitle}",
        author=head.supplier.name,
        invariant=1,
    )
    document.build([*_top(head), *body], canvasmaker=_canvas(head.foot))
    return out.getvalue()


def _top(head: Head) -> list[Flowable]:
    title = [paragraph(head.title, TITLE), paragraph(head.subtitle, TEXT)]
    flush = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    flush += [("RIGHTPADDING", (-1, 0), (-1, -1), 0)]
    band = Table(
        [[title, paragraph("CloudAPI", MARK)]], [WIDTH * 0.72, WIDTH * 0.28], style=TableStyle(flush)
    )
    sides = [_side(_("Supplier"), head.supplier), _side(_("Customer"), head.customer)]
    lines = [("LINEABOVE", (0, 0), (-1, 0), 0.8, INK), ("TOPPADDING", (0, 0), (-1, -1), 6)]
    parties = Table([sides], [WIDTH / 2, WIDTH / 2], style=TableStyle([*flush, *lines]))
    return [band, Spacer(1, 5 * mm), parties, Spacer(1, 4 * mm)]


def _side(role: str, party: Party) -> list[Flowable]:
    known = [
        (_("STIR"), party.stir),
        (_("PINFL"), party.pinfl),
        (_("VAT payer code"), party.vat_code),
        (_("Address"), party.address),
        (_("Bank"), party.bank),
        (_("Bank account"), party.account),
        (_("MFO"), party.mfo),
        (_("Contact"), party.contact),
    ]
    lines = [paragraph(f"{label}: {value}", LABEL) for label, value in known if value]
    return [paragraph(role, LABEL), paragraph(party.name, STRONG), *lines]


def _canvas(foot: str) -> Callable[..., Canvas]:
    def make(*args: Any, **kwargs: Any) -> Canvas:
        return _Numbered(foot, *args, **kwargs)

    return make


class _Numbered(Canvas):  # type: ignore[misc]
    """Holds pages back until their number is known, then draws each one's foot."""

    def __init__(self, foot: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        held = self._held
        for number, page in enumerate(held, 1):
            self.__dict__.update(page)
            self._draw_foot(number, len(held))
            super().showPage()
        super().save()

    def _draw_foot(self, number: int, total: int) -> None:
        self.setStrokeColor(LINE)
        self.line(MARGIN, 15 * mm, MARGIN + WIDTH, 15 * mm)
        self.setFont(PLAIN, 7)
        self.setFillColor(MUTED)
        self.drawString(MARGIN, 11 * mm, self._foot)
        page = _("Page %(page)d of %(pages)d") % {"page": number, "pages": total}
        self.drawRightString(MARGIN + WIDTH, 11 * mm, page)
