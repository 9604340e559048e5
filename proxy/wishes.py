"""What a caller says about routing inside the body: `models` and `provider`, as OpenRouter has them.

Both are addressed to us and never go on to an upstream. Source: openrouter.ai/docs/features/provider-routing.
In a form they are JSON text, or fields in brackets as the SDKs write an object: `provider[only][]`.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import orjson

from proxy.call import Call, Wishes
from proxy.errors import ApiError, invalid
from routing.pick import Rules

MODELS_MAX: Final = 3
NAMES_MAX: Final = 50
# OpenRouter's words → ours.
SORTS: Final = {
    "price": "price",
    "latency": "latency",
    "throughput": "token_rate",
    "token_rate": "token_rate",
}
PRICES: Final = {"prompt": "input", "completion": "output", "image": "image", "request": "request"}
_PER_MILLION: Final = frozenset({"input", "output"})
_NANO: Final = 10**9
_PRICE_MAX: Final = 10**6
_FORMS: Final = frozenset({"transcriptions", "translations", "image_edits", "videos"})
_OURS: Final = ("provider", "models")
_FLAGS: Final[Mapping[Any, bool]] = {"true": True, "false": False}


def lifted(call: Call, *, pins: bool = False) -> Call:
    """The call with its wishes out of the body. Raises ApiError 400.

    pins: the platform calls, which may name one endpoint; from anybody else that field means nothing.
    """
    body = _unfolded(call.body) if call.kind in _FORMS else call.body
    if "provider" not in body and "models" not in body:
        return call
    rest = {name: value for name, value in body.items() if name not in _OURS}
    return replace(call, body=rest, wishes=_wishes(body, pins=pins))


def _unfolded(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form with both as JSON would have them; what can't be read stays as it is, to be refused by name."""
    found: dict[str, Any] = {}
    for name, value in form.items():
        field, *path = name.replace("]", "").split("[")
        if field not in _OURS:
            found[name] = value
        elif field == "models":
            found[field] = _parsed(value, "[") if isinstance(value, str) else value
        elif not path:
            found[field] = _parsed(value, "{")
        elif isinstance(wish := found.setdefault(field, {}), dict):
            _put(wish, path, value)
    if isinstance(found.get("models"), str):
        found["models"] = [found["models"]]
    return found


def _parsed(value: Any, opening: str) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _put(wish: dict[str, Any], path: list[str], value: Any) -> None:
    """`[only][]` or `[max_price][prompt]` of a form; an array may come as one text."""
    name, *deeper = path
    if deeper == [""]:
        wish[name] = [value] if isinstance(value, str) else value
    elif len(deeper) == 1:
        inner = wish.setdefault(name, {})
        if isinstance(inner, dict):
            inner[deeper[0]] = value
    else:
        wish[name] = _FLAGS.get(value, value) if isinstance(value, str) else value


def _wishes(body: Mapping[str, Any], *, pins: bool) -> Wishes:
    wish = body.get("provider")
    if wish is None:
        wish = {}
    if not isinstance(wish, dict):
        raise invalid("invalid_type", "'provider' must be an object.", "provider")
    rules = Rules(
        order=_names(wish, "order"),
        only=frozenset(_names(wish, "only")),
        ignore=frozenset(_names(wish, "ignore")),
        fallbacks=_flag(wish, "allow_fallbacks") is not False,
        max_price=_max_price(wish.get("max_price")),
        endpoint=_endpoint(wish.get("endpoint")) if pins else 0,
        residency=_residency(wish.get("data_residency")),
    )
    return Wishes(_models(body.get("models")), rules, _sort(wish.get("sort")), _flag(wish, "rescue"))


def _models(names: Any) -> tuple[str, ...]:
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise invalid("invalid_type", "'models' must be a list of model names.", "models")
    if len(names) > MODELS_MAX:
        raise invalid("invalid_value", f"'models' may have {MODELS_MAX} names at most.", "models")
    return tuple(name.replace("\x00", "") for name in names)


def _names(wish: Mapping[str, Any], field: str) -> tuple[str, ...]:
    names = wish.get(field)
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(field, "must be a list of provider names")
    if len(names) > NAMES_MAX:
        raise _wrong(field, f"may have {NAMES_MAX} names at most")
    return tuple(name.strip().casefold() for name in names)


def _endpoint(number: Any) -> int:
    if number is None:
        return 0
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _wrong("endpoint", "must be the number of an endpoint")
    return number


def _residency(wish: Any) -> frozenset[str]:
    """Countries by ISO 3166-1: one, or a list of them."""
    codes = [wish] if isinstance(wish, str) else wish
    if codes is None:
        return frozenset()
    if not isinstance(codes, list) or not codes or len(codes) > NAMES_MAX:
        raise _wrong("data_residency", "must be a country code, or a list of them")
    if not all(isinstance(code, str) and len(code) == 2 and code.isalpha() for code in codes):
        raise _wrong("data_residency", 'must hold two-letter country codes, such as "CA"')
    return frozenset(code.upper() for code in codes)


def _flag(wish: Mapping[str, Any], field: str) -> bool | None:
    value = wish.get(field)
    if value is not None and not isinstance(value, bool):
        raise _wrong(field, "must be true or false")
    return value


def _sort(word: Any) -> tuple[str, ...]:
    if isinstance(word, dict):  # OpenRouter's newer form: {"by": "latency", …}
        word = word.get("by")
    if word is None:
        return ()
    if not isinstance(word, str) or word not in SORTS:
        raise _wrong("sort", f"must be one of {sorted(SORTS)}")
    return (SORTS[word],)


def _max_price(prices: Any) -> dict[str, int]:
    """USD per million tokens, or per image and request → nano-USD per 10^6 units."""
    if prices is None:
        return {}
    if not isinstance(prices, dict):
        raise _wrong("max_price", "must be an object")
    found = {}
    for name, value in prices.items():
        if name not in PRICES:
            continue
        number = _number(value)
        if number is None:
            raise _wrong(f"max_price.{name}", "must be a number of US dollars")
        component = PRICES[name]
        each = _NANO if component in _PER_MILLION else _NANO * 10**6
        found[component] = int(number * each)
    return found


def _number(value: Any) -> Decimal | None:
    """A JSON number or a decimal in a string, from 0 to a million."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() and 0 <= number <= _PRICE_MAX else None


def _wrong(field: str, what: str) -> ApiError:
    return invalid("invalid_value", f"'provider.{field}' {what}.", f"provider.{field}")
