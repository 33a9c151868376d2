"""The right triangle: hypotenuse and legs."""

from __future__ import annotations

from typing import Final

from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.topics.geometry import UNITS, named_unit
from adapters.offline.topics.shapes import sq
from adapters.offline.tree import (
    Node,
    add,
    call,
    sub,
)


def read_right_triangle(scan: Scan, _setting: Setting) -> Question | None:
    """`hypotenuse of a right triangle with legs 3 and 4`, and the missing leg."""
    form = take_form(scan)
    if not scan.cue(
        r"right(?: angled?)? triangle|pythagorean(?: theorem)?|pythagoras(?: "
        r"theorem)?|theorem of pythagoras|hypotenuse(?= of| in| if| when| for| "
        r"with)|hypotenuse"
    ):
        return None
    unit = named_unit(scan)
    scan.cue(
        r"right(?: angled?)? triangle|(?:using |use |with |by )?(?:pythagorean(?: "
        r"theorem)?|pythagoras(?: theorem)?)|missing|third|other"
    )
    named = f"(?: {UNITS})?"
    hypotenuse = None
    words = " ".join(part.text for part in scan.parts if part.node is None)
    found = scan.take(
        rf"hypotenuse (?:of |is |= |length |equals |measuring )*N{named}"
    ) or scan.take(rf"N{named} hypotenuse")
    if found is None and " leg " in f" {words} " and "hypotenuse" in words:
        both = scan.take(
            rf"(?:with |if |when |whose )?(?:one )?leg (?:of |is |= )*N{named} and ¦ "
            rf"(?:of |is |= )*N{named}"
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
    scan.cue(UNITS)
    if scan.has("X") or not scan.done(_TRIANGLE_EXTRA):
        return None
    if hypotenuse is None and len(numbers) == 2 and "area" not in words:
        return _hypotenuse(numbers[0], numbers[1], unit, form)
    if hypotenuse is not None and len(numbers) == 1:
        return _leg(hypotenuse, numbers[0], unit, form)
    return None


_TRIANGLE_EXTRA: Final = wordset(
    "legs leg sides side cathetus catheti other missing length lengths "
    "hypotenuse shorter and one two if whose has have given measuring "
    "measure measures triangle longest a b c are is long"
)


def _hypotenuse(a: Node, b: Node, unit: str, form: object) -> Question:
    return value_question(
        Value(
            title=f"Hypotenuse of a right triangle with legs {pretty(a)} and {pretty(b)}",
            expression=call("sqrt", add(sq(a), sq(b))),
            name="hypotenuse",
            unit=unit,
            before=("Pythagoras: c² = a² + b², so c = √(a² + b²).",),
            form=form if isinstance(form, Form) else Form(),
        )
    )


def _leg(hypotenuse: Node, leg: Node, unit: str, form: object) -> Question:
    return value_question(
        Value(
            title=(
                f"Leg of a right triangle with hypotenuse {pretty(hypotenuse)} and leg "
                f"{pretty(leg)}"
            ),
            expression=call("sqrt", sub(sq(hypotenuse), sq(leg))),
            name="other leg",
            unit=unit,
            before=("Pythagoras: a² = c² - b², so a = √(c² - b²).",),
            form=form if isinstance(form, Form) else Form(),
        )
    )


READERS = (read_right_triangle,)
