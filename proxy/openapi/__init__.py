"""The data plane's half of the OpenAPI document, written by hand: nothing on the hot path declares itself.

What routes.py has and this has not is found by a test, and the other way round.
"""

from typing import Final

from proxy.openapi import anthropic, chat, cloudgpt, media, responses, route, vectors
from proxy.openapi.operation import Operation, components
from proxy.openapi.schema import Schema
from proxy.routes import BILLABLE

_ROOMS: Final = (chat, route, anthropic, responses, vectors, media, cloudgpt)
OPERATIONS: Final[dict[str, Operation]] = {
    operation.path: operation for room in _ROOMS for operation in room.OPERATIONS
}


def document() -> Schema:
    """Paths and components of what is served."""
    schemas = {name: schema for room in _ROOMS for name, schema in room.SCHEMAS.items()}
    return {
        "paths": {
            path: {address.method.lower(): OPERATIONS[path].described()}
            for path, address in BILLABLE.items()
            if path in OPERATIONS
        },
        "components": {"schemas": schemas, **components()},
    }
