"""Products of matrices and vectors: sums, dot, cross, length, angle."""

from __future__ import annotations

import math
from typing import Any

from adapters.offline import code
from adapters.offline.form import Form, take_form
from adapters.offline.question import Answer, Question, Result, decimal, display
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, report
from adapters.offline.topics.matrices import EXTRA, is_matrix, is_vector, rows_text
from adapters.offline.tree import Binary, Listing, Neg, Node, is_constant, walk
from adapters.offline.values import value_text


def read_products(scan: Scan, _setting: Setting) -> Question | None:
    """`[[1,2],[3,4]] * [[5,6],[7,8]]`, `dot product of (1,2) and (4,5)`, `norm of (3,4)`."""
    take_form(scan)
    dot = scan.cue(r"(?:dot|scalar|inner) product")
    cross = scan.cue(r"(?:cross|vector) product")
    length = scan.cue(r"magnitude|length|norm|modulus")
    angle = scan.cue(r"angle")
    unit = scan.cue(r"unit vector")
    verb = scan.word(r"multiply|product|add|sum|subtract|difference")
    nodes = scan.rest("X")
    if not scan.done(EXTRA | {"between", "direction", "in"}):
        return None
    if len(nodes) == 1 and isinstance(nodes[0], Binary):
        return _expression(nodes[0])
    if (length or unit) and len(nodes) == 1 and is_vector(nodes[0]):
        return _vector(
            "m.norm()" if length else "m/m.norm()", "length" if length else "unit vector", nodes
        )
    if len(nodes) != 2:
        return None
    if all(map(is_vector, nodes)):
        if dot:
            return _vector("m.dot(n)", "dot product", nodes)
        if cross and all(isinstance(n, Listing) and len(n.items) == 3 for n in nodes):
            return _vector("m.cross(n)", "cross product", nodes)
        if angle:
            return _vector("acos(m.dot(n)/(m.norm()*n.norm()))", "angle", nodes)
    if (
        verb
        and all(is_matrix(node) or is_vector(node) for node in nodes)
        and verb in {"multiply", "product"}
        and all(map(is_matrix, nodes))
    ):
        return _expression(Binary("*", nodes[0], nodes[1]))
    if verb in {"add", "sum"}:
        return _expression(Binary("+", nodes[0], nodes[1]))
    return None


def _vector(call: str, label: str, nodes: tuple[Node, ...]) -> Question | None:
    sizes = {len(node.items) for node in nodes if isinstance(node, Listing)}
    if len(sizes) != 1:
        return None
    lines = [f"m = Matrix({code.expression(nodes[0])})"]
    if len(nodes) > 1:
        lines.append(f"n = Matrix({code.expression(nodes[1])})")
    lines.append(f"answer = {call}")
    lines.append(f'print("{label}:", answer)')
    if label in {"cross product", "unit vector"}:
        lines.append(report(entries="[str(e) for e in answer]"))
    else:
        lines.append(report(value="str(answer)", near="str(N(answer, 15))"))

    def explain(result: Result) -> Answer:
        if "entries" in result:
            return Answer(
                (f"{label} = ({', '.join(display(str(e)) for e in result.list('entries'))})",)
            )
        text = value_text(result.text("value"), result.text("near"), Form())
        if label == "angle":
            return Answer(
                (
                    (
                        f"angle = {text} radians ≈ "
                        f"{decimal(str(math.degrees(float(result.text('near')))))}°"
                    ),
                ),
                ("cos φ = u·v/(|u|·|v|)",),
            )
        steps = (
            ("Multiply matching coordinates and add them up.",)
            if label == "dot product"
            else ("Take the root of the sum of squares.",)
        )
        return Answer((f"{label} {text}" if text.startswith("≈") else f"{label} = {text}",), steps)

    shown = " and ".join(map(pretty, nodes))
    return Question(
        kind="vector",
        title=f"{label[0].upper()}{label[1:]} of {shown}",
        code=code.program(*lines),
        explain=explain,
        subject=next(iter(nodes)),
    )


def _matrix_code(node: Node) -> str | None:
    """Code for sums and products of matrices and numbers."""
    match node:
        case Listing():
            return (
                f"Matrix({code.expression(node)})" if is_matrix(node) or is_vector(node) else None
            )
        case Neg(arg):
            inner = _matrix_code(arg)
            return f"-({inner})" if inner else None
        case Binary("+" | "-" | "*", left, right):
            a, b = _matrix_code(left), _matrix_code(right)
            return f"({a} {node.op} {b})" if a and b else None
        case _:
            return code.exact(node) if is_constant(node) else None


def _expression(node: Binary) -> Question | None:
    if not any(isinstance(part, Listing) for part in walk(node)):
        return None
    text = _matrix_code(node)
    if text is None:
        return None
    lines = [
        f"answer = {text.removeprefix('(').removesuffix(')')}",
        'print("answer:", answer)',
        report(rows="[[str(e) for e in row] for row in answer.tolist()]"),
    ]

    def explain(result: Result) -> Answer:
        rows: list[Any] = result.list("rows")
        if rows and all(len(row) == 1 for row in rows):
            return Answer((f"({', '.join(display(str(row[0])) for row in rows)})",))
        steps = (
            ("Each entry is a row of the first times a column of the second.",)
            if node.op == "*"
            else ("Entry by entry.",)
        )
        return Answer((rows_text(rows),), steps)

    return Question(
        kind="matrix", title=pretty(node), code=code.program(*lines), explain=explain, subject=node
    )


READERS = (read_products,)
