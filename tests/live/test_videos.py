"""Videos through the gateway: the job, its money, its film and its end."""

import json
from typing import Any

from tests.factories import Caller, make_caller
from tests.live.client import Reply, get, send
from tests.stack import Stack
from tests.upstream.films import mp4

PATH = "/v1/videos"
SECOND = 1_260_000_000  # $0.10; 12,000 so'm, 5 %


def wish(**wishes: Any) -> str:
    """A prompt that tells the test upstream what to answer."""
    return json.dumps({"upstream": wishes})


def make(stack: Stack, caller: Caller, **body: Any) -> Reply:
    return send(stack, caller.headers, {"model": "test/video", "prompt": "Registon"} | body, path=PATH)


def test_smoke(stack: Stack):
    caller = make_caller(balance_uzs=100_000)
    reply = make(stack, caller, seconds="3")
    assert reply.status == 200, reply.body
    (hold,) = caller.holds(0)
    assert hold["owner"] < 0
    stack.check_ledger()
    path = f"{PATH}/{reply.json()['id']}"
    assert get(stack, path, caller).json()["status"] == "completed"
    film = get(stack, path + "/content", caller)
    assert film.body == mp4(3)
    assert caller.charged() == 3 * SECOND
    stack.check_ledger()
