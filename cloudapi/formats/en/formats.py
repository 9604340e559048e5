"""22 November 2026, 14:05."""

DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F Y, H:i"
MONTH_DAY_FORMAT = "j F"
SHORT_DATE_FORMAT = "j M Y"
SHORT_MONTH_FORMAT = "M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"
FIRST_DAY_OF_WEEK = 1
DAY_TIME_FORMAT = "j M, H:i"  # of a list of days that are not long ago
DAY_SECONDS_FORMAT = "j M, H:i:s"
