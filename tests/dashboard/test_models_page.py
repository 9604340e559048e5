"""The public catalog: found, priced in so'm, honest about what answers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def rows(client: Client, **query: str) -> set[str]:
    text = client.get("/models", query).content.decode()
    return {part.split("<")[0] for part in text.split('class="model-id">')[1:]}


def test_replaced_models_are_not_on_the_list(client: Client) -> None:
    found = rows(client)
    assert "test/one" in found and "test/old" not in found


def test_the_search_narrows(client: Client) -> None:
    free = {"test/free", "test/free-paint", "test/free-video"}
    assert rows(client, q="THREE") == {"test/three"}
    assert rows(client, q="test free") == free
    assert rows(client, free="on") == free
    images = rows(client, modality="image")
    assert {"test/image", "test/paint"} <= images
    assert not images & {"test/one", "test/video"}
    assert "No model matches" in client.get("/models", {"q": "zzz"}).content.decode()


def test_htmx_gets_the_table_alone(client: Client) -> None:
    page = client.get("/models", {"q": "three"}, headers={"hx-request": "true"})
    assert page.content.decode().lstrip().startswith("<section")
    assert "HX-Request" in page.headers["Vary"]


def test_prices_are_in_soum_with_the_markup(client: Client) -> None:
    """$1.00 and $3.00 per million at 12,000 so'm and 5 %; what they are for is said once."""
    text = client.get("/models/test/one").content.decode()
    assert "12,600.00" in text and "37,800.00" in text and "$" not in text
    assert text.count("per million tokens") == 1


def test_a_replaced_model_names_its_successor(client: Client) -> None:
    text = client.get("/models/test/old").content.decode()
    assert reverse("model", args=["test/one"]) in text and "has retired this model" in text


@pytest.mark.parametrize("spelling", ["t3", "Test Three", "TEST/THREE", "three of  them"])
def test_another_spelling_leads_to_the_id(client: Client, spelling: str) -> None:
    answer = client.get(reverse("model", args=[spelling]))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/models/test/three")


@pytest.mark.parametrize("name", ["nobody/nothing", "test/one/more", "@price", "%00"])
def test_an_unknown_model_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/models/{name}").status_code == 404


def test_without_a_provider_a_model_is_unavailable(client: Client) -> None:
    assert "No provider of this model is connected" in client.get("/models/test/locked").content.decode()


def test_without_a_rate_there_are_no_prices(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("billing.rates._FX", "SELECT FROM fx_rate WHERE false")
    assert "Prices are being updated" in client.get("/models").content.decode()
    assert client.get("/models/test/one").status_code == 503
