"""The code that solves one equation, and the explanation of what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.offline import closed, code, show, values
from adapters.offline.explain import linear, quadratic
from adapters.offline.form import PLAIN, Form
from adapters.offline.polynomial import degree, polynomial, quadratic_roots
from adapters.offline.question import Answer, Question, Result, display, from_sympy
from adapters.offline.topics.common import report
from adapters.offline.topics.domain import ANYWHERE, Domain
from adapters.offline.topics.trigonometric import is_trigonometric, trigonometric
from adapters.offline.tree import (
    ZERO,
    Call,
    Node,
    Relation,
    Sym,
    equation,
    free,
    has_decimal,
    number,
    sub,
    walk,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked about an equation, apart from the equation itself."""

    form: Form = PLAIN
    domain: Domain = ANYWHERE
    method: str = ""


def single(relation: Relation, targets: tuple[str, ...], wish: Wish) -> Question | None:
    """The question of one equation, for the one letter that is asked for or that is there."""
    left, right = relation.sides[0], relation.sides[1]
    names = free(relation)
    if not names:
        return None
    wanted = [name for name in targets if name in names]
    if targets and not wanted:
        return None
    if not wanted:
        if len(names) > 1:
            return _rearranged(left, right, names) if len(names) <= 3 else None
        wanted = list(names)
    if len(wanted) > 1:
        return None
    name = wanted[0]
    if is_trigonometric(left, name) or is_trigonometric(right, name):
        return trigonometric(left, right, name, wish.form, wish.domain)
    return solve_for(left, right, name, wish)


def _rearranged(left: Node, right: Node, names: tuple[str, ...]) -> Question | None:
    """One equation in several letters: solved for each of them."""
    lines = [
        code.symbols_line(names),
        f"equation = Eq({code.expression(left)}, {code.expression(right)})",
        (
            f"forms = {{str(letter): solve(equation, letter) for letter in "
            f"({', '.join(map(code.identifier, names))},)}}"
        ),
        'print("solved for each letter:", forms)',
        report(
            forms="[[letter, [str(value) for value in found]] for letter, found in forms.items()]"
        ),
    ]

    def explain(result: Result) -> Answer:
        texts: list[str] = []
        for letter, found in result.list("forms"):
            shown = [
                f"{letter} = {display(str(value))}" for value in found if len(str(value)) < 120
            ]
            if shown:
                texts.append(" or ".join(shown))
        note = (
            "One equation does not fix several unknowns; this is the equation solved "
            "for each letter."
        )
        return Answer(tuple(texts), notes=(note,))

    return Question(
        kind="solve",
        title=f"{show.pretty(left)} = {show.pretty(right)}",
        code=code.program(*lines),
        explain=explain,
        subject=Relation((left, right), ("=",)),
        again=lambda node: _again(node, left, right, Wish()),
    )


def solve_for(left: Node, right: Node, name: str, wish: Wish) -> Question:
    """The code that solves one equation for one letter, and its explanation."""
    others = free(Relation((left, right), ("=",)))
    poly = polynomial(sub(left, right), name)
    real = any(
        isinstance(p, Call) and p.name in {"abs", "floor", "ceil", "sign"}
        for s in (left, right)
        for p in walk(s)
    )
    letter = code.identifier(name)
    lines = [
        code.symbols_line(others, "real=True" if real else ""),
        f"left = {code.exact(left)}",
        f"right = {code.exact(right)}",
        *_solving(letter, guarded=poly is None, several=len(others) > 1),
        *wish.domain.filter_lines(),
        f'print("{letter} =", solutions)',
        report(
            solutions="[str(s) for s in solutions]",
            decimals="[str(N(s, 15, chop=True)) for s in solutions]",
            identity="bool(simplify(left - right) == 0)",
        ),
    ]
    title = f"Solve {show.pretty(left)} = {show.pretty(right)} for {show.pretty(Sym(name))}"

    def explain(result: Result) -> Answer:
        if result.text("identity") == "True":
            return Answer((f"Every value of {name} solves it: both sides are equal.",))
        found = [str(value) for value in result.list("solutions")]
        near = [str(value) for value in result.list("decimals")]
        return _concluded(left, right, name, wish, found, near)

    def by_hand() -> Answer | None:
        if poly is None or degree(poly) > 2 or wish.domain.given:
            return None
        if not poly:
            return Answer((f"Every value of {name} solves it: both sides are equal.",))
        if degree(poly) == 0:
            return _concluded(left, right, name, wish, [], [])
        roots: tuple[Node, ...]
        if degree(poly) == 1:
            roots = (number(-poly.get(0, closed.exact(ZERO)) / poly[1]),)
        else:
            roots = quadratic_roots(poly)
        texts = [show.typed(root).replace("^", "**") for root in roots]
        near = [repr(closed.approximate(root)) for root in roots]
        return _concluded(left, right, name, wish, texts, near, by_hand=True)

    return Question(
        kind="solve",
        title=title + wish.domain.phrase,
        code=code.program(*lines),
        explain=explain,
        closed=by_hand,
        subject=Relation((left, right), ("=",)),
        value=_linear_value(left, right, name),
        again=lambda node: _again(node, left, right, wish),
    )


