"""2026-yil 22-noyabr, 14:05."""

DATE_FORMAT = r"Y-\y\i\l j-E"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = r"Y-\y\i\l j-E, H:i"
MONTH_DAY_FORMAT = "j-E"
YEAR_MONTH_FORMAT = r"Y-\y\i\l E"
