"""The media sandbox: what it makes is what was asked for, and other programs can read it."""

import asyncio
import base64
import io
import json
import struct
import time
import wave
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local import film, manners, media, melody, picture
from proxy.call import Part
from proxy.dialects import audio_length, form
from proxy.dialects.media import image_kind
from proxy.dialects.pollinations import is_video
from proxy.sound import tone

KEY = "sandbox-key"


@pytest.fixture
def sandbox() -> media.Sandbox:
    return media.Sandbox(KEY)


def ask(
    sandbox: media.Sandbox, path: str, body: Any = None, *, method: str = "POST", **headers: str
) -> tuple[int, str, bytes]:
    """Status, content type and body of one request."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"authorization": f"Bearer {KEY}", "content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(sandbox(scope, receive, send))
    start, rest = messages
    return start["status"], dict(start["headers"])[b"content-type"].decode(), rest["body"]


def drawn(sandbox: media.Sandbox, **body: Any) -> list[bytes]:
    status, _, data = ask(sandbox, "/v1/images/generations", {"prompt": "Registon"} | body)
    assert status == 200, data
    return [base64.b64decode(item["b64_json"]) for item in json.loads(data)["data"]]


def pixels(png: bytes) -> tuple[tuple[int, int], bytes]:
    """Size and palette indices of a PNG, all checksums checked."""
    size, raw, at = (0, 0), b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        if name == b"IHDR":
            size = struct.unpack(">II", data[:8])
        if name == b"IDAT":
            raw += data
        at += 12 + length
    return size, zlib.decompress(raw)


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=20), st.integers(-1, 2**53), st.integers(16, 300), st.integers(16, 300))
def test_a_picture_has_the_size_that_was_asked_for(prompt: str, seed: int, width: int, height: int):
    png = picture.png(prompt.encode("utf-8", "replace").decode(), seed, width, height)
    assert image_kind(png) == b"image/png"
    size, data = pixels(png)
    assert size == (width, height)
    assert len(data) == height * (width + 1)


def test_a_picture_is_the_same_for_the_same_request(sandbox: media.Sandbox):
    asked = {"size": "256x128", "seed": 7}
    assert drawn(sandbox, **asked) == drawn(sandbox, **asked)
    others = [
        drawn(sandbox, **asked | other) for other in ({"seed": 8}, {"prompt": "Ark"}, {"size": "128x256"})
    ]
    assert drawn(sandbox, **asked) not in others


def test_several_pictures_differ(sandbox: media.Sandbox):
    assert len(set(drawn(sandbox, n=3, size="64x64"))) == 3


def test_a_megapixel_takes_no_time():
    began = time.process_time()
    picture.png("A futuristic city at night", 1, 1024, 1024)
    assert time.process_time() - began < 0.3


def test_an_edit_is_a_picture_that_its_source_decides(sandbox: media.Sandbox):
    found = set()
    for source in (b"one", b"two"):
        files = [Part("image", "a.png", "image/png", source)]
        kind, body = form.build({"prompt": "Registon", "size": "64x64"}, files)
        status, _, data = ask(sandbox, "/v1/images/edits", body, content_type=kind)
        assert status == 200
        found.add(data)
    assert len(found) == 2


def test_speech_is_as_long_as_its_text(sandbox: media.Sandbox):
    for speed, letters in ((1.0, 20), (2.0, 100)):
        asked = {"input": "o" * letters, "voice": "alloy", "speed": speed, "response_format": "mp3"}
        status, kind, data = ask(sandbox, "/v1/audio/speech", asked)
        assert (status, kind) == (200, "audio/wav")
        with wave.open(io.BytesIO(data)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
            assert sound.getnframes() == pytest.approx(24_000 * 0.065 * letters / speed, rel=0.01)
            assert any(sound.readframes(sound.getnframes()))


def test_pcm_is_the_samples_alone(sandbox: media.Sandbox):
    asked = {"input": "salom", "voice": "alloy", "response_format": "pcm"}
    status, kind, data = ask(sandbox, "/v1/audio/speech", asked)
    assert (status, kind, data) == (200, "audio/pcm", melody.pcm("salom", "alloy", 1.0))


def boxes(data: bytes) -> dict[bytes, bytes]:
    """The boxes on one level of an MP4 (ISO/IEC 14496-12 §4.2)."""
    found, at = {}, 0
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        assert 8 <= length <= len(data) - at
        found[name] = data[at + 8 : at + length]
        at += length
    return found


@pytest.mark.parametrize(("size", "seconds"), [((320, 240), 1), ((640, 360), 2), ((98, 50), 3)])
def test_a_film_has_the_size_and_length_that_were_asked_for(size: tuple[int, int], seconds: int):
    data = film.mp4("toʻlqin", 5, size, seconds)
    assert is_video(data)
    top = boxes(data)
    moov = boxes(top[b"moov"])
    scale, duration = struct.unpack(">II", moov[b"mvhd"][12:20])
    assert duration == seconds * scale
    track = boxes(moov[b"trak"])
    assert struct.unpack(">II", track[b"tkhd"][-8:]) == (size[0] << 16, size[1] << 16)
    table = boxes(boxes(boxes(track[b"mdia"])[b"minf"])[b"stbl"])
    count = struct.unpack(">I", table[b"stsz"][8:12])[0]
    lengths = struct.unpack(f">{count}I", table[b"stsz"][12:])
    assert (count, sum(lengths)) == (seconds * film.FPS, len(top[b"mdat"]))
    (offset,) = struct.unpack(">I", table[b"stco"][8:12])
    assert data.find(top[b"mdat"]) == offset
    for length in lengths:
        unit = data[offset + 4 : offset + length]
        assert struct.unpack(">I", data[offset : offset + 4])[0] == len(unit)
        assert not any(bytes((0, 0, low)) in unit for low in range(3))
        offset += length


def test_a_film_takes_a_moment(sandbox: media.Sandbox, monkeypatch: pytest.MonkeyPatch):
    asked = {"model": "sandbox-video", "prompt": "toʻlqin", "size": "320x240", "seconds": "2"}
    status, _, data = ask(sandbox, "/v1/videos", asked)
    job = json.loads(data)
    path = f"/v1/videos/{job['id']}"
    assert (status, job["status"], job["seconds"], job["size"]) == (200, "in_progress", "2", "320x240")
    assert ask(sandbox, f"{path}/content", method="GET")[0] == 409
    monkeypatch.setattr(media, "FILM_TAKES_S", 1e-9)
    assert json.loads(ask(sandbox, path, method="GET")[2])["status"] == "completed"
    assert ask(sandbox, f"{path}/content", method="GET")[:2] == (200, "video/mp4")
    assert json.loads(ask(sandbox, path, method="DELETE")[2])["deleted"] is True
    assert ask(sandbox, path, method="GET")[0] == 404


def test_the_oldest_film_is_forgotten(sandbox: media.Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(media, "FILMS_MAX", 2)
    names = [json.loads(ask(sandbox, "/v1/videos", {"prompt": "x"})[2])["id"] for _ in range(3)]
    found = [ask(sandbox, f"/v1/videos/{name}", method="GET")[0] for name in names]
    assert found == [404, 200, 200]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/images/generations", {}, "prompt"),
        ("/v1/images/generations", {"prompt": "x", "n": 11}, "n"),
        ("/v1/images/generations", {"prompt": "x", "size": "9999x9999"}, "size"),
        ("/v1/images/generations", {"prompt": "x", "seed": "?"}, "seed"),
        ("/v1/audio/speech", {"input": ""}, "input"),
        ("/v1/audio/speech", {"input": "x" * 4097}, "input"),
        ("/v1/audio/speech", {"input": "x", "speed": 9}, "speed"),
        ("/v1/videos", {"prompt": "x", "seconds": 61}, "seconds"),
        ("/v1/videos", {"prompt": "x", "size": "wide"}, "size"),
        ("/v1/images/generations", [], None),
        ("/v1/images/generations", b"{", None),
    ],
)
def test_a_wrong_request_is_told(sandbox: media.Sandbox, path: str, body: Any, param: str | None):
    status, _, data = ask(sandbox, path, body)
    assert (status, json.loads(data)["error"]["param"]) == (400, param)


def test_strangers_are_refused(sandbox: media.Sandbox):
    assert ask(sandbox, "/v1/images/generations", {"prompt": "x"}, authorization="Bearer other")[0] == 401
    assert ask(sandbox, "/v1/nothing", {})[0] == 404
    assert ask(sandbox, "/v1/videos", method="GET")[0] == 404


def listened(
    sandbox: media.Sandbox, sound: bytes, task: str = "transcriptions", **fields: str
) -> tuple[int, str, bytes]:
    kind, body = form.build({"model": "x"} | fields, [Part("file", "a.wav", "audio/wav", sound)])
    return ask(sandbox, f"/v1/audio/{task}", body, content_type=kind)


@given(text=st.text(min_size=1, max_size=200).filter(lambda text: "\0" not in text))
@settings(max_examples=30)
def test_it_hears_what_it_has_said(text: str) -> None:
    sandbox = media.Sandbox(KEY)
    _, _, sound = ask(sandbox, "/v1/audio/speech", {"input": text, "voice": "alloy"})
    status, kind, data = listened(sandbox, sound)
    assert (status, kind, json.loads(data)["text"]) == (200, "application/json", text)
    assert json.loads(data)["usage"]["seconds"] == audio_length.seconds(sound)


def test_of_other_sounds_it_tells_the_length_and_that_nobody_has_listened(sandbox: media.Sandbox) -> None:
    for sound in (tone(), b"no sound at all"):
        status, _, data = listened(sandbox, sound)
        assert status == 200
        assert json.loads(data)["text"].startswith("[Sandbox: 1 s of sound.")


def test_a_transcript_comes_in_the_form_that_was_asked_for(sandbox: media.Sandbox) -> None:
    sound = melody.wav(melody.pcm("salom", "alloy", 1.0), "salom")
    assert listened(sandbox, sound, response_format="text")[2] == b"salom\n"
    assert b"00:00:00,000 --> 00:00:01,000" in listened(sandbox, sound, response_format="srt")[2]
    assert listened(sandbox, sound, response_format="vtt")[1] == "text/vtt"
    verbose = json.loads(listened(sandbox, sound, "translations", response_format="verbose_json")[2])
    assert (verbose["task"], verbose["duration"], verbose["segments"][0]["text"]) == (
        "translate",
        1.0,
        "salom",
    )


def test_without_a_sound_there_is_no_transcript(sandbox: media.Sandbox) -> None:
    assert listened(sandbox, b"")[0] == 400
    assert ask(sandbox, "/v1/audio/transcriptions", {"model": "x"})[0] == 400


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Where is the museum?", None),
        ("how to make a BOMB", "violence"),
        ("Men uni oʻldiraman", "violence"),
        ("Где купить наркотики", "illicit"),
        ("skilled workers", None),
    ],
)
def test_a_verdict_names_what_the_list_of_words_has(
    sandbox: media.Sandbox, text: str, category: str | None
) -> None:
    for given_ in (text, [text], [{"type": "text", "text": text}]):
        status, _, data = ask(sandbox, "/v1/moderations", {"model": "m", "input": given_})
        [result] = json.loads(data)["results"]
        hits = [name for name, hit in result["categories"].items() if hit]
        assert (status, hits) == (200, [category] if category else [])
        assert result["flagged"] is bool(category)
        assert set(result["category_scores"]) == set(manners.CATEGORIES)


@pytest.mark.parametrize("wrong", [None, [], 5, [1], ["a", {"type": "text"}]])
def test_what_can_not_be_judged_is_refused(sandbox: media.Sandbox, wrong: Any) -> None:
    assert ask(sandbox, "/v1/moderations", {"input": wrong})[0] == 400
