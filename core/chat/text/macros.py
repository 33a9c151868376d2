"""Macros with arguments, and environments: what LaTeX says with more than one sign."""

from __future__ import annotations

import re
from typing import Final

from core.chat.text import symbols
from core.chat.text.grammar import NotUnderstood, Parser, Reader
from core.chat.text.tree import (
    EMPTY,
    Boxed,
    Delimited,
    Fraction,
    Grid,
    Node,
    Root,
    Row,
    Script,
    Styled,
    Symbol,
)

_SUBSTANCE = re.compile(r"(?:[A-Za-z0-9()\[\].]|\^\{?\d*[+-]\}?|_\{?\d+\}?)+[+-]?")
_CHARGE = re.compile(r"\^\{?(\d*[+-])\}?|(?<=[A-Za-z0-9)\]])([+-])$")
_INDEX = re.compile(r"_\{?(\d+)\}?|(?<=[A-Za-z)\]])(\d+)")
_ALIGNED: Final = frozenset(symbols.words("aligned align split alignedat alignat eqnarray flalign"))
_STACKED: Final = frozenset(symbols.words("gathered gather multline equation displaymath math"))
_CASES: Final = frozenset(("cases", "dcases", "rcases"))
_MATRICES: Final = {
    "matrix": ("", ""), "smallmatrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"), "vmatrix": ("|", "|"), "Vmatrix": ("‖", "‖"), "array": ("", ""),
    "psmallmatrix": ("(", ")"), "bsmallmatrix": ("[", "]"), "tabular": ("", ""),
}  # fmt: skip


def _fraction(parser: Parser, name: str) -> list[Node]:
    if name == "cfrac":
        parser.optional()
    return [Fraction(parser.argument(), parser.argument())]


def _binomial(parser: Parser, _: str) -> list[Node]:
    over, under = parser.argument(), parser.argument()
    comma = Symbol(",", "punct")
    return [Symbol("C"), Symbol("(", "open"), over, comma, under, Symbol(")", "close")]


def _root(parser: Parser, _: str) -> list[Node]:
    index = parser.optional()
    if "[" in index:
        raise NotUnderstood
    degree = parser.nested(index) if index else EMPTY
    return [Root(parser.argument(), degree)]


def _delimiter(parser: Parser) -> str:
    lexeme = parser.next()
    if lexeme == ".":
        return ""
    name = lexeme.removeprefix("\\")
    for table in (symbols.OPENING, symbols.CLOSING):
        if lexeme != name and name in table:
            return table[name]
    if lexeme in ("(", ")", "[", "]", "/"):
        return lexeme
    if lexeme in ("|", "\\vert", "\\|", "\\Vert", "\\uparrow", "\\downarrow", "<", ">"):
        return {"\\vert": "|", "\\|": "‖", "\\Vert": "‖", "<": "⟨", ">": "⟩"}.get(lexeme, lexeme)
    raise NotUnderstood


def _delimited(parser: Parser, _: str) -> list[Node]:
    left = _delimiter(parser)
    body = parser.row()
    parser.expect("\\right")
    return [Delimited(left, body, _delimiter(parser))]


def _environment(parser: Parser, _: str) -> list[Node]:
    full = parser.raw()
    name = full.removesuffix("*")
    columns = ""
    if name in ("array", "tabular"):
        parser.optional()
        columns = "".join(each for each in parser.raw() if each in "lcr|")
    elif name in ("alignedat", "alignat"):
        parser.raw()
    elif name == "aligned":
        parser.optional()
    rows = parser.rows(name)
    lines = parser.lines
    parser.expect("\\end")
    if parser.raw() != full:
        raise NotUnderstood
    if name in _MATRICES:
        left, right = _MATRICES[name]
        return [Grid("matrix", rows, left, right, columns, lines)]
    if name in _CASES:
        left, right = ("", "}") if name == "rcases" else ("{", "")
        return [Grid("cases", rows, left, right, "ll")]
    if name in _ALIGNED or (name in _STACKED and any(len(row) > 1 for row in rows)):
        return [Grid("aligned", rows, columns="rl" * 8)]
    if name in _STACKED:
        return list(rows[0][0].nodes) if len(rows) == 1 else [Grid("stacked", rows)]
    raise NotUnderstood


def _operator(parser: Parser, _: str) -> list[Node]:
    name = parser.raw()
    plain = re.sub(r"\\[,;: ]", " ", name).strip()
    plain = re.sub(r"\\(?:text|mathrm|rm)\{([^{}\\]*)\}", r"\1", plain)
    if "\\" in plain or "{" in plain or not plain:
        raise NotUnderstood
    return [Symbol(plain, "fun")]


