"""Months of accounting, by the calendar of Tashkent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from dashboard.moments import TASHKENT, first_id

# A call that began at the last moment is settled by then: calls end within minutes, videos within two hours,
# spool files within a day, after which a call is our loss.
SETTLED_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in Tashkent."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """The month written as 2026-10. Raises ValueError."""
        if len(text) != 7 or not text.isascii():
            raise ValueError(f"{text!r} is no month such as 2026-10")
        return cls.of(date.fromisoformat(f"{text}-01"))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def next(self) -> "Month":
        return Month.of(self.first_day + timedelta(days=31))

    @property
    def before(self) -> "Month":
        return Month.of(self.first_day - timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.next.first_day - self.first_day).days

    def day(self, number: int) -> date:
        return self.first_day.replace(day=number)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first_day, time.min, TASHKENT)

    @property
    def ends_at(self) -> datetime:
        return self.next.starts_at

    def day_ids(self) -> list[UUID]:
        """The smallest id of each of its days, and of the day after its last."""
        return [first_id(self.first_day + timedelta(days=number)) for number in range(self.days + 1)]

    def is_over(self, now: datetime) -> bool:
        """Whether all that was begun in it has come to its end."""
        return now >= self.ends_at + SETTLED_AFTER


def back_to(first: Month, last: Month) -> Iterator[Month]:
    """From the last month down to the first."""
    while last >= first:
        yield last
        last = last.before
