"""Pieces of a formula drawn as one PNG. Imported only where matplotlib may be slow to load.

Everything is a box: width, height above the baseline, depth below it, in points, and a way to put
its outlines at a place. Boxes are set side by side, in tables, over each other.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path
from matplotlib.transforms import Affine2D

from adapters.mathimages.pieces import Brace, Frame, Piece, Pieces, Plain, Scripted, Table
from adapters.mathimages.shapes import bar, bracket, frame, lying_brace
from adapters.mathimages.source import read

SIZE: Final = 22.0
"""The font's size in points; twice that of a chat's text, for screens with small pixels."""
SMALLEST: Final = 12.0
"""The size below which a wide formula is not scaled down further."""
WIDEST: Final = 1000.0
"""Points that a picture may be wide."""
TALLEST: Final = 800.0
"""Points that a picture may be high."""
DOTS: Final = 144
"""Pixels per inch."""
PADDING: Final = 14.0
"""White around the formula in points, so that it stands on dark and light backgrounds alike."""

_FONTS: Final = "stix"


class Undrawable(Exception):
    """mathtext does not know a macro or a glyph, or the picture would be too large."""


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of the picture. `place(x, y)` gives its outlines with the baseline at `y`."""

    width: float
    height: float
    depth: float
    place: Callable[[float, float], Iterable[Path]]


def png(latex: str) -> bytes:
    """The formula as PNG, black on opaque white.

    Raises:
        Undrawable: it is malformed, not known to mathtext, or too large.
    """
    pieces = read(latex)
    if not pieces:
        raise Undrawable("not a formula that can be read")
    missing = _MissingGlyphs()
    logger = logging.getLogger("matplotlib.mathtext")
    logger.addHandler(missing)
    try:
        picture = _png(pieces)
    except (ValueError, RuntimeError, KeyError, IndexError, TypeError) as error:
        raise Undrawable(str(error)) from error
    finally:
        logger.removeHandler(missing)
    if missing.seen:
        raise Undrawable("a glyph is missing")
    return picture


