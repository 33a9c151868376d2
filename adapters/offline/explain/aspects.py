"""How the properties of a function are told: domain, extrema, asymptotes and their kin."""

from __future__ import annotations

from typing import Any, Final

from adapters.offline import show, values
from adapters.offline.form import Form
from adapters.offline.question import Answer, Result, display
from adapters.offline.topics.inequalities import bounds_text, interval_text
from adapters.offline.tree import (
    Node,
)


def _set_text(word: str) -> Any:
    def text(result: Result, name: str, _caption: str, _function: Node) -> Answer:
        pieces: list[Any] = result.list("pieces")
        if not pieces:
            return Answer((f"{word}: {display(result.text('text'))}",))
        pieces.sort(key=lambda piece: float(str(piece[4]).replace("oo", "inf")))
        letter = name if word == "Domain" else "y"
        shown = " or ".join(bounds_text(piece, letter) for piece in pieces)
        intervals = " ∪ ".join(map(interval_text, pieces))
        return Answer((f"{word}: {shown}", f"In interval notation: {intervals}"))

    return text


def _inverse_text(result: Result, name: str, caption: str, function: Node) -> Answer:
    found = [display(str(item)) for item in result.list("inverses")]
    steps = (f"Write y = {show.pretty(function)}, solve for {name}, then swap the letters.",)
    if not found:
        return Answer(("No inverse was found in known functions.",), steps)
    lines = tuple(f"{caption}⁻¹({name}) = {text}" for text in found)
    notes = (
        ("There are several branches: the function is one-to-one only on a part of its domain.",)
        if len(found) > 1
        else ()
    )
    return Answer(lines, steps, notes)


def _extrema_text(result: Result, name: str, caption: str, _function: Node) -> Answer:
    steps = (
        (
            f"Derivative: {caption}'({name}) = {result.show('slope')}. Where it is "
            "zero the tangent is level."
        ),
        (
            f"The sign of {caption}' on both sides tells the kind "
            f"({caption}''({name}) = {result.show('bend')})."
        ),
    )
    points: list[Any] = result.list("points")
    if not points:
        return Answer(("There are no stationary points.",), steps)
    lines: list[str] = []
    for place, height, kind, near, near_height in points:
        x = values.value_text(place, near, Form())
        y = values.value_text(height, near_height, Form())
        word = kind if kind == "saddle point" else f"local {kind}"
        lines.append(f"{word} at {name} {x if x.startswith('≈') else '= ' + x}, value {y}")
    return Answer(tuple(lines), steps)


def _closed_text(result: Result, name: str, caption: str, _function: Node) -> Answer:
    places: list[Any] = result.list("places")
    steps = tuple(f"{caption}({display(p)}) = {display(h)}" for p, h in places)
    top, bottom = result.list("top"), result.list("bottom")
    lines = (
        f"maximum {display(str(top[1]))} at {name} = {display(str(top[0]))}",
        f"minimum {display(str(bottom[1]))} at {name} = {display(str(bottom[0]))}",
    )
    return Answer(
        lines, ("Compare the values at the ends and where the derivative is zero.", *steps)
    )


def _inflection_text(result: Result, name: str, caption: str, _function: Node) -> Answer:
    steps = (
        f"Second derivative: {caption}''({name}) = {result.show('bend')}. It must change its sign.",
    )
    points: list[Any] = result.list("points")
    if not points:
        return Answer(("There is no inflection point.",), steps)
    return Answer(tuple(f"inflection point ({display(p)}, {display(h)})" for p, h in points), steps)


def _growth_text(up: str, down: str) -> Any:
    def text(result: Result, name: str, _caption: str, _function: Node) -> Answer:
        lines: list[str] = []
        for low, high, rising in result.list("stretches"):
            lines.append(
                f"{up if rising else down} for {name} in ({display(low)}, {display(high)})"
            )
        return Answer(tuple(lines), (f"Look at the sign of {result.show('rate')}.",))

    return text


def _asymptotes_text(result: Result, name: str, _caption: str, _function: Node) -> Answer:
    lines = [f"vertical asymptote {name} = {display(str(p))}" for p in result.list("poles")]
    lines += [f"horizontal asymptote y = {display(str(p))}" for p in result.list("flat")]
    lines += [f"slant asymptote y = {display(str(p))}" for p in result.list("slant")]
    steps = (
        (
            "Vertical ones stand where the function grows beyond bounds, horizontal "
            "ones at its limits for ±∞."
        ),
    )
    return Answer(tuple(lines) or ("There are no asymptotes.",), steps)


def _intercepts_text(result: Result, name: str, _caption: str, _function: Node) -> Answer:
    zeros = ", ".join(display(str(z)) for z in result.list("zeros")) or "none"
    steps = (
        f"Set the function to 0 for the {name}-intercepts; put in {name} = 0 for the y-intercept.",
    )
    return Answer(
        (
            f"{name}-intercepts: {name} = {zeros}" if zeros != "none" else f"no {name}-intercepts",
            f"y-intercept: y = {result.show('height')}",
        ),
        steps,
    )


def _height_text(result: Result, name: str, _caption: str, _function: Node) -> Answer:
    return Answer((f"y-intercept: y = {result.show('height')}",), (f"Put in {name} = 0.",))


def _parity_text(result: Result, name: str, caption: str, _function: Node) -> Answer:
    steps = (f"Put in -{name}: {caption}(-{name}) = {result.show('mirrored')}",)
    if result.text("even") == "True":
        return Answer((f"The function is even: {caption}(-{name}) = {caption}({name}).",), steps)
    if result.text("odd") == "True":
        return Answer((f"The function is odd: {caption}(-{name}) = -{caption}({name}).",), steps)
    return Answer(("The function is neither even nor odd.",), steps)


def _period_text(result: Result, _name: str, _caption: str, _function: Node) -> Answer:
    if result.text("length") in {"None", "0"}:
        return Answer(("The function is not periodic.",))
    return Answer(
        (f"period = {values.value_text(result.text('length'), result.text('near'), Form())}",)
    )


ASPECT_TEXT: Final[dict[str, Any]] = {
    "domain": _set_text("Domain"),
    "range": _set_text("Range"),
    "inverse": _inverse_text,
    "extrema": _extrema_text,
    "closed": _closed_text,
    "inflection": _inflection_text,
    "monotony": _growth_text("increasing", "decreasing"),
    "concavity": _growth_text("concave up", "concave down"),
    "asymptotes": _asymptotes_text,
    "intercepts": _intercepts_text,
    "yintercept": _height_text,
    "parity": _parity_text,
    "period": _period_text,
}
