"""What customers say and hear is nowhere: not in the database, Valkey, spool, tally or log of any process.

Every kind of call, whole, streamed, refused, broken, left and killed, carries words that occur nowhere else.
With the content log on they are in sealed records besides, and in those alone.
"""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from accounts.alerts import alert
from accounts.models import Alert
from cloudapi.decrypt import open_record
from proxy.call import Part
from proxy.contents.records import all_of
from proxy.dialects import form
from tests.content import Pair, log_to
from tests.embedded import servers, session_folder
from tests.factories import Caller, make_caller
from tests.live.canaries import Flock, dump, files, valkey
from tests.live.client import Reply, directive, send, stream
from tests.live.test_crash import BROKEN, bury_the_dead
from tests.live.videos import wish as video_wish
from tests.processes import Gateway, until
from tests.stack import Stack
from tests.upstream.pictures import png
from tests.upstream.voice import tone

pytestmark = pytest.mark.slow

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
UNKEPT = {"refusedbefore", "killed", "killedanswer"}  # never admitted, or died with the worker
Post = Callable[..., Reply]


@pytest.fixture(scope="module")
def gateway(_running_stack: Stack) -> Iterator[Gateway]:
    """One that says all it can say."""
    with _running_stack.another_gateway("canary", LOG_LEVEL="DEBUG") as gateway:
        yield gateway


def test_nothing_of_what_was_said_is_anywhere(stack: Stack, gateway: Gateway):
    """For a project that logs and one that does not."""
    birds = [Flock(f"qanary{uuid4().hex[:16]}") for _ in range(2)]
    silent, logging = (make_caller(balance_uzs=10_000_000) for _ in birds)
    pair = log_to(logging.project)
    for caller, bird in zip((silent, logging), birds, strict=True):
        all_calls(stack, gateway, caller, bird)
    killed(stack, {silent: birds[0], logging: birds[1]})
    assert list(all_of(silent.project)) == []
    heard = until(lambda: everything_heard(logging, pair, birds[1]), "the content of all calls")
    assert heard >= set(birds[1].names) - UNKEPT
    look(stack, birds)


def test_the_search_finds_what_is_there(stack: Stack, tmp_path: Path):
    bird = Flock(f"qanary{uuid4().hex[:16]}")
    word = bird("planted")
    alert(Alert.Kind.CREDENTIAL, word, "planted", word)
    with redis.Redis.from_url(stack.env["REDIS_URL"]) as store:
        store.hset(f"test:{bird.mark}", "field", word)
        store.expire(f"test:{bird.mark}", 60)
        assert len(bird.found_in(valkey(stack))) == 2
    assert bird.found_in(dump(stack))
    for shift, coding in enumerate((bytes, bytes.hex, base64.b64encode, base64.b64encode, base64.b64encode)):
        coded = coding(b"." * shift + word.encode())
        (tmp_path / "file").write_bytes(coded if isinstance(coded, bytes) else coded.encode())
        assert [bird.found_in(data) for _, data in files(tmp_path)][0]
    Alert.objects.filter(subject__contains=bird.mark).delete()


def all_calls(stack: Stack, gateway: Gateway, caller: Caller, bird: Flock) -> None:
    """Every kind of call that a worker survives."""

    def post(path: str, /, **body: Any) -> Reply:
        return send(gateway, caller.headers, body, path=path)

    answered = [*talk(post, bird), *media(gateway, caller, post, bird)]
    assert [reply.status for reply in answered] == [200] * len(answered), answered
    assert all(reply.status >= 400 for reply in refusals(post, bird))
    streams(stack, gateway, caller, bird)


def look(stack: Stack, birds: list[Flock]) -> None:
    """Everywhere."""
    places = [("database", dump(stack)), ("valkey", valkey(stack))]
    places += [(str(path), data) for path, data in files(session_folder(), servers().place.data)]
    assert len(places[0][1]) > 100_000
    assert any(name.endswith("canary.log") and b"proxy." in data for name, data in places)
    assert any("spool-canary" in name for name, _ in places)
    leaks = {name: found[:3] for name, data in places for bird in birds if (found := bird.found_in(data))}
    assert leaks == {}


def talk(post: Post, bird: Flock) -> Iterator[Reply]:
    """Chat in three dialects: what each part of a request and of an answer says."""
    said = directive(text=bird("answer"), reasoning=bird("thought"), tool_calls=[called(bird("toolanswer"))])
    call = {"id": "call_1", "type": "function", "function": called(bird("toolargument"), text=True)}
    tool = {"name": "weather", "description": bird("tooldescription"), "parameters": {"type": "object"}}
    yield post(
        CHAT,
        model="test/one",
        user=bird("user"),
        metadata={"note": bird("metadata")},
        messages=[
            {"role": "system", "content": bird("system")},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": bird("toolresult")},
            *said,
        ],
        tools=[{"type": "function", "function": tool}],
    )
    yield post(
        MESSAGES,
        model="test/claude",
        max_tokens=100,
        system=bird("claudesystem"),
        metadata={"user_id": bird("claudeuser")},
        messages=directive(text=bird("claudeanswer")),
    )
    yield post(
        RESPONSES,
        model="test/one",
        instructions=bird("instructions"),
        input=directive(text=bird("responsesanswer")),
        user=bird("responsesuser"),
    )
    yield post("/v1/completions", model="test/one", prompt=bird("completionsprompt"))
    yield post("/v1/embeddings", model="test/embed", input=bird("embedded"))
    yield post("/v1/moderations", model="test/moderate", input=bird("moderated"))
    yield post("/api/chat", model="test/one", messages=[{"role": "user", "content": bird("cloudgpt")}])


