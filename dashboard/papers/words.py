"""Amounts in words, as papers of accounting want them. Pure: no Django, no database.

Whole so'm in words, tiyin in two digits: "bir yuz oʻn ikki soʻm 50 tiyin".
"""

from collections.abc import Callable, Iterator
from typing import Final

TIYIN_MAX: Final = 10**17 - 1  # below a quadrillion so'm; a wallet holds less

_UZ_UNITS: Final = ("", "bir", "ikki", "uch", "toʻrt", "besh", "olti", "yetti", "sakkiz", "toʻqqiz")
_UZ_TENS: Final = ("", "oʻn", "yigirma", "oʻttiz", "qirq", "ellik", "oltmish", "yetmish", "sakson", "toʻqson")
_UZ_GROUPS: Final = ("", "ming", "million", "milliard", "trillion")

_RU_UNITS: Final = (
    "",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
)
_RU_TENS: Final = (
    *("", "", "двадцать", "тридцать", "сорок", "пятьдесят"),
    *("шестьдесят", "семьдесят", "восемьдесят", "девяносто"),
)
_RU_HUNDREDS: Final = (
    *("", "сто", "двести", "триста", "четыреста", "пятьсот"),
    *("шестьсот", "семьсот", "восемьсот", "девятьсот"),
)
_RU_GROUPS: Final = (
    ("сум", "сума", "сумов"),
    ("тысяча", "тысячи", "тысяч"),
    ("миллион", "миллиона", "миллионов"),
    ("миллиард", "миллиарда", "миллиардов"),
    ("триллион", "триллиона", "триллионов"),
)
_RU_TIYIN: Final = ("тийин", "тийина", "тийинов")

_EN_UNITS: Final = (
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_EN_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_GROUPS: Final = ("", "thousand", "million", "billion", "trillion")


def amount_in_words(tiyin: int, language: str) -> str:
    """An amount in words of uz, ru or (any other language) English. Raises ValueError out of range."""
    if not 0 <= tiyin <= TIYIN_MAX:
        raise ValueError(f"{tiyin} tiyin can't be put into words")
    som, rest = divmod(tiyin, 100)
    return _LANGUAGES.get(language, _english)(som, rest)


def _uzbek(som: int, tiyin: int) -> str:
    words = [word for group, number in _groups(som) for word in (*_uz_below_1000(number), _UZ_GROUPS[group])]
    return f"{_joined(words) or 'nol'} soʻm {tiyin:02d} tiyin"


def _uz_below_1000(number: int) -> Iterator[str]:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        yield from (_UZ_UNITS[hundreds], "yuz")
    yield from (_UZ_TENS[rest // 10], _UZ_UNITS[rest % 10])


def _russian(som: int, tiyin: int) -> str:
    words: list[str] = []
    for group, number in _groups(som):
        words += _ru_below_1000(number, feminine=group == 1)
        words += [plural_ru(number, _RU_GROUPS[group])] if group else []
    unit = plural_ru(som, _RU_GROUPS[0])
    return f"{_joined(words) or 'ноль'} {unit} {tiyin:02d} {plural_ru(tiyin, _RU_TIYIN)}"


def _ru_below_1000(number: int, *, feminine: bool) -> Iterator[str]:
    hundreds, rest = divmod(number, 100)
    tens, units = (0, rest) if rest < 20 else divmod(rest, 10)
    yield from (_RU_HUNDREDS[hundreds], _RU_TENS[tens])
    yield {1: "одна", 2: "две"}.get(units, _RU_UNITS[units]) if feminine else _RU_UNITS[units]


def plural_ru(number: int, forms: tuple[str, str, str]) -> str:
    """The form that Russian puts beside the number: 1 сум, 2 сума, 5 сумов."""
    if number % 100 in range(11, 15):
        return forms[2]
    return forms[0] if number % 10 == 1 else forms[1] if number % 10 in (2, 3, 4) else forms[2]


def _english(som: int, tiyin: int) -> str:
    words = [word for group, number in _groups(som) for word in (*_en_below_1000(number), _EN_GROUPS[group])]
    return f"{_joined(words) or 'zero'} soʻm {tiyin:02d} tiyin"


def _en_below_1000(number: int) -> Iterator[str]:
    hundreds, rest = divmod(number, 100)
    if hundreds:
        yield from (_EN_UNITS[hundreds], "hundred")
    tens, units = (0, rest) if rest < 20 else divmod(rest, 10)
    yield "-".join(word for word in (_EN_TENS[tens], _EN_UNITS[units]) if word)


def _groups(number: int) -> Iterator[tuple[int, int]]:
    """(power of a thousand, 1–999) from the greatest down; nothing for zero."""
    for group in reversed(range(len(_RU_GROUPS))):
        part = number // 1000**group % 1000
        if part:
            yield group, part


def _joined(words: list[str]) -> str:
    return " ".join(word for word in words if word)


_LANGUAGES: Final[dict[str, Callable[[int, int], str]]] = {"uz": _uzbek, "ru": _russian}
