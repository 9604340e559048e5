"""Asking feeds over real HTTP: what is stored, when they are asked again, what a broken one does."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from accounts.models import Alert
from accounts.seals import seal
from cloudapi.celery import app
from routing import tasks
from routing.energy import http, poll
from routing.energy.markets import Feed, FeedState, GridPrice, GridRate
from routing.errors import FeedError
from routing.pause import pause, resume
from tests.routing.energy import markets_said as said
from tests.routing.energy.conftest import Markets

pytestmark = pytest.mark.django_db
Make = Callable[..., Feed]
NOW = datetime(2026, 11, 18, 12, 2, tzinfo=UTC)
SPP_DAY = datetime(2025, 3, 31, 13, 40, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPP, CAISO, MISO, ERCOT = "portal.spp.org", "oasis.caiso.com", "public-api.misoenergy.org", "www.ercot.com"
NYISO_NEW, NYISO_OLD = "oasis-postings.prod.nysdi.com", "mis.nyiso.com"


def state(feed: Feed) -> FeedState:
    return FeedState.objects.get(feed=feed)


def prices(feed: Feed) -> list[Decimal]:
    rows = GridPrice.objects.filter(node__feed=feed).order_by("start")
    return [price.normalize() for price in rows.values_list("price", flat=True)]


# What is stored


def test_a_feed_is_asked_when_its_time_has_come_and_not_before(feed: Make):
    ours = feed("replay", "HB_NORTH")
    assert poll.poll_due(NOW) == 1
    assert len(prices(ours)) == 47
    assert poll.poll_due(NOW + timedelta(seconds=239)) == 0
    assert poll.poll_due(NOW + timedelta(seconds=300)) == 1
    assert len(prices(ours)) == 48
    assert state(ours).price_end == NOW.replace(minute=5)


def test_an_empty_file_keeps_what_was_known_and_the_next_one_goes_on(feed: Make, markets: Markets):
    spp = feed("spp", "SPPNORTH_HUB")
    for end in ("13:40", "13:45", "13:50"):
        markets.say(SPP, said.spp(end, baa=True))
        hour, minute = map(int, end.split(":"))
        assert poll.poll_due(SPP_DAY.replace(hour=hour, minute=minute))
        assert (state(spp).failures, state(spp).error) == (0, "")
    assert prices(spp) == [Decimal("36.0854"), Decimal("29.4415")]
    assert state(spp).price_end == SPP_DAY.replace(minute=50, second=0)


def test_canadian_prices_are_dollars_by_the_newest_rate(feed: Make, markets: Markets):
    ieso, boc = feed("ieso", "NORTHWEST:HUB", currency="CAD"), feed("boc")
    markets.say("reports-public.ieso.ca", said.ieso())
    markets.say("www.bankofcanada.ca", said.VALET)
    now = datetime(2026, 9, 23, tzinfo=UTC)
    GridRate.objects.create(currency="CAD", date=date(2026, 9, 1), per_usd="1.3")
    poll.poll_now(boc, now)
    poll.poll_now(ieso, now)
    row = GridPrice.objects.get(node__feed=ieso, price="-30.73")
    assert (row.start, row.end) == (
        datetime(2026, 6, 30, 6, 5, tzinfo=UTC),
        datetime(2026, 6, 30, 6, 10, tzinfo=UTC),
    )
    assert row.usd.quantize(Decimal("0.01")) == Decimal("-21.85")
    assert GridPrice.objects.filter(node__feed=ieso).count() == 2
    assert list(GridRate.objects.values_list("date", flat=True)) == [date(2026, 9, 22), date(2026, 9, 1)]


def test_without_any_rate_canadian_prices_wait(feed: Make, markets: Markets):
    ieso = feed("ieso", "NORTHWEST:HUB", currency="CAD")
    markets.say("reports-public.ieso.ca", said.ieso())
    poll.poll_due(NOW)
    assert state(ieso).error == "no rate of CAD is known yet"
    assert state(ieso).next_at == NOW + MINUTE
    assert prices(ieso) == []


def test_a_rate_that_can_t_be_true_is_refused(feed: Make, markets: Markets):
    boc = feed("boc")
    markets.say("www.bankofcanada.ca", said.VALET.replace(b"1.4064", b"14.064"))
    poll.poll_due(NOW)
    assert "can't be true" in state(boc).error
    assert not GridRate.objects.exists()


def test_a_point_that_can_t_be_true_is_refused_by_name_and_the_others_are_kept(feed: Make, markets: Markets):
    ercot = feed("ercot", "HB_NORTH", "LZ_WEST")
    markets.say(ERCOT, said.ERCOT.replace(b"809.79", b"9000.00"))
    poll.poll_due(datetime(2026, 4, 25, 3, 17, tzinfo=UTC))
    assert prices(ercot) == [Decimal("142.73")]
    assert state(ercot).error.startswith("refused: LZ_WEST: 9000.000000 USD/MWh is outside")
    assert state(ercot).failures == 0


def test_an_interval_too_far_ahead_and_another_currency_are_refused(feed: Make, markets: Markets):
    ercot = feed("ercot", "HB_NORTH")
    markets.say(ERCOT, said.ERCOT)
    poll.poll_due(datetime(2026, 4, 25, 2, 59, tzinfo=UTC))
    assert "too far ahead" in state(ercot).error
    miso = feed("miso", "MINN.HUB", currency="CAD")
    GridRate.objects.create(currency="CAD", date=date(2026, 9, 1), per_usd="1.3")
    markets.say(MISO, said.MISO)
    poll.poll_now(miso, datetime(2026, 10, 2, 21, 52, tzinfo=UTC))
    assert "another currency" in state(miso).error
    assert not GridPrice.objects.exists()


def test_what_is_older_than_what_is_stored_comes_too_late(feed: Make, markets: Markets):
    spp = feed("spp", "SPPNORTH_HUB")
    for end in ("13:55", "13:50", "13:55"):
        markets.say(SPP, said.spp(end))
        poll.poll_now(spp, SPP_DAY + timedelta(hours=1) + len(markets.asked()) * MINUTE)
    assert prices(spp) == [Decimal("34.5103")]
    assert len(markets.asked(SPP)) == 3


# How they are asked


def test_who_asks_says_so_and_a_key_goes_where_it_belongs(feed: Make, markets: Markets, settings: Any):
    settings.COMPANY = settings.COMPANY | {"contact": "ops@example.uz"}
    pjm = feed("pjm", "51288", needs_key=True, sealed_key=seal("s3cret-key"))
    feed("isone", "4000", needs_key=True, sealed_key=seal("user:pass"))
    markets.say("api.pjm.com", said.PJM)
    poll.poll_due(datetime(2026, 9, 8, 23, tzinfo=UTC))
    (asked,) = markets.asked("api.pjm.com")
    assert asked["headers"]["user-agent"] == "CloudAPI (+ops@example.uz)"
    assert asked["headers"]["ocp-apim-subscription-key"] == "s3cret-key"
    assert "pnode_id=51288" in asked["path"]
    assert prices(pjm) == [Decimal("-1.5"), Decimal("283.51")]
    (other,) = markets.asked("webservices.iso-ne.com")
    assert other["headers"]["authorization"] == "Basic dXNlcjpwYXNz"
    assert state(Feed.objects.get(slug="isone")).error == "it answers 404"


def test_nyisos_old_host_is_asked_when_the_new_one_fails(feed: Make, markets: Markets):
    nyiso = feed("nyiso", "N.Y.C.")
    body = b'"Time Stamp","Name","PTID","LBMP ($/MWHr)"\r\n"11/18/2026 07:00:00","N.Y.C.",61761,41.5\r\n'
    markets.say(NYISO_NEW, status=503)
    markets.say(NYISO_OLD, body)
    poll.poll_due(NOW)
    assert prices(nyiso) == [Decimal("41.5")]
    assert [entry["host"] for entry in markets.asked()] == [NYISO_NEW, NYISO_OLD]
    assert markets.asked(NYISO_OLD)[0]["path"] == "public/csv/realtime/20261118realtime_zone.csv"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 403}, "it answers 403"),
        ({"status": 302, "headers": {"location": "http://169.254.169.254/"}}, "it answers 302"),
        ({"body": b"<html>"}, "has no column"),
        ({"body": b"x" * 10, "cut": True}, "can't be read: IncompleteRead"),
        ({"body": b"x" * (http.BYTES_MAX + 1)}, "its answer is too long"),
    ],
)
def test_what_went_wrong_is_said_and_tried_again_in_a_minute(
    feed: Make, markets: Markets, answer: dict[str, Any], error: str
):
    spp = feed("spp", "SPPNORTH_HUB")
    markets.say(SPP, **answer)
    poll.poll_due(NOW)
    assert error in state(spp).error or "cut off" in state(spp).error
    assert (state(spp).failures, state(spp).next_at) == (1, NOW + MINUTE)


def test_a_429_is_left_alone_for_as_long_as_it_says(feed: Make, markets: Markets):
    caiso = feed("caiso", "TH_NP15_GEN-APND")
    markets.say(CAISO, b"Please retry your request after 5 seconds", status=429)
    poll.poll_due(NOW)
    assert state(caiso).error == "it answers 429: asked too often"
    assert not poll.poll_now(caiso, NOW + timedelta(seconds=4))
    assert poll.poll_now(caiso, NOW + timedelta(seconds=5))
    markets.say(CAISO, status=429, headers={"retry-after": "600"})
    poll.poll_now(caiso, NOW + MINUTE)
    assert state(caiso).next_at == NOW + 11 * MINUTE
    markets.say(CAISO, said.zipped("INVALID_REQUEST.xml", "<m:ERROR_CODE>1000</m:ERROR_CODE>"))
    poll.poll_now(caiso, NOW + 2 * MINUTE)
    assert "INVALID_REQUEST" in state(caiso).error
    assert prices(caiso) == []


def test_a_hung_socket_ends_and_the_others_are_stored_meanwhile(feed: Make, markets: Markets):
    caiso, spp = feed("caiso", "TH_NP15_GEN-APND"), feed("spp", "SPPNORTH_HUB")
    markets.say(CAISO, hang=True)
    markets.say(SPP, said.spp("13:40"))
    stored = threading.Event()

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        done = execute(sql, *rest)
        if sql.startswith('INSERT INTO "routing_gridprice"'):
            stored.set()
        return done

    seen: list[bool] = []

    class Waiting(http.Client):
        """Hangs at CAISO until the other's price is stored, then until its own time is over."""

        def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = 10) -> bytes:
            if CAISO in url:
                seen.append(stored.wait(20))
            return super().get(url, headers, within_s=within_s)

    with connection.execute_wrapper(watch):
        assert poll.poll_due(SPP_DAY, partial(Waiting, whole_s=1)) == 2
    assert seen == [True]
    assert prices(spp) == [Decimal("36.0854")]
    assert "TimeoutError" in state(caiso).error
    assert http.WHOLE_S == 10


