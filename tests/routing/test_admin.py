"""The operators' catalog pages."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from routing.credentials import unseal
from routing.models import CostVersion, Endpoint, Model, ModelName, Provider
from routing.pause import pause
from routing.snapshot import load_catalog_sync

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


def _provider_post(provider: Provider, *credentials: dict[str, Any], **changes: str) -> dict[str, Any]:
    """The provider's page as a browser posts it, with these credentials in it."""
    keys = ("slug", "name", "dialect", "base_url", "base_url_ref", "on_disconnect", "prefill")
    post: dict[str, Any] = {key: getattr(provider, key) for key in keys} | {"active": "on"}
    for place, credential in enumerate(credentials):
        row = {"label": "main", "weight": 1, "active": "on"} | credential
        post |= {f"credentials-{place}-{name}": value for name, value in row.items()}
    stored = sum("id" in credential for credential in credentials)
    forms = {"TOTAL_FORMS": len(credentials), "INITIAL_FORMS": stored}
    return post | {f"credentials-{name}": number for name, number in forms.items()} | changes


def _page(provider: Provider) -> str:
    return f"/admin/routing/provider/{provider.pk}/change/"


def test_a_credential_is_sealed_and_never_shown_again(operator: Client, endpoint: Endpoint) -> None:
    provider = endpoint.provider
    answer = operator.post(_page(provider), _provider_post(provider, {"secret": "sk-very-secret-1234"}))
    assert answer.status_code == 302, answer.content.decode()
    credential = provider.credentials.get()
    assert b"secret" not in bytes(credential.sealed or b"")
    assert unseal(bytes(credential.sealed or b"")) == "sk-very-secret-1234"
    assert credential.from_env is False
    page = operator.get(_page(provider)).content.decode()
    assert "…1234" in page
    assert "sk-very" not in page
    assert "sk-very" not in str(list(LogEntry.objects.values_list("change_message", flat=True)))


def test_a_secret_can_be_removed(operator: Client, endpoint: Endpoint) -> None:
    provider = endpoint.provider
    operator.post(_page(provider), _provider_post(provider, {"secret": "sk-1234", "ref": "env:P_KEY"}))
    credential = provider.credentials.get()
    stored = {"id": credential.pk, "provider": provider.pk, "ref": "env:P_KEY", "forget": "on"}
    operator.post(_page(provider), _provider_post(provider, stored))
    credential.refresh_from_db()
    assert (credential.sealed, credential.last4, credential.ref) == (None, "", "env:P_KEY")


def test_several_credentials_have_weights_and_one_is_enabled_again(
    operator: Client, endpoint: Endpoint
) -> None:
    provider = endpoint.provider
    two = ({"secret": "sk-1", "weight": 3}, {"label": "spare", "ref": "env:SPARE_KEY", "weight": 0})
    assert operator.post(_page(provider), _provider_post(provider, *two)).status_code == 302
    first, spare = provider.credentials.order_by("id")
    assert (first.weight, spare.weight) == (3, 0)
    provider.credentials.update(disabled_at=timezone.now(), disabled_reason="http_402")
    assert "http_402" in operator.get(_page(provider)).content.decode()
    rows = [
        {"id": first.pk, "provider": provider.pk, "weight": 3, "enable_again": "on"},
        {"id": spare.pk, "provider": provider.pk, "label": "spare", "ref": "env:SPARE_KEY", "weight": 0},
    ]
    assert operator.post(_page(provider), _provider_post(provider, *rows)).status_code == 302
    first.refresh_from_db()
    spare.refresh_from_db()
    assert (first.disabled_at, first.version) == (None, 2)
    assert (spare.disabled_reason, spare.version) == ("http_402", 1)
    told = list(LogEntry.objects.filter(object_id=str(provider.pk)).values_list("change_message", flat=True))
    assert any("'main' again" in message and "http_402" in message for message in told)


@pytest.mark.parametrize(
    "credentials",
    [
        [{"ref": "sk-secret-in-the-wrong-field"}],
        [{"ref": "", "secret": ""}],
        [{"secret": "sk-kirill-ж"}],
        [{"secret": "sk-1", "weight": 5000}],
        [{"secret": "sk-1"}, {"secret": "sk-2"}],
        [{"label": "a", "ref": "env:SAME"}, {"label": "b", "ref": "env:SAME"}],
    ],
)
def test_a_credential_that_could_not_be_used_is_refused(
    operator: Client, endpoint: Endpoint, credentials: list[dict[str, Any]]
) -> None:
    answer = operator.post(_page(endpoint.provider), _provider_post(endpoint.provider, *credentials))
    assert answer.status_code == 200
    assert not endpoint.provider.credentials.exists()


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
    assert "Output 12.50" in page
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
    ],
)
def test_a_provider_that_could_not_be_called_is_refused(
    operator: Client, endpoint: Endpoint, field: str, value: str
) -> None:
    posted = _provider_post(endpoint.provider, **{field: value})
    assert operator.post(_page(endpoint.provider), posted).status_code == 200


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
        "wordings-TOTAL_FORMS": 0,
        "wordings-INITIAL_FORMS": 0,
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


def switch(operator: Client, page: str, to: str, *rows: Any, reason: str = "invoices are wrong") -> Any:
    numbers = "&".join(f"id={row.pk}" for row in rows)
    return operator.post(f"/admin/routing/{page}/switch/?to={to}&{numbers}", {"reason": reason})


