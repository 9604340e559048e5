"""What operators see of providers' lists in the admin, and decide there."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from cloudapi.celery import app
from routing.models import CatalogProposal, Provider
from tests.routing.lists import in_force, only, proposals, routed, sell, sync, tell

pytestmark = pytest.mark.django_db
LIST, SYNCS = "/admin/routing/catalogproposal/", "/admin/routing/providersync/"


@pytest.fixture
def waiting(provider: Provider) -> CatalogProposal:
    """A jump of a price that waits for a decision."""
    sell(provider)
    tell(provider, routed("0.000005"))
    sync(provider)
    return only(provider)


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def decide(*rows: CatalogProposal) -> str:
    return f"{LIST}decide/?{'&'.join(f'id={row.pk}' for row in rows)}"


def test_the_list_shows_what_was_what_would_be_and_by_how_much(
    desk: Client, waiting: CatalogProposal
) -> None:
    page = desk.get(LIST).content.decode()
    assert "Input 2.50 → 5.00 (+100.00 %)" in page
    assert waiting.provider.slug in page
    assert "Input 2.50 → 5.00 (+100.00 %)" in desk.get(f"{LIST}{waiting.pk}/change/").content.decode()


def test_decided_ones_are_shown_when_asked_for(desk: Client, provider: Provider) -> None:
    sell(provider)
    tell(provider, routed("0.0000026"))
    sync(provider)
    assert "+4.00 %" not in desk.get(LIST).content.decode()
    assert "+4.00 %" in desk.get(f"{LIST}?state=applied").content.decode()
    assert "+4.00 %" in desk.get(f"{LIST}?state=all").content.decode()


def test_several_are_accepted_at_once_and_each_is_in_the_log(
    desk: Client, operator: User, waiting: CatalogProposal
) -> None:
    endpoint = sell(waiting.provider, "b/other")
    tell(waiting.provider, routed("0.000005"), routed("0.000009", id="b/other"))
    sync(waiting.provider)
    rows = proposals(waiting.provider, state="open")
    chosen = {"action": "decide_selected", "_selected_action": [row.pk for row in rows]}
    asked = desk.post(LIST, chosen)
    page = desk.get(asked["Location"]).content.decode()
    assert "Input 2.50 → 9.00" in page
    assert desk.post(asked["Location"], {"accept": "Accept", "reason": "as published"}).status_code == 302
    assert {row.state for row in proposals(waiting.provider)} == {"accepted"}
    assert in_force(endpoint)["input"] == 9_000_000_000
    entries = LogEntry.objects.filter(user=operator, content_type__model="catalogproposal")
    assert entries.count() == 2
    assert all("as published" in entry.change_message for entry in entries)


def test_a_rejection_without_a_reason_changes_nothing(desk: Client, waiting: CatalogProposal) -> None:
    page = desk.post(decide(waiting), {"reject": "Reject", "reason": ""}, follow=True).content.decode()
    assert "A rejection needs a reason." in page
    assert only(waiting.provider).state == "open"
    desk.post(decide(waiting), {"reject": "Reject", "reason": "a mistake of theirs"})
    row = only(waiting.provider)
    assert (row.state, row.reason) == ("rejected", "a mistake of theirs")


def test_one_that_was_decided_before_is_told(desk: Client, waiting: CatalogProposal) -> None:
    desk.post(decide(waiting), {"accept": "Accept"})
    page = desk.post(decide(waiting), {"accept": "Accept"}, follow=True).content.decode()
    assert "It was decided before" in page


def test_the_price_of_a_model_without_one_is_typed_and_logged(desk: Client, provider: Provider) -> None:
    slug = f"maker/{uuid4().hex}"
    tell(provider, routed(id=slug, name=slug, pricing={}))
    sync(provider)
    row = only(provider)
    names = [f"price-{row.pk}-{component}" for component in ("input", "output", "cached_input")]
    page = desk.get(decide(row)).content.decode()
    assert all(f'name="{name}"' in page for name in names)
    for given, told in (
        ({}, "type one (Input, USD per million tokens)"),
        ({names[0]: "1.5"}, "type one (Output, USD per million tokens)"),
        ({names[0]: "much", names[1]: "2"}, "is not a price"),
    ):
        page = desk.post(decide(row), {"accept": "Accept"} | given, follow=True).content.decode()
        assert told in page
        assert f'name="{names[0]}"' in page  # the operator is asked again
        assert only(provider).state == "open"
    desk.post(decide(row), {"accept": "Accept", names[0]: "1.50", names[1]: " 2.00 "})
    done = only(provider)
    assert done.endpoint is not None
    assert in_force(done.endpoint) == {"input": 1_500_000_000, "output": 2_000_000_000}
    entry = LogEntry.objects.get(content_type__model="catalogproposal", object_id=str(row.pk))
    assert "Input 1.50; Output 2.00" in entry.change_message


def test_how_far_small_steps_have_led_is_shown(desk: Client, provider: Provider) -> None:
    sell(provider)
    for prompt in ("0.0000029", "0.0000033"):
        tell(provider, routed(prompt))
        sync(provider)
    assert "+13.80 % (+32.00 % within 30 days)" in desk.get(LIST).content.decode()


@pytest.mark.parametrize("rights", [[], ["view_catalogproposal"]])
def test_who_may_not_change_the_catalog_decides_nothing(
    client: Client, waiting: CatalogProposal, rights: list[str], django_user_model: Any
) -> None:
    clerk = User.objects.create(email="clerk@test.invalid", is_staff=True)
    grant(clerk, rights)
    client.force_login(clerk)
    assert client.post(decide(waiting), {"accept": "Accept"}).status_code == 403
    assert client.get(LIST).status_code == (200 if rights else 403)
    client.logout()
    assert client.post(decide(waiting), {"accept": "Accept"}).status_code == 302
    assert only(waiting.provider).state == "open"


def grant(user: User, rights: list[str]) -> None:
    kinds = type(user).user_permissions.field.related_model.objects
    user.user_permissions.set(kinds.filter(codename__in=rights))


def test_proposals_are_neither_made_nor_removed_by_hand(desk: Client, waiting: CatalogProposal) -> None:
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.post(f"{LIST}{waiting.pk}/delete/").status_code == 403
    desk.post(f"{LIST}{waiting.pk}/change/", {"state": "accepted"})
    assert only(waiting.provider).state == "open"


def test_the_last_reading_of_each_list_is_shown(desk: Client, waiting: CatalogProposal) -> None:
    assert "listed 1, price 1" in desk.get(SYNCS).content.decode()
    tell(waiting.provider, status=503)
    sync(waiting.provider)
    assert "it answers 503" in desk.get(SYNCS).content.decode()
    waiting.provider.refresh_from_db()
    assert "it answers 503" in desk.get(f"{SYNCS}{waiting.provider.sync.pk}/change/").content.decode()


@pytest.mark.parametrize("where", ["provider", "providersync"])
def test_a_list_is_read_when_an_operator_asks(desk: Client, waiting: CatalogProposal, where: str) -> None:
    provider = waiting.provider
    tell(provider, routed("0.000007"))
    provider.refresh_from_db()
    action, pk = ("sync_providers", provider.pk) if where == "provider" else ("sync_now", provider.sync.pk)
    app.conf.task_always_eager = True
    try:
        url = reverse(f"admin:routing_{where}_changelist")
        page = desk.post(url, {"action": action, "_selected_action": [pk]}, follow=True).content.decode()
    finally:
        app.conf.task_always_eager = False
    assert f"The list of {provider.slug} is being read." in page
    assert only(provider, state="open").after["input"] == 7_000_000_000


def test_a_provider_without_a_list_is_told_so(desk: Client, provider: Provider) -> None:
    Provider.objects.filter(pk=provider.pk).update(model_list="off")
    chosen = {"action": "sync_providers", "_selected_action": [provider.pk]}
    page = desk.post("/admin/routing/provider/", chosen, follow=True).content.decode()
    assert "has no list that we could read" in page
