"""How long a sound is by its headers: files written here by the formats' own rules, and rubbish."""

import io
import struct
import wave

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.dialects import audio_length
from tests.upstream.voice import tone


def wav(seconds: float, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(bytes(round(seconds * rate) * channels * width))
    return file.getvalue()


def mp3(frames: int, head: bytes = b"\xff\xfb\x90\x00", size: int = 417) -> bytes:
    """MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes and 26.12 ms a frame."""
    return (head + bytes(size - len(head))) * frames


def page(position: int, data: bytes) -> bytes:
    return b"OggS\x00\x00" + struct.pack("<qIII", position, 7, 0, 0) + bytes([1, len(data)]) + data


def opus(seconds: float, skip: int = 312) -> bytes:
    head = b"OpusHead\x01\x01" + struct.pack("<HIhB", skip, 16_000, 0, 0)
    return page(0, head) + page(960, b"x" * 99) + page(round(seconds * 48_000) + skip, b"y" * 99)


def vorbis(seconds: float, rate: int = 44_100) -> bytes:
    head = b"\x01vorbis" + struct.pack("<IBIIIIBB", 0, 2, rate, 0, 128_000, 0, 0xB8, 1)
    return page(0, head) + page(round(seconds * rate), b"y" * 99)


def flac(samples: int, rate: int = 44_100) -> bytes:
    packed = rate << 44 | 1 << 41 | 15 << 36 | samples
    return b"fLaC\x80\x00\x00\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(16) + bytes(500)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def mp4(milliseconds: int, version: int = 0) -> bytes:
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, 1000, milliseconds)
    header = box(b"mvhd", bytes([version, 0, 0, 0]) + times + bytes(80))
    return box(b"ftyp", b"M4A \0\0\0\0") + box(b"mdat", bytes(900)) + box(b"moov", header)


def element(name: bytes, content: bytes, *, endless: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if endless else (1 << 56 | len(content)).to_bytes(8, "big")
    return name + size + content


def webm(*, duration: float | None, last_ms: int = 0) -> bytes:
    info = element(b"\x2a\xd7\xb1", (1_000_000).to_bytes(3, "big"))
    if duration is not None:
        info += element(b"\x44\x89", struct.pack(">d", duration))
    blocks = element(b"\xe7", (last_ms - last_ms % 1000).to_bytes(4, "big"))
    blocks += element(b"\xa3", b"\x81" + struct.pack(">hB", last_ms % 1000, 0) + b"sound")
    first = element(b"\x1f\x43\xb6\x75", element(b"\xe7", b"\0"), endless=True)
    inside = element(b"\x15\x49\xa9\x66", info) + first + element(b"\x1f\x43\xb6\x75", blocks, endless=True)
    return element(b"\x1a\x45\xdf\xa3", b"") + element(b"\x18\x53\x80\x67", inside, endless=True)


@pytest.mark.parametrize(
    ("data", "milliseconds"),
    [
        (tone(2.5), 2500),
        (wav(3, rate=48_000, channels=2, width=3), 3000),
        (wav(0.001), 1),
        # A recorder that was stopped leaves the sizes at their largest.
        (wav(2).replace(struct.pack("<I", 64_000), b"\xff\xff\xff\xff"), 2000),
        (wav(2).replace(b"data" + struct.pack("<I", 64_000), b"data\0\0\0\0"), 2000),
        (wav(2)[: 44 + 32_000], 1000),  # cut
        (wav(1) + b"LIST\x04\0\0\0INFO", 1000),
        (mp3(100), 2612),
        (b"ID3\x04\0\0\0\0\x02\x01" + bytes(257) + mp3(100), 2612),
        (mp3(100) + b"TAG" + bytes(125), 2612),
        (mp3(50) + b"\0" * 33 + mp3(50), 2612),
        (mp3(100, b"\xff\xf3\x48\x00", 144), 3600),  # MPEG-2, 32 kbit/s, 16 kHz
        (opus(7.25), 7250),
        (vorbis(12.5), 12_500),
        (flac(44_100 * 90), 90_000),
        (mp4(61_500), 61_500),
        (mp4(61_500, version=1), 61_500),
        (webm(duration=9_876.5), 9876),
        (webm(duration=None, last_ms=123_456), 123_456),
    ],
)
def test_the_length_of_a_file(data: bytes, milliseconds: int):
    assert audio_length.length_ms(data) == pytest.approx(milliseconds, abs=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"salom",
        b"RIFF\0\0\0\0WAVE",
        wav(1)[:30],
        wav(1).replace(struct.pack("<I", 16_000), bytes(4), 1),
        mp3(1),
        b"\xff" * 9000,
        flac(0),
        flac(44_100, rate=0),
        opus(1)[:30],
        mp4(0),
        mp4(1000)[:60],
        webm(duration=None),
        webm(duration=float("nan")),
        webm(duration=1e300),
        webm(duration=5.0)[:20],
        box(b"ftyp", b"M4A ") + b"\0\0\0\x02moov",
    ],
)
def test_what_does_not_tell_its_length(data: bytes):
    assert audio_length.length_ms(data) is None
    assert audio_length.seconds(data) is None


def test_a_started_second_counts():
    assert audio_length.seconds(wav(2)) == 2
    assert audio_length.seconds(wav(2.001)) == 3


@given(
    st.sampled_from(
        [tone(0.5), mp3(9), opus(2), vorbis(2), flac(90_000), mp4(900), webm(duration=5.0, last_ms=9)]
    ),
    st.integers(0, 400),
    st.binary(max_size=12),
)
@example(b"\x1a\x45\xdf\xa3\x00", 0, b"")
def test_damaged_files_break_nothing(data: bytes, place: int, damage: bytes):
    for broken in (data[:place] + damage + data[place + len(damage) :], data[:place], data[:place] + damage):
        found = audio_length.length_ms(broken)
        assert found is None or found > 0


@given(st.binary(max_size=300))
def test_rubbish_breaks_nothing(data: bytes):
    for head in (b"", b"RIFF0000WAVE", b"OggS", b"fLaC", b"0000ftyp", b"\x1a\x45\xdf\xa3", b"\xff\xfb\x90"):
        audio_length.length_ms(head + data)


def test_the_bounds_of_a_file_that_tells_nothing():
    assert (audio_length.longest_s(bytes(64_000)), audio_length.usual_s(bytes(64_000))) == (64, 8)
    assert audio_length.longest_s(b"x") == audio_length.usual_s(b"x") == 1
