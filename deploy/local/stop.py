"""`make stop`: end the `make run` of this folder from another shell."""

import fcntl
import os
import signal
import sys
import time

from deploy.local.files import RUN_LOCK

PATIENCE_S = 60.0


def running() -> int | None:
    """The pid of this folder's `make run`, told by its lock: unlike a pid file, none survives kill -9."""
    try:
        with RUN_LOCK.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(RUN_LOCK.read_text() or 0) or None
    return None


def main() -> int:
    """Ask it to stop and wait until it has; return the exit code."""
    pid = running()
    if pid is None:
        print("CloudAPI is not running from this folder.")
        return 0
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_S
    while running():
        if time.monotonic() > until:
            print(f"Process {pid} is still stopping after {PATIENCE_S:.0f} s.")
            return 1
        time.sleep(0.05)
    print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
