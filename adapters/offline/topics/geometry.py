"""Formulas of geometry: areas, volumes, perimeters, the right triangle."""

from __future__ import annotations

import re
from typing import Final

from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.topics.shapes import FORMULAS, SHAPES
from adapters.offline.tree import (
    TWO,
    Binary,
    Node,
    Sym,
    div,
    equation,
    is_constant,
)

UNITS: Final = (
    r"(?:cm|mm|km|m|meters?|metres?|centimeters?|centimetres?|millimeters?|"
    r"kilometers?|inches|inch|in|feet|foot|ft|yards?|yd|miles?|mi|units?|dm|"
    r"square units)"
)


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
    "whose which having has have length lengths long measuring measures "
    "units unit exact its side sides of equal respectively given that where "
    "terms pi rounded"
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
    unit = rf"(?: {UNITS})?"
    both = scan.take(
        r"(?:with |of |whose )?(?:sides|side lengths|edges|dimensions|"
        rf"measurements) (?:of |are |measuring )*N{unit} ?(?:,|and|by|\*) N{unit} "
        rf"?(?:(?:,|and|by|, and|\*) N{unit})?"
    )
    if both:
        names = ("length", "width", "height")
        out.update(zip(names, both, strict=False))
    bases = scan.take(rf"(?:with )?(?:bases|parallel sides) (?:of |are )*N{unit} and N{unit}")
    if bases:
        out.update(zip(("first", "second"), bases, strict=True))
    for name, words in _MEASURES.items():
        found = scan.take(
            rf"(?:with |of |and |whose |has |having |is |where )*{words} (?:of |is |= |"
            r"equal to |equals |being |that is |length |are |measures |length of |: "
            rf")*N{unit}"
        ) or scan.take(rf"(?:with )?N{unit} {words}")
        if found:
            out.setdefault(name, found[0])
    return out


def read_shape(scan: Scan, _setting: Setting) -> Question | None:
    """`area of a circle with radius 5`, `volume of a 3 by 4 by 5 box`."""
    form = take_form(scan)
    quantity = next((name for name, cue in _QUANTITIES.items() if scan.cue(cue)), None)
    if quantity is None:
        return None
    unit = named_unit(scan)
    given = _measures(scan) or {}
    shape = next((name for name, cue in SHAPES.items() if scan.cue(cue)), None)
    if shape is None:
        return None
    sizes = scan.take(
        rf"(?:of |with |that is |which is |is |measuring )*N(?: {UNITS})? (?:by|"
        rf"\*|x) N(?: {UNITS})?(?: (?:by|\*|x) N(?: {UNITS})?)?"
    )
    if sizes:
        given.update(zip(("length", "width", "height"), sizes, strict=False))
    left = scan.rest("X")
    if len(left) == 1 and isinstance(left[0], Binary) and left[0].op == "*" and not given:
        given = {"length": left[0].left, "width": left[0].right}
        left = ()
    scan.cue(UNITS)
    if left or not scan.done(_EXTRA):
        return None
    return _shape(shape, quantity, given, unit, form)


def named_unit(scan: Scan) -> str:
    """The one unit of length that a sentence names, or nothing."""
    words = [part.text for part in scan.parts if re.fullmatch(UNITS, part.text or " ")]
    names = [word for word in words if word not in {"in", "units", "unit"}]
    return names[0] if names and len(set(names)) == 1 else ""


def _shape(
    shape: str, quantity: str, given: dict[str, Node], unit: str, form: object
) -> Question | None:
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
    if shape == "circle" and quantity == "perimeter":
        quantity = "circumference"
    if shape != "circle" and quantity == "circumference":
        quantity = "perimeter"
    if shape == "rectangle" and "height" in measures and "width" not in measures:
        measures["width"] = measures.pop("height")
    if shape == "rectangle" and "base" in measures and "length" not in measures:
        measures["length"] = measures.pop("base")
    for formula in FORMULAS:
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


READERS = (read_shape,)
