"""Whose turn it is among the credentials of a provider. Pure.

Smooth weighted round robin, as nginx does it: each turn adds to every credential its weight, takes the one
that has most and sets it back by the sum of all weights. So of weights 5, 1, 1 nobody is asked five times in
a row, and over any stretch each one's share is its weight's.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol


class Weighted(Protocol):
    """A credential, as far as turns are concerned."""

    @property
    def name(self) -> str:
        """Its own among all credentials."""

    @property
    def weight(self) -> int:
        """Its share beside the others; 0: only where nobody else is left."""


class Rotation:
    """The turns of one worker, over all providers."""

    def __init__(self) -> None:
        self._scores: dict[str, int] = {}

    def pick[Turn: Weighted](self, among: Sequence[Turn]) -> Turn:
        """Whose turn it is; `among` has at least one."""
        weighty = [one for one in among if one.weight] or among
        if len(weighty) == 1:
            return weighty[0]
        scores, total = self._scores, 0
        best, most = weighty[0], None
        for one in weighty:
            weight = one.weight or 1
            score = scores[one.name] = scores.get(one.name, 0) + weight
            total += weight
            if most is None or score > most:
                best, most = one, score
        scores[best.name] -= total
        return best

    def keep(self, names: Iterable[str]) -> None:
        """Forgets all others: they are no more."""
        known = set(names)
        self._scores = {name: score for name, score in self._scores.items() if name in known}
