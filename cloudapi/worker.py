"""The gunicorn worker class: uvicorn on uvloop and httptools, with the drain time of the gateway."""

import os
from typing import Any

from uvicorn_worker import UvicornWorker

from cloudapi.door import Doorkeeper


def _patience() -> dict[str, float]:
    """Seconds that the environment sets otherwise: HEAD_S, BODY_S and STUCK_S."""
    names = ("head_s", "body_s", "stuck_s")
    return {name: float(os.environ[name.upper()]) for name in names if name.upper() in os.environ}


class Worker(UvicornWorker):  # type: ignore[misc]
    """No WebSockets, no access log (request rows are the log), no forged client addresses."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "http": Doorkeeper(**_patience()),
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        # X-Forwarded-For counts only from proxies that the operator names.
        "proxy_headers": bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        "timeout_graceful_shutdown": int(os.environ.get("DRAIN_S", "900")),
    }
