"""Single fields of a request body: read, checked, and refused by name (reliability.md §4, 37–48)."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from proxy.errors import invalid

MODEL_NAME_MAX: Final = 256


def model_name(body: Mapping[str, Any]) -> str:
    """The model asked for, tags and all. Raises ApiError 400."""
    asked = body.get("model")
    if asked is None:
        raise invalid("missing_required_parameter", "The field 'model' is missing.", "model")
    if not isinstance(asked, str):
        raise invalid("invalid_type", "The field 'model' must be a string.", "model")
    asked = asked.replace("\x00", "").strip()
    if not asked or len(asked) > MODEL_NAME_MAX:
        raise invalid("invalid_value", f"'model' must have 1 to {MODEL_NAME_MAX} characters.", "model")
    return asked


def text(body: Mapping[str, Any], name: str, most: int) -> str:
    """A string that must be there, 1 to `most` characters long. Raises ApiError 400."""
    value = body.get(name)
    if value is None:
        raise invalid("missing_required_parameter", f"The field '{name}' is missing.", name)
    if not isinstance(value, str):
        raise invalid("invalid_type", f"'{name}' must be a string.", name)
    if not 1 <= len(value) <= most:
        raise invalid("invalid_value", f"'{name}' must have 1 to {most} characters.", name)
    return value


def choice(body: Mapping[str, Any], name: str, options: Collection[str], default: str) -> str:
    """One of a few words. Raises ApiError 400."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value not in options:
        raise invalid("invalid_value", f"'{name}' must be one of {', '.join(sorted(options))}.", name)
    return value


def flag(body: Mapping[str, Any], name: str) -> bool:
    """A boolean, false where it isn't given. Raises ApiError 400."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid("invalid_type", f"'{name}' must be true or false.", name)
    return bool(value)


def whole(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """A whole number, None where it isn't given. Raises ApiError 400."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid("invalid_value", f"'{name}' must be a whole number from {low} to {high}.", name)
    return value


def number(body: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """A number, None where it isn't given. Raises ApiError 400."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise invalid("invalid_value", f"'{name}' must be a number from {low} to {high}.", name)
    return value
