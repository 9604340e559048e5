"""The Central Bank's feed on a port of this machine: its shape, and its bad days."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def row(rate: str, day: str, *, ccy: str = "USD", nominal: str = "1") -> dict[str, Any]:
    """One currency as cbu.uz writes it; `day` is dd.mm.yyyy."""
    return {
        "id": 69,
        "Code": "840",
        "Ccy": ccy,
        "CcyNm_RU": "Доллар США",
        "CcyNm_UZ": "AQSH dollari",
        "CcyNm_UZC": "АҚШ доллари",
        "CcyNm_EN": "US Dollar",
        "Nominal": nominal,
        "Rate": rate,
        "Diff": "-25.52",
        "Date": day,
    }


def said(*rows: dict[str, Any]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


@dataclass
class Bank:
    """What it answers next: the last answer is repeated."""

    url: str
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)

    def says(self, *rows: dict[str, Any]) -> None:
        self.answers[:] = [(200, said(*rows))]

    def fails(self, status: int, body: bytes = b"") -> None:
        self.answers[:] = [(status, body)]


class _Handler(BaseHTTPRequestHandler):
    bank: Bank

    def do_GET(self) -> None:
        self.bank.seen.append(dict(self.headers))
        status, body = self.bank.answers.pop(0) if len(self.bank.answers) > 1 else self.bank.answers[0]
        if status == 0:  # the line is cut in the middle of the body
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + 100))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status in (301, 302):
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def running_bank() -> Iterator[Bank]:
    """A bank that listens while the block runs."""
    bank = Bank("")
    handler = type("Handler", (_Handler,), {"bank": bank})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    bank.url = f"http://127.0.0.1:{server.server_port}/uz/arkhiv-kursov-valyut/json/USD/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield bank
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
