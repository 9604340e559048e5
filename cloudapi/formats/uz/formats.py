"""2026-yil 22-noyabr, 14:05."""

# The word joiner after a hyphen is not seen, and no line ends there: "22-" alone says nothing.
_JOINED = "-\N{WORD JOINER}"

_YEAR = rf"Y{_JOINED}\y\i\l"

DATE_FORMAT = f"{_YEAR} j{_JOINED}E"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = f"{DATE_FORMAT}, H:i"
MONTH_DAY_FORMAT = f"j{_JOINED}E"
YEAR_MONTH_FORMAT = f"{_YEAR} E"
SHORT_DATE_FORMAT = "d.m.Y"
SHORT_MONTH_FORMAT = "m.Y"
SHORT_DATETIME_FORMAT = "d.m.Y H:i"
DAY_TIME_FORMAT = "d.m H:i"
DAY_SECONDS_FORMAT = "d.m H:i:s"
