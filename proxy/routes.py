"""The exact table of billable calls: the data plane owns these (method, path) pairs, Django all others.

nginx in production splits by the same table (docs/operations.md); a test holds the two together.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One billable address.

    surface: whose dialect its requests are in (proxy/surfaces.py). form: takes multipart/form-data.
    json_too: takes JSON beside forms. shared: other methods of the address are Django's.
    unix_time: X-RateLimit-Reset is a Unix time there, as CloudGPT's clients read it.
    rpm: requests per minute of one key, below the operator's own ceilings.
    anonymous_rpm: the same of one network without any key; 0 where everybody needs one.
    counts_rpm: nothing is bought there, a prompt's tokens are counted (proxy/count.py); requests per minute
    of one key, apart from all its other windows.
    dry_run: no model is asked either, the route alone is told, in any surface's dialect (proxy/dry_run.py).
    """

    surface: str
    method: str = "POST"
    form: bool = False
    json_too: bool = False
    shared: bool = False
    unix_time: bool = False
    rpm: int = 0
    anonymous_rpm: int = 0
    counts_rpm: int = 0
    dry_run: bool = False


BILLABLE: Final[dict[str, Route]] = {
    "/v1/chat/completions": Route(surface="chat"),
    "/v1/responses": Route(surface="responses"),
    "/v1/completions": Route(surface="completions"),
    "/v1/videos": Route(surface="videos", form=True, json_too=True, shared=True),
    "/api/chat": Route(surface="api_chat", unix_time=True, rpm=60, anonymous_rpm=10),
    "/api/image": Route(surface="api_image", unix_time=True, rpm=30, anonymous_rpm=5),
    "/api/video": Route(surface="api_video", unix_time=True, rpm=10, anonymous_rpm=2),
    "/v1/messages": Route(surface="messages"),
    "/v1/messages/count_tokens": Route(surface="messages", counts_rpm=600),
    "/v1/route": Route(surface="chat", form=True, json_too=True, counts_rpm=120, dry_run=True),
    "/v1/embeddings": Route(surface="embeddings"),
    "/v1/moderations": Route(surface="moderations"),
    "/v1/images/generations": Route(surface="images"),
    "/v1/images/edits": Route(surface="image_edits", form=True),
    "/v1/audio/speech": Route(surface="speech"),
    "/v1/audio/transcriptions": Route(surface="transcriptions", form=True),
    "/v1/audio/translations": Route(surface="translations", form=True),
}
