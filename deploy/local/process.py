"""Children that never outlive their parent, not even a parent that was killed with -9."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, sig: int) -> None:
    """Ask the kernel to send `sig` to this process when `parent` is gone (Linux; elsewhere a no-op).

    A change of user clears the request, hence it runs after setuid, in the child, just before exec.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, sig)
    if os.getppid() != parent:  # it went away before the request was in place
        os.kill(os.getpid(), sig)


def _before_exec(parent: int, sig: int) -> Callable[[], None]:
    return lambda: die_with_parent(parent, sig)


def spawn(
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    death_signal: int = signal.SIGTERM,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, so that Ctrl-C reaches the supervisor alone.

    The kernel watches the *thread* that calls this: call it from the main one.
    """
    with log.open("ab") as stream:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=env,
            process_group=0,
            preexec_fn=_before_exec(os.getpid(), death_signal),  # noqa: PLW1509
            **options,
        )


def stop(process: subprocess.Popen[bytes], sig: int, patience_s: float) -> None:
    """Signal one process, wait, then kill its whole group."""
    if process.poll() is None:
        process.send_signal(sig)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
    kill_group(process)
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child's process group, grandchildren included."""
    with suppress(ProcessLookupError, PermissionError):  # nobody left
        os.killpg(process.pid, signal.SIGKILL)


def tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log, for a message to a person."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
