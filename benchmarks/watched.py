"""The gateway's worker class with a window: it writes down what it holds, once a second.

`GUNICORN_CMD_ARGS="--worker-class benchmarks.watched.Worker"` and WATCH_DIR; see benchmarks/soak.py.
"""

import asyncio
import gc
import json
import os
from pathlib import Path

from cloudapi import worker
from cloudapi.door import Doorkeeper


class Worker(worker.Worker):
    """As in production, but for the counts in WATCH_DIR/<pid>.json."""

    CONFIG_KWARGS = worker.Worker.CONFIG_KWARGS

    async def _serve(self) -> None:
        watching = asyncio.create_task(self._watch())
        try:
            await super()._serve()
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        path = Path(os.environ["WATCH_DIR"], f"{os.getpid()}.json")
        keeper = self.CONFIG_KWARGS["http"]
        while True:
            path.with_suffix(".new").write_text(json.dumps(_counts(keeper)))
            path.with_suffix(".new").rename(path)
            await asyncio.sleep(1)


def _counts(keeper: Doorkeeper) -> dict[str, int]:
    return {
        "tasks": len(asyncio.all_tasks()),
        "doors": keeper.open,
        "unsent": keeper.unsent,
        "objects": sum(gc.get_count()),
    }
