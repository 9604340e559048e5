"""Named places where a fault test lets this process die: FAILPOINT=before_settle:sigkill. Off otherwise."""

import os
import signal
from typing import Final

NAME: Final = os.environ.get("FAILPOINT", "").removesuffix(":sigkill")


def failpoint(name: str) -> None:
    """Dies here, as kill -9 would have it, if the environment says so."""
    if name == NAME:
        os.kill(os.getpid(), signal.SIGKILL)
