"""Videos: OpenAI's jobs with a script of their own, and Pollinations' addresses that answer the film itself.

The prompt steers as everywhere; the plan's `text` may hold a job's script as JSON (`script(...)` writes it).
"""

import json
import re
import struct
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from tests.upstream import pictures
from tests.upstream.pictures import png, read_form
from tests.upstream.plan import Plan
from tests.upstream.wire import Request, Wire

PATH = re.compile(r"/v1/videos/(?P<id>[^/]+)(?P<content>/content)?")
_numbers = count(1)


@dataclass(slots=True)
class Script:
    """How a job goes. `polls`: questions that are answered with "in progress" before it is over."""

    polls: int = 0
    fail: str = ""  # error code it fails with
    forget: bool = False  # nobody here knows the job any more
    broken: int = 0  # so many questions are answered with 500 first
    seconds: str | int | None = None  # as reported; None: what was asked for
    status: str = "queued"  # as the creation tells it
    hold: str = ""  # name of the barrier that its content waits at
    content: str = ""  # 404 | 500 | html | cut: what is wrong with the content


@dataclass(slots=True)
class Job:
    """One job: who asked for what, and how it goes on."""

    id: str
    run: str
    body: dict[str, Any]
    script: Script
    asked: int = 0


JOBS: dict[str, Job] = {}


def script(**wishes: Any) -> str:
    """A script as a plan's `text`."""
    return json.dumps(asdict(Script(**wishes)))


def read(request: Request) -> dict[str, Any]:
    """A form, as the SDKs send it, or JSON."""
    is_form = any(name == "content-type" and "multipart" in value for name, value in request.headers)
    return read_form(request) if is_form else dict(json.loads(request.body))


def whole(plan: Plan, answer: Any, body: dict[str, Any]) -> bytes:
    """A job is made."""
    wanted = Script(**json.loads(plan.text)) if plan.text else Script()
    job = Job(f"video_up/{next(_numbers)}", plan.run, body, wanted)
    JOBS[job.id] = job
    return _object(job, wanted.status)


def bare(plan: Plan, answer: Any, body: dict[str, Any]) -> bytes:
    """Pollinations' address of a film, or of a picture where no duration is asked for."""
    return mp4(int(body["duration"])) if "duration" in body else pictures.bare(plan, answer, body)


def _object(job: Job, status: str, error: str = "") -> bytes:
    seconds = job.body.get("seconds", "4") if job.script.seconds is None else job.script.seconds
    told = {
        "id": job.id,
        "object": "video",
        "created_at": 1_700_000_000,
        "status": status,
        "model": job.body.get("model"),
        "progress": 100 if status == "completed" else min(90, 30 * job.asked),
        "seconds": seconds,
        "size": job.body.get("size", "720x1280"),
        "error": {"code": error, "message": "The upstream says no."} if error else None,
    }
    return json.dumps(told).encode()


async def about(server: Any, request: Request, wire: Wire, provider: str) -> None:
    """GET and DELETE of a job, and its content."""
    match = PATH.search(request.path)
    job = JOBS.get(match["id"].replace("%2F", "/")) if match else None
    entry = {
        "run": job.run if job else "",
        "provider": provider,
        "path": request.path,
        "method": request.method,
    }
    server.journal.asked(entry | {"headers": request.headers})
    if job is None or job.script.forget:
        await _tell(wire, 404, b'{"error": {"message": "no such video", "code": "not_found"}}')
    elif match and match["content"]:
        await _content(server, job, wire)
    elif request.method == "DELETE":
        JOBS.pop(job.id)
        told = {"id": job.id, "object": "video.deleted", "deleted": True}
        await _tell(wire, 200, json.dumps(told).encode())
    else:
        await _progress(job, wire)


async def _progress(job: Job, wire: Wire) -> None:
    job.asked += 1
    if job.asked <= job.script.broken:
        await _tell(wire, 500, b'{"error": {"message": "not now"}}')
    elif job.asked <= job.script.broken + job.script.polls:
        await _tell(wire, 200, _object(job, "in_progress"))
    elif job.script.fail:
        await _tell(wire, 200, _object(job, "failed", job.script.fail))
    else:
        await _tell(wire, 200, _object(job, "completed"))


async def _content(server: Any, job: Job, wire: Wire) -> None:
    if job.script.hold:
        await server.barriers.wait(job.script.hold)
    film = mp4(int(job.body.get("seconds") or 4))
    wrong = job.script.content
    if wrong in ("404", "500"):
        return await _tell(wire, int(wrong), b'{"error": {"message": "no film"}}')
    if wrong == "html":
        return await _tell(wire, 200, b"<html>not here</html>", "text/html")
    headers = (
        ("content-type", "video/mp4"),
        ("set-cookie", "spy=1"),
        ("openai-organization", "org-upstream"),
    )
    await wire.head(200, headers, length=len(film))
    await wire.body(film[: len(film) // 2])
    if wrong == "cut":
        return wire.close()
    await wire.body(film[len(film) // 2 :])


async def _tell(wire: Wire, status: int, data: bytes, kind: str = "application/json") -> None:
    await wire.head(status, (("content-type", kind),), length=len(data))
    await wire.body(data)


def mp4(seconds: int, size: tuple[int, int] = (32, 32)) -> bytes:
    """A film of one PNG frame that stays for so many seconds (ISO/IEC 14496-12; QuickTime's `png ` codec)."""
    frame = png(size, str(seconds))
    head = _box(b"ftyp", b"isom" + _u32(512) + b"isomiso2mp41")
    place = len(head) + len(_movie(seconds, size, len(frame), 0)) + 8
    return head + _movie(seconds, size, len(frame), place) + _box(b"mdat", frame)


def _movie(seconds: int, size: tuple[int, int], length: int, place: int) -> bytes:
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    width, height = size
    mvhd = _u32(0, 0, 0, 1000, seconds * 1000, 0x10000) + b"\1\0" + bytes(10) + matrix + bytes(24) + _u32(2)
    tkhd = _u32(7, 0, 0, 1, 0, seconds * 1000) + bytes(16) + matrix + _u32(width << 16, height << 16)
    entry = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", width, height) + _u32(0x480000, 0x480000, 0)
    entry += b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
    table = [
        _box(b"stsd", _u32(0, 1) + _box(b"png ", entry)),
        _box(b"stts", _u32(0, 1, 1, seconds * 1000)),
        _box(b"stsc", _u32(0, 1, 1, 1, 1)),
        _box(b"stsz", _u32(0, length, 1)),
        _box(b"stco", _u32(0, 1, place)),
    ]
    link = _box(b"dinf", _box(b"dref", _u32(0, 1) + _box(b"url ", _u32(1))))
    inside = _box(b"vmhd", _u32(1, 0, 0)) + link + _box(b"stbl", b"".join(table))
    media = _box(b"mdhd", _u32(0, 0, 0, 1000, seconds * 1000, 0x55C40000))
    media += _box(b"hdlr", _u32(0, 0) + b"vide" + bytes(13)) + _box(b"minf", inside)
    return _box(b"moov", _box(b"mvhd", mvhd) + _box(b"trak", _box(b"tkhd", tkhd) + _box(b"mdia", media)))


def _box(kind: bytes, data: bytes) -> bytes:
    return _u32(len(data) + 8) + kind + data


def _u32(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)
