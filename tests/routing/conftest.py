"""A provider with a list of models over real HTTP, and an operator."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from deploy.local.process import stop
from routing.credentials import seal
from routing.models import Credential, Provider
from tests import embedded
from tests.processes import start_upstream
from tests.routing.lists import KEY


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the test upstream listens."""
    folder = embedded.session_folder() / f"lists-{uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    upstream = start_upstream(folder)
    yield upstream.url
    stop(upstream.process, 15, 5)


@pytest.fixture
def provider(address: str, settings: Any) -> Provider:
    settings.CATALOG_SYNC_PRIVATE = True
    slug = f"r-{uuid4().hex[:8]}"
    found = Provider.objects.create(
        slug=slug,
        name=slug,
        dialect="openai",
        model_list="openrouter",
        base_url=f"{address}/p/{slug}/v1",
    )
    Credential.objects.create(provider=found, label="main", sealed=seal(KEY))
    return found


@pytest.fixture
def operator() -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True, is_superuser=True)
