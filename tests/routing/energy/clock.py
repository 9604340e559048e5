"""Moments of one day, for tests without a clock."""

from datetime import UTC, datetime, timedelta

DAY = datetime(2026, 6, 30, tzinfo=UTC)


def at(time: str, days: int = 0) -> datetime:
    """ "10:05" of that day in UTC."""
    hours, minutes = time.split(":")
    return DAY + timedelta(days=days, hours=int(hours), minutes=int(minutes))