def media(gateway: Gateway, caller: Caller, post: Post, bird: Flock) -> Iterator[Reply]:
    """Pictures, sound and films, and the names of files."""
    yield post("/v1/images/generations", model="test/image", prompt=bird("picture"))
    yield post("/v1/audio/speech", model="test/speak", input=bird("speech"), voice="alloy")
    yield post(
        "/v1/videos", model="test/video", prompt=video_wish(job={"status": "completed"}) + bird("film")
    )
    picture = Part("image", bird("picturefile") + ".png", "image/png", png((8, 8), "x"))
    sound = Part("file", bird("soundfile") + ".wav", "audio/wav", tone(1))
    for path, model, part in (
        ("/v1/images/edits", "test/image", picture),
        ("/v1/audio/transcriptions", "test/hear", sound),
    ):
        kind, raw = form.build({"model": model, "prompt": bird(f"prompt{part.of}")}, [part])
        yield send(gateway, {"content-type": kind} | caller.headers, raw, path=path)


def refusals(post: Post, bird: Flock) -> Iterator[Reply]:
    """Errors of providers and our own, which may quote what was sent."""
    for fault in ("400", "401", "429", "500"):
        wishes = {"fault": fault, "message": bird(f"error{fault}"), "text": bird(f"unheard{fault}")}
        yield post(CHAT, model="test/one", messages=directive(**wishes))
    for fault in ("not_json", "html", "leak", "close", "cut"):
        yield post(CHAT, model="test/one", messages=directive(fault=fault, text=bird(fault.replace("_", ""))))
    yield post(CHAT, model=bird("refusedbefore"), messages=directive(text="x"))
    yield post(CHAT, **{"model": "test/one", "messages": bird("refusedbefore"), bird("refusedbefore"): 1})
    yield post(MESSAGES, model="test/claude", max_tokens=9, messages=bird("refusedbefore"))


def streams(stack: Stack, gateway: Gateway, caller: Caller, bird: Flock) -> None:
    """Whole, broken and left ones."""
    for path, model in ((CHAT, "test/one"), (MESSAGES, "test/claude"), (RESPONSES, "test/one")):
        word = bird(f"stream{path.rpartition('/')[2]}")
        field, more = ("input", {}) if path == RESPONSES else ("messages", {"max_tokens": 50})
        asked = {field: directive(text=word, chunks=1)} | more
        assert word in json.dumps(list(stream(gateway, caller, path=path, model=model, **asked)))
    for fault in ("error_event", "malformed_chunk", "cut", "truncated"):
        wishes = {"fault": fault, "fault_at": 1, "message": bird(f"broken{fault.partition('_')[0]}")}
        text = f"{bird(f'begun{fault.partition("_")[0]}')} and more words"
        list(stream(gateway, caller, messages=directive(text=text, **wishes)))
    name = uuid4().hex
    wishes = {"hold": name, "hold_at": "middle", "fault_at": 1}
    left = stream(gateway, caller, messages=directive(text=f"{bird('left')} and more words", **wishes))
    next(iter(left))
    left.close()
    stack.upstream.release(name)


def killed(stack: Stack, callers: dict[Caller, Flock]) -> None:
    """A worker that dies in the middle; its spool is replayed by another one."""
    name = f"canary-{uuid4().hex}"
    with stack.another_gateway(name) as victim:
        open_streams = [begun(victim, caller, bird, name) for caller, bird in callers.items()]
        victim.kill_workers()
        for events in open_streams:
            with pytest.raises(BROKEN):
                list(events)
        bury_the_dead()
        stack.upstream.release(name)
        spool = victim.env["SPOOL_DIR"]
    assert any(Path(spool).iterdir())
    with stack.another_gateway(f"{name}-replay", SPOOL_DIR=spool):
        for caller in callers:
            until(lambda who=caller: "crashed" in {row["status"] for row in who.requests()}, "the replay")


def begun(victim: Gateway, caller: Caller, bird: Flock, name: str) -> Iterator[dict[str, Any]]:
    """A stream that waits in its middle."""
    wishes = {"hold": name, "hold_at": "middle", "fault_at": 1, "text": f"{bird('killedanswer')} a b c d"}
    messages = [{"role": "system", "content": bird("killed")}, *directive(**wishes)]
    events = iter(stream(victim, caller, messages=messages))
    next(events)
    return events


def everything_heard(caller: Caller, pair: Pair, bird: Flock) -> set[str]:
    """The names of all words in the opened records; nothing before all records are there."""
    records = [record.shown() for record in all_of(caller.project) if record.sealed]
    opened = b"\n".join(open_record(record, pair.keys) for record in records)
    heard = {name for name in bird.names if f"{bird.mark}{name}".encode() in opened}
    return heard if "left" in heard else set()


def called(word: str, *, text: bool = False) -> dict[str, Any]:
    """A tool's call with this word as its argument."""
    arguments = {"city": word}
    return {"name": "weather", "arguments": json.dumps(arguments) if text else arguments}
