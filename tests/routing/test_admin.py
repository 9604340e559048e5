"""The operators' catalog pages."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from routing.credentials import unseal
from routing.models import CostVersion, Endpoint, Model, ModelName, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    tag = uuid4().hex[:8]
    provider = Provider.objects.create(
        slug=f"p-{tag}", name="P", dialect="openai", base_url="https://p.test/v1"
    )
    model = Model.objects.create(slug=f"v/{tag}", name=f"M {tag}", modality="chat", category="hosted")
    found = Endpoint.objects.create(model=model, provider=provider, upstream_name="m", markup_kind="margin")
    CostVersion.objects.create(endpoint=found, components={"input": 2_500_000_000, "output": 10**10})
    return found


def _provider_post(provider: Provider, **changes: str) -> dict[str, Any]:
    keys = ("slug", "name", "dialect", "base_url", "base_url_ref", "credential_ref", "on_disconnect")
    return {key: getattr(provider, key) for key in keys} | {"active": "on"} | changes


def test_a_credential_is_sealed_and_never_shown_again(operator: Client, endpoint: Endpoint) -> None:
    provider = endpoint.provider
    url = f"/admin/routing/provider/{provider.pk}/change/"
    answer = operator.post(url, _provider_post(provider, credential="sk-very-secret-1234"))
    assert answer.status_code == 302
    provider.refresh_from_db()
    assert provider.credential_sealed is not None
    assert b"secret" not in bytes(provider.credential_sealed)
    assert unseal(bytes(provider.credential_sealed)) == "sk-very-secret-1234"
    assert provider.sealed_from_env is False
    page = operator.get(url).content.decode()
    assert "…1234" in page
    assert "sk-very" not in page


def test_a_credential_can_be_removed(operator: Client, endpoint: Endpoint) -> None:
    provider = endpoint.provider
    url = f"/admin/routing/provider/{provider.pk}/change/"
    operator.post(url, _provider_post(provider, credential="sk-1234"))
    operator.post(url, _provider_post(provider, remove_credential="on"))
    provider.refresh_from_db()
    assert provider.credential_sealed is None
    assert provider.credential_last4 == ""


def test_a_price_is_added_in_usd_and_never_changed(operator: Client, endpoint: Endpoint) -> None:
    posted = {
        "endpoint": endpoint.pk,
        "input": "3.00",
        "output": "12.5",
        "tiers": "200000 input=6.00 output=25",
    }
    answer = operator.post("/admin/routing/costversion/add/", posted)
    assert answer.status_code == 302, answer.content.decode()
    newest = CostVersion.objects.filter(endpoint=endpoint).latest("id")
    assert newest.components == {"input": 3_000_000_000, "output": 12_500_000_000}
    assert newest.above_input == [
        {"over": 200_000, "components": {"input": 6_000_000_000, "output": 25_000_000_000}}
    ]
    page = operator.get(f"/admin/routing/costversion/{newest.pk}/change/").content.decode()
    assert "output 12.50" in page
    assert 'name="_save"' not in page


def test_a_new_price_starts_from_the_one_in_force(operator: Client, endpoint: Endpoint) -> None:
    page = operator.get(f"/admin/routing/costversion/add/?endpoint={endpoint.pk}").content.decode()
    assert 'value="2.50"' in page
    assert 'value="10.00"' in page
    link = f"/admin/routing/costversion/add/?endpoint={endpoint.pk}"
    assert link in operator.get(f"/admin/routing/endpoint/{endpoint.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://p.test"),
        ("base_url", "p.test/v1"),
        ("base_url_ref", "SANDBOX_URL"),
        ("credential_ref", "sk-secret-in-the-wrong-field"),
    ],
)
def test_a_provider_that_could_not_be_called_is_refused(
    operator: Client, endpoint: Endpoint, field: str, value: str
) -> None:
    url = f"/admin/routing/provider/{endpoint.provider.pk}/change/"
    assert operator.post(url, _provider_post(endpoint.provider, **{field: value})).status_code == 200


@pytest.mark.parametrize(
    "posted",
    [{}, {"input": "-1"}, {"input": "NaN"}, {"input": "1", "tiers": "many input=1"}, {"input": "1e3"}],
)
def test_a_price_that_is_none_is_refused(
    operator: Client, endpoint: Endpoint, posted: dict[str, str]
) -> None:
    answer = operator.post("/admin/routing/costversion/add/", {"endpoint": endpoint.pk} | posted)
    assert answer.status_code == 200
    assert endpoint.costs.count() == 1


def test_an_alias_of_another_model_is_refused(operator: Client, endpoint: Endpoint) -> None:
    model = endpoint.model
    other = Model.objects.create(slug=f"o/{uuid4().hex}", name="O", modality="chat", category="hosted")
    ModelName.objects.create(folded="taken name", name="Taken Name", model=other)
    answer = operator.post(f"/admin/routing/model/{model.pk}/change/", _model_post(model, "TAKEN  name"))
    assert answer.status_code == 200
    assert "belongs to" in answer.content.decode()
    answer = operator.post(f"/admin/routing/model/{model.pk}/change/", _model_post(model, "Fresh  Name"))
    assert answer.status_code == 302, answer.content.decode()
    names = set(ModelName.objects.filter(model=model).values_list("folded", flat=True))
    assert {"fresh name", model.slug} <= names


def _model_post(model: Model, alias: str) -> dict[str, Any]:
    forms = {
        "names-TOTAL_FORMS": 1,
        "names-INITIAL_FORMS": 0,
        "names-0-name": alias,
        "endpoints-TOTAL_FORMS": 0,
        "endpoints-INITIAL_FORMS": 0,
    }
    fields = {"name": model.name, "modality": "chat", "category": "hosted", "context_window": 0}
    return forms | fields


@pytest.mark.parametrize("page", ["provider", "model", "endpoint", "costversion"])
def test_every_list_opens_and_nothing_can_be_deleted(operator: Client, endpoint: Endpoint, page: str) -> None:
    answer = operator.get(f"/admin/routing/{page}/")
    assert answer.status_code == 200
    assert operator.get(f"/admin/routing/{page}/add/").status_code == 200
    row = {"provider": endpoint.provider, "model": endpoint.model, "endpoint": endpoint}.get(page)
    pk = row.pk if row else endpoint.costs.get().pk
    assert operator.get(f"/admin/routing/{page}/{pk}/change/").status_code == 200
    assert operator.post(f"/admin/routing/{page}/{pk}/delete/", {"post": "yes"}).status_code == 403
