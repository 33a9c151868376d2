"""The formulas of plane and solid shapes, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from adapters.offline.tree import (
    PI,
    TWO,
    Node,
    Num,
    add,
    call,
    div,
    mul,
    number,
    power,
)

_THREE: Final = Num(Fraction(3))


_HALF: Final = div(Num(Fraction(1)), TWO)


@dataclass(frozen=True, slots=True)
class _Formula:
    """A shape and a quantity of it: which measures it needs, and the formula."""

    shape: str
    quantity: str
    needs: tuple[str, ...]
    text: str
    make: Callable[[Mapping[str, Node]], Node]
    dimension: int


def sq(node: Node) -> Node:
    """The square of a measure."""
    return power(node, 2)


FORMULAS: Final[tuple[_Formula, ...]] = (
    _Formula("circle", "area", ("radius",), "A = π·r²", lambda m: mul(PI, sq(m["radius"])), 2),
    _Formula(
        "circle",
        "circumference",
        ("radius",),
        "C = 2π·r",
        lambda m: mul(mul(TWO, PI), m["radius"]),
        1,
    ),
    _Formula(
        "semicircle",
        "area",
        ("radius",),
        "A = π·r²/2",
        lambda m: div(mul(PI, sq(m["radius"])), TWO),
        2,
    ),
    _Formula(
        "sphere",
        "volume",
        ("radius",),
        "V = 4/3·π·r³",
        lambda m: mul(mul(div(number(4), _THREE), PI), power(m["radius"], 3)),
        3,
    ),
    _Formula(
        "sphere",
        "surface",
        ("radius",),
        "A = 4π·r²",
        lambda m: mul(mul(number(4), PI), sq(m["radius"])),
        2,
    ),
    _Formula(
        "hemisphere",
        "volume",
        ("radius",),
        "V = 2/3·π·r³",
        lambda m: mul(mul(div(TWO, _THREE), PI), power(m["radius"], 3)),
        3,
    ),
    _Formula(
        "cylinder",
        "volume",
        ("radius", "height"),
        "V = π·r²·h",
        lambda m: mul(mul(PI, sq(m["radius"])), m["height"]),
        3,
    ),
    _Formula(
        "cylinder",
        "surface",
        ("radius", "height"),
        "A = 2π·r·(r + h)",
        lambda m: mul(mul(mul(TWO, PI), m["radius"]), add(m["radius"], m["height"])),
        2,
    ),
    _Formula(
        "cone",
        "volume",
        ("radius", "height"),
        "V = 1/3·π·r²·h",
        lambda m: div(mul(mul(PI, sq(m["radius"])), m["height"]), _THREE),
        3,
    ),
    _Formula("square", "area", ("side",), "A = s²", lambda m: sq(m["side"]), 2),
    _Formula("square", "perimeter", ("side",), "P = 4s", lambda m: mul(number(4), m["side"]), 1),
    _Formula(
        "square", "diagonal", ("side",), "d = s·√2", lambda m: mul(m["side"], call("sqrt", TWO)), 1
    ),
    _Formula(
        "rectangle",
        "area",
        ("length", "width"),
        "A = l·w",
        lambda m: mul(m["length"], m["width"]),
        2,
    ),
    _Formula(
        "rectangle",
        "perimeter",
        ("length", "width"),
        "P = 2(l + w)",
        lambda m: mul(TWO, add(m["length"], m["width"])),
        1,
    ),
    _Formula(
        "rectangle",
        "diagonal",
        ("length", "width"),
        "d = √(l² + w²)",
        lambda m: call("sqrt", add(sq(m["length"]), sq(m["width"]))),
        1,
    ),
    _Formula(
        "triangle",
        "area",
        ("base", "height"),
        "A = b·h/2",
        lambda m: div(mul(m["base"], m["height"]), TWO),
        2,
    ),
    _Formula(
        "parallelogram",
        "area",
        ("base", "height"),
        "A = b·h",
        lambda m: mul(m["base"], m["height"]),
        2,
    ),
    _Formula("cube", "volume", ("side",), "V = s³", lambda m: power(m["side"], 3), 3),
    _Formula("cube", "surface", ("side",), "A = 6s²", lambda m: mul(number(6), sq(m["side"])), 2),
    _Formula(
        "cube", "diagonal", ("side",), "d = s·√3", lambda m: mul(m["side"], call("sqrt", _THREE)), 1
    ),
    _Formula(
        "box",
        "volume",
        ("length", "width", "height"),
        "V = l·w·h",
        lambda m: mul(mul(m["length"], m["width"]), m["height"]),
        3,
    ),
    _Formula(
        "box",
        "surface",
        ("length", "width", "height"),
        "A = 2(lw + lh + wh)",
        lambda m: mul(
            TWO,
            add(
                add(mul(m["length"], m["width"]), mul(m["length"], m["height"])),
                mul(m["width"], m["height"]),
            ),
        ),
        2,
    ),
    _Formula(
        "equilateral",
        "area",
        ("side",),
        "A = √3/4·s²",
        lambda m: mul(div(call("sqrt", _THREE), number(4)), sq(m["side"])),
        2,
    ),
    _Formula("equilateral", "perimeter", ("side",), "P = 3s", lambda m: mul(_THREE, m["side"]), 1),
    _Formula(
        "pyramid",
        "volume",
        ("base", "height"),
        "V = 1/3·B·h",
        lambda m: div(mul(m["base"], m["height"]), _THREE),
        3,
    ),
    _Formula(
        "trapezoid",
        "area",
        ("first", "second", "height"),
        "A = (a + b)/2·h",
        lambda m: mul(div(add(m["first"], m["second"]), TWO), m["height"]),
        2,
    ),
)


SHAPES: Final = {
    "equilateral": r"equilateral triangle",
    "semicircle": r"(?:semicircle|semi circle|half circle)",
    "hemisphere": r"(?:hemisphere|half sphere)",
    "circle": r"(?:circle|disc|disk)",
    "sphere": r"(?:sphere|ball)",
    "cylinder": r"cylinder",
    "cone": r"(?:right )?(?:circular )?cone",
    "square": r"square",
    "rectangle": r"rectangle",
    "triangle": r"(?:right )?triangle",
    "parallelogram": r"parallelogram",
    "cube": r"cube",
    "box": r"(?:box|cuboid|rectangular prism|rectangular box)",
    "trapezoid": r"(?:trapezoid|trapezium)",
}
