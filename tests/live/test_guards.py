"""Every billable address passes the same guards: a new one fails here until it has a row, and so them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from proxy.call import Part
from proxy.dialects import form
from proxy.routes import BILLABLE
from tests.factories import Caller, make_caller
from tests.live.client import Reply, send
from tests.processes import until
from tests.stack import Stack
from tests.upstream.pictures import png
from tests.upstream.voice import tone

SALOM = [{"role": "user", "content": "Salom!"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A request that the address takes. free: nothing is ever held for it. rows: kind of its request row."""

    model: str
    body: dict[str, Any] = field(default_factory=dict)
    file: Part | None = None
    free: bool = False
    kind: str = ""

    def sent(self, stack: Stack, path: str, headers: dict[str, str], **more: Any) -> Reply:
        body = {"model": self.model} | self.body | more
        if self.file is None:
            return send(stack, headers, body, path=path)
        kind, data = form.build({name: str(value) for name, value in body.items()}, [self.file])
        return send(stack, headers | {"content-type": kind}, data, path=path)


PICTURE = Part("image", "a.png", "image/png", png((64, 48), "salom"))
SOUND = Part("file", "a.wav", "audio/wav", tone(1))
GOOD = {
    "/v1/chat/completions": Good(model="test/one", body={"messages": SALOM}, kind="chat"),
    "/v1/responses": Good(model="test/one", body={"input": "Salom!"}, kind="responses"),
    "/v1/completions": Good(model="test/one", body={"prompt": "Salom!"}, kind="completions"),
    "/v1/messages": Good(model="test/one", body={"messages": SALOM, "max_tokens": 9}, kind="messages"),
    "/v1/messages/count_tokens": Good(model="test/one", body={"messages": SALOM}, free=True),
    "/v1/route": Good(model="test/one", body={"messages": SALOM}, free=True),
    "/v1/embeddings": Good(model="test/embed", body={"input": "Salom!"}, kind="embeddings"),
    "/v1/moderations": Good(model="test/moderate", body={"input": "Salom!"}, free=True, kind="moderations"),
    "/v1/images/generations": Good(model="test/image", body={"prompt": "Registon"}, kind="images"),
    "/v1/images/edits": Good(
        model="test/image", body={"prompt": "Registon"}, file=PICTURE, kind="image_edits"
    ),
    "/v1/audio/speech": Good(model="test/speak", body={"input": "Salom!", "voice": "alloy"}, kind="speech"),
    "/v1/audio/transcriptions": Good(model="test/hear", file=SOUND, kind="transcriptions"),
    "/v1/audio/translations": Good(model="test/hear", file=SOUND, kind="translations"),
    "/v1/videos": Good(model="test/video", body={"prompt": "Registon", "seconds": "1"}, kind="videos"),
    "/api/chat": Good(model="test/one", body={"messages": SALOM}, kind="api_chat"),
    "/api/image": Good(model="test/image", body={"prompt": "Registon"}, kind="api_image"),
    "/api/video": Good(model="test/video", body={"prompt": "Registon", "duration": 1}, kind="api_video"),
}
paths = pytest.mark.parametrize("path", sorted(BILLABLE))


def code(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.error["code"]


@pytest.fixture(scope="module", autouse=True)
def _the_books_are_right(_running_stack: Stack) -> Iterator[None]:
    yield
    _running_stack.check_ledger()


def nothing_moved(caller: Caller) -> bool:
    return caller.holds() == [] and caller.requests() == [] and caller.charged() == 0


def test_every_address_is_here():
    assert set(GOOD) == set(BILLABLE)


@paths
def test_nobody_calls_without_a_key(stack: Stack, path: str):
    assert code(GOOD[path].sent(stack, path, {})) == (401, "missing_api_key")
    wrong = {"authorization": "Bearer cap-nonsense"}
    assert code(GOOD[path].sent(stack, path, wrong)) == (401, "invalid_api_key")


@paths
def test_a_key_for_management_calls_nothing(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000, scopes=("manage",))
    assert GOOD[path].sent(stack, path, caller.headers).status == 403
    assert nothing_moved(caller)


@paths
def test_a_project_calls_its_own_models_only(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000, allowed_models=["test/echo"])
    assert code(GOOD[path].sent(stack, path, caller.headers)) == (403, "model_not_allowed")
    assert nothing_moved(caller)


@paths
def test_an_unknown_model_and_one_of_another_kind(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000)
    unknown = GOOD[path].sent(stack, path, caller.headers, model="nobody/nothing")
    assert code(unknown) == (404, "model_not_found")
    other = "test/embed" if GOOD[path].model != "test/embed" else "test/one"
    assert code(GOOD[path].sent(stack, path, caller.headers, model=other)) == (400, "model_not_supported")
    assert nothing_moved(caller)


@paths
def test_rates_are_limited(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000, rpm=1)
    first = GOOD[path].sent(stack, path, caller.headers)
    assert first.status == 200, first.body
    assert int(first.headers["x-ratelimit-limit"]) >= 1
    if BILLABLE[path].counts_rpm:  # in a window of its own, which a burst doesn't fill
        assert first.headers["x-ratelimit-limit"] == str(BILLABLE[path].counts_rpm)
        return
    refused = GOOD[path].sent(stack, path, caller.headers)
    assert code(refused) == (429, "rate_limit_exceeded")
    assert int(refused.headers["retry-after"]) >= 1


@paths
def test_an_empty_wallet_pays_for_nothing(stack: Stack, path: str):
    caller = make_caller()
    reply = GOOD[path].sent(stack, path, caller.headers)
    if GOOD[path].free:
        assert reply.status == 200
    else:
        assert code(reply) == (402, "insufficient_balance")
    assert caller.charged() == 0
    assert caller.holds(0) == []


@paths
def test_a_budget_that_is_used_up_stops_everything(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000, caps={"project_day": 0})
    reply = GOOD[path].sent(stack, path, caller.headers)
    if not BILLABLE[path].counts_rpm:
        assert code(reply) == (402, "budget_exceeded")
    assert nothing_moved(caller)


@paths
def test_one_call_is_one_row_and_one_charge(stack: Stack, path: str):
    caller = make_caller(balance_uzs=10_000)
    reply = GOOD[path].sent(stack, path, caller.headers)
    assert reply.status == 200, reply.body
    if not GOOD[path].kind:
        assert nothing_moved(caller)
        return
    if path == "/v1/videos":  # a job: its charge comes with its end (test_videos.py)
        (hold,) = caller.holds(0)
        assert hold["owner"] < 0
        assert json.loads(reply.body)["id"].startswith("video_")
        return
    (row,) = until(caller.requests, "the row")
    assert (row["kind"], row["status"], row["cost_micros"]) == (GOOD[path].kind, "ok", caller.charged())
    assert (row["cost_micros"] > 0) is not GOOD[path].free
    assert caller.wallet()["held_micros"] == 0
