"""Markets' own answers, read: the acceptance tests 1 to 5 of the energy reference, and junk."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.energy.adapters import ADAPTERS, Node, PricePoint
from routing.errors import FeedError
from tests.routing.energy import markets_said as said

FIVE = timedelta(minutes=5)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(market: str, body: bytes) -> list[PricePoint]:
    return ADAPTERS[market].parse(body)


def price(market: str, body: bytes, code: str) -> PricePoint:
    (point,) = [point for point in read(market, body) if point.code == code]
    return point


@pytest.mark.parametrize("baa", [False, True])
def test_spp_tells_the_lmp_of_its_own_area_and_not_its_energy_part(baa: bool):
    point = price("spp", said.spp("13:40", baa=baa), "SPPNORTH_HUB")
    assert point.price == Decimal("36.0854")
    assert (point.start, point.end) == (utc("2025-03-31T13:35"), utc("2025-03-31T13:40"))


def test_an_empty_file_of_spp_adds_nothing_and_is_no_error():
    assert read("spp", said.spp("13:45")) == []
    assert price("spp", said.spp("13:50"), "SPPNORTH_HUB").price == Decimal("29.4415")


def test_ieso_counts_hours_from_one_in_est_and_leaves_what_is_to_come_empty():
    points = [point for point in read("ieso", said.ieso()) if point.code == "NORTHWEST:HUB"]
    assert [(point.start, point.price) for point in points] == [
        (utc("2026-06-30T06:00"), Decimal("-28.42")),
        (utc("2026-06-30T06:05"), Decimal("-30.73")),
    ]
    assert {(point.end - point.start, point.currency) for point in points} == {(FIVE, "CAD")}


def test_nyiso_tells_the_two_hours_of_one_name_apart_by_their_order():
    points = read("nyiso", said.nyiso(date(2025, 11, 2), timedelta(hours=1)))
    assert len(points) == 25
    assert [(point.start, point.price) for point in points[1:3]] == [
        (utc("2025-11-02T05:00"), Decimal("53.65")),
        (utc("2025-11-02T06:00"), Decimal("52.59")),
    ]


@pytest.mark.parametrize(
    ("day", "hours", "first", "last"),
    [
        (date(2025, 11, 2), 25, "2025-11-02T04:00", "2025-11-03T05:00"),
        (date(2026, 3, 8), 23, "2026-03-08T05:00", "2026-03-09T04:00"),
        (date(2026, 7, 26), 24, "2026-07-26T04:00", "2026-07-27T04:00"),
    ],
)
def test_nyisos_days_have_no_hole_and_no_overlap_when_clocks_change(
    day: date, hours: int, first: str, last: str
):
    hourly = read("nyiso", said.nyiso(day, timedelta(hours=1)))
    steps = read("nyiso", said.nyiso(day, FIVE))
    assert (len(hourly), len(steps)) == (hours, hours * 12)
    for points in (hourly, steps):
        assert (points[0].start, points[-1].end) == (utc(first), utc(last))
        assert all(one.end == two.start for one, two in zip(points, points[1:], strict=False))


def test_a_five_minute_stamp_of_nyiso_is_the_end_of_its_interval():
    body = b'"Time Stamp","Name","PTID","LBMP ($/MWHr)"\r\n"07/26/2026 00:05:00","CAPITL",61757,40.76\r\n'
    assert price("nyiso", body, "CAPITL").start == utc("2026-07-26T04:00")


def test_misos_clock_is_est_all_year():
    point = price("miso", said.MISO, "MINN.HUB")
    assert (point.start, point.price) == (utc("2026-10-02T21:50"), Decimal("26.04"))


def test_ercots_end_is_its_epoch_and_day_ahead_prices_are_left_alone():
    points = {point.code: point for point in read("ercot", said.ERCOT)}
    assert points["HB_NORTH"].end == utc("2026-04-25T03:15")
    assert points["HB_NORTH"].end - points["HB_NORTH"].start == timedelta(minutes=15)
    told = {code: str(point.price.normalize()) for code, point in points.items()}
    assert told == {
        **{"HB_BUSAVG": "215.27", "HB_HUBAVG": "259.03", "HB_NORTH": "142.73"},
        **{"HB_PAN": "-4.06", "LZ_WEST": "809.79"},
    }


@pytest.mark.parametrize("column", ["VALUE", "MW"])
def test_caisos_price_is_the_row_of_the_lmp_in_both_versions(column: str):
    point = price("caiso", said.caiso(column), "TH_NP15_GEN-APND")
    assert point.price == Decimal("50.48609")
    assert (point.start, point.end) == (utc("2025-07-18T07:00"), utc("2025-07-18T07:05"))


def test_caisos_error_in_a_good_answer_is_an_error():
    with pytest.raises(FeedError, match="INVALID_REQUEST"):
        read("caiso", said.zipped("INVALID_REQUEST.xml", "<m:ERROR_CODE>1000</m:ERROR_CODE>"))


def test_aeso_tells_the_mean_of_each_five_minutes_that_are_over():
    points = read("aeso", said.AESO)
    assert [(point.start, point.price) for point in points] == [
        (utc("2024-04-16T05:30"), Decimal("27.41")),  # three minutes at 25.41, two at 30.41
        (utc("2024-04-16T05:35"), Decimal("30.41")),
    ]


def test_isone_is_read_with_and_without_a_list_around_it():
    one = json.dumps({"FiveMinLmp": said.ISONE_ROW}).encode()
    many = json.dumps({"FiveMinLmps": {"FiveMinLmp": [said.ISONE_ROW]}}).encode()
    assert read("isone", one) == read("isone", many)
    point = price("isone", many, "4001")
    assert (point.start, point.price) == (utc("2026-03-03T02:15"), Decimal("111.4"))


def test_pjms_points_come_in_the_order_of_time():
    points = read("pjm", said.PJM)
    assert [(point.code, point.start, point.price) for point in points] == [
        ("51288", utc("2026-09-08T22:50"), Decimal("-1.5")),
        ("51288", utc("2026-09-08T22:55"), Decimal("283.51")),
    ]


def test_the_bank_of_canadas_rate_is_of_a_day():
    (point,) = read("boc", said.VALET)
    assert (point.start, point.price) == (utc("2026-09-22"), Decimal("1.4064"))


@pytest.mark.parametrize(
    ("market", "body"),
    [
        ("ercot", b'{"rtSppData": [{"interval": 1777086900000, "hbNorth": NaN}]}'),
        ("ercot", b'{"rtSppData": [{"interval": 1777086900000, "hbNorth": true}]}'),
        ("ercot", b'{"rtSppData": [{"interval": 1e400, "hbNorth": 1}]}'),
        ("spp", said.spp("13:40").replace(b"36.0854", b"36,0854")),
        ("spp", said.spp("13:40").replace(b"36.0854", b"1e99")),
        ("ieso", said.ieso().replace(b"<Document ", b'<!DOCTYPE x [<!ENTITY a "b">]><Document ', 1)),
        ("miso", said.MISO.replace(b"EST", b"EDT")),
        ("caiso", b"PK\x03\x04 not a zip"),
        ("nyiso", b"<html>Service unavailable</html>"),
    ],
)
def test_what_is_no_price_is_refused_whole(market: str, body: bytes):
    found: Any = None
    with pytest.raises(FeedError):
        found = read(market, body)
    assert found is None


REAL = {
    "aeso": said.AESO,
    "boc": said.VALET,
    "caiso": said.caiso(),
    "ercot": said.ERCOT,
    "ieso": said.ieso(),
    "isone": json.dumps({"FiveMinLmps": {"FiveMinLmp": [said.ISONE_ROW]}}).encode(),
    "miso": said.MISO,
    "nyiso": said.nyiso(date(2025, 11, 2), timedelta(hours=1)),
    "pjm": said.PJM,
    "replay": ADAPTERS["replay"].fetch(None, [Node("HB_NORTH")], utc("2026-11-16")),  # type: ignore[arg-type]
    "spp": said.spp("13:40", baa=True),
    "static": ADAPTERS["static"].fetch(
        None,  # type: ignore[arg-type]
        [Node("a", params={"usd_per_mwh": "65"})],
        utc("2026-11-16"),
    ),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def survives(market: str, body: bytes) -> None:
    """Points that are whole, or FeedError; nothing else."""
    try:
        points = read(market, body)
    except FeedError as error:
        assert len(str(error)) < 200
        return
    for point in points:
        assert type(point.price) is Decimal
        assert point.price.is_finite()
        assert point.start.tzinfo is UTC
        assert point.end > point.start


@pytest.mark.parametrize("market", sorted(ADAPTERS))
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_junk_raises_nothing_but_feed_error(market: str, body: bytes):
    survives(market, body)


@pytest.mark.parametrize("market", sorted(REAL))
@given(data=st.data())
def test_a_real_answer_with_a_hole_or_a_wrong_byte_raises_nothing_but_feed_error(market: str, data: Any):
    body = REAL[market]
    at = data.draw(st.integers(0, len(body) - 1))
    to = data.draw(st.integers(at, min(len(body), at + 40)))
    survives(market, body[:at] + data.draw(st.binary(max_size=4)) + body[to:])


def test_every_market_has_an_answer_here():
    assert sorted(REAL) == sorted(ADAPTERS)
