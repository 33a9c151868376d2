"""One equation: `solve 3x + 11 = 14`, `roots of x² - 4`, `make h the subject of V = πr²h`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.offline import closed, code, show, values
from adapters.offline.explain import linear, quadratic
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.polynomial import degree, polynomial, quadratic_roots
from adapters.offline.question import Answer, Question, Result, from_sympy
from adapters.offline.scan import Scan, body
from adapters.offline.topics import systems
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.domain import Domain, take_domain
from adapters.offline.topics.trigonometric import is_trigonometric, trigonometric
from adapters.offline.tree import (
    ZERO,
    Apply,
    Call,
    Node,
    Num,
    Rate,
    Relation,
    Sym,
    equation,
    free,
    has_decimal,
    is_constant,
    number,
    sub,
    walk,
)

_TARGET: Final = (
    (
        r"(?:solve|solved|solving|rearrange|rearranged|rearranging|transpose|"
        r"transform|change|express|isolate|isolating|find|finding|get|determine|"
        r"calculate|compute|work out|give|tell|show|write)?(?: \w+){0,3}? (?:for|"
        r"find|isolate|get|isolating) (?:variable |unknown |letter |value of |"
        r"values? (?:of|for) )*S(?: and S)?(?: and S)?"
    ),
    r"(?:express|write|give|get|find) S (?:in terms of|as function of|using|via) S",
    (
        r"(?:what|which) (?:\w+ )?(?:values?|numbers?) (?:of |for )?S "
        r"(?:satisfies|satisfy|makes|make|solves|solve|gives|give|work|works)"
    ),
    r"make S (?:subject|sole)",
    r"S (?:as )?subject",
    (
        r"(?:find|determine|calculate|compute|get|give|tell|show|solve|evaluate|"
        r"state|work out|figure out|what is|what are|what s|what does|isolate|"
        r"obtain|need) (?:me )?(?:for )?(?:all |both |possible |real |every |each "
        r")*(?:(?:exact |numerical |unknown |actual )?values? (?:of|for) "
        r")?(?:variable |unknown )?S(?: and S)?(?: and S)?(?: (?:equal|equals))?"
    ),
    r"for (?:which|what) (?:real |all )?(?:values? )?(?:of )?S",
    r"(?:values? of|solution for|solutions for|unknown) S",
    (
        r"(?:what|which) (?:values? of |number |real |must |should |can |could "
        r")*S (?:satisfies|satisfy|makes|make|solves|solve|be|gives|give)"
    ),
    r"(?:terms of|express|rearrange for|for) S",
    r"S = \?",
    r"S \?",
    r"S =(?= |$)",
)
_CUES: Final = (
    r"solve|solves|solving|solved|solution|solutions|solution set|unknown|"
    r"unknowns|satisfy|satisfies|satisfying|true|such|rearrange|rearranging|"
    r"subject|isolate|isolating|rewrite|find|hold|holds|equation|equations|"
    r"variable|variables|make|makes"
)
_ROOTS: Final = (
    r"(?:real |complex |all )*(?:roots?|zeros?|zeroes|xintercepts?|x "
    r"intercepts?|nullstellen|root s)"
)
_ZERO: Final = (
    r"(?:equals?|is|be|become|becomes|vanish|vanishes|to)(?: equal)?(?: to)? (?:zero|0)"
    r"|(?:cross|crosses|touch|touches|meet|meets|hit|hits|cut|cuts|intersect|"
    r"intersects) (?:with )?xaxis|vanish|vanishes"
)
_EXTRA: Final = wordset(
    "equation equations linear quadratic cubic polynomial function given if "
    "when unknown number exact"
    " all both possible simple algebraic algebra formula variable subject over values x equal"
    " equals true set simultaneous terms root real = parabola graph curve "
    "exponential logarithmic rational absolute radical only there any each"
    " trigonometric literal system where cross crosses = written put single "
    "general order degree square zero no does"
    " quartic such simultaneously both two three together algebraically"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked about an equation, apart from the equation itself."""

    form: Form = Form()
    domain: Domain = Domain()
    method: str = ""


