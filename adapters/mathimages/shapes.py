"""The outlines that mathtext has no glyphs for: tall brackets, braces under a term, frames.

All lengths in points; y grows upwards; each outline is meant to be filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.path import Path
from matplotlib.transforms import Affine2D


def bar(x: float, top: float, length: float, breadth: float) -> Path:
    """An upright rule down from `top`, its middle at `x`."""
    half = breadth / 2
    return _polygon(
        [(x - half, top), (x + half, top), (x + half, top - length), (x - half, top - length)]
    )


def _polygon(points: Sequence[tuple[float, float]]) -> Path:
    return Path([*points, points[0]], closed=True)


def frame(points: Sequence[tuple[float, float]], breadth: float) -> Path:
    """The frame of a rectangle as one filled shape with a hole."""
    (left, low), (right, _), (_, high), _ = points
    inner = [
        (left + breadth, low + breadth),
        (left + breadth, high - breadth),
        (right - breadth, high - breadth),
        (right - breadth, low + breadth),
    ]
    return Path.make_compound_path(_polygon(points), _polygon(inner))


def bracket(
    shape: str, x: float, breadth: float, span: tuple[float, float], rule: float
) -> Iterable[Path]:
    """A tall bracket whose open side looks to where `breadth` points."""
    low, high = span
    thick = rule * 1.3
    if shape in "|‖":
        yield bar(x + breadth / 2, high, high - low, thick)
        if shape == "‖":
            yield bar(x + breadth, high, high - low, thick)
        return
    if shape in "[]":
        edge = x + thick if breadth > 0 else x - thick
        points = [
            (x, low), (x + breadth, low), (x + breadth, low + thick), (edge, low + thick),
            (edge, high - thick), (x + breadth, high - thick), (x + breadth, high), (x, high),
        ]  # fmt: skip
        yield _polygon(points)
        return
    if shape in "{}":
        yield _standing_brace(x, breadth, span, thick)
        return
    bulge = thick * 1.8 if breadth > 0 else -thick * 1.8
    ends = breadth * 0.95
    curve = [
        (x + ends, high), (x - breadth * 0.25, (high * 3 + low) / 4),
        (x - breadth * 0.25, (low * 3 + high) / 4), (x + ends, low),
        (x - breadth * 0.25 + bulge, (low * 3 + high) / 4),
        (x - breadth * 0.25 + bulge, (high * 3 + low) / 4), (x + ends, high),
    ]  # fmt: skip
    four = Path.CURVE4
    yield Path(curve, [Path.MOVETO, four, four, four, four, four, four])


def _brace_curve(length: float, breadth: float, thick: float) -> Path:
    """A brace lying on the line from 0 to `length`, its tip at `breadth` above it."""
    middle, mid = length / 2, breadth / 2
    reach = min(abs(breadth), length / 4)
    half = thick / 2 if breadth > 0 else -thick / 2
    to, curve = Path.LINETO, Path.CURVE3
    outer = [
        (0.0, 0.0), (0.0, mid + half), (reach, mid + half), (middle - reach, mid + half),
        (middle, mid + half), (middle, breadth), (middle, mid + half), (middle + reach, mid + half),
        (length - reach, mid + half), (length, mid + half), (length, 0.0), (length, mid - half),
        (length - reach, mid - half), (middle + reach, mid - half), (middle, mid - half),
        (middle, breadth), (middle, mid - half), (middle - reach, mid - half),
        (reach, mid - half), (0.0, mid - half), (0.0, 0.0),
    ]  # fmt: skip
    codes = [
        Path.MOVETO, curve, curve, to, curve, curve, curve, curve, to, curve, curve, curve, curve,
        to, curve, curve, curve, curve, to, curve, curve,
    ]  # fmt: skip
    return Path(outer, codes)


def lying_brace(x: float, length: float, edge: float, outward: float, rule: float) -> Path:
    """A brace along a term from `x`; its tip is `outward` above `edge` (below if negative)."""
    return _brace_curve(length, outward, rule * 1.4).transformed(Affine2D().translate(x, edge))


def _standing_brace(x: float, breadth: float, span: tuple[float, float], thick: float) -> Path:
    low, high = span
    lying = _brace_curve(high - low, abs(breadth) * 1.1, thick)
    turned = Affine2D().rotate_deg(90 if breadth > 0 else -90)
    if breadth > 0:
        return lying.transformed(turned.translate(x + breadth, low))
    return lying.transformed(turned.translate(x + breadth, high))
