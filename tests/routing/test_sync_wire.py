"""Reading lists over HTTP: what is refused, who is due, who hears of failures."""

from typing import Any

import pytest

from accounts.models import Alert
from cloudapi.celery import app
from routing import tasks
from routing.errors import ListRefused
from routing.models import Provider
from routing.sync import daily, fetch
from tests.routing.lists import KEY, only, proposals, routed, sell, sync, tell
from tests.routing.test_sync_lists import CLAUDE, GEMINI, ROUTER_MODEL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 500}, "answers 500"),
        ({"key": "another"}, "answers 401"),
        ({"status": 302, "headers": [["location", "http://169.254.169.254/"]]}, "redirect"),
        ({"text": "<html>", "type": "text/html"}, "text/html"),
        ({"text": "<html>"}, "not JSON"),
        ({"cut": 5}, "cut off"),
        ({"pad": 10 * 1024 * 1024}, "larger than 10 MB"),
        ({"headers": [["content-encoding", "gzip"]]}, "compressed"),
        ({"body": {"data": []}}, "no models"),
        ({"body": {"data": [ROUTER_MODEL], "links": {"next": "http://127.0.0.2/x"}}}, "another host"),
        ({"body": {"data": [ROUTER_MODEL], "links": {"next": "?again"}}}, "twice|pages"),
    ],
)
def test_a_list_that_can_t_be_used_changes_nothing(
    provider: Provider, answer: dict[str, Any], said: str
) -> None:
    endpoint = sell(provider)
    tell(provider, routed("0.0000026"), **answer)
    assert sync(provider) is None
    assert not proposals(provider)
    assert endpoint.costs.count() == 1
    provider.refresh_from_db()
    assert fetch_error(provider, said)
    assert KEY not in provider.sync.error


def fetch_error(provider: Provider, said: str) -> bool:
    assert any(part in provider.sync.error for part in said.split("|")), provider.sync.error
    return True


def test_private_addresses_are_refused(provider: Provider, settings: Any) -> None:
    settings.CATALOG_SYNC_PRIVATE = False
    sell(provider)
    assert sync(provider) is None
    provider.refresh_from_db()
    assert "private network" in provider.sync.error


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("64:ff9b::808:808", True),
    ],
)  # fmt: skip
def test_which_addresses_are_the_internets(address: str, public: bool) -> None:
    assert fetch.is_public(address) is public


def test_nobody_there_is_told_without_what_was_sent(provider: Provider) -> None:
    with pytest.raises(ListRefused, match="127.0.0.1 can't be read: ConnectionRefusedError"):
        fetch.get("http://127.0.0.1:1/models", {"authorization": KEY}, private=True)


def test_pages_are_read_to_the_end(provider: Provider) -> None:
    Provider.objects.filter(pk=provider.pk).update(model_list="anthropic", dialect="anthropic")
    provider.base_url = provider.base_url.removesuffix("/v1")
    provider.save(update_fields=["base_url"])
    first = {"data": [CLAUDE], "has_more": True, "last_id": CLAUDE["id"]}
    tell(provider, path="/v1/models?limit=1000", body=first, key=KEY)
    second = {"data": [CLAUDE | {"id": "claude-next"}], "has_more": False}
    tell(provider, path=f"/v1/models?limit=1000&after_id={CLAUDE['id']}", body=second, key=KEY)
    assert sync(provider) == {"listed": 2, "unclear": 0, "applied": 0, "new": 2}


def test_geminis_list_is_asked_with_its_own_header(provider: Provider) -> None:
    Provider.objects.filter(pk=provider.pk).update(model_list="", dialect="gemini")
    tell(provider, body={"models": [GEMINI]}, key=KEY)
    sync(provider)
    assert only(provider).subject == "gemini-2.5-flash"


# the schedule


def test_a_list_is_due_until_it_was_read_today(provider: Provider) -> None:
    tell(provider, routed())
    assert provider in daily.due()
    sync(provider)
    assert provider not in daily.due()


@pytest.mark.parametrize(
    "change",
    [{"active": False}, {"hosted": True}, {"sandbox": True}, {"model_list": "off"}, {"base_url": ""},
     {"dialect": "pollinations", "model_list": ""}],
)  # fmt: skip
def test_who_has_no_list_to_read_is_never_due(provider: Provider, change: dict[str, Any]) -> None:
    Provider.objects.filter(pk=provider.pk).update(**change)
    provider.refresh_from_db()
    assert provider not in daily.due()
    assert sync(provider) is None


def test_a_provider_without_any_usable_credential_is_never_due(provider: Provider) -> None:
    provider.credentials.update(sealed=None, ref="env:NOT_SET_ANYWHERE")
    assert provider not in daily.due()
    assert sync(provider) is None


def test_operators_hear_of_the_third_failure_in_a_row(provider: Provider) -> None:
    tell(provider, status=503)
    told = Alert.objects.filter(dedupe_key=f"catalog_sync:{provider.slug}")
    for expected in (0, 0, 1, 1):
        sync(provider)
        assert told.count() == expected
    tell(provider, routed())
    sync(provider)
    provider.refresh_from_db()
    assert (provider.sync.failures, provider.sync.error) == (0, "")


def test_the_hourly_job_reads_what_is_due_unless_switched_off(provider: Provider, settings: Any) -> None:
    tell(provider, routed())
    Provider.objects.exclude(pk=provider.pk).update(active=False)
    app.conf.task_always_eager = True
    try:
        settings.CATALOG_SYNC = False
        tasks.sync_catalog()
        assert not proposals(provider)
        settings.CATALOG_SYNC = True
        tasks.sync_catalog()
        assert only(provider).kind == "new"
    finally:
        app.conf.task_always_eager = False


def test_a_reading_is_a_fixed_number_of_queries(
    provider: Provider, django_assert_max_num_queries: Any
) -> None:
    names = [f"m/{number}" for number in range(30)]
    for name in names:
        sell(provider, name)
    tell(provider, *(routed(id=name) for name in names))
    with django_assert_max_num_queries(20):
        sync(provider)