def _again(node: Node, left: Node, right: Node, wish: Wish) -> Question | None:
    """`and for y?` keeps the equation; `and 2x = 8?` keeps the wish."""
    if isinstance(node, Sym):
        return single(Relation((left, right), ("=",)), (node.name,), wish)
    pair = equation(node)
    return single(Relation(pair, ("=",)), (), wish) if pair else None


def _linear_value(left: Node, right: Node, name: str) -> Node | None:
    poly = polynomial(sub(left, right), name)
    if poly is None or degree(poly) != 1:
        return None
    return number(-poly.get(0, closed.exact(ZERO)) / poly[1])


def _solving(letter: str, *, guarded: bool, several: bool) -> list[str]:
    if not guarded or several:
        return [f"solutions = solve(left - right, {letter})"]
    return [
        "try:",
        f"    solutions = solve(left - right, {letter})",
        "except NotImplementedError:",
        "    solutions = []",
        "if not solutions:  # no formula: look for real solutions by Newton's method",
        "    found = set()",
        "    for start in range(-40, 41):",
        "        try:",
        f"            value = nsolve(left - right, {letter}, Rational(2*start + 1, 8))",
        "        except (ValueError, TypeError, ZeroDivisionError):",
        "            continue",
        "        if abs(im(value)) < 1e-12:",
        "            found.add(round(float(re(value)), 10))",
        "    solutions = [Float(value, 15) for value in sorted(found)]",
    ]


def _concluded(
    left: Node,
    right: Node,
    name: str,
    wish: Wish,
    found: list[str],
    near: list[str],
    *,
    by_hand: bool = False,
) -> Answer:
    steps = linear.steps(left, right, "=", name) or quadratic.steps(left, right, name, wish.method)
    letter = show.pretty(Sym(name))
    poly = polynomial(sub(left, right), name)
    if not found:
        reason = "no solution"
        if wish.domain.given:
            reason = f"no solution{wish.domain.phrase}"
        elif poly is not None and degree(poly) == 2 and by_hand:
            reason = "no real solution"
        return Answer((f"There is {reason}.",), steps)
    decimals = has_decimal(left) or has_decimal(right)
    complex_only = all("I" in text for text in found)
    lines = _solution_lines(letter, found, near, wish.form, decimals=decimals)
    checks: list[str] = []
    for text in found[:3]:
        node = from_sympy(text)
        line = linear.check(left, right, name, node) if node is not None else None
        if line:
            checks.append(line)
    notes: list[str] = []
    if complex_only:
        notes.append("There is no real solution; the complex ones are:")
    elif any("I" in text for text in found):
        notes.append("Those with i are complex; the others are the real solutions.")
    return Answer(lines, (*steps, *checks), tuple(notes))


def _solution_lines(
    letter: str, found: list[str], near: list[str], form: Form, *, decimals: bool
) -> tuple[str, ...]:
    texts: list[str] = []
    for exact, approx in zip(found, near, strict=False):
        text = values.value_text(exact, approx, form, decimals=decimals)
        texts.append(f"{letter} {text}" if text.startswith("≈") else f"{letter} = {text}")
    if len(texts) <= 3 and sum(map(len, texts)) < 80:
        return (" or ".join(texts),)
    return tuple(texts)
