"""Videos' requests, what providers say of their jobs, and how long a film is: read, or refused by name."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Call, Part
from proxy.dialects import form, video
from proxy.dialects.mp4 import is_mp4, seconds_of
from proxy.errors import ApiError
from proxy.meter import Tariff
from proxy.video.ending import Ending, Open, settling, tariff
from tests.upstream.films import mp4

JSON = {b"content-type": [b"application/json"]}
LEAST = {"model": "m", "prompt": "p"}


def parsed(body: Any, inbound: dict[bytes, list[bytes]] = JSON) -> Call:
    return video.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), inbound)


def plain(body: Any) -> Call:
    return video.parse_plain(json.dumps(body).encode(), JSON)


@pytest.mark.parametrize(
    ("fields", "seconds", "name"),
    [({}, 4, "duration"), ({"seconds": "8"}, 8, "seconds"), ({"seconds": 12}, 12, "seconds"),
     ({"duration": 5}, 5, "duration"), ({"seconds": 6, "duration": 5}, 6, "seconds"),
     ({"seconds": None, "duration": "7"}, 7, "duration")],
)  # fmt: skip
def test_the_length_by_either_name(fields: dict[str, Any], seconds: int, name: str):
    call = parsed(LEAST | fields)
    assert (call.units, call.output_field, call.body["seconds"]) == ({"second": seconds}, name, str(seconds))
    assert "duration" not in call.body


def test_a_form_is_read_as_json_is():
    kind, data = form.build(
        {**LEAST, "seconds": "8", "size": "720x1280"}, [Part("a", "b", "image/png", b"c")]
    )
    call = parsed(data, {b"content-type": [kind.encode()]})
    same = parsed(LEAST | {"seconds": 8, "size": "720x1280"})
    assert (dict(call.body), call.units, call.sides) == (dict(same.body), same.units, {"size": 1280})
    assert [part.data for part in call.files] == [b"c"]


def test_cloudgpts_defaults():
    call = plain(LEAST)
    assert (call.kind, call.units, call.body["size"]) == ("api_video", {"second": 4}, "1280x720")
    assert call.sides == {"width": 1280, "height": 720}
    assert dict(plain(LEAST | {"duration": 2, "width": 64, "height": 4096}).body) == {
        "model": "m", "prompt": "p", "seconds": "2", "size": "64x4096",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [({"prompt": None}, "missing_required_parameter", "prompt"), ({"prompt": 5}, "invalid_type", "prompt"),
     ({"prompt": ""}, "invalid_value", "prompt"), ({"prompt": "x" * 32_001}, "invalid_value", "prompt"),
     ({"model": None}, "missing_required_parameter", "model"), ({"model": []}, "invalid_type", "model"),
     *[({"seconds": wrong}, "invalid_value", "seconds")
       for wrong in (0, -4, "4.5", 4.5, True, "four", "", [4], {}, 10**30, "9" * 400, "٤")],
     ({"duration": "0"}, "invalid_value", "duration"),
     *[({"size": wrong}, "invalid_value", "size")
       for wrong in ("1280", "0x0", "63x64", "4097x64", "x", 720, ["1x1"], "64x64\n", "-64x64", "١٢٨x1٢٨")]],
)  # fmt: skip
def test_what_is_wrong_is_named(fields: dict[str, Any], code: str, param: str):
    with pytest.raises(ApiError) as caught:
        parsed(LEAST | fields)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, code, param)


@pytest.mark.parametrize("field", ["width", "height", "duration"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, [], 10**12])
def test_what_is_wrong_is_named_in_the_plain_form_too(field: str, value: Any):
    with pytest.raises(ApiError) as caught:
        plain(LEAST | {field: value})
    assert (caught.value.status, caught.value.param) == (400, field)


FIELDS = st.sampled_from(["model", "prompt", "seconds", "duration", "size", "width", "more"])
SOME = st.dictionaries(FIELDS, st.text(max_size=8) | st.integers() | st.none(), max_size=5)


@given(st.binary(max_size=60) | SOME)
def test_rubbish_is_refused_or_read(raw: bytes | dict[str, Any]):
    data = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    for read in (video.parse, video.parse_plain):
        try:
            assert read(data, JSON).units["second"] >= 1
        except ApiError as error:
            assert error.status in (400, 413)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
NAMES = st.sampled_from(["id", "status", "progress", "seconds", "size", "error"])


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_a_provider_says_is_a_film_or_none(told: dict[str, Any]):
    film = video.read(json.dumps(told).encode(errors="replace"))
    if film is None:
        return
    assert film.status in ("queued", "in_progress", "completed", "failed")
    assert 0 <= film.progress <= 100
    assert film.seconds is None or 1 <= film.seconds <= 3600
    address = video.look(film.id).path
    assert address.startswith("/videos/") and address.count("/") == 2 and "?" not in address


@pytest.mark.parametrize("wrong", ["", ".", "..", "a\nb", "x" * 513, 7, None])
def test_an_id_that_leads_elsewhere_is_none(wrong: Any):
    assert video.read(json.dumps({"id": wrong, "status": "queued"}).encode()) is None


@pytest.mark.parametrize("seconds", [1, 4, 3600])
def test_a_films_length_is_in_its_header(seconds: int):
    film = mp4(seconds)
    assert (is_mp4(film), seconds_of(film)) == (True, seconds)


def test_a_started_second_counts_and_long_headers_are_read():
    def film(header: bytes) -> bytes:
        box = struct.pack(">I4s", 8 + len(header), b"mvhd") + header
        return struct.pack(">I4sQ", 1, b"moov", 16 + len(box)) + box

    assert seconds_of(film(struct.pack(">IIIII", 0, 0, 0, 1000, 4001))) == 5
    assert seconds_of(film(struct.pack(">IQQIQ", 1 << 24, 0, 0, 600, 600 * 7))) == 7
    assert seconds_of(film(struct.pack(">IIIII", 0, 0, 0, 1000, 2**32 - 1))) is None
    assert seconds_of(film(struct.pack(">IIIII", 0, 0, 0, 0, 5))) is None


@given(st.binary(max_size=200), st.integers(0, 684))
def test_no_bytes_hang_the_reader(noise: bytes, cut: int):
    for data in (noise, mp4(4)[:cut], mp4(4)[:cut] + noise, b"\0\0\0\0moov" + noise):
        found = seconds_of(data)
        assert found is None or 1 <= found <= 3600


@given(
    asked=st.integers(1, 60),
    told=st.none() | st.integers(1, 3600),
    price=st.integers(0, 10**16),
    status=st.sampled_from(["completed", "failed", "expired", "deleted"]),
    free=st.booleans(),
)
def test_an_end_never_charges_more_than_was_held(
    asked: int, told: int | None, price: int, status: Any, free: bool
):
    row = {"free": free, "provider_cost_nano": 7, "micros_per_usd": 12_000_000_000}
    costs = tariff(Tariff({"second": price}), Tariff({"second": price}))
    item = settling(Open(asked, row, costs), Ending(status=status, seconds=told, billed=True), 5)
    assert 0 <= item["cost"] == item["price_micros"] <= -(-asked * price // 10**6)
    assert (item["op"] == "capture") == (status == "completed") != item["free_back"]
    assert item["cost"] == 0 or not free
    owed = item["provider_cost_nano"] + item.get("owed_micros", 0)
    assert owed > 0  # what a provider bills is never forgotten
