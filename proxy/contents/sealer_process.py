"""A worker's sealer, seen from the worker: started when it is first needed, and again after it has died."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson

from proxy.contents.frames import Answer, frame

log = logging.getLogger(__name__)

STOP_S: Final = 1.0
_ROOT: Final = Path(__file__).parents[2]


class SealerDied(Exception):
    """It ended before it had answered: what it was asked may or may not have been done."""


class SealerProcess:
    """`await ask(frame)`, one at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def ask(self, data: bytes) -> Answer:
        """The answer to a frame. Raises SealerDied or OSError."""
        process = self._process or await self._start()
        try:
            _inbound(process).write(data)
            await _inbound(process).drain()
            answer = await _outbound(process).readline()
        except OSError:
            answer = b""
        if not answer.endswith(b"\n"):
            self._process = None
            raise SealerDied(f"its process ended with {await _ended(process)}")
        found: Answer = orjson.loads(answer)
        return found

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await _ended(process)

    async def _start(self) -> Process:
        """In a session of its own: what stops the worker lets it write what it was given."""
        command = (sys.executable, "-m", "proxy.contents.sealer")
        self._process = process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, cwd=_ROOT, start_new_session=True
        )
        _inbound(process).write(frame(self._url.encode()))
        return process


async def _ended(process: Process) -> int:
    """Its exit code; it ends with its stdin, and one that doesn't is killed."""
    _inbound(process).close()
    try:
        async with asyncio.timeout(STOP_S):
            return await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


def _inbound(process: Process) -> asyncio.StreamWriter:
    assert process.stdin is not None
    return process.stdin


def _outbound(process: Process) -> asyncio.StreamReader:
    assert process.stdout is not None
    return process.stdout
