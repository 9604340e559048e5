"""`python -m tests.markets`: prints its address when it listens, stops on SIGTERM."""

import base64
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_told: dict[str, dict[str, Any]] = {}
_asked: list[dict[str, Any]] = []
_over = threading.Event()


class Market(BaseHTTPRequestHandler):
    """One request at one of the markets."""

    def do_PUT(self) -> None:
        """What a host answers from now on."""
        data = self.rfile.read(int(self.headers["content-length"]))
        _told[self.path.removeprefix("/_told/")] = json.loads(data)
        self._reply(200, b"{}")

    def do_GET(self) -> None:
        """A market's answer, or the books."""
        if self.path == "/_asked":
            return self._reply(200, json.dumps(_asked).encode())
        if self.path == "/_forget":
            _told.clear()
            _asked.clear()
            return self._reply(200, b"{}")
        host, _, path = self.path[1:].partition("/")
        _asked.append(
            {"host": host, "path": path, "headers": {k.lower(): v for k, v in self.headers.items()}}
        )
        self._answer(_told.get(host, {"status": 404}))

    def _answer(self, told: dict[str, Any]) -> None:
        if told.get("hang"):
            _over.wait()
            return
        body = base64.b64decode(told.get("body", ""))
        self._reply(told.get("status", 200), body, told.get("headers", {}), cut=bool(told.get("cut")))

    def _reply(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) + cut))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the books have it."""


class Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Market)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"markets listen on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
