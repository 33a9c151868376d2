"""Equations with sines and cosines, which have solutions without end."""

from __future__ import annotations

from adapters.offline import code, show, values
from adapters.offline.form import Form
from adapters.offline.lexicon import TRIG
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.topics.common import report
from adapters.offline.topics.domain import Domain
from adapters.offline.tree import (
    Call,
    Node,
    Relation,
    Sym,
    children,
    free,
    rebuild,
    substitute,
    walk,
)


def is_trigonometric(node: Node, name: str) -> bool:
    """Whether the variable stands under a sine or one of its kin."""
    return any(
        isinstance(part, Call) and part.name in TRIG and name in free(part) for part in walk(node)
    )


def trigonometric(left: Node, right: Node, name: str, form: Form, domain: Domain) -> Question:
    """All real solutions as families, and those of one turn or of the interval asked for."""
    degrees = (
        form.degrees or domain.in_degrees or _mentions_degrees(left) or _mentions_degrees(right)
    )
    letter = code.identifier(name)
    inner_left, inner_right = left, right
    if _degree_variable(left, name) or _degree_variable(right, name):
        bare: dict[str, Node] = {name: Sym(name)}
        inner_left, inner_right = _undegree(left, name, bare), _undegree(right, name, bare)
    bounded = domain.low is not None and domain.high is not None
    if bounded and domain.low is not None and domain.high is not None:
        low, high = (
            code.expression(domain.angle(domain.low)),
            code.expression(domain.angle(domain.high)),
        )
        opening = f", {domain.low_open}, {domain.high_open}"
    elif _outside(left, name) or _outside(right, name):
        low, high, opening = "-20", "20", ""
    else:
        low, high, opening = "0", "2*pi", ", False, True"
    mixed = low == "-20"
    unit = "deg(s)" if degrees else "s"
    lines = [
        code.symbols_line([name], "real=True"),
        f"difference = {code.exact(inner_left)} - ({code.exact(inner_right)})",
        f"everywhere = solveset(difference, {letter}, S.Reals)",
        "parts = everywhere.args if isinstance(everywhere, Union) else [everywhere]",
        "families = [p.lamda.expr for p in parts if isinstance(p, ImageSet)]",
        f"turn = Interval({low}, {high}{opening})",
        f"here = solveset(difference, {letter}, turn)",
        "if isinstance(here, FiniteSet):",
        "    solutions = sorted(here, key=lambda s: N(s))",
        "else:  # no formula: follow the sign of the difference and close in on each zero",
        "    solutions = []",
        "    a, b = N(turn.start), N(turn.end)",
        f'    f = lambdify({letter}, difference, "mpmath")',
        "    for k in range(2000):",
        "        p, q = a + (b - a)*k/2000, a + (b - a)*(k + 1)/2000",
        "        try:",
        "            small = abs(f(p)) + abs(f(q)) < 50",
        "            if f(p) == 0 or (f(p)*f(q) < 0 and small):",
        f'                solutions.append(nsolve(difference, {letter}, (p, q), solver="bisect"))',
        "        except (ValueError, TypeError, ZeroDivisionError):",
        "            continue",
        "    families = []",
        f'print("{letter} =", solutions)',
        report(
            solutions=f"[str({unit}) for s in solutions]",
            decimals=f"[str(N({unit}, 12)) for s in solutions]",
            families=f"[str({unit.replace('(s)', '(expand(s))')}) for s in families]",
            finite="isinstance(everywhere, FiniteSet)",
        ),
    ]
    shown = show.pretty(Sym(name))

    def explain(result: Result) -> Answer:
        found = [str(s) for s in result.list("solutions")]
        near = [str(s) for s in result.list("decimals")]
        families = [str(s) for s in result.list("families")]
        return _concluded(
            shown,
            found,
            near,
            families,
            degrees=degrees,
            bounded=bounded,
            form=form,
            phrase=domain.phrase,
            mixed=mixed,
        )

    title = f"Solve {show.pretty(left)} = {show.pretty(right)} for {shown}{domain.phrase}"
    return Question(
        kind="solve",
        title=title,
        code=code.program(*lines),
        explain=explain,
        subject=Relation((left, right), ("=",)),
    )


def _concluded(
    shown: str,
    found: list[str],
    near: list[str],
    families: list[str],
    *,
    degrees: bool,
    bounded: bool,
    form: Form,
    phrase: str,
    mixed: bool,
) -> Answer:
    mark = "°" if degrees else ""
    plain = Form(form.places, form.figures, form.fraction, form.decimal)
    texts: list[str] = []
    for exact, approx in zip(found, near, strict=True):
        text = values.value_text(exact, approx, plain, decimals=degrees)
        texts.append(f"{shown} {text}{mark}" if text.startswith("≈") else f"{shown} = {text}{mark}")
    if not texts:
        where = phrase or " from 0 up to one full turn"
        return Answer((f"There is no real solution{where}.",))
    steps: list[str] = []
    general: list[str] = []
    for family in families:
        text = display(family.replace("_n", "n"))
        general.append(f"{shown} = {text}{mark if degrees and 'n' not in text else ''}")
    if general:
        steps.append("Find the angles in one full turn that satisfy it.")
        if not bounded:
            steps.append("Add whole periods, because sine, cosine and tangent repeat.")
    if mixed:
        return Answer(
            tuple(texts),
            notes=("There is no formula for this; searched by number from -20 to 20.",),
        )
    if bounded or not general:
        note = (
            ()
            if bounded
            else (
                (
                    "These are the solutions from 0 up to one full turn; they may repeat "
                    "with each turn."
                ),
            )
        )
        return Answer(tuple(texts), tuple(steps), note if not bounded else ())
    unit = " (degrees)" if degrees else ""
    lines = (
        f"In one turn: {', '.join(texts)}",
        f"In general{unit}: {' or '.join(general)}, for every whole number n",
    )
    return Answer(lines, tuple(steps))


def _outside(node: Node, name: str) -> bool:
    """Whether the variable also stands outside every sine, so that nothing repeats."""
    if isinstance(node, Call) and node.name in TRIG:
        return False
    if isinstance(node, Sym):
        return node.name == name
    return any(_outside(part, name) for part in children(node))


def _mentions_degrees(node: Node) -> bool:
    return any(isinstance(part, Call) and part.name == "deg" for part in walk(node))


def _degree_variable(node: Node, name: str) -> bool:
    """`sin(x°)`: the variable itself counts degrees."""
    return any(
        isinstance(part, Call) and part.name == "deg" and name in free(part) for part in walk(node)
    )


def _undegree(node: Node, name: str, bare: dict[str, Node]) -> Node:
    if isinstance(node, Call) and node.name == "deg" and name in free(node):
        return substitute(node.args[0], bare)
    return rebuild(node, lambda part: _undegree(part, name, bare))
