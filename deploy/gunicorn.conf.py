"""gunicorn for both planes: BIND, WEB_CONCURRENCY and DRAIN_S come from the environment."""

import os
import signal
from typing import Any

from deploy.local.process import die_with_parent

wsgi_app = "cloudapi.asgi:application"
worker_class = "cloudapi.worker.Worker"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
preload_app = True  # one import of everything for all workers; what opens connections waits for the lifespan
timeout = 60
keepalive = 75  # longer than nginx keeps its side open, so that a request never meets a closing connection
# uvicorn drains its connections, then the gateway the calls that outlived theirs.
graceful_timeout = 2 * int(os.environ.get("DRAIN_S", "900")) + 10
control_socket_disable = True
raw_env = ["DATABASE_POOL=" + os.environ.get("DATABASE_POOL", "8")]
proc_name = "cloudapi"


def post_fork(server: Any, worker: Any) -> None:
    """A worker must not outlive its master, even one that was killed."""
    die_with_parent(server.pid, signal.SIGTERM)