class _MissingGlyphs(logging.Handler):
    """Notes that mathtext put a dummy in the place of a glyph that no font has."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen = False

    def emit(self, record: logging.LogRecord) -> None:
        self.seen = True


def _png(pieces: Pieces) -> bytes:
    size = SIZE
    box = _Setter(size).row(pieces)
    if box.width > WIDEST - 2 * PADDING:
        size = max(SMALLEST, size * (WIDEST - 2 * PADDING) / box.width)
        box = _Setter(size).row(pieces)
    width, height = box.width + 2 * PADDING, box.height + box.depth + 2 * PADDING
    if width > WIDEST * 1.01 or height > TALLEST:
        raise Undrawable("too large")
    figure = Figure(figsize=(width / 72, height / 72), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    to_pixels = Affine2D().scale(DOTS / 72)
    for path in box.place(PADDING, PADDING + box.depth):
        patch = PathPatch(path, facecolor="black", linewidth=0, transform=to_pixels)
        figure.add_artist(patch)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DOTS)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    return data.getvalue()


class _Setter:
    """Makes boxes of pieces at one font size (points)."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.rule = size * 0.05
        self.gap = size * 0.22

    def row(self, pieces: Pieces) -> Box:
        boxes = [self.piece(each) for each in pieces]
        return _beside(boxes, self.gap) if boxes else self.blank()

    def blank(self) -> Box:
        return Box(0, self.size * 0.7, self.size * 0.2, lambda _x, _y: ())

    def piece(self, piece: Piece) -> Box:
        match piece:
            case Plain():
                return self.plain(piece.text)
            case Table():
                return self.table(piece)
            case Brace():
                return self.brace(piece)
            case Frame():
                return self.frame(piece)
            case Scripted():
                return self.scripted(piece)

    def plain(self, text: str) -> Box:
        if not text.strip():
            return self.blank()
        font = FontProperties(size=self.size, math_fontfamily=_FONTS)
        source = f"${text}$"
        width, total, depth = text_to_path.get_text_width_height_descent(source, font, ismath=True)
        outline = TextPath((0, 0), source, size=self.size, prop=font)

        def place(x: float, y: float) -> Iterable[Path]:
            yield outline.transformed(Affine2D().translate(x, y))

        return Box(width, max(total - depth, self.size * 0.5), max(depth, 0.0), place)

    def table(self, table: Table) -> Box:
        count = max(map(len, table.rows))
        padded = (row + ((),) * (count - len(row)) for row in table.rows)
        cells = [[self.row(cell) for cell in row] for row in padded]
        widths = [max(row[index].width for row in cells) for index in range(count)]
        columns = table.columns.replace("|", "")
        x, starts = 0.0, list[float]()
        for index, width in enumerate(widths):
            x += self.column_gap(table, index)
            starts.append(x)
            x += width
        heights = [max(box.height for box in row) for row in cells]
        depths = [max(box.depth for box in row) for row in cells]
        between = self.size * 0.45
        total = sum(heights) + sum(depths) + between * (len(cells) - 1)
        top = total / 2 + self.size * 0.25
        rules = [starts[index] - self.size * 0.4 for index in _ruled(table) if 0 < index < count]

        def place(at: float, y: float) -> Iterable[Path]:
            line = y + top
            for row, height, depth in zip(cells, heights, depths, strict=True):
                line -= height
                for index, box in enumerate(row):
                    room = widths[index] - box.width
                    to = columns[index : index + 1] or _alignment(table.kind, index)
                    shift = {"l": 0.0, "r": room}.get(to, room / 2)
                    yield from box.place(at + starts[index] + shift, line)
                line -= depth + between
            for rule in rules:
                yield bar(at + rule, y + top, total, self.rule)

        body = Box(x, top, total - top, place)
        return self.bracketed(body, table.left, table.right)

    def column_gap(self, table: Table, index: int) -> float:
        if index == 0:
            return 0.0
        if table.kind == "aligned":
            return self.size * (1.6 if index % 2 == 0 else 0.25)
        return self.size * (1.0 if table.kind == "cases" else 0.8)

    def bracketed(self, body: Box, left: str, right: str) -> Box:
        if not left and not right:
            return body
        height, depth = body.height + self.gap / 2, body.depth + self.gap / 2
        breadth = self.size * 0.3
        start = breadth + self.gap if left else 0.0
        width = start + body.width + (breadth + self.gap if right else 0.0)

        def place(x: float, y: float) -> Iterable[Path]:
            yield from body.place(x + start, y)
            span = (y - depth, y + height)
            if left:
                yield from bracket(left, x, breadth, span, self.rule)
            if right:
                yield from bracket(right, x + width, -breadth, span, self.rule)

        return Box(width, height, depth, place)

    def brace(self, piece: Brace) -> Box:
        body = self.row(piece.body)
        label = _Setter(self.size * 0.7).row(piece.label) if piece.label else None
        breadth, gap = self.size * 0.35, self.gap * 0.6
        labelled = label.height + label.depth + gap if label else 0.0
        extra = gap + breadth + labelled
        width = max(body.width, label.width if label else 0.0)
        shift = (width - body.width) / 2

        def place(x: float, y: float) -> Iterable[Path]:
            yield from body.place(x + shift, y)
            edge = y + body.height + gap if piece.is_over else y - body.depth - gap
            outward = breadth if piece.is_over else -breadth
            yield lying_brace(x + shift, body.width, edge, outward, self.rule)
            if label is not None:
                middle = x + (width - label.width) / 2
                tip = edge + outward
                below = tip - gap - label.height
                yield from label.place(middle, tip + gap + label.depth if piece.is_over else below)

        if piece.is_over:
            return Box(width, body.height + extra, body.depth, place)
        return Box(width, body.height, body.depth + extra, place)

    def frame(self, piece: Frame) -> Box:
        body = self.row(piece.body)
        room = self.size * 0.35
        width = body.width + 2 * room

        def place(x: float, y: float) -> Iterable[Path]:
            yield from body.place(x + room, y)
            low, high = y - body.depth - room, y + body.height + room
            yield frame([(x, low), (x + width, low), (x + width, high), (x, high)], self.rule)

        return Box(width, body.height + room, body.depth + room, place)

    def scripted(self, piece: Scripted) -> Box:
        base = self.table(piece.base)
        small = _Setter(self.size * 0.7)
        above = small.row(piece.above) if piece.above else None
        below = small.row(piece.below) if piece.below else None
        width = max((each.width for each in (above, below) if each), default=0.0)
        x_of = base.width + self.gap / 2

        def place(x: float, y: float) -> Iterable[Path]:
            yield from base.place(x, y)
            if above is not None:
                yield from above.place(x + x_of, y + base.height - above.height / 2)
            if below is not None:
                yield from below.place(x + x_of, y - base.depth)

        height = base.height + (above.height / 2 if above else 0.0)
        depth = base.depth + (below.depth if below else 0.0)
        return Box(x_of + width, height, depth, place)


def _alignment(kind: str, index: int) -> str:
    if kind == "aligned":
        return "r" if index % 2 == 0 else "l"
    return "l" if kind == "cases" else "c"


def _ruled(table: Table) -> list[int]:
    pieces = table.columns.split("|")[:-1]
    return [len("".join(pieces[: index + 1])) for index in range(len(pieces))]


def _beside(boxes: Sequence[Box], gap: float) -> Box:
    if len(boxes) == 1:
        return boxes[0]
    starts: list[float] = []
    x = 0.0
    for box in boxes:
        starts.append(x)
        x += box.width + gap

    def place(at: float, y: float) -> Iterable[Path]:
        for start, box in zip(starts, boxes, strict=True):
            yield from box.place(at + start, y)

    return Box(x - gap, max(box.height for box in boxes), max(box.depth for box in boxes), place)
