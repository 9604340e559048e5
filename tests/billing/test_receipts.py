"""Receipts: what is kept of a customer's file, what is refused without a trace, what repeats another one."""

import io
import struct
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from billing.bank.look import distance
from billing.bank.receipts import Upload, add_receipt, path_of, remove_old
from billing.errors import NotPending, ReceiptRefused
from billing.models import Receipt, TopUp
from billing.topups import reject
from tests.factories import make_caller
from tests.transfers import ask, person, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def receipts(settings, tmp_path: Path) -> Path:
    settings.RECEIPT_DIR = str(tmp_path / "receipts")
    return tmp_path / "receipts"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(topup: TopUp, data: bytes, cheque_no: str = "") -> Receipt:
    return add_receipt(topup.pk, topup.requested_by, Upload(data, cheque_no))


def pdf(pages: int = 1, script: str = "", password: str = "") -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(72, 72)
    if script:
        action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)
    if password:
        writer.encrypt(password)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def png_head(width: int, height: int) -> bytes:
    """A small file that says to be a large picture and unpacks to much of one."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**7))) + chunk(b"IEND", b"")


def animation() -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    first.save(file, "PNG", save_all=True, append_images=rest)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_as_a_new_jpeg_that_its_own_user_may_read(kind: str, receipts: Path) -> None:
    topup = ask(make_caller())
    receipt = upload(topup, picture(kind) + b"<script>trailing</script>", " no. 00-42 ")

    kept = path_of(str(receipt.name)).read_bytes()
    with Image.open(io.BytesIO(kept)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (360, 640))
    assert b"script" not in kept
    assert (receipt.kind, receipt.size, receipt.cheque_no) == ("jpeg", len(kept), "NO0042")
    assert path_of(str(receipt.name)).stat().st_mode & 0o077 == 0
    topup.refresh_from_db()
    assert topup.expires_at is None  # it waits for an operator now


def test_a_cameras_notes_are_gone_and_the_picture_is_upright() -> None:
    image = Image.open(io.BytesIO(picture("JPEG", (640, 360))))
    exif = image.getexif()
    exif[0x0112], exif[0x010F] = 6, "SecretCam"
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    assert b"SecretCam" in file.getvalue()

    receipt = upload(ask(make_caller()), file.getvalue())

    kept = path_of(str(receipt.name)).read_bytes()
    assert b"SecretCam" not in kept
    with Image.open(io.BytesIO(kept)) as shown:
        assert (shown.size, dict(shown.getexif())) == ((360, 640), {})


def test_a_pdf_is_checked_and_kept_as_it_is() -> None:
    data = pdf(2)
    receipt = upload(ask(make_caller()), data)
    assert (receipt.kind, receipt.dhash) == ("pdf", None)
    assert path_of(str(receipt.name)).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "format"),
        (b"<html><script>1</script>", "format"),
        (b"\x89PNG\r\n\x1a\n<html><script>1</script>", "broken"),
        (b"GIF89a" + bytes(100), "format"),
        (picture()[:2000], "broken"),
        (bytes(20 * 1024 * 1024), "size"),
        (b"", "size"),
        (png_head(50_000, 50_000), "pixels"),
        (png_head(11_999, 11_999), "pixels"),
        (png_head(1, 1), "pixels"),
        (animation(), "animated"),
        (b"%PDF-1.7\nnothing more", "broken"),
        (pdf(11), "pages"),
        (pdf(script="app.alert(1)"), "active"),
        (pdf(password="secret"), "encrypted"),
    ],
)
def test_m5_what_is_no_receipt_is_refused_without_a_trace(data: bytes, code: str, receipts: Path) -> None:
    topup = ask(make_caller())
    with pytest.raises(ReceiptRefused, match=f"^{code}$"):
        upload(topup, data)
    assert files(receipts) == []
    assert not topup.receipts.exists()


def test_m2_the_same_file_again_is_flagged_for_whomever_it_comes_from() -> None:
    data = picture(seed=1)
    first = upload(ask(make_caller()), data)
    again = upload(ask(make_caller()), data)
    third = upload(ask(make_caller()), data)
    assert (first.same_file, again.same_file, third.same_file) == (None, first, first)


def test_m2_a_cheque_number_is_used_once_however_it_is_written() -> None:
    first = upload(ask(make_caller()), picture(seed=2), "№ AB-1234 567")
    again = upload(ask(make_caller()), picture(seed=3), "ab1234567")
    assert (first.same_cheque, again.same_cheque) == (None, first)


def test_a_recompressed_and_scaled_copy_looks_the_same_and_another_receipt_does_not() -> None:
    first = upload(ask(make_caller()), picture(seed=4))
    file = io.BytesIO()
    Image.open(io.BytesIO(picture(seed=4))).resize((300, 533)).save(file, "JPEG", quality=40)
    copy = upload(ask(make_caller()), file.getvalue())
    other = upload(ask(make_caller()), picture(seed=50))
    assert copy.same_look == first
    assert (copy.same_file, other.same_look) == (None, None)


def test_the_distance_of_looks_counts_bits_of_either_sign() -> None:
    assert (distance(0, 0), distance(-1, 0), distance(-1, 1), distance(-(2**63), 0)) == (0, 64, 63, 1)


def test_a_request_takes_three_receipts_and_a_decided_one_none(receipts: Path) -> None:
    topup = ask(make_caller())
    for seed in range(3):
        upload(topup, picture(seed=60 + seed))
    with pytest.raises(ReceiptRefused, match="many"):
        upload(topup, picture(seed=70))
    reject(topup.pk, person(), "")
    with pytest.raises(NotPending):
        upload(topup, picture(seed=71))
    assert len(files(receipts)) == 3


def test_old_files_are_deleted_and_still_recognised(settings, receipts: Path) -> None:
    topup = ask(make_caller())
    receipt = upload(topup, picture(seed=5))
    young = upload(ask(make_caller()), picture(seed=6))
    reject(topup.pk, person(), "")
    TopUp.objects.filter(pk=topup.pk).update(
        decided_at=timezone.now() - timedelta(days=settings.RECEIPT_DAYS + 1)
    )
    assert (remove_old(), remove_old()) == (1, 0)
    assert files(receipts) == [path_of(str(young.name))]
    assert upload(ask(make_caller()), picture(seed=5)).same_file == receipt
