"""Rewriting expressions: simplify, expand, factor, partial fractions, division of polynomials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.offline import code, show
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, display
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report, variable
from adapters.offline.tree import (
    ZERO,
    Apply,
    Binary,
    Call,
    Diff,
    Integral,
    Limit,
    Listing,
    Node,
    Num,
    Rate,
    Relation,
    Series,
    Sym,
    equation,
    free,
    integer,
    is_constant,
    walk,
)


@dataclass(frozen=True, slots=True)
class _Job:
    """One way to rewrite: its words, its code, its name and what to say about it."""

    cue: str
    call: str
    title: str
    step: str
    real: bool = False


_JOBS: Final[tuple[_Job, ...]] = (
    _Job(
        (
            r"complete (?:the )?square(?: (?:for|of|in|on))?|completing (?:the "
            r")?square|completed square form|vertex form"
        ),
        "square",
        "Complete the square in",
        "Take half of the coefficient of x, square it, add and subtract it.",
    ),
    _Job(
        (
            r"(?:decompose|split|break|resolve|expand|write|express|rewrite)?(?: "
            r"(?:up|down))?(?: (?:into|in|as|using|by))*(?: sum of)? ?partial "
            r"fractions?(?: (?:decomposition|expansion|form))?(?: of)?"
        ),
        "apart",
        "Partial fractions of",
        "Split the quotient by the factors of its denominator.",
    ),
    _Job(
        r"rationali[sz]e(?: denominator(?: of| in)?)?",
        "radsimp",
        "Rationalise",
        "Multiply top and bottom so that the root below goes.",
    ),
    _Job(
        (
            r"(?:take|pull|bring) out (?:greatest )?(?:common )?factors?(?: of| in| from)?|"
            r"(?:completely |fully )?(?:factor|factori[sz]e|factored|factori[sz]ed|"
            r"factori[sz]ation|factoring|factori[sz]ing|factors?)(?: out| completely| "
            r"fully| form| into product| greatest common factor| common factors?| gcf|"
            r" common term)*(?: of| in| from)?"
        ),
        "factor",
        "Factor",
        "Look for common factors and roots, and write it as a product.",
    ),
    _Job(
        (
            r"(?:(?:multiply|foil)(?: out)?|expand|expanded|expansion|remove|open|"
            r"distribute|clear|expanding|multiply out)(?: out| brackets?| "
            r"parenthes[ei]s| form| fully| completely| product| and simplify| and "
            r"collect like terms| and collect)*(?: of| in)?"
        ),
        "expand",
        "Expand",
        "Multiply every term of one bracket by every term of the other, then collect like terms.",
    ),
    _Job(
        (
            r"(?:simplify|simplified|simplification|reduce|collect|combine|tidy|"
            r"condense|simplest|cancel|simplifying|rewrite)(?: down| up| fully| "
            r"completely| like terms| terms| form| common factors| as much as "
            r"possible| as far as possible| version| single fraction| expression)*(?: "
            r"of| in)?"
        ),
        "simplify",
        "Simplify",
        "Collect like terms and cancel what is common.",
    ),
)
_EXTRA: Final = wordset(
    "expression polynomial quadratic trinomial binomial brackets bracket "
    "like terms form factors factor product"
    " algebraic fully completely rational fraction cubic difference squares "
    "two out over integers reals possible irreducible"
    " standard single simplest lowest its as f y x algebraically parentheses "
    "parenthesis equivalent rule rules exponents"
    " indices equation far much write writing express power index trig "
    "trigonometric identity identities logs logarithm log logarithms"
)


def read_rewriting(scan: Scan, _setting: Setting) -> list[Question] | None:
    """`factor x² - 9`, `expand (x + 1)³`, `simplify 2x + 3x`."""
    take_form(scan)
    shaped = scan.take(r"(?:write|express|put|rewrite|give|bring) A in(?:to)? form A")
    if shaped and _is_square_form(shaped[1]) and scan.done(_EXTRA | {"where"}):
        scan.rest("X")
        question = _rewriting(body(shaped[0]), _JOBS[0])
        return [question] if question else None
    job = next((job for job in _JOBS if scan.cue(job.cue)), None)
    if job is None:
        return None
    if job.call == "expand":
        scan.cue(r"and (?:simplify|collect)(?: like terms)?|simplify|then simplify")
    if job.call == "simplify" and scan.cue(r"(?:and )?factor(?:i[sz]e)?"):
        job = _JOBS[3]
    nodes = scan.rest("X")
    if not nodes or not scan.done(_EXTRA):
        return None
    made = [_rewriting(body(node), job) for node in nodes]
    return [question for question in made if question] if all(made) else None


def read_bare(scan: Scan, _setting: Setting) -> list[Question] | None:
    """An expression with letters and nothing said about it: simplified."""
    take_form(scan)
    nodes = scan.rest("X")
    if len(nodes) != 1 or not scan.done({"much", "equal", "equals", "=", "simple"}):
        return None
    node = nodes[0]
    if not isinstance(node, Binary) or is_constant(node) or _is_row_of_letters(node):
        return None
    question = _rewriting(node, _JOBS[-1])
    return [question] if question else None


def _is_square_form(node: Node) -> bool:
    """`(x - a)² + b`, perhaps with a factor: the form of a completed square."""
    parts = walk(node)
    squares = [p for p in parts if isinstance(p, Binary) and p.op == "^" and integer(p.right) == 2]
    return len(squares) == 1 and isinstance(squares[0].left, Binary)


def _is_row_of_letters(node: Node) -> bool:
    """`x y z`: no operation to carry out."""
    if isinstance(node, Binary):
        return node.op == "*" and _is_row_of_letters(node.left) and _is_row_of_letters(node.right)
    return isinstance(node, Sym)


def _rewriting(node: Node, job: _Job) -> Question | None:
    pair = equation(node)
    if pair is not None and pair[1] == ZERO and job.call in {"factor", "expand"}:
        node = pair[0]
    unfit = Relation | Listing | Rate | Diff | Integral | Limit | Series | Apply
    if any(isinstance(part, unfit) for part in walk(node)):
        return None
    if isinstance(node, Num) or (is_constant(node) and job.call in {"apart", "square"}):
        return None
    name = variable(node) or "x"
    return rewriting(node, job, name)


def rewriting(node: Node, job: _Job, name: str) -> Question:
    """The rewritten expression, checked against the first one."""
    positive = any(
        isinstance(p, Call) and p.name in {"ln", "log", "sqrt", "root"} for p in walk(node)
    )
    letter = code.identifier(name)
    lines = [
        code.symbols_line(
            free(node), "positive=True" if positive and job.call == "simplify" else ""
        ),
        f"expression = {code.exact(node)}",
        *_calls(job.call, letter, node),
        "same = simplify(expression - answer) == 0",
        'print("answer:", answer, " equal to the first:", same)',
        report(
            answer="str(answer)",
            same="bool(same)",
            factors="str(factor(expression))",
            near="str(N(answer, 15))",
        ),
    ]

    def explain(result: Result) -> Answer:
        shown = _shown(result)
        steps = [job.step]
        notes: list[str] = []
        before = show.pretty(node)
        if shown == before or shown.replace(" ", "") == before.replace(" ", ""):
            if job.call == "factor":
                notes.append("It does not factor further over the rational numbers.")
            steps = []
        elif (
            job.call == "factor"
            and result.text("factors") == str(result.text("answer"))
            and "(" not in shown
            and "²" not in shown
            and "·" not in shown
            and "x" not in shown[1:]
        ):
            notes.append("It does not factor over the rational numbers.")
        if result.text("same") == "True" and steps:
            steps.append("Check: both forms are equal for every value ✓")
        return Answer((f"{before} = {shown}",), tuple(steps), tuple(notes))

    def again(other: Node) -> Question | None:
        return _rewriting(body(other), job)

    return Question(
        kind=job.call,
        title=f"{job.title} {show.pretty(node)}",
        code=code.program(*lines),
        explain=explain,
        subject=node,
        again=again,
    )


def _shown(result: Result) -> str:
    return display(result.text("answer"))


def _calls(call: str, letter: str, node: Node) -> list[str]:
    match call:
        case "square":
            return [
                (
                    f"a, b, c = [Poly(expression, {letter}).coeff_monomial({letter}**k) for k "
                    "in (2, 1, 0)]"
                ),
                "h, k = -b/(2*a), c - b**2/(4*a)",
                (
                    f"answer = Add(Mul(a, ({letter} - h)**2, evaluate=False), k, "
                    f"evaluate=False) if a != 1 else ({letter} - h)**2 + k"
                ),
            ]
        case "apart":
            return [f"answer = apart(expression, {letter})"]
        case "simplify":
            trig = any(isinstance(p, Call) for p in walk(node))
            logs = any(isinstance(p, Call) and p.name in {"ln", "log"} for p in walk(node))
            lines = ["answer = simplify(expression)"]
            if not trig:
                lines = [
                    (
                        "forms = [simplify(expression), expand(expression), cancel(expression), "
                        "factor(expression)]"
                    ),
                    "answer = min(forms, key=lambda form: (form.count_ops(), len(str(form))))",
                ]
            if logs:
                lines.append("answer = simplify(logcombine(answer))")
            return lines
        case _:
            return [f"answer = {call}(expression)"]


READERS = (read_rewriting,)
BARE = (read_bare,)
