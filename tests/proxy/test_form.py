"""Forms: what clients send is read, what providers get says the same, and rubbish is refused by name."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Part
from proxy.dialects import form
from proxy.errors import ApiError

NAMES = st.from_regex(r"[a-z_]{1,12}(\[\])?", fullmatch=True).filter(lambda name: name != "model")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PARTS = st.builds(
    Part,
    NAMES,
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="%\\"), max_size=30),
    st.sampled_from(["image/png", "audio/wav", "application/octet-stream"]),
    st.binary(max_size=300) | st.just(b"\r\n--cloudapi-form\r\n") | st.just(b"--cloudapi-form--\r\n"),
)


def inbound(kind: str) -> dict[bytes, list[bytes]]:
    return {b"content-type": [kind.encode()]}


def parsed(raw: bytes, boundary: str = "B") -> form.Form:
    return form.parse(raw, inbound(f"multipart/form-data; boundary={boundary}"))


def body(*parts: bytes, end: bytes = b"--B--\r\n") -> bytes:
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + end


def text_part(name: str, value: bytes) -> bytes:
    return b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (name.encode(), value)


@given(st.dictionaries(NAMES, TEXTS), st.lists(PARTS, max_size=4))
def test_a_form_survives_the_trip(texts: dict[str, str], files: list[Part]):
    """Files may hold anything, our own boundary too; an array stays one."""
    fields: dict[str, form.Value] = {n: [t] if n.endswith("[]") else t for n, t in texts.items()}
    kind, raw = form.build(fields, files)
    assert form.parse(raw, inbound(kind)) == form.Form(fields, tuple(files))


@given(st.binary(max_size=400))
def test_rubbish_is_refused_or_read_but_never_breaks(data: bytes):
    for raw in (data, b"--B\r\n" + data, body(data), body(text_part("a", data))):
        try:
            parsed(raw)
        except ApiError as error:
            assert error.status in (400, 413)


@given(st.data())
def test_a_form_that_was_cut_is_no_form(data: st.DataObject):
    kind, raw = form.build({"a": "b"}, [Part("file", "f", "audio/wav", b"\x00\r\n" * 9)])
    end = len(raw) - len(b"--\r\n")
    with pytest.raises(ApiError) as caught:
        form.parse(raw[: data.draw(st.integers(0, end))], inbound(kind))
    assert caught.value.code == "invalid_form"


def test_what_httpx_sends_is_read():
    """The SDKs' own encoder: arrays as `name[]`, names beyond ASCII, a file of any bytes."""
    files = [("file", ("qo'ng'iroq \"1\" ў.wav", b"RIFF\r\n--x", "audio/wav"))]
    data = {"model": "test/hear", "include[]": ["logprobs", "x"], "prompt": "Salom, дунё 🙂"}
    request = httpx.Request("POST", "http://a.test/", data=data, files=files)
    found = form.parse(request.read(), inbound(request.headers["content-type"]))
    assert found.fields == {"model": "test/hear", "include[]": ["logprobs", "x"], "prompt": "Salom, дунё 🙂"}
    assert found.files == (Part("file", "qo'ng'iroq \"1\" ў.wav", "audio/wav", b"RIFF\r\n--x"),)


def test_repeated_fields_are_arrays_however_they_are_spelled():
    found = parsed(body(text_part("a", b"1"), text_part("a", b"2"), text_part("b[]", b"3")))
    assert form.array(found.fields, "a") == ["1", "2"]
    assert form.array(found.fields, "b") == ["3"]
    assert form.array(found.fields, "c") == []


def test_typed_fields_are_as_json_has_them():
    fields = {"n": "2", "t": "0.5", "s": "TRUE", "bad": "two", "empty": "", "x": "1"}
    values = form.typed(fields, numbers=("n", "t", "bad", "empty"), flags=("s",))
    assert values == {"n": 2, "t": 0.5, "s": True, "bad": "two", "x": "1"}


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        ("multipart/form-data", body(), "invalid_form"),
        ("multipart/form-data; boundary=", body(), "invalid_form"),
        ("multipart/form-data; boundary=" + "x" * 71, body(), "invalid_form"),
        ("multipart/form-data; boundary=B", b"", "invalid_form"),
        ("multipart/form-data; boundary=B", b"{}", "invalid_form"),
        ("multipart/form-data; boundary=B", body(text_part("a", b"1"), end=b""), "invalid_form"),
        ("multipart/form-data; boundary=B", body(b"\r\nno name"), "invalid_form"),
        ("multipart/form-data; boundary=B", body(text_part("", b"1")), "invalid_form"),
        ("multipart/form-data; boundary=B", body(text_part("x" * 300, b"1")), "invalid_form"),
        ("multipart/form-data; boundary=B", body(b"A: " + b"x" * 9000 + b"\r\n\r\n"), "invalid_form"),
        ("multipart/form-data; boundary=B", body(text_part("a", b"\xff")), "invalid_unicode"),
        ("multipart/form-data; boundary=B", body(*[text_part("model", b"x")] * 2), "duplicate_key"),
        ("multipart/form-data; boundary=B", body(*[text_part("a", b"x")] * 200), "too_many_parts"),
        ("multipart/form-data; boundary=B", body(text_part("a", b"x" * 2**21)), "field_too_large"),
    ],
)
def test_bad_forms(kind: str, raw: bytes, code: str):
    with pytest.raises(ApiError) as caught:
        form.parse(raw, inbound(kind))
    assert caught.value.code == code


def test_too_many_files_are_refused():
    files = [Part("image[]", "a.png", "image/png", b"x")] * (form.FILES_MAX + 1)
    kind, raw = form.build({}, files)
    with pytest.raises(ApiError, match="files"):
        form.parse(raw, inbound(kind))
