"""The list of models: every filter in the address, each page in the reader's language, drawn once."""

from typing import Any

import pytest
from django.test import Client

from dashboard.site.showcase import showcase
from routing.models import Model, ModelWording
from tests.dashboard.test_models_page import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def test_each_filter_narrows(client: Client) -> None:
    every = rows(client)
    assert "test/three" in rows(client, provider="alpha") and "test/three" not in rows(
        client, provider="claude"
    )
    hosted, closed = rows(client, category="hosted"), rows(client, category="third_party")
    assert hosted | closed == every and not hosted & closed
    able = rows(client, capability="vision")
    assert able and able < every
    assert rows(client, context="1000000") < rows(client, context="32000") < every
    assert rows(client, modality="image", free="on") == {"test/free-paint"}


def test_nonsense_in_the_address_is_no_filter(client: Client) -> None:
    assert rows(client, provider="nobody", sort="colour", context="-1") == rows(client)


def test_prices_sort_both_ways(client: Client) -> None:
    def order(sort: str) -> list[str]:
        text = client.get("/models", {"modality": "chat", "sort": sort}).content.decode()
        return [part.split("<")[0] for part in text.split('class="model-id">')[1:]]

    shown = showcase()
    assert shown is not None
    up = [shown.cards[slug].rank for slug in order("cheap")]
    assert up == sorted(up) and len(set(up)) > 2
    assert [shown.cards[slug].rank for slug in order("dear")][0] == max(r for r in up if r[0] == 0)


def test_a_table_is_another_view_of_the_same_list(client: Client) -> None:
    assert rows(client, view="table", q="three") == rows(client, q="three")
    text = client.get("/models?view=table&q=three").content.decode()
    assert "<table" in text and 'name="view" value="table"' in text


def test_descriptions_are_in_the_readers_language(client: Client) -> None:
    model = Model.objects.get(slug="test/three")
    ModelWording.objects.create(model=model, language="uz", description="Uchinchi model.")
    Model.objects.filter(pk=model.pk).update(description="The third model.", strengths="Threes")
    for path in ("/models?q=three", "/models/test/three"):
        assert "Uchinchi model." in client.get(path, headers={"accept-language": "uz"}).content.decode()
        assert "The third model." in client.get(path, headers={"accept-language": "ru"}).content.decode()
    # What a language lacks is said in English.
    assert "Threes" in client.get("/models/test/three", headers={"accept-language": "uz"}).content.decode()
    assert rows(client, q="uchinchi") == {"test/three"}


def test_the_second_visit_draws_nothing_anew(client: Client, django_assert_max_num_queries: Any) -> None:
    client.get("/models")
    shown = showcase()
    assert shown is not None and len(shown.drawn) == len(shown.cards)
    before = dict(shown.drawn)
    with django_assert_max_num_queries(4):
        client.get("/models")
    assert showcase() is shown and shown.drawn == before


def test_a_thousand_words_are_priced_and_labelled(client: Client) -> None:
    """$1.00 at 12,000 so'm and 5 %: 12,600 so'm per million tokens, 2,577 tokens of Uzbek."""
    text = client.get("/models/test/one").content.decode()
    assert "32.47" in text and "o200k_base" in text and "An estimate" in text
    Model.objects.filter(slug="test/one").update(tokenizer="o200k_base")
    assert "the model's own tokenizer" in client.get("/models/test/one").content.decode()


def test_machines_read_the_page_too(client: Client) -> None:
    Model.objects.filter(slug="test/one").update(description="</script><b>&")
    text = client.get("/models/test/one").content.decode()
    assert "</script><b>" not in text and '"priceCurrency": "UZS"' in text
    assert "\\u003C/script\\u003E\\u003Cb\\u003E\\u0026" in text
