"""What two books say of one payment: kept in English, read by operators in their own language.

Whoever finds a difference fills one of these in; in_words() knows it again by its words.
"""

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop

PAID: Final = gettext_noop("paid %(tiyin)s tiyin")
AMOUNT: Final = gettext_noop("%(tiyin)s tiyin")
BEFORE: Final = gettext_noop("told before: %(tiyin)s tiyin")
NOW: Final = gettext_noop("told now: %(tiyin)s tiyin")
TOPUP_WAS: Final = gettext_noop("top-up %(number)s was %(state)s")
TOPUP_PAID: Final = gettext_noop("top-up %(number)s: paid")
COMPLETE_FAILED: Final = gettext_noop("Complete with error %(error)s after that")
STATUS: Final = gettext_noop("status %(status)s, %(error)s")
ENTERED: Final = gettext_noop("%(soum)s so'm were entered")
BY_STATEMENT: Final = gettext_noop("%(soum)s so'm by the statement")
EXPECTED: Final = gettext_noop("%(soum)s so'm expected: %(made)s")
BALANCE: Final = gettext_noop("%(soum)s so'm")
UNLISTED: Final = gettext_noop("not in the export")
UNKNOWN: Final = gettext_noop("unknown")
IS_PAID: Final = gettext_noop("paid")
NOT_PAID: Final = gettext_noop("not paid")
TAKEN_BACK: Final = gettext_noop("taken back")

# Of top-ups and of transactions, as their names are kept.
_STATES: Final = (
    *(gettext_noop("pending"), gettext_noop("rejected"), gettext_noop("expired"), gettext_noop("created")),
    *(gettext_noop("performed"), gettext_noop("cancelled"), gettext_noop("reversed")),
)
# The longer ones first: another one's words may begin so.
KNOWN: Final = (
    *(PAID, BEFORE, NOW, TOPUP_WAS, TOPUP_PAID, COMPLETE_FAILED, STATUS, ENTERED, BY_STATEMENT, EXPECTED),
    *(AMOUNT, BALANCE, UNLISTED, UNKNOWN, IS_PAID, NOT_PAID, TAKEN_BACK, *_STATES),
)


def _pattern(text: str) -> re.Pattern[str]:
    """What the text looks like once it is filled in."""
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(text)))


_PATTERNS: Final = {text: _pattern(text) for text in KNOWN}


def in_words(said: str) -> str:
    """In the language in force; as it is if nothing here says so."""
    for text, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(said):
            return gettext(text) % {name: in_words(value) for name, value in found.groupdict().items()}
    return said
