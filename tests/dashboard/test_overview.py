"""The overview: today and this month, what needs doing, the first steps, the part that moves."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import ApiKey
from billing.models import Channel, TopUp
from dashboard import overview_pages
from dashboard.models import Dismissal
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import MICROS, Caller, make_caller, rows, set_cap

pytestmark = pytest.mark.django_db


def shown(caller: Caller) -> str:
    return browser(caller).get("/dashboard").content.decode().replace("\u00a0", " ")


def live(caller: Caller, **headers: str) -> Any:
    return browser(caller).get("/dashboard", headers={"x-part": "live", **headers})


def confirmed(caller: Caller) -> Caller:
    EmailAddress.objects.create(user=caller.user, email=caller.user.email, primary=True, verified=True)
    return caller


def test_today_and_the_month_are_what_the_calls_cost() -> None:
    caller = make_caller(balance_uzs=1000)
    log_call(caller)
    log_call(caller, status="error", cost_micros=0, latency_ms=100)
    text = shown(caller)
    for fact in ("1,000.00 UZS", "paid 1,000.00 UZS, bonus 0.00 UZS", "50%", "95% answered within"):
        assert fact in text, fact
    assert text.count("31.50 UZS") == 2  # today and this month


def test_steps_are_ticked_by_what_is_there() -> None:
    caller = make_caller()
    assert shown(caller).count('<li class="done">') == 1  # the key
    confirmed(caller)
    log_call(caller)
    set_cap(caller, "project_day", 5 * MICROS)
    assert shown(caller).count('<li class="done">') == 4
    paid = make_caller(balance_uzs=5)
    assert shown(paid).count('<li class="done">') == 2


def test_who_has_made_all_steps_is_told_no_more_of_them() -> None:
    caller = confirmed(make_caller(balance_uzs=1000, caps={"project_day": 5 * MICROS}))
    log_call(caller)
    text = shown(caller)
    assert "First steps" not in text and "Your first answer" not in text


def test_steps_are_put_away_by_each_person_for_themselves() -> None:
    caller, client = make_caller(), None
    colleague = viewer(caller)
    client = browser(caller)
    assert client.post("/dashboard/first-steps").status_code == 302
    assert client.post("/dashboard/first-steps").status_code == 302
    assert "First steps" not in shown(caller) and "Show the first steps again" in shown(caller)
    assert Dismissal.objects.filter(organization=caller.organization).count() == 1
    assert "First steps" in colleague.get("/dashboard").content.decode()
    client.post("/dashboard/first-steps", {"show": "1"})
    assert "First steps" in shown(caller)


def test_a_viewer_is_shown_no_step_that_is_not_theirs() -> None:
    text = viewer(make_caller()).get("/dashboard").content.decode()
    assert "Confirm your address" in text
    assert "Set a budget" not in text and "Your first answer" not in text and "Top up" not in text


def test_a_new_organization_is_led_to_a_model_that_answers_in_studio(catalog: None) -> None:
    caller = make_caller(balance_uzs=10)
    text = shown(caller)
    assert "Your first answer" in text and "/dashboard/studio#model=test%2F" in text
    log_call(caller)
    assert "Your first answer" not in shown(caller)


def test_what_stops_calls_comes_first() -> None:
    caller = make_caller(balance_uzs=2, caps={"project_day": 0})
    rows("UPDATE wallet SET topped_up_at = now() WHERE org_id = %s RETURNING 1", caller.organization.pk)
    ApiKey.objects.filter(pk=caller.api_key.pk).update(expires_at=timezone.now() + timedelta(days=2))
    topup = TopUp.objects.create(
        org=caller.organization,
        requested_by=caller.user,
        provider=Channel.PAYME,
        amount_micros=5000 * MICROS,
        expires_at=timezone.now() + timedelta(hours=2),
    )
    text = shown(caller)
    said = (
        "has used up its cap",
        "The balance is low: 2.00 UZS",
        "The key “test” expires on",
        f"№ {topup.pk} of",
    )
    places = [text.index(words) for words in said]
    assert places == sorted(places)
    assert not any(words in shown(make_caller()) for words in said)


@pytest.fixture
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends while the test looks twice."""
    monkeypatch.setattr(overview_pages, "_DRAWN_ANEW_S", 10**12)


def test_the_part_that_moves_is_sent_again_only_when_it_has(one_minute: None) -> None:
    caller = make_caller(balance_uzs=1000)
    first = live(caller)
    assert b"<main" not in first.content and b"data-live-part" in first.content
    assert "no-store" in first.headers["Cache-Control"]
    mark = first.headers["ETag"]
    same = live(caller, **{"if-none-match": mark})
    assert (same.status_code, same.content) == (304, b"")
    log_call(caller)
    moved = live(caller, **{"if-none-match": mark})
    assert moved.status_code == 200 and moved.headers["ETag"] != mark


def test_a_mark_is_good_for_its_organization_alone() -> None:
    alice, bob = make_caller(), make_caller()
    assert live(bob, **{"if-none-match": live(alice).headers["ETag"]}).status_code == 200


def test_an_unmoved_part_costs_a_handful_of_queries(
    one_minute: None, django_assert_max_num_queries: Any
) -> None:
    client = browser(make_caller(balance_uzs=1000))
    mark = client.get("/dashboard", headers={"x-part": "live"}).headers["ETag"]
    with django_assert_max_num_queries(6):
        answer = client.get("/dashboard", headers={"x-part": "live", "if-none-match": mark})
    assert answer.status_code == 304