def test_a_feed_that_can_t_even_be_given_up_is_said_to_be_silent(
    feed: Make, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.ENERGY_FEEDS = True
    caiso, ours = feed("caiso", "TH_NP15_GEN-APND"), feed("replay", "HB_NORTH")
    over = threading.Event()

    class Stuck(http.Client):
        def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = 10) -> bytes:
            over.wait(30)
            return b""

    monkeypatch.setattr(poll, "_GIVE_UP_S", 0.5)
    try:
        poll.poll_due(NOW, Stuck)
    finally:
        over.set()
    assert "no answer in" in state(caiso).error
    assert len(prices(ours)) == 47


def test_a_mistake_of_an_adapter_is_its_own_feeds_failure(feed: Make, settings: Any):
    settings.ENERGY_FEEDS = True

    class Broken(http.Client):
        def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = 10) -> bytes:
            raise LookupError("a secret")

    spp, ours = feed("spp", "SPPNORTH_HUB"), feed("replay", "HB_NORTH")
    poll.poll_due(NOW, Broken)
    assert state(spp).error == "the adapter failed: LookupError"
    assert len(prices(ours)) == 47


# How often


class Counting:
    """A client that only fails, and when it was asked."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked: dict[str, list[datetime]] = {}

    def __call__(self, key: str) -> Any:
        self.key = key
        return self

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = 10) -> bytes:
        host = url.split("/")[2]
        self.asked.setdefault(host, []).append(self.now)
        raise FeedError("it answers 503", retry_after_s=len(self.asked[host]) % 3)

    def gaps(self, host: str) -> list[timedelta]:
        times = self.asked[host]
        return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]


def test_for_an_hour_no_market_is_asked_more_often_than_it_allows(feed: Make, settings: Any):
    settings.ENERGY_FEEDS = True
    feeds = [feed("caiso", "a"), feed("ercot", "HB_NORTH"), feed("miso", "MINN.HUB")]
    client = Counting()
    for step in range(0, 3600, 20):
        client.now = NOW + timedelta(seconds=step)
        if step % 60 == 0:
            poll.poll_due(client.now, client)
        for one in feeds:  # somebody presses the button again and again
            poll.poll_now(one, client.now, client)
    assert min(client.gaps(CAISO)) >= timedelta(seconds=5)
    assert min(client.gaps(ERCOT)) >= timedelta(seconds=300)
    assert min(client.gaps(MISO)) >= timedelta(seconds=60)
    assert len(client.asked[MISO]) == 60


def test_after_five_failures_it_rests_longer_each_time_and_one_try_ends_that(feed: Make, markets: Markets):
    spp = feed("spp", "SPPNORTH_HUB")
    markets.say(SPP, status=500)
    now, waits = SPP_DAY, []
    for _ in range(9):
        assert poll.poll_due(now) == 1
        assert poll.poll_due(now) == 0
        waits.append((state(spp).next_at or now) - now)
        now += waits[-1]
    assert waits == [MINUTE] * 4 + [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 120 * MINUTE]
    assert state(spp).resting_until == now
    (alert,) = Alert.objects.filter(dedupe_key="energy_feed:spp")
    assert "5 times in vain" in alert.text
    markets.say(SPP, said.spp("13:40"))
    assert poll.poll_due(now) == 1
    found = state(spp)
    assert (found.failures, found.resting_until, found.error, found.ok_at) == (0, None, "", now)


def test_a_feed_is_never_asked_twice_by_two_workers(feed: Make):
    ours = feed("replay", "HB_NORTH")
    assert [poll._claim(ours, NOW, forced=False) for _ in range(2)] == [True, False]


# Whether


def test_no_market_is_asked_where_the_settings_say_so(feed: Make, settings: Any):
    settings.ENERGY_FEEDS = False
    feed("spp", "SPPNORTH_HUB")
    feed("replay", "HB_NORTH")
    feed("static", "contract")
    assert {one.slug for one in poll.usable()} == {"replay", "static"}


def test_terms_key_nodes_and_switch_decide_whether_it_is_asked(feed: Make, settings: Any):
    settings.ENERGY_FEEDS = True
    pjm = feed("pjm", needs_terms=True, needs_key=True)
    assert (pjm.lacks, poll.usable().count()) == (["terms", "key"], 0)
    pjm.nodes.create(code="51288")
    pjm.terms_accepted_at, pjm.sealed_key = timezone.now(), seal("k")
    pjm.save()
    assert (pjm.lacks, poll.usable().count()) == ([], 1)
    operator = get_user_model().objects.create(email="operator@test.invalid")
    assert pause(pjm, "their data is broken", operator)
    assert not poll.poll_now(pjm, NOW)
    assert resume(pjm)
    assert poll.usable().count() == 1


def test_the_job_asks_who_is_due(feed: Make):
    ours = feed("replay", "HB_NORTH")
    tasks.poll_feeds()
    assert state(ours).ok_at is not None
    assert app.conf.beat_schedule["feeds"]["task"] == "routing.tasks.poll_feeds"


def test_asking_is_a_fixed_number_of_queries(feed: Make, django_assert_max_num_queries: Any):
    feed("replay", "HB_NORTH", "N.Y.C.", "TORONTO:HUB", "TH_NP15_GEN-APND")
    with django_assert_max_num_queries(14):
        poll.poll_due(NOW)
