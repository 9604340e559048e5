"""Reads YAML nodes into typed values and notes every mistake with its line instead of stopping at one."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import yaml

_TAG: Final = "tag:yaml.org,2002:"
_INTEGER_MAX: Final = 2**31 - 1
_TEXT_MAX: Final = 2000
_DECIMAL: Final = re.compile(r"\d{1,12}(\.\d{1,12})?", re.ASCII)


@dataclass(slots=True)
class Reader:
    """One file being read; `problems` holds "file:line: what" for each mistake so far."""

    file: str
    problems: list[str] = field(default_factory=list)

    def where(self, node: yaml.Node) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"

    def complain(self, node: yaml.Node, what: str) -> None:
        self.problems.append(f"{self.where(node)}: {what}")

    def mapping(self, node: yaml.Node, label: str, known: Collection[str]) -> dict[str, yaml.Node]:
        """The known keys of a mapping; anything else, and a key written twice, is a mistake."""
        if not isinstance(node, yaml.MappingNode):
            self.complain(node, f"{label} must be a mapping")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in known:
                self.complain(key, f"{label}: unknown key '{name}'")
            elif name in found:
                self.complain(key, f"{label}: key '{name}' is written twice")
            else:
                found[name] = value
        return found

    def items(self, node: yaml.Node | None, label: str) -> list[yaml.Node]:
        """The items of a list; no node or an empty one is an empty list."""
        if node is None or _null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.complain(node, f"{label} must be a list")
            return []
        return list(node.value)


@dataclass(frozen=True, slots=True)
class Range:
    """What a decimal may be, both ends included, to so many places. default: where the key is left out;
    empty: it must be there.
    """

    least: str
    most: str
    places: int
    default: str = ""

    def has(self, number: Decimal) -> bool:
        exact = number == number.quantize(Decimal(1).scaleb(-self.places))
        return Decimal(self.least) <= number <= Decimal(self.most) and exact


@dataclass(slots=True)
class Fields:
    """The keys of one entry, with typed access. `label` names the entry in messages."""

    reader: Reader
    node: yaml.Node
    label: str
    keys: dict[str, yaml.Node]

    def wrong(self, key: str, what: str) -> None:
        self.reader.complain(self.keys.get(key, self.node), f"{self.label}: {what}")

    def text(self, key: str, default: str | None = "") -> str:
        """A string; `default` None means that the key must be there and not empty."""
        node = self.keys.get(key)
        if node is None or _null(node):
            if default is None:
                self.wrong(key, f"{key} is missing")
            return default or ""
        if not (isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str"):
            self.wrong(key, f"{key} must be a string (put it in quotes)")
            return default or ""
        value = str(node.value).strip()
        if (
            not value.replace("\n", " ").isprintable()
            or len(value) > _TEXT_MAX
            or (default is None and not value)
        ):
            self.wrong(key, f"{key} is empty, too long or has control characters")
        return value

    def choice(self, key: str, options: Collection[str], default: str) -> str:
        value = self.text(key, default)
        if value not in options and value != default:
            self.wrong(key, f"{key} must be one of {', '.join(options)}, not '{value}'")
        return value

    def flag(self, key: str, default: bool) -> bool:
        node = self.keys.get(key)
        if node is None or _null(node):
            return default
        if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "bool":
            return node.value.lower() in ("true", "yes", "on")
        self.wrong(key, f"{key} must be true or false")
        return default

    def whole(self, key: str, least: int = 1) -> int | None:
        """A whole number from `least` on, or None if the key is left out."""
        node = self.keys.get(key)
        if node is None or _null(node):
            return None
        digits = node.value if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "int" else ""
        if digits.isascii() and digits.isdigit() and least <= int(digits) <= _INTEGER_MAX:
            return int(digits)
        self.wrong(key, f"{key} must be a whole number from {least} to {_INTEGER_MAX}")
        return None

    def amount(self, key: str, within: Range) -> Decimal:
        """A decimal in quotes, or a whole number."""
        node = self.keys.get(key)
        text = within.default if node is None else number_text(node) or ""
        if node is None and not text:
            self.wrong(key, f"{key} is missing")
        elif _DECIMAL.fullmatch(text) and within.has(Decimal(text)):
            return Decimal(text)
        else:
            least, most, places = within.least, within.most, within.places
            self.wrong(key, f"{key} must be a decimal from {least} to {most}, to {places} places, in quotes")
        return Decimal(within.least)

    def texts(self, key: str) -> tuple[str, ...]:
        values = []
        for node in self.reader.items(self.keys.get(key), f"{self.label}: {key}"):
            if isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "str" and node.value.strip():
                values.append(node.value.strip())
            else:
                self.reader.complain(node, f"{self.label}: {key} must hold strings (put them in quotes)")
        return tuple(values)


def _null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _TAG + "null"


def number_text(node: yaml.Node) -> str | None:
    """The digits of a price as written, if it is a string or an int: a float would already be rounded."""
    if isinstance(node, yaml.ScalarNode) and node.tag in (_TAG + "str", _TAG + "int"):
        return str(node.value).strip()
    return None
