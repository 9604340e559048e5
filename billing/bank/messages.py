"""Banks' messages about arrivals, pasted by an operator: Humo's bot and SMS, Uzcard's SMS. Pure.

Direction comes from the plus sign or the word for a replenishment only: banks write "operation" for both. The
layouts are those of public parsers; whatever fits none of them is a BadLine.
"""

import re
from typing import Final

from billing.bank.amounts import BadAmount, parse_amount
from billing.bank.lines import LINES_MAX, BadLine, Line, NotAStatement, Statement, gettext_noop, moment, plain

_SUM: Final = r"[0-9][0-9.,\s]*[0-9]|[0-9]"
_CLOCK: Final = r"(?P<clock>[0-9]{2}:[0-9]{2})"
_DAY: Final = r"(?P<day>[0-9.-]{8,10})"
_FORMS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # 🎉 Пополнение ➕ 520.000,00 UZS 📍 … 💳 HUMOCARD *1234 🕓 23:17 13.06.2026 💰 2.088.245,26 UZS
        rf"➕\s*(?P<sum>{_SUM})\s*UZS\s*(?:📍\s*(?P<from>.*?))?\s*💳\D*?\*(?P<last4>[0-9]{{4}})"
        rf".*?{_CLOCK}\s+{_DAY}(?:.*?💰\s*(?P<left>{_SUM})\s*UZS)?",
        # HUMOCARD *1234: popolnenie 5000.00 UZS; TEST BANK; 25-05-04 21:06; Dostupno: 9000.00 UZS
        rf"\*(?P<last4>[0-9]{{4}}):?\s*popolnenie\s*(?P<sum>{_SUM})\s*UZS;\s*(?P<from>[^;]*);"
        rf"\s*{_DAY}\s+{_CLOCK}(?:;\s*Dostupno:?\s*(?P<left>{_SUM}))?",
        # Perevod na kartu: CLICK P2P, UZ, 26-11-21 21:06, karta ***1234, summa:2000.00 UZS, balans:9000.00
        rf"Perevod na kartu:\s*(?P<from>.*?)[,;]\s*UZ\b.*?{_DAY}\s+{_CLOCK}"
        rf"(?:.*?\*+(?P<last4>[0-9]{{4}}))?.*?summa:\s*(?P<sum>{_SUM})\s*UZS"
        rf"(?:.*?balans:?\s*(?P<left>{_SUM}))?",
    )
)
_OUTGOING: Final = re.compile(r"➖|spisanie|oplata|perevod s karty", re.IGNORECASE)


def read_messages(text: str) -> Statement:
    """The arrivals of pasted messages, one a line or with empty lines between. Raises NotAStatement."""
    found = Statement()
    for number, message in enumerate(_messages(text), 1):
        if number > LINES_MAX:
            raise NotAStatement(gettext_noop("too many messages"))
        if "➕" not in message and _OUTGOING.search(message):
            found.left_out += 1
            continue
        line = _read(number, message)
        if isinstance(line, Line):
            found.lines.append(line)
        else:
            found.bad.append(line)
    return found


def _messages(text: str) -> list[str]:
    """Paragraphs; one whose every line is a message of its own is several."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        alone = len(lines) > 1 and all(len(re.findall("UZS", line)) >= 1 and _fits(line) for line in lines)
        found += lines if alone else [" ".join(lines)] * bool(lines)
    return found


def _fits(message: str) -> bool:
    return bool(_OUTGOING.search(message)) or any(form.search(message) for form in _FORMS)


def _read(number: int, message: str) -> Line | BadLine:
    for form in _FORMS:
        match = form.search(message)
        if match is None:
            continue
        said = {name: (value or "").strip() for name, value in match.groupdict().items()}
        problem = "amount"
        try:
            micros = parse_amount(said["sum"])
            balance = parse_amount(said["left"]) if said.get("left") else None
            problem = "date"
            at = moment(said["day"], said["clock"])
        except (BadAmount, ValueError):
            return BadLine(number, problem, plain(message))
        return Line(number, at, micros, balance, plain(said.get("from", "")), said.get("last4", ""))
    return BadLine(number, "date", plain(message))
