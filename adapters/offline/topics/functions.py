"""Functions: their value somewhere, domain, range, inverse, extrema, asymptotes, compositions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.offline import show
from adapters.offline.form import Form, take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan, body
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import (
    Apply,
    Listing,
    Node,
    Rate,
    Relation,
    Sym,
    equation,
    free,
    is_constant,
    substitute,
    walk,
)

_WHERE: Final = (
    r"(?:when|at|if|for|where|given|given that|with|using|as|and|put|let|plug "
    r"in|plugging in|substitute|substituting|evaluated at|by)"
)
_EVALUATE_EXTRA: Final = wordset(
    "evaluate value expression function f equals equal is becomes substitute "
    "substituting plug plugging into numerical y simplify"
    " at point input output when where given g h polynomial image x solve "
    "equation corresponding height replaced = t n ordered"
)


def read_evaluate_at(scan: Scan, _setting: Setting) -> Question | None:
    """`evaluate 2x + 1 when x = 4`, `if x = 3 and y = 2, what is x² + y`."""
    form = take_form(scan)
    scan.cue(r"substitute|plug|put|plugging|substituting")
    put: dict[str, Node] = {}
    for index, part in enumerate(scan.parts):
        pair = equation(part.node) if part.node is not None else None
        if pair is None or not isinstance(pair[0], Sym) or not is_constant(pair[1]):
            continue
        before = scan.parts[index - 1].text if index else ""
        if pair[0].name in put:
            return None
        put[pair[0].name] = pair[1]
        scan.text = scan.text.replace(f"⟨R{index}⟩", "¦")
        del before
    if not put:
        found = scan.take(
            rf"{_WHERE} S (?:is|equals|is equal to|be|becomes|=) N(?: and S (?:is|equals|be|=) N)?"
        ) or scan.take(r"S is N(?: and S is N)?")
        if found is None:
            found = scan.take(
                r"(?:substitute|plug|put|plugging|replace) (?:in )?(?:S with )?N (?:into|"
                r"for S in|in for S in|for|in)"
            )
            if found is None or len(found) > 2:
                return None
            put["?"] = next(node for node in found if not isinstance(node, Sym))
        else:
            put = {
                a.name: b
                for a, b in zip(found[::2], found[1::2], strict=True)
                if isinstance(a, Sym)
            }
    scan.cue(_WHERE)
    scan.cue(r"into|in")
    nodes = scan.rest("X")
    if len(nodes) == 2 and isinstance(nodes[0], Sym) and body(nodes[1]) is not nodes[1]:
        head = nodes[1].sides[0] if isinstance(nodes[1], Relation) else None
        nodes = nodes[1:] if head == nodes[0] else nodes
    if len(nodes) != 1 or not scan.done(_EVALUATE_EXTRA):
        return None
    return _evaluated(nodes[0], put, form)


def _evaluated(node: Node, put: Mapping[str, Node], form: Form) -> Question | None:
    function = body(node)
    pair = equation(function)
    if pair is not None:
        names = set(free(function)) - set(put)
        if isinstance(pair[0], Sym) and pair[0].name in names and len(names) == 1:
            function = pair[1]
        else:
            return None
    if isinstance(function, Relation | Listing | Sym) or any(
        isinstance(p, Apply | Rate) for p in walk(function)
    ):
        return None
    names = free(function)
    if "?" in put:
        if len(names) != 1:
            return None
        put = {names[0]: put["?"]}
    if set(names) != set(put):
        return None
    place = ", ".join(
        f"{show.pretty(Sym(name))} = {show.pretty(value)}" for name, value in put.items()
    )
    inserted = substitute(function, dict(put))

    def at(value: Node) -> Question | None:
        return _evaluated(function, {names[0]: value}, form) if len(names) == 1 else None

    question = value_question(
        Value(
            title=f"{show.pretty(function)} at {place}",
            expression=inserted,
            before=(f"Put in {place}: {show.pretty(inserted)}",),
            form=form,
            kind="evaluate",
        )
    )
    return replace(question, at=at, subject=function)


READERS = (read_evaluate_at,)
