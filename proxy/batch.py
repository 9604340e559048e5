"""Natural batching: a batch is whatever queued while the previous one was on its way; no timer.

One round trip or commit serves all callers of the same tick; alone, a call waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

# Were a batch all that waits, busy callers would move as one herd, and the process would have nothing to do
# while all of them are at the database. 48 leave others to serve meanwhile, at little more each than 256.
BATCH_MAX = 48


class Batch[Item, Result]:
    """Callers `await batch.add(item)`; `flush` gets all waiting items and returns results in their order.

    An item's result may be an exception, which only its own caller sees. If `flush` itself raises, every
    caller of that batch sees it.
    """

    def __init__(
        self, flush: Callable[[Sequence[Item]], Awaitable[Sequence[Result | BaseException]]]
    ) -> None:
        self._flush = flush
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, item: Item) -> asyncio.Future[Result]:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return future

    async def _run(self) -> None:
        try:
            # One turn of the loop lets the other requests of this tick join.
            await asyncio.sleep(0)
            while self._waiting:
                taken, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                # Who has given up meanwhile is not served behind their back.
                wanted = [entry for entry in taken if not entry[1].done()]
                if wanted:
                    await self._serve(wanted)
        finally:
            self._task = None
            if self._waiting:  # cancelled between two batches: the rest must not wait for ever
                self._task = asyncio.create_task(self._run())

    async def _serve(self, taken: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | BaseException]
        try:
            results = await self._flush([item for item, _ in taken])
        except BaseException as error:
            self._fail(taken, error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), result in zip(taken, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)

    @staticmethod
    def _fail(taken: list[tuple[Item, asyncio.Future[Result]]], error: BaseException) -> None:
        for _, future in taken:
            if not future.done():
                future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
