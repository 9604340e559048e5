"""Many pictures on a few sheets, to be looked at side by side."""

from pathlib import Path

from PIL import Image, ImageDraw

COLUMN = {360: 300, 1440: 620}  # how wide a picture becomes
HEIGHT = 1100  # a long page is cut there
PER_SHEET = {360: 10, 1440: 6}
GAP = 12


def sheet(folder: Path, ending: str) -> None:
    """Sheets of all pictures of a folder whose names end so: sheet-light-360-1.png and on."""
    width = int(ending.rpartition("-")[2].partition(".")[0])
    files = sorted(file for file in folder.glob(f"*{ending}") if not file.name.startswith("sheet"))
    step = PER_SHEET[width]
    for number, begin in enumerate(range(0, len(files), step), start=1):
        drawn = _drawn(files[begin : begin + step], COLUMN[width], ending)
        drawn.save(folder / f"sheet{ending.removesuffix('.png')}-{number}.png")


def _drawn(files: list[Path], column: int, ending: str) -> Image.Image:
    columns = 5 if column < 400 else 3
    rows = -(-len(files) // columns)
    ground = Image.new("RGB", (columns * (column + GAP) + GAP, rows * (HEIGHT + 24 + GAP) + GAP), "#777777")
    draw = ImageDraw.Draw(ground)
    for n, file in enumerate(files):
        left = GAP + n % columns * (column + GAP)
        top = GAP + n // columns * (HEIGHT + 24 + GAP)
        draw.text((left, top + 4), file.name.removesuffix(ending), fill="#ffffff")
        with Image.open(file) as picture:
            scaled = picture.convert("RGB").resize((column, picture.height * column // picture.width))
            ground.paste(scaled.crop((0, 0, column, min(scaled.height, HEIGHT))), (left, top + 24))
    return ground
