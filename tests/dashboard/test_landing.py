"""The first page: prices and figures of the catalog, samples in the reader's language, and the calculator."""

import ast
import json
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from billing.money import ceil_div
from dashboard.site import calls
from dashboard.site.calculator import Choice, Estimate
from tests.factories import make_caller

LANGUAGES = ["uz", "ru", "en"]


@pytest.mark.django_db
def test_the_calculator_works_without_scripts(catalog: None, client: Client) -> None:
    """$1.00 and $3.00 per million at 12,000 so'm and 5 %: a million tokens each way, 30 days."""
    asked = {"model": "test/one", "input": "1000000", "output": "1000000"}
    text = client.get("/", asked).content.decode().replace("\u00a0", " ")
    assert "50,400.00 UZS" in text and "1,512,000.00 UZS" in text
    assert 'value="test/one" data-input="12600000000" data-output="37800000000" selected' in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked", [{"input": "-1"}, {"input": "1.5"}, {"model": "no/such"}, {"output": "x" * 99}]
)
def test_wrong_figures_are_told_and_cost_nothing(
    catalog: None, client: Client, asked: dict[str, str]
) -> None:
    answer = client.get("/", asked)
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()


@pytest.mark.django_db
def test_without_a_rate_the_page_stands_without_prices(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("billing.rates._FX", "SELECT FROM fx_rate WHERE false")
    answer = client.get("/")
    assert answer.status_code == 200 and "data-calculator" not in answer.content.decode()


@pytest.mark.django_db
def test_who_is_signed_in_is_not_asked_to_sign_up(catalog: None, client: Client) -> None:
    assert "/accounts/signup/" in client.get("/").content.decode().split("<main")[1]
    client.force_login(make_caller().user)
    main = client.get("/").content.decode().split("<main")[1]
    assert "/accounts/signup/" not in main and 'href="/dashboard"' in main


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "prompt"), [("uz", "Token nima"), ("ru", "что такое токен"), ("en", "a token is")]
)
def test_the_sample_asks_in_the_readers_language(
    catalog: None, client: Client, language: str, prompt: str
) -> None:
    assert prompt in client.get("/", headers={"accept-language": language}).content.decode()


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**13), st.integers(0, 10**13))
def test_a_day_costs_what_the_bill_would_say(read: int, written: int, price_in: int, price_out: int) -> None:
    made = Estimate(Choice("m", "M", price_in, price_out, free=False), read, written)
    assert made.day == ceil_div(read * price_in, 10**6) + ceil_div(written * price_out, 10**6)
    assert made.month == 30 * made.day


@pytest.mark.parametrize(
    "modality", ["chat", "embedding", "image", "video", "speech", "transcription", "moderation"]
)
def test_samples_are_sound_code(modality: str) -> None:
    texts = calls.texts(modality, 'x/"y"')
    ast.parse(texts["python"])
    assert {"python", "bash"} <= texts.keys()
    if found := re.search(r"-d '(.*)'", texts["bash"], re.DOTALL):
        assert json.loads(found[1].replace("'\\''", "'"))["model"] == 'x/"y"'
