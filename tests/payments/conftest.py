"""Click's merchant API over HTTP, in which we ask."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import LazySettings

from tests.stack import PAYMENTS


def _answer(books: dict[str, Any], path: str) -> tuple[int, bytes]:
    """What the books say: of status_by_mti by the top-up's number, of ofd_data by the payment's."""
    words = path.split("/")
    found = books.get(words[-1] if "ofd_data" in words else words[-2], {"error_code": -16})
    if isinstance(found, int):
        return found, b"<html>"
    return books.get("status", 200), found if isinstance(found, bytes) else json.dumps(found).encode()


@pytest.fixture
def clicks_books(settings: LazySettings) -> Iterator[dict[str, Any]]:
    """What it answers by number: an object, raw bytes, or an HTTP status. `asked` are the paths asked for."""
    books: dict[str, Any] = {"asked": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Auth"].startswith("910:") and "TESTSECRET" not in self.headers["Auth"]
            books["asked"].append(self.path)
            status, body = _answer(books, self.path)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{self.path}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in PAYMENTS.items():
        setattr(settings, name, value)
    settings.CLICK_API_URL = f"http://127.0.0.1:{server.server_port}"
    yield books
    server.shutdown()
    thread.join()
    server.server_close()
