"""POST /v1/messages/count_tokens: what the prompt weighs, for nothing."""

import json
from typing import Any

from tests.upstream import anthropic, anthropic_rules, chat
from tests.upstream.plan import STATUS_FAULTS, Plan, read_plan
from tests.upstream.wire import Request, Wire


async def count_tokens(server: Any, request: Request, wire: Wire, provider: str) -> None:
    """{"input_tokens": N}, or the planned error."""
    body = json.loads(request.body)
    plan = read_plan(anthropic.wishes(body, request.path), provider)
    entry = {
        "run": plan.run, "provider": provider, "model": body.get("model"),
        "path": "/v1/messages/count_tokens", "target": request.target,
        "headers": request.headers, "body": body,
    }  # fmt: skip
    server.journal.asked(entry)
    status, data = _answer(plan, request, body)
    await wire.head(status, (("content-type", "application/json"),), length=len(data))
    await wire.body(data)
    server.journal.answered(entry, status=status, bytes=wire.bytes, complete=status == 200)


def _answer(plan: Plan, request: Request, body: dict[str, Any]) -> tuple[int, bytes]:
    if wrong := anthropic_rules.refuses(request.headers, body, request.path):
        return wrong[0], anthropic.error_body(wrong[0], Plan(), wrong[1])
    if plan.fault in STATUS_FAULTS:
        status = STATUS_FAULTS[plan.fault]
        return status, anthropic.error_body(status, plan, f"The upstream says {status}.")
    return 200, json.dumps({"input_tokens": chat.prompt_tokens(plan, body)}).encode()
