"""Both planes in one process: the data plane owns its table of (method, path), Django everything else.

In production nginx splits by the same table and each service answers its own half.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudapi.settings")
pages = get_asgi_application()  # settings and apps must be loaded before the data plane reads them

from proxy.app import gateway  # noqa: E402
from proxy.routes import BILLABLE  # noqa: E402

Message = MutableMapping[str, Any]


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Hand a connection to its plane; start and stop belong to the data plane, which holds the pools."""
    route = BILLABLE.get(scope.get("path", ""))
    if scope["type"] == "lifespan" or (route and scope.get("method") == route[0]):
        await gateway(scope, receive, send)
    else:
        await pages(scope, receive, send)
