"""Routes of the upstream and the telling of one answer, faults at their places."""

import asyncio
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from tests.upstream import clever
from tests.upstream.barrier import Barriers
from tests.upstream.journal import Journal
from tests.upstream.media import handler_of
from tests.upstream.plan import STATUS_FAULTS, BadDirective, Plan, read_plan
from tests.upstream.speech import Speech, spoken_at
from tests.upstream.wire import Connection, Gone, Headers, Request, Wire

JSON_TYPE = ("content-type", "application/json")
EVENTS = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
REAL_HEADERS = (
    ("openai-organization", "org-upstream-secret"),
    ("openai-processing-ms", "7"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-request-id", "req_upstream"),
)
HOSTILE_HEADERS = (("set-cookie", "spy=1; Path=/"), ("x-cloudapi-model", "forged"), ("server", "upstream"))
PROVIDER_PATH = re.compile(r"^/p/(?P<provider>[\w-]+)(?P<rest>/.*)$")


class Upstream:
    """One server: a journal, the barriers, and an answer for each request."""

    def __init__(self, log: Path | None) -> None:
        self.journal = Journal(log)
        self.barriers = Barriers()

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(partial(Connection, self.answer), host, port, backlog=2048)

    async def answer(self, request: Request, wire: Wire) -> None:
        """Route one request; a client that leaves is no error here."""
        provider, path = "main", request.path
        if match := PROVIDER_PATH.match(path):
            provider, path = match["provider"], match["rest"]
        try:
            if path.startswith("/_control/"):
                await self._control(request, wire, path.removeprefix("/_control/"))
            elif (speech := spoken_at(request.method, path)) is not None:
                await self._speak(speech, request, wire, (provider, path))
            elif (handler := handler_of(request.method, path)) is not None:
                await handler(self, request, wire, provider)
            else:
                refusal = {"message": f"no {path} here", "type": "invalid_request_error"}
                await _reply(wire, 404, {"error": refusal})
        except Gone:
            wire.close()

    async def _control(self, request: Request, wire: Wire, verb: str) -> None:
        run, name = request.query("run"), request.query("name")
        answers: dict[str, Any] = {
            "health": lambda: {"ok": True},
            "journal": lambda: self.journal.entries(run),
            "reset": lambda: self.journal.forget(run),
            "release": lambda: {"released": self.barriers.release(name)},
            "waiting": lambda: {"waiting": self.barriers.waiting(name)},
        }
        if verb not in answers:
            return await _reply(wire, 404, {"error": f"no such verb; there are {sorted(answers)}"})
        await _reply(wire, 200, answers[verb]())

    async def _speak(self, speech: Speech, request: Request, wire: Wire, where: tuple[str, str]) -> None:
        provider, path = where
        try:
            body = speech.read(request)
            wishes = speech.wishes(body, path)
            plan = read_plan(wishes, provider, " ".join(v for n, v in request.headers if n in SECRETS))
            if clever.helps(wishes.get("model")):
                plan = plan.asking(clever.wishes(body))
        except (BadDirective, ValueError) as error:
            return await _reply(wire, 400, {"error": {"message": str(error), "type": "bad_directive"}})
        attempt = self.journal.attempt(plan.run, provider)
        struck = plan.fault if not plan.fail_times or attempt <= plan.fail_times else ""
        entry = {
            "run": plan.run, "provider": provider, "attempt": attempt, "model": wishes.get("model"),
            "path": path, "target": request.target,
            "headers": request.headers, "body": body, "stream": speech.streams(body, path), "fault": struck,
        }  # fmt: skip
        self.journal.asked(entry)
        if wrong := speech.refuses(request.headers, body, path):
            return await self._refuse(speech, wire, entry, wrong)
        telling = Telling(speech, plan, struck, entry, request, wire, self.barriers)
        try:
            await telling.run()
        finally:
            self.journal.answered(entry, **telling.figures())

    async def _refuse(
        self, speech: Speech, wire: Wire, entry: dict[str, Any], wrong: tuple[int, str]
    ) -> None:
        """A request that the vendor itself wouldn't take."""
        status, message = wrong
        data = speech.error_body(status, Plan(), message)
        await wire.head(status, (JSON_TYPE, *REAL_HEADERS), length=len(data))
        await wire.body(data)
        self.journal.answered(entry, status=status, bytes=wire.bytes, produced_tokens=0, complete=False)


class Telling:
    """The telling of one answer: what was produced so far, and where the fault strikes."""

    def __init__(
        self,
        speech: Speech,
        plan: Plan,
        fault: str,
        asked: dict[str, Any],
        request: Request,
        wire: Wire,
        barriers: Barriers,
    ) -> None:  # the one place where all of an answer meets
        self.speech, self.plan, self.fault, self.request = speech, plan, fault, request
        self.body, self.streams = asked["body"], asked["stream"]
        self.wire, self.barriers = wire, barriers
        self.said = speech.compose(plan, self.body)
        self.produced = 0
        self.complete = False

    def figures(self) -> dict[str, Any]:
        """For the journal: what went out, in tokens and bytes."""
        return {
            "status": self.wire.status,
            "bytes": self.wire.bytes,
            "produced_tokens": self.produced,
            "prompt_tokens": self.said.prompt_tokens,
            "completion_tokens": self.said.completion_tokens,
            "usage": self.speech.usage(self.plan, self.said, self.body) if self.complete else None,
            "complete": self.complete,
            "client_left": self.wire.gone and not self.complete and self.fault not in ENDS,
        }

    async def run(self) -> None:
        """Wait as planned, then tell the answer or its fault."""
        plan = self.plan
        if plan.hold and plan.hold_at == "start":
            await self.barriers.wait(plan.hold)
        if plan.first_ms:
            await asyncio.sleep(plan.first_ms / 1000)
        if self.fault in STATUS_FAULTS:
            return await self._error(STATUS_FAULTS[self.fault])
        if self.fault in OPENINGS:
            return await OPENINGS[self.fault](self)
        if self.streams and self.fault != "json_for_stream":
            return await self._stream()
        await self._whole()

    async def _error(self, status: int) -> None:
        data = self.speech.error_body(status, self.plan, f"The upstream says {status}.")
        wait = self.plan.retry_after or ("1" if status == 429 else "")
        said = (("retry-after", wait),) if wait and wait != "none" else ()
        headers = (JSON_TYPE, *REAL_HEADERS, *said)
        await self.wire.head(status, headers, length=len(data))
        await self.wire.body(data)

    async def _whole(self) -> None:
        data = self.speech.whole(self.plan, self.said, self.body)
        if self.fault in {"malformed_chunk", "not_json"}:
            data = b'{"choices": [oops'
        if self.fault == "truncated":
            data = data[: len(data) // 2]
        kind = ("content-type", self.speech.kind(self.body, self.plan))
        await self.wire.head(200, (kind, *self._headers()), length=len(data))
        half = len(data) // 2
        await self.wire.body(data[:half], bytewise=self.plan.bytewise)
        if self.plan.hold and self.plan.hold_at != "start":
            await self.barriers.wait(self.plan.hold)
        if await self._strike():
            return
        self.produced = self.said.completion_tokens
        await self.wire.body(data[half:], bytewise=self.plan.bytewise)
        self.complete = True

    async def _stream(self) -> None:
        plan, wire = self.plan, self.wire
        await wire.head(200, (*EVENTS, *self._headers()))
        content = 0
        for tokens, payload in self.speech.chunks(plan, self.said, self.body):
            if content == plan.fault_at and await self._middle():
                return
            if content and plan.chunk_ms:
                await asyncio.sleep(plan.chunk_ms / 1000)
            if plan.comments:
                await self._line(b": keep-alive")
            if plan.hold and plan.hold_at == "end" and self.speech.ends(payload):
                await self.barriers.wait(plan.hold)
            self.produced += tokens
            await self._line(self.speech.line(payload))
            content += tokens > 0
        if content <= plan.fault_at and await self._middle():
            return
        if self.fault != "no_done" and self.speech.done:
            await self._line(self.speech.done)
        if self.fault == "after_done":
            await self._line(b'data: {"choices":[{"delta":{"content":"late"}}]}')
        self.complete = True
        await wire.end()

    def _headers(self) -> Headers:
        return (*REAL_HEADERS, *(HOSTILE_HEADERS if self.fault == "set_cookie" else ()))

    async def _line(self, line: bytes) -> None:
        eol = self.plan.eol.encode()
        await self.wire.body(line.replace(b"\n", eol) + eol + eol, bytewise=self.plan.bytewise)

    async def _middle(self) -> bool:
        """At the place of the fault: hold, then strike; True ends the answer."""
        if self.plan.hold and self.plan.hold_at == "middle":
            await self.barriers.wait(self.plan.hold)
        lines = {
            "malformed_chunk": b'data: {"choices": [oops',
            "huge_line": b"data: " + b"x" * self.plan.huge_bytes if self.fault == "huge_line" else b"",
            "error_event": self.speech.line(
                self.speech.error_body(500, self.plan, "The upstream broke in the middle.")
            ),
        }
        if line := lines.get(self.fault):
            await self._line(line)
        return await self._strike()

    async def _strike(self) -> bool:
        """Faults that end an answer in the middle; True if one did."""
        wire = self.wire
        if self.fault == "cut_utf8":
            await wire.body('data: {"choices":[{"index":0,"delta":{"content":"oʻzbek ў'.encode()[:-1])
        if self.fault == "cut_json":
            await wire.body(b'data: {"choices":[{"index":0,"del')
        if self.fault in {"cut", "cut_utf8", "cut_json"}:
            wire.close()
        elif self.fault == "cut_reset":
            await asyncio.sleep(0.05)  # lets what was written leave before the reset discards it
            wire.reset()
        elif self.fault == "stall":
            await asyncio.Event().wait()
        elif self.fault in {"truncated", "error_event"} and self.streams:
            await wire.end()
        else:
            return False
        return True

    async def _silence(self) -> None:
        await asyncio.Event().wait()

    async def _reset(self) -> None:
        self.wire.reset()

    async def _close(self) -> None:
        self.wire.close()

    async def _odd(self, status: int, kind: str, data: bytes, *more: tuple[str, str]) -> None:
        await self.wire.head(status, (("content-type", kind), *more), length=len(data))
        await self.wire.body(data)

    async def _leak(self) -> None:
        secrets = [value for name, value in self.request.headers if name in SECRETS]
        data = self.speech.error_body(400, self.plan, f"Incorrect API key provided: {' '.join(secrets)}.")
        await self._odd(400, "application/json", data)


SECRETS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
ENDS = frozenset({"reset", "close", "cut", "cut_reset", "cut_utf8", "cut_json"})
OPENINGS = {
    "silence": Telling._silence,
    "reset": Telling._reset,
    "close": Telling._close,
    "leak": Telling._leak,
    "not_json": lambda telling: telling._odd(200, "application/json", b'{"choices": [oops'),
    "html": lambda telling: telling._odd(502, "text/html", b"<html><h1>502 Bad Gateway</h1></html>"),
    "empty": lambda telling: telling._odd(200, "application/json", b""),
    "redirect": lambda telling: telling._odd(307, "text/plain", b"", ("location", "http://127.0.0.1:1/v1")),
}


async def _reply(wire: Wire, status: int, value: Any) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    await wire.head(status, (JSON_TYPE,), length=len(data))
    await wire.body(data)