def read_equation(scan: Scan, setting: Setting) -> Question | list[Question] | None:
    """Equations with a request to solve them, or an equation alone."""
    form = take_form(scan)
    method = _method(scan, setting.text)
    roots = scan.cue(_ROOTS)
    zero = scan.cue(_ZERO)
    domain = take_domain(scan)
    targets = _targets(scan)
    scan.cue(_CUES)
    spoken = (
        scan.take(r"A (?:is|gives|yields|makes|results in|comes to) E")
        if not (roots or zero)
        else None
    )
    relations = scan.rest("R")
    if spoken is not None:
        relations = (*relations, Relation((spoken[0], spoken[1]), ("=",)))
    expressions = scan.rest("E")
    wish = Wish(form, domain, method)
    if any(isinstance(p, Rate) for node in (*relations, *expressions) for p in walk(node)):
        return None
    if not scan.done(_EXTRA) or scan.has("X"):
        return None
    if expressions and (roots or zero):
        if relations or any(is_constant(node) for node in expressions):
            return None
        made = [_single(Relation((node, ZERO), ("=",)), targets, wish) for node in expressions]
        return [question for question in made if question] if all(made) else None
    leftover = [node.name for node in expressions if isinstance(node, Sym)]
    if len(leftover) != len(expressions):
        return None
    targets = (*targets, *leftover)
    if roots or zero:
        relations = tuple(
            Relation((body(node), ZERO), ("=",)) if body(node) is not node else node
            for node in relations
        )
    return _route(relations, targets, wish)


def _route(
    relations: tuple[Node, ...], targets: tuple[str, ...], wish: Wish
) -> Question | list[Question] | None:
    pairs: list[tuple[Node, Node]] = []
    for node in relations:
        if not isinstance(node, Relation) or any(op != "=" for op in node.ops):
            return None
        if any(isinstance(part, Apply | Rate) for part in walk(node)):
            return None
        pairs.extend(zip(node.sides, node.sides[1:], strict=False))
    if not pairs:
        return None
    if len(pairs) == 1:
        return _single(Relation(pairs[0], ("=",)), targets, wish)
    names = sorted({name for pair in pairs for side in pair for name in free(side)})
    if len(names) == 1:
        made = [_single(Relation(pair, ("=",)), targets, wish) for pair in pairs]
        return [question for question in made if question] if all(made) else None
    return systems.system(pairs, targets, wish.form, wish.domain)


def _targets(scan: Scan) -> tuple[str, ...]:
    found: list[str] = []
    for pattern in _TARGET:
        while (nodes := scan.take(pattern)) is not None:
            picked = nodes[:1] if pattern.startswith("(?:express") else nodes
            found.extend(node.name for node in picked if isinstance(node, Sym))
    return tuple(dict.fromkeys(found))


def _method(scan: Scan, text: str) -> str:
    lowered = text.lower()
    if "completing the square" in lowered or "complete the square" in lowered:
        scan.cue(r"(?:by |with |using )?(?:completing|complete) (?:the )?square")
        return "square"
    return "formula" if "quadratic formula" in lowered else ""


def _single(relation: Relation, targets: tuple[str, ...], wish: Wish) -> Question | None:
    left, right = relation.sides
    names = free(relation)
    if not names:
        return None
    wanted = [name for name in targets if name in names]
    if targets and not wanted:
        return None
    if not wanted:
        if len(names) > 1:
            return _rearranged(left, right, names) if len(names) <= 3 else None
        wanted = [names[0]]
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
        from adapters.offline.question import display

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
        return _single(Relation((left, right), ("=",)), (node.name,), wish)
    pair = equation(node)
    return _single(Relation(pair, ("=",)), (), wish) if pair else None


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
        reason = "no solution" if poly is not None and degree(poly) == 0 else "no solution"
        if poly is not None and degree(poly) == 2 and (by_hand or wish.domain.given):
            reason = (
                "no real solution" if not wish.domain.given else f"no solution{wish.domain.phrase}"
            )
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


_VERIFY: Final = r"(?:solutions?|roots?|zeros?|zeroes)(?: of| to| for)?|satisfy|satisfies|solves?"


def read_verification(scan: Scan, setting: Setting) -> Question | None:
    """`is 2 a root of x³ - 8?`, `verify that x = 3 solves 2x = 6`."""
    found = scan.take(
        (
            r"(?:is|does|check|verify|show|prove|confirm|whether|if|that)+ (?:that |"
            r"if |whether )*(?:N|R) (?:is )?(?:"
        )
        + _VERIFY
        + r") (?:equation )?X"
    )
    if (
        found is None
        or len(found) != 2
        or not scan.done({"check", "verify", "whether", "if", "show", "prove", "equation"})
        or scan.has("X")
    ):
        return None
    place, target = found
    pair = equation(place)
    if pair is not None:
        if not isinstance(pair[0], Sym):
            return None
        place = pair[1]
    sides = equation(target)
    if sides is not None and body(target) is not target:
        sides = (body(target), ZERO)
    left, right = sides or (target, ZERO)
    names = free(Relation((left, right), ("=",)))
    if len(names) != 1 or not is_constant(place):
        return None
    from adapters.offline.topics.arithmetic import truth
    from adapters.offline.tree import substitute

    put = {names[0]: place}
    return truth(Relation((substitute(left, put), substitute(right, put)), ("=",)))


READERS = (read_verification, read_equation)

_ = Num
