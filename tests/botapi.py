"""A server of its own that speaks Telegram's Bot API as far as we use it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "123456:test-bot-token"


@dataclass
class BotApi:
    """What it was asked, and what it answers: updates that wait, and chats that have blocked the bot."""

    url: str
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    broken: bool = False

    def sent(self) -> list[tuple[int, str]]:
        """The messages that it took: (chat, text)."""
        return [(said["chat_id"], said["text"]) for method, said in self.asked if method == "sendMessage"]

    def answer(self, path: str, said: dict[str, Any]) -> tuple[int, Any]:
        """Status and body for one call."""
        prefix = f"/bot{TOKEN}/"
        if not path.startswith(prefix):
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        method = path.removeprefix(prefix)
        if self.broken:
            return 502, {"ok": False, "error_code": 502, "description": "Bad Gateway"}
        if said.get("chat_id") in self.blocked:
            text = "Forbidden: bot was blocked by the user"
            return 403, {"ok": False, "error_code": 403, "description": text}
        self.asked.append((method, said))
        if method == "getUpdates":
            self.updates = [update for update in self.updates if update["update_id"] >= said["offset"]]
            return 200, {"ok": True, "result": self.updates}
        return 200, {"ok": True, "result": True}


@contextmanager
def running_bot_api() -> Iterator[BotApi]:
    """The server, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = api.answer(self.path, said)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the token is in every address."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = BotApi(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield api
        server.shutdown()
        thread.join()
