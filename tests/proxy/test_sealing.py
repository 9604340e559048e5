"""The format of docs/log-encryption.md: what is sealed opens by the private key, as what it was."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from billing.ids import new_op_id
from cloudapi.decrypt import Unopened, open_record, shown
from proxy.contents.reel import QUEUE_FULL, Reel, Room
from proxy.contents.sealing import Envelope, SealKey, unix_ms
from tests import hpke
from tests.embedded import ROOT

TIME_MS = 1_763_781_234_567
PRIVATE = X25519PrivateKey.generate()
KEY = SealKey(1, "lk_" + "ab" * 16, "proj_" + "cd" * 16, PRIVATE.public_key().public_bytes_raw())
KEYS = {KEY.name: PRIVATE}


def record(content: bytes, call: UUID, envelope: Envelope | None = None) -> dict[str, object]:
    """As it is exported."""
    sealed = (envelope or Envelope(KEY)).seal(str(call), TIME_MS, content)
    return {
        "v": "cloudapi-log-v1",
        "project": KEY.project,
        "request_id": str(call),
        "time": TIME_MS,
        "key_id": KEY.name,
        "sealed": base64.b64encode(sealed).decode(),
        "lost": None,
    }


@given(st.binary(max_size=5_000))
def test_what_is_sealed_opens(content: bytes):
    one = record(content, new_op_id())
    assert open_record(one, KEYS) == content
    assert len(base64.b64decode(one["sealed"])) == len(content) + 92  # docs/log-encryption.md


def test_records_of_one_envelope_open_each_by_itself():
    envelope = Envelope(KEY)
    calls = [new_op_id() for _ in range(300)]
    records = [record(str(call).encode(), call, envelope) for call in calls]
    assert [open_record(one, KEYS).decode() for one in reversed(records)] == [
        str(call) for call in reversed(calls)
    ]
    nonces = {base64.b64decode(one["sealed"])[64:76] for one in records}
    assert len(nonces) == len(calls)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_id", "01a2018d-22d1-7c01-a5dc-0be9a2d6af00"),
        ("project", "proj_" + "ce" * 16),
        ("time", TIME_MS + 1),
        ("v", "cloudapi-log-v2"),
    ],
)
def test_a_record_that_was_moved_does_not_open(field: str, value: object):
    one = record(b"a secret", new_op_id())
    with pytest.raises(Unopened):
        open_record(one | {field: value}, KEYS)


def test_the_content_of_one_call_does_not_open_under_the_id_of_another_of_its_envelope():
    envelope = Envelope(KEY)
    first, second = record(b"1", new_op_id(), envelope), record(b"2", new_op_id(), envelope)
    with pytest.raises(Unopened):
        open_record(first | {"sealed": second["sealed"]}, KEYS)


def test_no_byte_can_be_changed():
    one = record(b"a secret", new_op_id())
    sealed = base64.b64decode(one["sealed"])
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unopened):
            open_record(one | {"sealed": base64.b64encode(changed).decode()}, KEYS)


def test_another_key_opens_nothing():
    one = record(b"a secret", new_op_id())
    with pytest.raises(Unopened):
        open_record(one, {KEY.name: X25519PrivateKey.generate()})
    with pytest.raises(Unopened, match="key file is not here"):
        open_record(one, {})


def test_nothing_is_sealed_to_a_key_that_everybody_could_open():
    with pytest.raises(ValueError, match="shared key"):
        Envelope(SealKey(1, KEY.name, KEY.project, bytes(32)))


def test_the_second_opinion_passes_the_vector_of_rfc_9180_a_1_1():
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    told = hpke.decrypt(
        bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
        bytes.fromhex(
            "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
        ),
        private,
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        bytes.fromhex("436f756e742d30"),
    )
    assert told == b"Beauty is truth, truth beauty"


def test_what_is_sealed_opens_by_an_implementation_from_the_rfc():
    call = new_op_id()
    sealed = base64.b64decode(record(b"a secret", call)["sealed"])
    info = f"cloudapi-log-v1|{KEY.project}|{KEY.name}".encode()
    content_key = hpke.decrypt(sealed[:32], sealed[32:64], PRIVATE, info, b"")
    aad = f"cloudapi-log-v1|{KEY.project}|{call}|{TIME_MS}|{KEY.name}".encode()
    assert AESGCM(content_key).decrypt(sealed[64:76], sealed[76:], aad) == b"a secret"


@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_moment_is_whole_milliseconds(moment: datetime):
    at = moment.replace(tzinfo=UTC)
    assert unix_ms(at.replace(microsecond=at.microsecond // 1000 * 1000)) == unix_ms(at)
    assert datetime.fromtimestamp(unix_ms(at) // 1000, UTC) <= at


def test_a_reel_keeps_the_beginnings_and_says_how_long_both_were():
    room = Room(10_000, part_max=10)
    reel = Reel(KEY, room, b"0123456789ABC", "application/json")
    reel.begin(200, b"text/event-stream")
    for piece in (b"data: ", b"salom", b"", b"dunyo"):
        reel.add(piece)
    assert reel.truncated
    told = shown({"project": 1, "request_id": 2, "time": 3, "key_id": 4}, reel.content())
    assert told["status"] == 200
    assert told["request"] == {"type": "application/json", "size": 13, "kept": 10, "text": "0123456789"}
    assert told["response"] == {"type": "text/event-stream", "size": 16, "kept": 10, "text": "data: salo"}


def test_what_is_no_text_is_told_as_base64():
    reel = Reel(KEY, Room(10_000, part_max=100), b"{}", "application/json")
    reel.begin(200, b"audio/mpeg")
    reel.add(b"\xff\xfb\x90")
    told = shown({"project": 1, "request_id": 2, "time": 3, "key_id": 4}, reel.content())
    assert told["response"]["base64"] == "//uQ"


def test_without_room_the_content_is_given_up_and_the_room_with_it():
    room = Room(3_000, part_max=1_000_000)
    first, second = (Reel(KEY, room, b"x" * 100, "") for _ in range(2))
    first.add(b"y" * 10_000)
    assert (first.lost, second.lost) == (QUEUE_FULL, "")
    assert first.held == 0
    first.add(b"more")
    assert (first.request_size, first.response_size) == (100, 10_004)
    second.release()
    assert room.left == 3_000


def test_the_command_opens_an_export_and_says_what_does_not_open(tmp_path: Path):
    calls = [new_op_id() for _ in range(4)]
    reel = Reel(KEY, Room(10_000, part_max=100), '{"q":"oʻzbek"}'.encode(), "application/json")
    reel.begin(200, b"application/json")
    reel.add(b'{"a":1}')
    good, moved = record(reel.content(), calls[0]), record(reel.content(), calls[1])
    lost = {**good, "request_id": str(calls[3]), "sealed": None, "lost": "queue_full"}
    export = [good, moved | {"request_id": str(calls[2])}, lost]
    raw = base64.urlsafe_b64encode(PRIVATE.private_bytes_raw()).decode().rstrip("=")
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"v": "cloudapi-log-key-v1", "key_id": KEY.name, "private_key": raw}))
    done = subprocess.run(
        [sys.executable, "-m", "cloudapi.decrypt", str(file)],
        input="\n".join(map(json.dumps, export)),
        env={},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (1, "")
    assert told[0]["request"]["text"] == '{"q":"oʻzbek"}'
    assert told[0]["response"]["text"] == '{"a":1}'
    assert "belongs to another call" in told[1]["error"]
    assert told[2] == {"request_id": str(calls[3]), "lost": "queue_full"}
