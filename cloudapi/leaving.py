"""Callers who leave before their page or file is there.

Django cancels a view whose caller is gone, but the view's thread goes on, and the connection that it took
from the pool never comes back: a dozen such callers and a worker answers 503 to everybody. So a view is let
finish, as it would be under WSGI; only a stream that nobody hears any more is ended, between two pieces.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.exceptions import RequestAborted

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Message, Receive, Send], Awaitable[None]]


def finishing(application: Application) -> Application:
    """The same ASGI application, to which nobody leaves once its request has been read."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)
        exchange = _Exchange(receive, send)
        await application(scope, exchange.receive, exchange.send)

    return serve


class _Exchange:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._read = False  # the whole request has come
        self._gone = False

    async def receive(self) -> Message:
        """The request; after it nothing more, however the caller leaves."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and self._read:
            self._gone = True
            await asyncio.Event().wait()  # until the answer is done and Django ends this wait
        self._read = self._read or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Raises RequestAborted where a stream goes on that nobody hears."""
        if self._gone and message.get("more_body", False):
            raise RequestAborted
        await self._send(message)
