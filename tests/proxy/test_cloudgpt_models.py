"""GET /api/models/…: CloudGPT's documentation to the letter, from the shipped catalog."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.keyformat import new_key
from routing.catalog.load import load
from routing.catalog.parse import parse
from tests.factories import make_caller
from tests.routing.test_catalog_shipped import CHAT, FILE, IMAGES, VIDEOS, rows

pytestmark = pytest.mark.django_db

# The examples of the documentation.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "chat": [
        {
            "id": "openai",
            "name": "OpenAI GPT-4o",
            "provider": "pollinations",
            "description": "OpenAI GPT-4o model",
        },
        {
            "id": "mapleai-gpt4o",
            "name": "MapleAI GPT-4o",
            "provider": "mapleai",
            "description": "GPT-4o via MapleAI",
        },
    ],
    "image": [
        {
            "id": "flux",
            "name": "Flux",
            "provider": "pollinations",
            "description": "High quality image generation",
        },
        {
            "id": "mapleai-dalle",
            "name": "MapleAI DALL-E",
            "provider": "mapleai",
            "description": "DALL-E via MapleAI",
        },
    ],
    "video": [
        {
            "id": "veo",
            "name": "Veo",
            "provider": "pollinations",
            "description": "Google Veo video generation",
            "maxDuration": 8,
        },
        {
            "id": "mapleai-veo",
            "name": "MapleAI Veo",
            "provider": "mapleai",
            "description": "Veo via MapleAI",
            "maxDuration": 8,
        },
    ],
}
TABLES = {"chat": rows(CHAT), "image": rows(IMAGES), "video": rows(VIDEOS)}


@pytest.fixture(autouse=True)
def shelf() -> None:
    load(parse([(FILE.name, Path(FILE).read_text())]), {}, prune=True)


def listed(client: Client, modality: str, **headers: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/models/{modality}", headers=headers)
    assert answer.status_code == 200, answer.content
    body = json.loads(answer.content)
    assert set(body) == {"object", "data"}
    assert body["object"] == "list"
    found: list[dict[str, Any]] = body["data"]
    return found


@pytest.mark.parametrize("modality", TABLES)
def test_the_documented_models_and_no_others_in_their_order(client: Client, modality: str) -> None:
    found = [(item["id"], item["name"]) for item in listed(client, modality)]
    assert found == [(row[0], row[1]) for row in TABLES[modality]]


@pytest.mark.parametrize("modality", TABLES)
def test_the_documented_examples(client: Client, modality: str) -> None:
    found = listed(client, modality)
    shown = {item["id"] for item in EXAMPLES[modality]}
    assert [item for item in found if item["id"] in shown] == EXAMPLES[modality]
    keys = {"id", "name", "provider", "description"} | ({"maxDuration"} if modality == "video" else set())
    assert all(set(item) == keys and item["description"] for item in found)
    assert {item["provider"] for item in found} == {"pollinations", "mapleai"}


def test_the_documented_durations(client: Client) -> None:
    assert [str(item["maxDuration"]) for item in listed(client, "video")] == [row[2] for row in rows(VIDEOS)]


def test_a_key_sees_what_its_project_may_call(client: Client) -> None:
    caller = make_caller(allowed_models=["claude", "flux"], rpm=7)
    assert [item["id"] for item in listed(client, "chat", **caller.headers)] == ["claude"]
    assert [item["id"] for item in listed(client, "video", **caller.headers)] == []
    answer = client.get("/api/models/chat", headers=caller.headers)
    assert answer["X-RateLimit-Limit"] == "7"
    assert time.time() - 5 < int(answer["X-RateLimit-Reset"]) <= time.time() + 61


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": f"Bearer {new_key()}"}, 401, "invalid_api_key"),
        ({"authorization": "Bearer cgpt_x"}, 401, "invalid_api_key"),
        ({"authorization": ""}, 401, "missing_api_key"),
        ({"x-api-key": "'; DROP TABLE"}, 401, "invalid_api_key"),
    ],
)
def test_a_wrong_key_is_refused(client: Client, headers: dict[str, str], status: int, code: str) -> None:
    answer = client.get("/api/models/chat", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "path", ["/api/models", "/api/models/", "/api/models/chat/", "/api/models/speech", "/api/models/%00"]
)
def test_other_addresses_are_404_without_a_redirect(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


def test_writing_is_405(client: Client) -> None:
    assert client.post("/api/models/chat", {}).status_code == 405


def test_a_key_in_the_address_is_refused(client: Client) -> None:
    assert client.get("/api/models/chat?key=x").status_code == 401