def _modulo(parser: Parser, name: str) -> list[Node]:
    if name in ("bmod", "mod"):
        return [Symbol("mod", "rel")]
    body = parser.argument()
    words = [Symbol("mod"), Symbol(" ", "space")] if name == "pmod" else []
    return [Symbol(" ", "space"), Symbol("(", "open"), *words, body, Symbol(")", "close")]


def _over(parser: Parser, name: str) -> list[Node]:
    """`\\overset{a}{b}`: known signs such as ≝ only. `\\underset{a}{\\max}` is a subscript."""
    mark, base = parser.argument(), parser.argument()
    if name == "underset" and isinstance(base, Symbol) and base.role in ("op", "fun"):
        return [Script(base, mark, None)]
    if name == "underset" and isinstance(base, Row) and len(base.nodes) == 1:
        only = base.nodes[0]
        if isinstance(only, Symbol) and only.role in ("op", "fun"):
            return [Script(only, mark, None)]
    sign = symbols.OVER_EQUALS.get(_letters(mark))
    if name == "underset" or _letters(base) != "=" or sign is None:
        raise NotUnderstood
    return [Symbol(sign, "rel")]


def _letters(node: Node) -> str:
    match node:
        case Symbol(text=text):
            return text
        case Row(nodes=nodes):
            return "".join(_letters(each) for each in nodes)
        case Styled(body=body):
            return _letters(body)
        case _:
            return "\0"


def _not(parser: Parser, _: str) -> list[Node]:
    base = parser.argument()
    sign = symbols.NEGATED.get(_letters(base))
    if sign is None:
        raise NotUnderstood
    return [Symbol(sign, "rel")]


def _arrow(parser: Parser, name: str) -> list[Node]:
    parser.optional()
    label = parser.argument()
    head, tail = ("→", "─") if "right" in name else ("─", "←")
    return [Symbol(" ", "space"), Symbol(tail), label, Symbol(head), Symbol(" ", "space")]


def _stack(parser: Parser, _: str) -> list[Node]:
    parser.expect("{")
    rows: list[Row] = [parser.row()]
    while parser.peek() == "\\\\":
        parser.at += 1
        rows.append(parser.row())
    parser.expect("}")
    nodes: list[Node] = list(rows[0].nodes)
    for row in rows[1:]:
        nodes += [Symbol(",", "punct"), *row.nodes]
    return nodes


def _tag(parser: Parser, name: str) -> list[Node]:
    words = parser.raw()
    if re.search(r"[\\{}$]", words):
        raise NotUnderstood
    return [Symbol(f"\u2003({words})" if name == "tag" else f"\u2003{words}")]


def _chemistry(parser: Parser, _: str) -> list[Node]:
    """`\\ce{2H2 + O2 -> 2H2O}`: substances with their indices and charges, and what is between."""
    shown: list[str] = []
    for word in parser.raw().split():
        if word in symbols.REACTIONS:
            shown.append(symbols.REACTIONS[word])
        elif _SUBSTANCE.fullmatch(word):
            raised = _CHARGE.sub(
                lambda found: _set(found[1] or found[2], symbols.SUPERSCRIPTS), word
            )
            shown.append(
                _INDEX.sub(lambda found: _set(found[1] or found[2], symbols.SUBSCRIPTS), raised)
            )
        else:
            raise NotUnderstood
    return [Symbol(" ".join(shown))]


def _set(text: str, alphabet: dict[str, str]) -> str:
    return "".join(alphabet[each] for each in text.replace("-", "−"))


def _skip_argument(parser: Parser, name: str) -> list[Node]:
    parser.raw()
    return [Symbol(" ", "space")] if name in ("hspace", "kern") else []


def _coloured(parser: Parser, _: str) -> list[Node]:
    parser.optional()
    parser.raw()
    return [parser.argument()]


def _boxed(parser: Parser, _: str) -> list[Node]:
    return [Boxed(parser.argument())]


READERS: Final[dict[str, Reader]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"), _fraction),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), _binomial),
    **dict.fromkeys(("boxed", "fbox"), _boxed),
    **dict.fromkeys(("pmod", "bmod", "mod", "pod"), _modulo),
    **dict.fromkeys(("overset", "underset", "stackrel"), _over),
    **dict.fromkeys(("xrightarrow", "xleftarrow"), _arrow),
    **dict.fromkeys(("textcolor",), _coloured),
    "ce": _chemistry,
    **dict.fromkeys(("color", "hspace", "label", "vspace"), _skip_argument),
    "sqrt": _root,
    "left": _delimited,
    "begin": _environment,
    "operatorname": _operator,
    "not": _not,
    "substack": _stack,
    "tag": _tag,
}
