"""
RoutingError
├── UnknownModel      nobody sells what was asked for
├── InvalidStrategy   the word after @ is not one of ours
├── NoEndpoint        the model exists, but nothing can serve it now
├── CatalogError      a catalog file with mistakes; nothing of it was loaded
├── ListRefused       a provider's list of models that can't be used; nothing was changed
├── ProposalRefused   a proposal that can't be decided so
└── FeedError         a market's answer that can't be used; what was known stays
"""

from collections.abc import Sequence


class RoutingError(Exception):
    """Base class. Do not raise directly."""


class UnknownModel(RoutingError):
    """Nobody sells what was asked for."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"The model '{asked}' does not exist.")
        self.asked = asked


class InvalidStrategy(RoutingError):
    """The word after @ is not a strategy."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"'@{tag}' is not a strategy; use @price, @latency or @token_rate.")
        self.tag = tag


class NoEndpoint(RoutingError):
    """The model exists, but nothing can serve it now."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"No provider serves the model '{slug}' at the moment.")
        self.slug = slug


class CatalogError(RoutingError):
    """A catalog file has mistakes; each line of `problems` names file, line and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ListRefused(RoutingError):
    """A provider's list of models could not be read or trusted; the text says why, without any secret."""


class ProposalRefused(RoutingError):
    """A proposal that was decided before, is stale, or lacks what it takes."""


class FeedError(RoutingError):
    """A market didn't answer, or not with prices; the text says why, without any key.

    retry_after_s: seconds that the market asks to be left alone; 0 where it asks for nothing.
    """

    def __init__(self, what: str, retry_after_s: int = 0) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s
