"""One statement, prepared once, on a connection of its own: JSON text in, text out.

The ledger's lanes call nothing else, twice per call of a customer. psycopg's cursors spend several times as
long on adapting, describing and waiting as libpq does on the exchange itself (docs/performance.md).
"""

import asyncio
from typing import Final

import psycopg
from psycopg import errors, pq

_CONNECT_S: Final = 3
_NAME: Final = b"s"


class Prepared:
    """`await call(text)` → the single value of the single row, committed. One caller at a time.

    The connection is opened by the first call and again after a failure. Never through a transaction pooler:
    prepared statements and session settings must stay (ARCHITECTURE §2).
    """

    def __init__(
        self, url: str, query: str, *, lock_timeout_ms: int = 100, statement_timeout_ms: int = 5_000
    ) -> None:
        self._url = url
        self._query = query.encode()
        self._options = f"-c lock_timeout={lock_timeout_ms} -c statement_timeout={statement_timeout_ms}"
        # A stopped server answers nothing at all: no statement_timeout of its own would fire.
        self._limit_s = statement_timeout_ms / 1000 + 1
        self._socket = -1
        self._live: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._answer: asyncio.Future[pq.abc.PGresult | None] | None = None
        self._result: pq.abc.PGresult | None = None

    async def call(self, text: bytes) -> bytes:
        """Raises psycopg.Error, OSError or TimeoutError."""
        try:
            live = self._live or await self._connect()
            live.pgconn.send_query_prepared(_NAME, [text])
            result = await self._answered(live)
            return _value(result)
        except BaseException as error:
            if not _is_harmless(error):
                await self.close()
            raise

    async def close(self) -> None:
        """The next call opens another connection."""
        live, self._live = self._live, None
        self._deaf()
        if live is not None:
            await live.close()

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        live = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, options=self._options, connect_timeout=_CONNECT_S
        )
        self._live = live
        self._socket = live.pgconn.socket
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        live.pgconn.send_prepare(_NAME, self._query)
        result = await self._answered(live)
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result)
        return live

    async def _answered(self, live: psycopg.AsyncConnection[tuple[object, ...]]) -> pq.abc.PGresult:
        """The result of what was just sent."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[pq.abc.PGresult | None] = loop.create_future()
        self._answer = answer
        if live.pgconn.flush():
            loop.add_writer(self._socket, self._write)
        timer = loop.call_later(self._limit_s, _expire, answer)
        try:
            result = await answer
        finally:
            timer.cancel()
            self._answer = None
        if result is None:
            raise psycopg.OperationalError("the server answered nothing")
        return result

    def _read(self) -> None:
        """The socket has something; without a call under way it can only be the end of the connection."""
        live = self._live
        if live is None:
            return
        connection = live.pgconn
        try:
            connection.consume_input()
            while not connection.is_busy():
                result = connection.get_result()
                if result is None:
                    self._tell()
                    return
                self._result = result
        except psycopg.Error as error:
            self._break(error)

    def _break(self, error: psycopg.Error) -> None:
        """The connection is gone: whoever waits is told, the next call connects anew."""
        self._deaf()
        self._live = self._result = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _tell(self) -> None:
        result, self._result = self._result, None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result)

    def _write(self) -> None:
        live = self._live
        if live is None:
            return
        try:
            if not live.pgconn.flush():
                asyncio.get_running_loop().remove_writer(self._socket)
        except psycopg.Error as error:
            self._break(error)

    def _deaf(self) -> None:
        """libpq may have closed the socket already; the loop must forget its number all the same."""
        socket, self._socket = self._socket, -1
        if socket >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(socket)
            loop.remove_writer(socket)


def _value(result: pq.abc.PGresult) -> bytes:
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise errors.error_from_result(result)
    return result.get_value(0, 0) or b""


def _is_harmless(error: BaseException) -> bool:
    """Whether the connection is as good as before: the server refused the statement, nothing else."""
    if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
        return True
    return isinstance(error, psycopg.Error) and not isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError
    )


def _expire(answer: asyncio.Future[pq.abc.PGresult | None]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
