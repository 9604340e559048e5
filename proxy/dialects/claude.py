"""What a Claude takes, by its name: each generation refuses something that the one before took.

Source: platform.claude.com, migration guides and the pages on effort, thinking and structured outputs.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_NAME: Final = re.compile(r"claude-(?:([a-z]+)-)?(\d+)(?:[.-](\d{1,2})(?!\d))?")
_CURRENT: Final = (5, 5)
# Other vendors' models behind this dialect follow its classic form.
_CLASSIC: Final = (3, 7)


@dataclass(frozen=True, slots=True)
class Claude:
    """`family`: opus, sonnet …, empty where the name doesn't tell."""

    family: str
    version: tuple[int, int]

    @property
    def samples(self) -> bool:
        """Takes temperature, top_p and top_k."""
        return self.version < (4, 7)

    @property
    def budgets(self) -> bool:
        """Thinks when it is given a budget of tokens for it."""
        return (3, 7) <= self.version < (4, 6)

    @property
    def adapts(self) -> bool:
        """Decides itself how much to think, by output_config.effort."""
        return self.version >= (4, 6)

    @property
    def thinks_unasked(self) -> bool:
        """Thinks unless it is told not to, and not all of these may be told."""
        return self.version >= (5, 0)

    @property
    def xhigh(self) -> bool:
        """Has an effort between high and max."""
        return self.version >= (4, 7)

    @property
    def schemas(self) -> bool:
        """Takes output_config.format, and strict tools."""
        return self.version >= (4, 5)

    @property
    def reminders(self) -> bool:
        """Takes a system message right after a user's turn."""
        first = {"opus": (4, 8), "fable": (5, 0), "mythos": (5, 0)}.get(self.family)
        return first is not None and self.version >= first

    @property
    def continues(self) -> bool:
        """Goes on with an assistant's turn that ends the conversation."""
        return self.version < (4, 6)


@lru_cache(maxsize=1024)
def claude(upstream_name: str) -> Claude:
    """By the provider's name of a model; one whose version isn't told counts as a current one."""
    name = upstream_name.lower()
    match = _NAME.search(name)
    if match is not None:
        family, major, minor = match.groups()
        return Claude(family or "", (int(major), int(minor or 0)))
    return Claude("", _CURRENT if "claude" in name else _CLASSIC)
