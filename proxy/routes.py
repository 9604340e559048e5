"""The exact table of billable calls: the data plane owns these (method, path) pairs, Django all others.

nginx in production splits by the same table (docs/operations.md); a test holds the two together.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One billable address.

    surface: whose dialect its requests are in (proxy/surfaces.py). form: takes multipart/form-data.
    unix_time: X-RateLimit-Reset is a Unix time there, as CloudGPT's clients read it.
    """

    surface: str
    method: str = "POST"
    form: bool = False
    unix_time: bool = False


BILLABLE: Final[dict[str, Route]] = {
    "/v1/chat/completions": Route(surface="chat"),
}
