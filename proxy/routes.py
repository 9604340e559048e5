"""The exact table of billable calls: the data plane owns these (method, path) pairs, Django all others.

nginx in production splits by the same table (docs/operations.md); a test holds the two together.
"""

from typing import Final

BILLABLE: Final[dict[str, tuple[str, str]]] = {
    # path: (method, kind of call)
    "/v1/chat/completions": ("POST", "chat"),
}
