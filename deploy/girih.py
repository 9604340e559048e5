"""The girih of our pages, from its geometry: `python -m deploy.girih` writes static/img/girih.svg.

Hankin's construction on the tiling of octagons and squares: from the middle of each edge two lines leave
at 67.5° to it, into either tile, and end where they meet a neighbour's. The octagons fill with the
eight-pointed star {8/3}, the squares with a four-pointed one, and each line runs on straight into the next
tile. The file is used as a mask, so that a page gives it a colour of its own.
"""

import math
from pathlib import Path

FILE = Path(__file__).parents[1] / "static" / "img" / "girih.svg"
EDGE = 40.0  # of every tile, in the picture's units
CONTACT = math.radians(67.5)  # between a line and the edge that it leaves

Point = tuple[float, float]


def polygon(sides: int, centre: Point, turn: float) -> list[Point]:
    """Corners of a regular polygon whose edges are EDGE long; `turn` is its first corner's angle."""
    radius = EDGE / (2 * math.sin(math.pi / sides))
    angles = [turn + 2 * math.pi * n / sides for n in range(sides)]
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def star(corners: list[Point], centre: Point) -> list[Point]:
    """The star that Hankin's lines draw in a tile: middles of edges and the dents between them, in turn."""
    sides = len(corners)
    inner = EDGE / (2 * math.tan(math.pi / sides))  # from the centre to the middle of an edge
    half = math.pi / sides
    # A line leaves the middle at 90° - CONTACT to the way to the centre, and meets the corner's bisector.
    tip = math.pi / 2 - CONTACT
    dent = inner * math.sin(tip) / math.sin(math.pi - tip - half)
    points: list[Point] = []
    for n, (x, y) in enumerate(corners):
        after = corners[(n + 1) % sides]
        middle = ((x + after[0]) / 2, (y + after[1]) / 2)
        angle = math.atan2(after[1] - centre[1], after[0] - centre[0])
        points += [middle, (centre[0] + dent * math.cos(angle), centre[1] + dent * math.sin(angle))]
    return points


def path(points: list[Point]) -> str:
    # Adding zero turns -0.0 into 0.0.
    return "M" + "L".join(f"{round(x, 2) + 0:g} {round(y, 2) + 0:g}" for x, y in points) + "Z"


def cell() -> float:
    """The side of the square that repeats: an octagon from edge to edge."""
    return EDGE * (1 + math.sqrt(2))


def octagon_star(centre: Point) -> list[Point]:
    return star(polygon(8, centre, math.pi / 8), centre)


def square_star(centre: Point) -> list[Point]:
    return star(polygon(4, centre, 0), centre)


def picture() -> str:
    """One cell as SVG: an octagon's star and, on the corners, those of the squares between octagons."""
    side = cell()
    middle = (side / 2, side / 2)
    corners = [(x, y) for x in (0.0, side) for y in (0.0, side)]
    eight = path(octagon_star(middle))
    lines = eight + "".join(path(square_star(corner)) for corner in corners)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side:.2f} {side:.2f}" '
        f'width="{side:.2f}" height="{side:.2f}">'
        f'<path fill-opacity=".1" d="{eight}"/>'
        f'<path fill="none" stroke="#000" stroke-width="1.1" stroke-linejoin="round" d="{lines}"/></svg>\n'
    )


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
