"""What operators see of sites and set at them, and what is written down of it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.forms import Form, model_to_dict
from django.test import Client
from django.utils import timezone

from accounts.models import User
from routing.energy.models import BenchmarkPrice, DataCentre, Hosting, SiteState
from routing.energy.site_forms import HostingForm, SiteForm
from routing.energy.tick import tick
from tests.energy import Site, make_model
from tests.routing.energy.grid import FIVE, costs, host, publish

pytestmark = pytest.mark.django_db
SITES, HOSTINGS, BENCHMARKS = (
    f"/admin/routing/{name}/" for name in ("datacentre", "hosting", "benchmarkprice")
)


@pytest.fixture
def site() -> Site:
    found = host("alpha", make_model())
    publish(found, timezone.now() - 2 * FIVE, ["40"])
    tick()
    return found


@pytest.fixture
def desk(client: Client) -> Client:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client


def typed(form: type[Form], row: Any, **changes: Any) -> dict[str, Any]:
    """The form as a browser posts it; moments in two fields, as admin has them."""
    data = {name: value for name, value in model_to_dict(row).items() if value is not None}
    data = {name: data[name] for name in form.base_fields if name in data}
    return data | {"reason": "as the contract says"} | changes


def in_days(days: int) -> dict[str, str]:
    until = timezone.localtime(timezone.now() + timedelta(days=days))
    return {"override_until_0": f"{until:%Y-%m-%d}", "override_until_1": f"{until:%H:%M:%S}"}


def page(desk: Client, row: Any, address: str) -> str:
    return desk.get(f"{address}{row.pk}/change/").content.decode()


def test_the_health_of_every_site_is_seen_at_a_glance(desk: Client, site: Site) -> None:
    shown = desk.get(SITES).content.decode()
    assert "65.00" in shown
    assert "live" in shown
    SiteState.objects.update(drained=True, state="hold")
    shown = desk.get(f"{SITES}?state=drained").content.decode()
    assert "drained: above the ceiling" in shown
    assert "alpha" in desk.get(f"{SITES}?state=stale").content.decode()
    assert "0 entries" in desk.get(f"{SITES}?state=override").content.decode()


def test_a_price_by_hand_has_a_reason_and_an_end_and_is_in_force_at_once(
    desk: Client, site: Site, django_capture_on_commit_callbacks: Any
) -> None:
    post = typed(SiteForm, site.centre, override_usd="120", **in_days(2))
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(f"{SITES}{site.centre.pk}/change/", post)
    assert answer.status_code == 302, answer.content.decode()
    row = DataCentre.objects.get(pk=site.centre.pk)
    assert (row.override_usd, row.override_reason) == (120, "as the contract says")
    assert SiteState.objects.get().state == "override"
    assert costs(site.endpoint)[-1].components["output"] == 1_068_000_000
    told = LogEntry.objects.get(object_id=str(row.pk)).get_change_message()
    assert "override_usd – → 120" in told
    assert told.endswith("as the contract says")
    assert "as the contract says" in desk.get(SITES).content.decode()


def test_emptying_the_price_by_hand_ends_it(desk: Client, site: Site) -> None:
    DataCentre.objects.update(
        override_usd=120, override_until=timezone.now() + timedelta(days=1), override_reason="a test"
    )
    row = DataCentre.objects.get()
    post = typed(SiteForm, row, override_usd="", override_until_0="", override_until_1="")
    assert desk.post(f"{SITES}{row.pk}/change/", post).status_code == 302
    row.refresh_from_db()
    assert (row.override_usd, row.override_until, row.override_reason) == (None, None, "")
    assert "override_usd 120 → –" in LogEntry.objects.get().get_change_message()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"override_usd": "120"}, "ends within 31 days"),
        ({"override_usd": "120", **in_days(40)}, "ends within 31 days"),
        ({"override_usd": "-1", **in_days(1)}, "0 or more"),
        ({"ceiling_usd": "0"}, "above the floor"),
        ({"floor_usd": "-5"}, "0 or more"),
        ({"pue": "0.5"}, "constraint"),
        ({"reason": " "}, "required"),
    ],
)
def test_what_makes_no_sense_is_said_and_not_saved(
    desk: Client, site: Site, changes: dict[str, str], said: str
) -> None:
    answer = desk.post(f"{SITES}{site.centre.pk}/change/", typed(SiteForm, site.centre, **changes))
    assert answer.status_code == 200
    assert said in answer.content.decode().lower()
    assert not LogEntry.objects.exists()


def test_new_figures_of_a_model_make_a_new_price(
    desk: Client, site: Site, django_capture_on_commit_callbacks: Any
) -> None:
    hosting = Hosting.objects.get()
    post = typed(HostingForm, hosting, joules_per_token="0.373", tokens_per_s=6827)
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(f"{HOSTINGS}{hosting.pk}/change/", post).status_code == 302
    assert costs(site.endpoint)[-1].components["output"] < 600_000_000
    assert "tokens_per_s 3244 → 6827" in LogEntry.objects.get().get_change_message()
    shown = desk.get(HOSTINGS).content.decode()
    assert "4 × H100" in shown
    assert "0.50" in shown


def test_figures_are_never_removed(desk: Client, site: Site) -> None:
    assert desk.post(f"{SITES}{site.centre.pk}/delete/").status_code == 403
    assert desk.post(f"{HOSTINGS}{Hosting.objects.get().pk}/delete/").status_code == 403


def test_who_is_preferred_is_looked_at_only(desk: Client, site: Site) -> None:
    assert "alpha" in desk.get("/admin/routing/preference/").content.decode()
    assert desk.get("/admin/routing/preference/add/").status_code == 403


def test_prices_of_others_are_typed_in_dollars_and_stay(desk: Client, site: Site) -> None:
    row = {
        "model": site.endpoint.model_id,
        "provider": "Together",
        "quantization": "",
        "input_usd": "0.88",
        "output_usd": "0.88",
        "url": "https://together.test/pricing",
        "seen_at": f"{timezone.localdate():%Y-%m-%d}",
    }
    answer = desk.post(f"{BENCHMARKS}add/", row)
    assert answer.status_code == 302, answer.content.decode()
    found = BenchmarkPrice.objects.get()
    assert (found.input_nano, found.output_nano) == (880_000_000, 880_000_000)
    assert "0.88" in desk.get(BENCHMARKS).content.decode()
    assert "0.88" in page(desk, found, BENCHMARKS)
    assert desk.post(f"{BENCHMARKS}{found.pk}/change/", row | {"output_usd": "1"}).status_code == 403
    tomorrow = timezone.localdate() + timedelta(days=1)
    for wrong in ({"input_usd": "cheap"}, {"seen_at": f"{tomorrow:%Y-%m-%d}"}):
        assert desk.post(f"{BENCHMARKS}add/", row | wrong).status_code == 200


@pytest.mark.parametrize("address", [SITES, HOSTINGS, BENCHMARKS, "/admin/routing/preference/"])
def test_nobody_else_gets_in(client: Client, site: Site, address: str) -> None:
    clerk = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)
    client.force_login(clerk)
    assert client.get(address).status_code == 403