def test_an_endpoint_is_switched_off_for_a_reason_and_on_again(operator: Client, endpoint: Endpoint) -> None:
    assert endpoint.pk in served()
    assert switch(operator, "endpoint", "off", endpoint).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.paused_by == User.objects.get(pk=operator.session["_auth_user_id"])
    assert endpoint.pk not in served()
    page = operator.get("/admin/routing/endpoint/").content.decode()
    assert "invoices are wrong" in page and str(endpoint.paused_by) in page
    assert switch(operator, "endpoint", "on", endpoint, reason="they are right again").status_code == 302
    assert endpoint.pk in served()
    told = LogEntry.objects.filter(object_id=str(endpoint.pk)).order_by("pk")
    assert [str(entry).count("switched") for entry in told] == [1, 1]
    off, on = (entry.get_change_message() for entry in told)
    assert off == "switched off: invoices are wrong (before: on)"
    assert on.startswith("switched on: they are right again (before: off since")
    assert {entry.user_id for entry in told} == {int(operator.session["_auth_user_id"])}


def served() -> set[int]:
    """What gateways would take from the database now."""
    connection.ensure_connection()
    raw: Any = connection.connection
    catalog = load_catalog_sync(raw, {}, unseal)
    return {e.id for m in catalog.models.values() for e in m.endpoints if e.provider.available}


def test_a_provider_that_is_off_serves_nothing(operator: Client, endpoint: Endpoint) -> None:
    switch(operator, "provider", "off", endpoint.provider)
    assert endpoint.pk not in served()
    assert "invoices are wrong" in operator.get("/admin/routing/provider/?switch=off").content.decode()
    switch(operator, "provider", "on", endpoint.provider)
    assert endpoint.pk in served()


def test_nothing_is_switched_without_a_reason(operator: Client, endpoint: Endpoint) -> None:
    answer = switch(operator, "endpoint", "off", endpoint, reason="  ")
    assert "Say why" in answer.content.decode()
    assert endpoint.pk in served()
    with pytest.raises(ValueError, match="reason"):
        pause(endpoint, " ", User.objects.first())


def test_many_are_switched_off_for_one_reason(operator: Client, endpoint: Endpoint) -> None:
    other = Endpoint.objects.create(
        model=endpoint.model, provider=endpoint.provider, upstream_name="n", markup_kind="margin"
    )
    asked = operator.post(
        "/admin/routing/endpoint/",
        {"action": "switch_off", "_selected_action": [endpoint.pk, other.pk]},
        follow=True,
    )
    text = asked.content.decode()
    assert asked.redirect_chain and "required" in text
    assert switch(operator, "endpoint", "off", endpoint, other).status_code == 302
    assert {row.paused_reason for row in Endpoint.objects.filter(model=endpoint.model)} == {
        "invoices are wrong"
    }
    assert LogEntry.objects.filter(object_id__in=[str(endpoint.pk), str(other.pk)]).count() == 2


def test_the_first_reason_stays(operator: Client, endpoint: Endpoint) -> None:
    switch(operator, "endpoint", "off", endpoint)
    switch(operator, "endpoint", "off", endpoint, reason="somebody else's")
    endpoint.refresh_from_db()
    assert endpoint.paused_reason == "invoices are wrong"


def test_switching_needs_the_right_to_change(client: Client, endpoint: Endpoint) -> None:
    reader = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)
    view = Permission.objects.get(codename="view_endpoint")
    reader.user_permissions.add(view)
    client.force_login(reader)
    assert switch(client, "endpoint", "off", endpoint).status_code == 403
    customer = User.objects.create(email=f"{uuid4().hex}@test.invalid")
    client.force_login(customer)
    assert switch(client, "endpoint", "off", endpoint).status_code == 302
    assert endpoint.pk in served()


def test_a_load_of_the_catalog_switches_nothing_on(operator: Client, endpoint: Endpoint) -> None:
    switch(operator, "endpoint", "off", endpoint)
    Endpoint.objects.filter(pk=endpoint.pk).update(active=True)  # all that a load would say
    assert endpoint.pk not in served()


def test_what_has_no_switch_shows_none(operator: Client, endpoint: Endpoint) -> None:
    cost = endpoint.costs.get()
    for page, there in (
        (f"endpoint/{endpoint.pk}", True),
        (f"model/{endpoint.model_id}", False),
        (f"costversion/{cost.pk}", False),
    ):
        text = operator.get(f"/admin/routing/{page}/change/").content.decode()
        assert ("Switch off …" in text) is there
        assert "Switch on …" not in text


def test_changes_of_the_catalog_are_in_the_log(operator: Client, endpoint: Endpoint) -> None:
    """Who, when and what: a provider's address, a price."""
    operator.post(_page(endpoint.provider), _provider_post(endpoint.provider, base_url="https://q.test/v1"))
    operator.post(
        "/admin/routing/costversion/add/", {"endpoint": endpoint.pk, "input": "3.00", "output": "9"}
    )
    said = {
        entry.content_type.model: (entry.user, entry.get_change_message())
        for entry in LogEntry.objects.select_related("content_type", "user")
    }
    assert {user for user, _ in said.values()} == {User.objects.get(is_superuser=True)}
    assert "Address" in said["provider"][1]
    assert "Added" in said["costversion"][1]
