"""What a link to us looks like where it is shared: `python -m deploy.cover` writes static/img/cover-….png.

One for each language, 1200 × 630, the size that Telegram, X and LinkedIn ask for in `og:image`: the mark, the
first page's own heading and the girih of our pages (girih.py), in the colours of tokens.css by night.
"""

import gettext
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from deploy import girih

ROOT: Final = Path(__file__).parents[1]
LANGUAGES: Final = ("uz", "ru", "en")
SIZE: Final = (1200, 630)
HEADING: Final = "One key, every AI model, paid in so'm"  # of templates/site/landing.html
GROUND, INK, MUTED = (11, 17, 22), (232, 238, 242), (160, 178, 190)
TURQUOISE, COBALT = (69, 207, 203), (44, 98, 207)
FINE: Final = 2  # drawn so many times larger, then made smaller: smooth edges
MARGIN: Final = 76

type Style = tuple[int, int]  # size in pixels, weight


def file(language: str) -> Path:
    """Where the picture of a language is kept."""
    return ROOT / "static" / "img" / f"cover-{language}.png"


def heading(language: str) -> str:
    """The first page's heading in that language."""
    catalogue = gettext.translation("django", ROOT / "locale", [language], fallback=True)
    return catalogue.gettext(HEADING)


def picture(language: str) -> Image.Image:
    """The picture of a language, in few enough colours to weigh little."""
    large = Image.new("RGB", (SIZE[0] * FINE, SIZE[1] * FINE), GROUND)
    large.paste(Image.new("RGB", large.size, TURQUOISE), mask=_girih(large.size))
    draw = ImageDraw.Draw(large)
    _mark(draw, MARGIN + 34, 118, 34)
    _write(draw, (MARGIN + 92, 118), "CloudAPI", (44, 650), INK)
    for number, line in enumerate(heading(language).replace(", ", ",\n").splitlines()):
        _write(draw, (MARGIN, 250 + 82 * number), line, (68, 650), INK)
    _write(draw, (MARGIN, SIZE[1] - 84), "GPT · Claude · Gemini · Llama · DeepSeek", (30, 500), MUTED)
    made = large.resize(SIZE, Image.Resampling.LANCZOS)
    # Colours that cover little count as much as others: the mark keeps its cobalt.
    return made.quantize(48, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _girih(size: tuple[int, int]) -> Image.Image:
    """How much of the lines is seen where: more to the right, nothing behind the words."""
    seen = Image.new("L", size, 0)
    draw = ImageDraw.Draw(seen)
    scale = 1.7 * FINE
    for star in _stars(size[0] / scale, size[1] / scale):
        points = [(x * scale, y * scale) for x, y in star]
        draw.line([*points, points[0]], fill=255, width=2 * FINE, joint="curve")
    left, right = int(size[0] * 0.5), size[0]
    fade = [0 if x < left else 150 * (x - left) // (right - left) for x in range(size[0])]
    ramp = Image.new("L", (size[0], 1))
    ramp.putdata(fade)
    return Image.composite(ramp.resize(size), Image.new("L", size, 0), seen)


def _stars(width: float, height: float) -> Iterator[list[girih.Point]]:
    """All stars of the tiling that begin within the width and height."""
    side = girih.cell()
    for column in range(int(width / side) + 2):
        for row in range(int(height / side) + 2):
            yield girih.octagon_star((column * side + side / 2, row * side))
            yield girih.square_star((column * side, row * side + side / 2))


def _mark(draw: ImageDraw.ImageDraw, x: int, y: int, half: int) -> None:
    """The mark of mark.svg: two squares, one turned, and a star of four points in them."""
    x, y, half = x * FINE, y * FINE, half * FINE
    low = int(half * 0.72)
    draw.rectangle((x - low, y - low, x + low, y + low), fill=COBALT)
    draw.polygon([(x, y - half), (x + half, y), (x, y + half), (x - half, y)], fill=TURQUOISE)
    tip, dent = int(half * 0.46), int(half * 0.14)
    star = [
        (0, -tip),
        (dent, -dent),
        (tip, 0),
        (dent, dent),
        (0, tip),
        (-dent, dent),
        (-tip, 0),
        (-dent, -dent),
    ]
    draw.polygon([(x + dx, y + dy) for dx, dy in star], fill=(255, 255, 255))


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, style: Style, fill: tuple[int, int, int]
) -> None:
    """Text from its left middle on; Inter is in a file for each script, as browsers load it."""
    x, y = float(at[0] * FINE), at[1] * FINE
    for script, part in _runs(text):
        font = ImageFont.truetype(
            ROOT / "static" / "fonts" / f"inter-{script}-wght-normal.woff2", style[0] * FINE
        )
        font.set_variation_by_axes([style[1]])
        draw.text((x, y), part, font=font, fill=fill, anchor="lm")
        x += font.getlength(part)


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The text's parts by script."""
    held, script = "", ""
    for letter in text:
        own = "cyrillic" if "\u0400" <= letter <= "\u045f" else "latin"
        if own != script and held:
            yield script, held
            held = ""
        held, script = held + letter, own
    if held:
        yield script, held


if __name__ == "__main__":
    for name in LANGUAGES:
        picture(name).save(file(name), optimize=True)
