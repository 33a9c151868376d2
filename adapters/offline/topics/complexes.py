"""Complex numbers: arithmetic, modulus, conjugate, argument, polar form."""

from __future__ import annotations

from typing import Final

from adapters.offline import code
from adapters.offline.form import Form, take_form
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Const, Node, is_constant, walk
from adapters.offline.values import value_text

_ASPECTS: Final = {
    "conjugate": r"(?:complex )?conjugate",
    "modulus": r"modulus|magnitude|absolute value|length|norm",
    "argument": r"argument|arg|phase|angle",
    "polar": r"polar (?:form|coordinates|representation)|trigonometric form|exponential form",
    "real": r"real part",
    "imaginary": r"imaginary part",
}
_CALLS: Final = {
    "conjugate": "conjugate(z)",
    "modulus": "Abs(z)",
    "argument": "arg(z)",
    "real": "re(z)",
    "imaginary": "im(z)",
}


def read_complex(scan: Scan, _setting: Setting) -> list[Question] | None:
    """`(2 + 3i)(1 - i)`, `modulus of 3 + 4i`, `polar form of 1 + i`."""
    form = take_form(scan)
    nodes_here = [part.node for part in scan.parts if part.node is not None]
    if not any(isinstance(p, Const) and p.name == "i" for node in nodes_here for p in walk(node)):
        return None
    wanted = [name for name, cue in _ASPECTS.items() if scan.cue(cue)]
    scan.cue(
        r"(?:in |into |to )?(?:rectangular|standard|cartesian|algebraic|a \+ bi) "
        r"form|in form E|simplify|multiply|add|complex numbers?|product|sum|z ="
    )
    nodes = scan.rest("N")
    if (
        len(nodes) != 1
        or scan.has("X")
        or not scan.done(
            {
                "complex",
                "number",
                "numbers",
                "simplify",
                "express",
                "write",
                "convert",
                "form",
                "standard",
            }
        )
    ):
        return None
    node = nodes[0]
    if not is_constant(node):
        return None
    return [_aspect(node, name, form) for name in wanted or ["value"]]


def _aspect(node: Node, name: str, form: Form) -> Question:
    lines = [f"z = expand({code.exact(node)}, complex=True)"]
    if name == "polar":
        lines += [
            "r, phi = Abs(z), arg(z)",
            'print("r =", r, " phi =", phi)',
            report(r="str(r)", phi="str(phi)", near="str(N(r, 12))", angle="str(N(phi, 12))"),
        ]
    else:
        lines += [
            f"answer = simplify({_CALLS.get(name, 'z')})",
            f'print("{name}:", answer)',
            report(answer="str(expand(answer, complex=True))", near="str(N(answer, 15))"),
        ]
    shown = pretty(node)

    def explain(result: Result) -> Answer:
        if name == "polar":
            r, phi = result.show("r"), result.show("phi")
            steps = ("r is the distance from 0, φ the angle with the real axis.",)
            return Answer((f"{shown} = {r}·(cos({phi}) + i·sin({phi})) = {r}·e^(i·{phi})",), steps)
        text = value_text(result.text("answer"), result.text("near"), form)
        steps = ("Use i² = -1 and collect real and imaginary parts.",) if name == "value" else ()
        label = (
            shown
            if name == "value"
            else f"{name} of {shown}"
            if name in {"modulus", "argument", "conjugate"}
            else f"{name} part of {shown}"
        )
        return Answer((f"{label} = {text}",), steps)

    title = f"Work out {shown}" if name == "value" else f"{name.capitalize()} of {shown}"
    return Question(
        kind="complex",
        title=title,
        code=code.program(*lines),
        explain=explain,
        subject=node,
        value=node,
    )


READERS = (read_complex,)
