"""Clients that leave while a page is being made must not take its database connection along."""

import socket

from tests.factories import make_caller
from tests.live.client import port_of
from tests.live.raw import head, post, talk
from tests.stack import Stack

LEAVERS = 40  # several times the pool


def test_clients_that_leave_cost_no_connection(stack: Stack):
    caller = make_caller(scopes=("inference", "manage"))
    who = f"authorization: Bearer {caller.key}"
    for number in range(LEAVERS):
        with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=10) as connection:
            if number % 2:
                connection.sendall(head(who, first="GET /api/keys HTTP/1.1"))
            else:
                connection.sendall(post(caller, {"name": f"k{number}"}, first="POST /api/keys HTTP/1.1"))
            connection.shutdown(socket.SHUT_WR)
    assert talk(stack, head(who, first="GET /api/keys HTTP/1.1")).status == 200
