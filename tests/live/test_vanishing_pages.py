"""Who leaves in the middle of a page or of the management API takes nothing along: not the request's
connection to the database, of which a worker has few.
"""

import json
import socket
import struct

from tests.factories import make_caller
from tests.live.client import get
from tests.processes import Gateway
from tests.stack import Stack

POOL = 2


def leave(gateway: Gateway, request: bytes) -> None:
    """Ask, and reset the connection at once."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.sendall(request)


def test_connections_come_back_from_requests_that_were_left(stack: Stack) -> None:
    caller = make_caller(balance_uzs=1, scopes=("inference", "manage"))
    body = json.dumps({"name": "left", "project": "no-such"}).encode()
    head = (
        f"POST /api/keys HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {caller.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with stack.another_gateway("left", DATABASE_POOL=str(POOL)) as gateway:
        for _ in range(30):
            leave(gateway, head.encode() + body)
        for _ in range(2 * POOL):
            answer = get(gateway, "/api/keys", caller)
            assert answer.status == 200, answer.body[:300]
