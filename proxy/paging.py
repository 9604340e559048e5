"""Anthropic's pages of a list: limit, after_id, before_id."""

from collections.abc import Sequence

from proxy.errors import invalid
from proxy.offers import Offer

_LIMIT_MAX = 1000


def page(rows: Sequence[Offer], *, limit: int, after: str, before: str) -> tuple[list[Offer], bool]:
    """The rows after (or just before) an id, and whether there are more that way. Raises ApiError 400."""
    if not 1 <= limit <= _LIMIT_MAX:
        raise invalid("invalid_value", f"limit must be from 1 to {_LIMIT_MAX}.", "limit")
    if after and before:
        raise invalid("invalid_value", "Give after_id or before_id, not both.", "before_id")
    if before:
        end = _place(rows, before, "before_id")
        start = max(0, end - limit)
        return list(rows[start:end]), start > 0
    start = _place(rows, after, "after_id") + 1 if after else 0
    return list(rows[start : start + limit]), start + limit < len(rows)


def _place(rows: Sequence[Offer], wanted: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row.model.slug == wanted:
            return place
    raise invalid("invalid_value", f"{param} is not in the list.", param)
