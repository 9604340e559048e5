"""Named places where a fault test lets this process die: FAILPOINT=before_settle:sigkill. Off otherwise.

FAILPOINT=before_settle:sigkill:20 spares the first nineteen passes.
"""

import itertools
import os
import signal
from typing import Final

NAME, _, _how = os.environ.get("FAILPOINT", "").partition(":")
FATAL_PASS: Final = int(_how.partition(":")[2] or 1)
_passes = itertools.count(1)


def failpoint(name: str) -> None:
    """Dies here, as kill -9 would have it, if the environment says so."""
    if name == NAME and next(_passes) >= FATAL_PASS:
        os.kill(os.getpid(), signal.SIGKILL)
