"""`python -m tests.upstream --port N --log FILE`: prints its address when it listens, stops on SIGTERM."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from tests.upstream.server import Upstream


async def main(options: argparse.Namespace) -> None:
    """Serve until a signal."""
    server = await Upstream(options.log).serve(options.host, options.port)
    host, port = server.sockets[0].getsockname()[:2]
    sys.stdout.write(f"upstream listens on http://{host}:{port}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A deterministic provider of the openai dialect, for tests")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    uvloop.run(main(parser.parse_args()))
