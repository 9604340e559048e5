"""What looks into files of strangers: a program of its own that can do nothing else.

It reads a file on its standard input and writes what may be kept on its standard output: one line of JSON,
then the bytes. Pictures are decoded and written anew, so nothing else of the file is left: no place, no
camera, no text, no second file behind the first. PDFs are checked and kept as they are.

Before the file is read the process gives up what an exploit would need: memory, time, files, children. After
its imports it can open nothing any more, neither a file nor a socket. Run by path, without our packages.
"""

import codecs
import contextlib
import importlib.util
import io
import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from PIL import Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
SIDE_MIN: Final = 16
SIDE_MAX: Final = 12_000
PIXELS_MAX: Final = 50_000_000
KEPT_SIDE: Final = 2400  # a phone's screenshot stays as sharp as it was
PAGES_MAX: Final = 10
MEMORY: Final = 1024 * 1024 * 1024
CPU_S: Final = 10
ACTIVE: Final = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/URI"}
FORMATS: Final = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"RIFF": "WEBP",
}


class RefusedError(Exception):
    """The file is none that we keep; the argument says why."""


def main() -> int:
    """Exit code 0: kept, 1: refused. A decoder that gives up ends the process, which says the same."""
    look = _look()
    _rehearse(look)
    _confine()
    data = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
    try:
        said, kept = inspect(data, look)
    except RefusedError as error:
        said, kept = {"refused": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + kept)
    return 1 if "refused" in said else 0


def inspect(data: bytes, look: ModuleType) -> tuple[dict[str, Any], bytes]:
    """What the file is, and the bytes to keep. Raises RefusedError."""
    if not data or len(data) > FILE_BYTES_MAX:
        raise RefusedError("size")
    if data.startswith(b"%PDF-"):
        _check_pdf(data)
        return {"kind": "pdf", "dhash": None}, data
    name = next((name for magic, name in FORMATS.items() if data.startswith(magic)), None)
    if name is None or name == "WEBP" and data[8:12] != b"WEBP":
        raise RefusedError("format")
    picture = _decoded(data, name)
    grey = picture.convert("L").resize((look.WIDTH, look.HEIGHT), Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=88, optimize=True)
    return {"kind": "jpeg", "dhash": look.difference_hash(grey.tobytes())}, kept.getvalue()


def _decoded(data: bytes, name: str) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=[name]) as picture:
        _check_size(picture)
        picture.load()
        return _flat(picture)


def _check_size(picture: Image.Image) -> None:
    """From the head of the file, before anything is unpacked."""
    width, height = picture.size
    if min(width, height) < SIDE_MIN or max(width, height) > SIDE_MAX or width * height > PIXELS_MAX:
        raise RefusedError("pixels")
    if getattr(picture, "is_animated", False):
        raise RefusedError("animated")
    if picture.format == "JPEG":
        picture.draft("RGB", (KEPT_SIDE, KEPT_SIDE))


def _flat(picture: Image.Image) -> Image.Image:
    """Upright, on white, no larger than what we keep."""
    turned = {3: 180, 6: 270, 8: 90}.get(picture.getexif().get(0x0112, 1), 0)
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE))
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
    else:
        flat = picture.convert("RGB")
    return flat.rotate(turned, expand=True) if turned else flat


def _check_pdf(data: bytes) -> None:
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        raise RefusedError("encrypted")
    if not 1 <= len(reader.pages) <= PAGES_MAX:
        raise RefusedError("pages")
    _check_passive(reader)


def _check_passive(reader: PdfReader) -> None:
    """A receipt does nothing when it is opened and carries no other file."""
    root: Any = reader.root_object
    names, form = (_resolved(root.get(name, {})) for name in ("/Names", "/AcroForm"))
    actions = [root.get("/OpenAction"), *(reader.pages[0].get("/AA") or {}).values()]
    actions += (root.get("/AA") or {}).values()
    kinds = {str(found.get("/S")) for item in actions if hasattr(found := _resolved(item), "get")}
    if kinds & ACTIVE or {"/JavaScript", "/EmbeddedFiles"} & set(names) or "/XFA" in form:
        raise RefusedError("active")


def _resolved(item: Any) -> Any:
    return item.get_object() if hasattr(item, "get_object") else item


def _look() -> ModuleType:
    """look.py beside this file: by its path, as our packages can't be imported here."""
    spec = importlib.util.spec_from_file_location("look", Path(__file__).with_name("look.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rehearse(look: ModuleType) -> None:
    """All of it once with files of our own, as the libraries import much of themselves at first use."""
    for name in FORMATS.values():
        file = io.BytesIO()
        Image.new("RGBA" if name == "PNG" else "RGB", (32, 32)).save(file, name)
        inspect(file.getvalue(), look)
    file = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.compress_identical_objects()
    writer.write(file)
    inspect(file.getvalue(), look)
    for codec in ("latin-1", "utf-8", "utf-16", "utf-16be", "utf-16le", "ascii", "charmap", "unicode_escape"):
        codecs.lookup(codec)


def _confine() -> None:
    """From here on: so much memory and time, no file written, none opened, no socket, no child."""
    Image.MAX_IMAGE_PIXELS = None  # _check_size() is stricter and says why
    PngImagePlugin.MAX_TEXT_MEMORY = 1024 * 1024
    with contextlib.suppress(OSError):  # where the kernel lets us: no network at all
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,
    }
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


if __name__ == "__main__":
    sys.exit(main())
