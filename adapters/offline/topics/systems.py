"""Several equations at once: linear systems, and curves that meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.offline import code, show, values
from adapters.offline.explain import elimination
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.polynomial import solve_linear_system
from adapters.offline.question import Answer, Question, Result
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.domain import Domain, take_domain
from adapters.offline.tree import (
    Apply,
    Node,
    Num,
    Relation,
    Sym,
    free,
    has_decimal,
    is_constant,
)

_MAX_UNKNOWNS: Final = 5
_MAX_EQUATIONS: Final = 6


@dataclass(frozen=True, slots=True)
class _System:
    """Equations, what they are solved for, and which of that was asked for."""

    pairs: Sequence[tuple[Node, Node]]
    names: tuple[str, ...]
    unknowns: tuple[str, ...]
    wanted: tuple[str, ...]
    form: Form

    def concluded(self, found: list[dict[str, str]], near: list[dict[str, str]]) -> Answer:
        """The answer from the solutions, exact and by number."""
        if not found:
            return Answer(("There is no solution: the equations contradict each other.",))
        notes: list[str] = []
        real = [i for i, one in enumerate(found) if not any("I" in v for v in one.values())]
        if real and len(real) < len(found):
            found, near = [found[i] for i in real], [near[i] for i in real]
            notes.append("There are complex solutions too; these are the real ones.")
        lines = tuple(self._line(one, n) for one, n in zip(found, near, strict=True))
        if any("free" in line for line in lines):
            notes.append(
                "The equations depend on each other, so there are infinitely many solutions."
            )
        return Answer(lines, elimination.steps(self.pairs, self.unknowns), tuple(notes))

    def _line(self, one: dict[str, str], near: dict[str, str]) -> str:
        decimals = any(has_decimal(side) for pair in self.pairs for side in pair)
        parts: list[str] = []
        for name in self.wanted:
            key, shown = code.identifier(name), show.pretty(Sym(name))
            if key not in one:
                parts.append(f"{shown} is free")
                continue
            text = values.value_text(one[key], near[key], self.form, decimals=decimals)
            parts.append(f"{shown} {text}" if text.startswith("≈") else f"{shown} = {text}")
        return ", ".join(parts)

    def by_hand(self) -> Answer | None:
        """The one solution of a linear system in numbers, without a sandbox."""
        rows = elimination.forms(self.pairs, self.unknowns)
        if rows is None or len(self.unknowns) != len(self.names):
            return None
        solution = solve_linear_system(rows, self.unknowns)
        if solution is None:
            return None
        one = {code.identifier(name): str(value) for name, value in solution.items()}
        near = {code.identifier(name): str(float(value)) for name, value in solution.items()}
        return self.concluded([one], [near])

    def program(self) -> str:
        """The Python that solves it."""
        letters = ", ".join(map(code.identifier, self.unknowns))
        equations = [f"Eq({code.exact(left)}, {code.exact(right)})" for left, right in self.pairs]
        near = "[{str(k): str(N(v, 12, chop=True)) for k, v in s.items()} for s in solutions]"
        return code.program(
            code.symbols_line(self.names),
            f"equations = [{', '.join(equations)}]",
            f"solutions = solve(equations, [{letters}], dict=True)",
            "for solution in solutions:",
            "    print(solution)",
            report(
                solutions="[{str(k): str(v) for k, v in s.items()} for s in solutions]",
                decimals=near,
            ),
        )


def system(
    pairs: Sequence[tuple[Node, Node]], targets: tuple[str, ...], form: Form, domain: Domain
) -> Question | None:
    """Solve the equations together; `targets` name the unknowns when there are other letters."""
    names = tuple(sorted({name for pair in pairs for side in pair for name in free(side)}))
    unknowns = names
    if targets and len(names) > len(pairs):
        unknowns = tuple(name for name in targets if name in names)
    if not 1 <= len(unknowns) <= _MAX_UNKNOWNS or len(pairs) > _MAX_EQUATIONS:
        return None
    if any(name not in names for name in targets) or domain.given:
        return None
    wanted = tuple(name for name in targets if name in unknowns) or unknowns
    made = _System(tuple(pairs), names, unknowns, wanted, form)
    shown = ", ".join(f"{show.pretty(left)} = {show.pretty(right)}" for left, right in pairs)

    def explain(result: Result) -> Answer:
        found = [dict(item) for item in result.list("solutions")]
        near = [dict(item) for item in result.list("decimals")]
        return made.concluded(found, near)

    def again(node: Node) -> Question | None:
        if isinstance(node, Sym) and node.name in unknowns:
            return system(pairs, (node.name,), form, domain)
        return None

    return Question(
        kind="system",
        title=f"Solve {shown} for {', '.join(show.pretty(Sym(name)) for name in unknowns)}",
        code=made.program(),
        explain=explain,
        closed=made.by_hand,
        subject=Relation((pairs[0][0], pairs[0][1]), ("=",)),
        again=again,
    )


_MEET_EXTRA: Final = wordset(
    "points point graphs graph curves curve lines line each other where coordinates"
    " between functions parabola find does two solve which circle straight parabolas at point(s)"
)
_MEET: Final = (
    r"(?:points? of )?(?:intersections?|intersect|intersects|intersecting|"
    r"meets?|cross|crosses|crossing|cut|cuts|equal)"
)


def read_intersection(scan: Scan, _setting: Setting) -> Question | None:
    """`where do y = x² and y = 2x meet?`"""
    if not scan.cue(_MEET):
        return None
    form = take_form(scan)
    domain = take_domain(scan)
    nodes = scan.rest("X")
    if len(nodes) != 2 or not scan.done(_MEET_EXTRA):
        return None
    if any(is_constant(node) and not isinstance(node, Num) for node in nodes):
        return None
    pairs: list[tuple[Node, Node]] = []
    for node in nodes:
        inner = body(node)
        if isinstance(node, Relation) and (node.ops != ("=",)):
            return None
        if isinstance(node, Relation) and inner is node:
            pairs.append((node.sides[0], node.sides[1]))
        elif isinstance(node, Relation) and not isinstance(node.sides[0], Apply):
            pairs.append((node.sides[0], inner))
        else:
            pairs.append((Sym("y"), inner))
    names = {name for pair in pairs for side in pair for name in free(side)}
    if len(names) != 2:
        return None
    return system(pairs, (), form, domain)


READERS = (read_intersection,)
