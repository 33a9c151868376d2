"""Formulas of geometry: areas, volumes, perimeters, the right triangle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import (
    PI,
    TWO,
    Binary,
    Node,
    Num,
    Sym,
    add,
    call,
    div,
    equation,
    is_constant,
    mul,
    number,
    power,
    sub,
)

_UNITS: Final = (
    r"(?:cm|mm|km|m|meters?|metres?|centimeters?|centimetres?|millimeters?|"
    r"kilometers?|inches|inch|in|feet|foot|ft|yards?|yd|miles?|mi|units?|dm|"
    r"square units)"
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


def _sq(node: Node) -> Node:
    return power(node, 2)


_FORMULAS: Final[tuple[_Formula, ...]] = (
    _Formula("circle", "area", ("radius",), "A = π·r²", lambda m: mul(PI, _sq(m["radius"])), 2),
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
        lambda m: div(mul(PI, _sq(m["radius"])), TWO),
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
        lambda m: mul(mul(number(4), PI), _sq(m["radius"])),
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
        lambda m: mul(mul(PI, _sq(m["radius"])), m["height"]),
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
        lambda m: div(mul(mul(PI, _sq(m["radius"])), m["height"]), _THREE),
        3,
    ),
    _Formula("square", "area", ("side",), "A = s²", lambda m: _sq(m["side"]), 2),
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
        lambda m: call("sqrt", add(_sq(m["length"]), _sq(m["width"]))),
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
    _Formula("cube", "surface", ("side",), "A = 6s²", lambda m: mul(number(6), _sq(m["side"])), 2),
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
        lambda m: mul(div(call("sqrt", _THREE), number(4)), _sq(m["side"])),
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
_SHAPES: Final = {
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
_QUANTITIES: Final = {
    "surface": r"(?:total )?surface(?: area)?",
    "area": r"area",
    "circumference": r"circumference|perimeter",
    "perimeter": r"perimeter",
    "volume": r"volume",
    "diagonal": r"(?:space )?diagonal(?: length)?|length of diagonal",
}
_MEASURES: Final = {
    "radius": r"(?:radius|radii|r)",
    "diameter": r"(?:diameter|d)",
    "circumference": r"circumference",
    "height": r"(?:height|altitude|h|tall|high)",
    "side": r"(?:side length|side lengths|sides|side|edge length|edges|edge|s)",
    "length": r"(?:length|l|long)",
    "width": r"(?:width|breadth|w|wide)",
    "base": r"(?:base area|base|b)",
}
_LETTERS: Final = {
    "r": "radius",
    "d": "diameter",
    "h": "height",
    "s": "side",
    "l": "length",
    "w": "width",
    "b": "base",
}
_EXTRA: Final = wordset(
    (
        "whose which having has have length lengths long measuring measures "
        "units unit exact its side sides of equal respectively given that where "
        "terms pi rounded"
    )
)


def _measures(scan: Scan) -> dict[str, Node] | None:
    """What is given about the shape, by name."""
    out: dict[str, Node] = {}
    for index, part in enumerate(scan.parts):
        pair = equation(part.node) if part.node is not None else None
        if (
            pair
            and isinstance(pair[0], Sym)
            and pair[0].name.lower() in _LETTERS
            and is_constant(pair[1])
        ):
            out[_LETTERS[pair[0].name.lower()]] = pair[1]
            scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
    unit = rf"(?: {_UNITS})?"
    both = scan.take(
        (
            r"(?:with |of |whose )?(?:sides|side lengths|edges|dimensions|"
            rf"measurements) (?:of |are |measuring )*N{unit} ?(?:,|and|by|\*) N{unit} "
            rf"?(?:(?:,|and|by|, and|\*) N{unit})?"
        )
    )
    if both:
        names = ("length", "width", "height")
        out.update(zip(names, both, strict=False))
    for name, words in _MEASURES.items():
        found = scan.take(
            (
                rf"(?:with |of |and |whose |has |having |is |where )*{words} (?:of |is |= |"
                r"equal to |equals |being |that is |length |are |measures |length of |: "
                rf")*N{unit}"
            )
        ) or scan.take(rf"(?:with )?N{unit} {words}")
        if found:
            out.setdefault(name, found[0])
    return out


def read_shape(scan: Scan, setting: Setting) -> Question | None:
    """`area of a circle with radius 5`, `volume of a 3 by 4 by 5 box`."""
    form = take_form(scan)
    quantity = next((name for name, cue in _QUANTITIES.items() if scan.cue(cue)), None)
    if quantity is None:
        return None
    unit = _unit(scan)
    given = _measures(scan) or {}
    shape = next((name for name, cue in _SHAPES.items() if scan.cue(cue)), None)
    if shape is None:
        return None
    sizes = scan.take(
        (
            rf"(?:of |with |that is |which is |is |measuring )*N(?: {_UNITS})? (?:by|"
            rf"\*|x) N(?: {_UNITS})?(?: (?:by|\*|x) N(?: {_UNITS})?)?"
        )
    )
    if sizes:
        given.update(zip(("length", "width", "height"), sizes, strict=False))
    left = scan.rest("X")
    if len(left) == 1 and isinstance(left[0], Binary) and left[0].op == "*" and not given:
        given = dict(zip(("length", "width"), (left[0].left, left[0].right), strict=False))
        left = ()
    scan.cue(_UNITS)
    if left or not scan.done(_EXTRA):
        return None
    return _shape(shape, quantity, given, unit, form)


def _unit(scan: Scan) -> str:
    import re

    words = [part.text for part in scan.parts if re.fullmatch(_UNITS, part.text or " ")]
    names = [word for word in words if word not in {"in", "units", "unit"}]
    return names[0] if names and len(set(names)) == 1 else ""


def _shape(
    shape: str, quantity: str, given: dict[str, Node], unit: str, form: object
) -> Question | None:
    from adapters.offline.form import Form

    measures = dict(given)
    before: list[str] = []
    if "diameter" in measures and "radius" not in measures:
        diameter = measures.pop("diameter")
        measures["radius"] = div(diameter, TWO)
        before.append(f"The radius is half the diameter: r = {pretty(diameter)}/2")
    if (
        shape in {"square", "cube", "equilateral"}
        and "length" in measures
        and "side" not in measures
    ):
        measures["side"] = measures.pop("length")
    if shape == "triangle" and set(measures) == {"length", "width"}:
        return None
    if shape in {"circle"} and quantity == "perimeter":
        quantity = "circumference"
    if shape != "circle" and quantity == "circumference":
        quantity = "perimeter"
    if shape == "rectangle" and "height" in measures and "width" not in measures:
        measures["width"] = measures.pop("height")
    if shape == "rectangle" and "base" in measures and "length" not in measures:
        measures["length"] = measures.pop("base")
    for formula in _FORMULAS:
        if (
            formula.shape == shape
            and formula.quantity == quantity
            and set(formula.needs) == set(measures)
        ):
            ending = {1: "", 2: "²", 3: "³"}[formula.dimension]
            shown = ", ".join(f"{name} {pretty(measures[name])}" for name in formula.needs)
            names = {"surface": "surface area"}
            title = (
                f"{names.get(quantity, quantity).capitalize()} of a {_named(shape)} with {shown}"
            )
            return value_question(
                Value(
                    title=title,
                    expression=formula.make(measures),
                    name=names.get(quantity, quantity),
                    unit=f"{unit}{ending}" if unit else "",
                    before=(*before, f"The formula is {formula.text}."),
                    form=form if isinstance(form, Form) else Form(),
                )
            )
    return None


def _named(shape: str) -> str:
    return {"equilateral": "triangle of equal sides"}.get(shape, shape)


def read_right_triangle(scan: Scan, setting: Setting) -> Question | None:
    """`hypotenuse of a right triangle with legs 3 and 4`, and the missing leg."""
    form = take_form(scan)
    if not scan.cue(
        (
            r"right(?: angled?)? triangle|pythagorean(?: theorem)?|pythagoras(?: "
            r"theorem)?|theorem of pythagoras|hypotenuse(?= of| in| if| when| for| "
            r"with)|hypotenuse"
        )
    ):
        return None
    unit = _unit(scan)
    scan.cue(
        (
            r"right(?: angled?)? triangle|(?:using |use |with |by )?(?:pythagorean(?: "
            r"theorem)?|pythagoras(?: theorem)?)|missing|third|other"
        )
    )
    named = f"(?: {_UNITS})?"
    hypotenuse = None
    words = " ".join(part.text for part in scan.parts if part.node is None)
    found = scan.take(
        rf"hypotenuse (?:of |is |= |length |equals |measuring )*N{named}"
    ) or scan.take(rf"N{named} hypotenuse")
    if found is None and " leg " in f" {words} " and "hypotenuse" in words:
        both = scan.take(
            (
                rf"(?:with |if |when |whose )?(?:one )?leg (?:of |is |= )*N{named} and ¦ "
                rf"(?:of |is |= )*N{named}"
            )
        )
        if both:
            found, leg_pair = (both[1],), (both[0],)
            return _leg(found[0], leg_pair[0], unit, form) if scan.done(_TRIANGLE_EXTRA) else None
        tail = (
            scan.take(rf"¦ (?:of |is |= |length )*N{named}")
            if words.count("hypotenuse")
            and not words.startswith(
                ("find the hypotenuse", "hypotenuse", "what is the hypotenuse")
            )
            else None
        )
        found = tail
    if found:
        hypotenuse = found[0]
    numbers = tuple(node for node in scan.rest("N"))
    scan.cue(_UNITS)
    if scan.has("X") or not scan.done(_TRIANGLE_EXTRA):
        return None
    if hypotenuse is None and len(numbers) == 2 and "area" not in words:
        return _hypotenuse(numbers[0], numbers[1], unit, form)
    if hypotenuse is not None and len(numbers) == 1:
        return _leg(hypotenuse, numbers[0], unit, form)
    return None


_TRIANGLE_EXTRA: Final = wordset(
    (
        "legs leg sides side cathetus catheti other missing length lengths "
        "hypotenuse shorter and one two if whose has have given measuring "
        "measure measures triangle longest a b c are is long"
    )
)


def _hypotenuse(a: Node, b: Node, unit: str, form: object) -> Question:
    from adapters.offline.form import Form

    return value_question(
        Value(
            title=f"Hypotenuse of a right triangle with legs {pretty(a)} and {pretty(b)}",
            expression=call("sqrt", add(_sq(a), _sq(b))),
            name="hypotenuse",
            unit=unit,
            before=("Pythagoras: c² = a² + b², so c = √(a² + b²).",),
            form=form if isinstance(form, Form) else Form(),
        )
    )


def _leg(hypotenuse: Node, leg: Node, unit: str, form: object) -> Question:
    from adapters.offline.form import Form

    return value_question(
        Value(
            title=(
                f"Leg of a right triangle with hypotenuse {pretty(hypotenuse)} and leg "
                f"{pretty(leg)}"
            ),
            expression=call("sqrt", sub(_sq(hypotenuse), _sq(leg))),
            name="other leg",
            unit=unit,
            before=("Pythagoras: a² = c² - b², so a = √(c² - b²).",),
            form=form if isinstance(form, Form) else Form(),
        )
    )


READERS = (read_right_triangle, read_shape)
