"""Videos as a client makes them, and the clock of their jobs."""

import http.client
import json
from typing import Any
from uuid import UUID

from tests.factories import Caller, rows
from tests.live.client import Reply, get, port_of, send
from tests.processes import Gateway, until
from tests.stack import Stack
from tests.upstream.films import script

PATH, PLAIN = "/v1/videos", "/api/video"
SECOND, COST_NANO = 1_260_000_000, 100_000_000  # $0.10; 12,000 so'm, 5 %


def wish(run: str = "", *, job: dict[str, Any] | None = None, **wishes: Any) -> str:
    """A prompt that tells the test upstream how the creation goes, and by `job` how the job does."""
    text = {"text": script(**job)} if job else {}
    return json.dumps({"upstream": {"run": run, **text, **wishes}})


def make(where: Stack | Gateway, caller: Caller, **body: Any) -> Reply:
    """POST /v1/videos as JSON; test/video, four seconds."""
    return send(where, caller.headers, {"model": "test/video", "prompt": "Registon"} | body, path=PATH)


def made(where: Stack | Gateway, caller: Caller, **body: Any) -> str:
    """The address of a video that was begun."""
    reply = make(where, caller, **body)
    assert reply.status == 200, reply.body
    return f"{PATH}/{reply.json()['id']}"


def look(stack: Stack, caller: Caller, address: str) -> dict[str, Any]:
    """The job, its provider asked anew: as if the last question were long ago."""
    rows_of(address, "polled_at = NULL")
    found: dict[str, Any] = get(stack, address, caller).json()
    return found


def delete(stack: Stack, caller: Caller, address: str) -> Reply:
    """DELETE an address."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(stack), timeout=60)
    try:
        connection.request("DELETE", address, headers=caller.headers)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read())
    finally:
        connection.close()


def op_of(address: str) -> UUID:
    """The call that began the video."""
    return UUID(hex=address.rpartition("video_")[2])


def rows_of(address: str, change: str = "id = id") -> dict[str, Any]:
    """The job's row, changed before: time travels by it."""
    query = f"UPDATE proxy_video SET {change} WHERE op_id = %s RETURNING *"
    (row,) = rows(query, op_of(address))
    return row


def state(caller: Caller) -> str:
    """The status of the caller's only job."""
    (row,) = rows("SELECT status FROM proxy_video WHERE org_id = %s", caller.organization.pk)
    return str(row["status"])


def ended(caller: Caller) -> dict[str, Any]:
    """The caller's only hold, once it is over."""
    (hold,) = until(lambda: [] if caller.holds(0) else caller.holds(), "the end of the hold")
    return hold
