"""Matrices and vectors: determinant, inverse, products, eigenvalues, dot and cross products."""

from __future__ import annotations

from typing import Any, Final

from adapters.offline import code
from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question, Result, decimal, display
from adapters.offline.scan import Scan, body
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import Listing, Node, Relation, free, is_constant

_SINGLE: Final[tuple[tuple[str, str, str, str], ...]] = (
    (r"determinants?|det", "m.det()", "determinant", "value"),
    (r"inverse|invert|inverted", "m.inv()", "inverse", "matrix"),
    (r"transpose|transposed", "m.T", "transpose", "matrix"),
    (
        r"(?:reduced )?row echelon form|rref|row reduce|reduced echelon form|row reduced form",
        "m.rref()[0]",
        "reduced row echelon form",
        "matrix",
    ),
    (r"rank", "Integer(m.rank())", "rank", "value"),
    (r"trace", "m.trace()", "trace", "value"),
    (r"characteristic polynomial", "m.charpoly().as_expr()", "characteristic polynomial", "value"),
    (
        r"eigen ?values?(?: and eigen ?vectors?)?|eigen values",
        "m.eigenvals()",
        "eigenvalues",
        "eigen",
    ),
    (r"eigen ?vectors?", "m.eigenvects()", "eigenvectors", "vectors"),
)
EXTRA: Final = wordset(
    "matrix matrices vector vectors product products two by size m a b A B u "
    "v x its square rows times multiply add subtract given"
)


def is_matrix(node: Node) -> bool:
    """Rows of equal length."""
    if not isinstance(node, Listing) or not node.items:
        return False
    rows = [row.items for row in node.items if isinstance(row, Listing)]
    if len(rows) != len(node.items) or len({len(row) for row in rows}) != 1:
        return False
    return all(not isinstance(entry, Listing) for row in rows for entry in row)


def is_vector(node: Node) -> bool:
    """A list of numbers."""
    return (
        isinstance(node, Listing)
        and len(node.items) >= 2
        and all(not isinstance(e, Listing) for e in node.items)
        and all(map(is_constant, node.items))
    )


def read_matrix(scan: Scan, _setting: Setting) -> list[Question] | None:
    """`determinant of [[1, 2], [3, 4]]`, `inverse of …`, `eigenvalues of …`."""
    take_form(scan)
    wanted = [entry for entry in _SINGLE if scan.cue(entry[0])]
    nodes = [body(node) for node in scan.rest("X")]
    nodes = [node.sides[-1] if isinstance(node, Relation) else node for node in nodes]  # A = …
    if not wanted or len(nodes) != 1 or not is_matrix(nodes[0]) or not scan.done(EXTRA):
        return None
    return [_single(nodes[0], *entry[1:]) for entry in wanted]


def _single(node: Node, call: str, label: str, kind: str) -> Question:
    head = [code.symbols_line(free(node)), f"m = Matrix({code.expression(node)})"]
    square = label in {
        "determinant",
        "inverse",
        "trace",
        "eigenvalues",
        "eigenvectors",
        "characteristic polynomial",
    }
    lines: list[str] = []
    entries: dict[str, str]
    if label == "inverse":
        lines = [
            "determinant = m.det()",
            "answer = m.inv() if m.is_square and determinant != 0 else None",
            'print("inverse:", answer)',
        ]
        entries = {
            "rows": (
                "[[str(e) for e in row] for row in answer.tolist()] if answer is not None else []"
            ),
            "det": "str(determinant)",
        }
    elif kind == "matrix":
        lines = [f"answer = {call}", f'print("{label}:", answer)']
        entries = {"rows": "[[str(e) for e in row] for row in answer.tolist()]"}
    elif kind == "eigen":
        lines = [f"answer = {call}", f'print("{label}:", answer)']
        entries = {
            "values": "[[str(v), int(k), str(N(v, 10, chop=True))] for v, k in answer.items()]",
            "poly": "str(m.charpoly().as_expr())",
        }
    elif kind == "vectors":
        lines = [f"answer = {call}", f'print("{label}:", answer)']
        entries = {
            "vectors": (
                "[[str(v), [[str(e) for e in vec] for vec in vecs]] for v, k, vecs in answer]"
            )
        }
    else:
        lines = [f"answer = {call}", f'print("{label}:", answer)']
        entries = {"value": "str(simplify(answer))"}
    size_ok = not square or (
        isinstance(node, Listing)
        and isinstance(node.items[0], Listing)
        and len(node.items) == len(node.items[0].items)
    )

    def explain(result: Result) -> Answer:
        return _explained(label, kind, result)

    title = f"{label.capitalize()} of {pretty(node)}"
    if not size_ok:
        wrong = Answer(
            (
                f"Only a square matrix has a {label}."
                if label != "inverse"
                else "Only a square matrix can have an inverse.",
            )
        )
        return Question(
            kind="matrix",
            title=title,
            code=code.program('print("not square")', report(square="False")),
            explain=lambda _: wrong,
            subject=node,
        )
    return Question(
        kind="matrix",
        title=title,
        code=code.program(*head, *lines, report(**entries)),
        explain=explain,
        subject=node,
        again=lambda other: _single(other, call, label, kind) if is_matrix(other) else None,
    )


def _explained(label: str, kind: str, result: Result) -> Answer:
    match kind:
        case "matrix":
            rows: list[Any] = result.list("rows")
            if label == "inverse":
                if not rows:
                    return Answer(("There is no inverse: the determinant is 0.",))
                return Answer(
                    (f"inverse = {rows_text(rows)}",),
                    (f"The determinant is {result.show('det')}, not 0, so the inverse exists.",),
                )
            return Answer((f"{label} = {rows_text(rows)}",))
        case "eigen":
            steps = (
                (
                    f"The characteristic polynomial is {result.show('poly')}; its roots are "
                    "the eigenvalues."
                ),
            )
            texts: list[str] = []
            for value, times, near in result.list("values"):
                shown = display(str(value))
                text = shown if len(shown) < 30 else f"≈ {decimal(str(near))}"
                texts.append(text + (f" ({times} times)" if int(times) > 1 else ""))
            return Answer((f"eigenvalues: {', '.join(texts)}",), steps)
        case "vectors":
            lines = [
                f"eigenvalue {display(str(value))}: {', '.join(map(_vector_text, vectors))}"
                for value, vectors in result.list("vectors")
            ]
            return Answer(tuple(lines))
        case _:
            return Answer((f"{label} = {result.show('value')}",))


def _vector_text(entries: list[Any]) -> str:
    return f"({', '.join(display(str(entry)) for entry in entries)})"


def rows_text(rows: list[Any]) -> str:
    """A matrix, row by row."""
    return (
        "[" + ", ".join("[" + ", ".join(display(str(e)) for e in row) + "]" for row in rows) + "]"
    )


READERS = (read_matrix,)
