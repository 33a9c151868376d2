"""A formula's tree on one line of Unicode: x² + √(x+1), (a+b)/c, ∑ᵢ₌₁ⁿ i."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from core.chat.text import symbols
from core.chat.text.symbols import Role
from core.chat.text.tree import (
    Boxed,
    Delimited,
    Fraction,
    Grid,
    Mark,
    Node,
    Root,
    Row,
    Script,
    Styled,
    Symbol,
)

_OPERANDS: Final = frozenset(("ord", "close", "frac", "gap"))
_ATOM = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W\d_][′″‴⁰-₟¹²³ᵃ-ᵿʰ-˿ⱼⱽ\u0300-\u036f\u20d0-\u20ff]*")
_DIFFERENTIAL = re.compile(r"[d∂Δδ][^\W\d_][²³]?")
_HARMLESS: Final = frozenset("·°′″‴!…%|‖√∛∜∂∇∞")
_RAISED: Final = re.compile(r"[⁰-₟]")
_LIMITED: Final = frozenset(("lim", "max", "min", "sup", "inf", "lim sup", "lim inf", "arg max"))
_DEEPEST_FRACTION: Final = 3


class Unwritable(Exception):
    """The formula cannot be written so that it reads well."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line and what it is to its neighbours."""

    text: str
    role: Role = "ord"


def line(node: Node, *, tight: bool = False) -> str:
    """`node` on one line. `tight` leaves out the spaces around operators.

    Raises:
        Unwritable: a mark over several letters, a fraction in a fraction in a fraction.
    """
    return _Writer().line(node, tight=tight)


def pieces(node: Node) -> Iterable[Piece]:
    """The pieces that `line` would put side by side.

    Raises:
        Unwritable: as `line` does.
    """
    return _Writer().pieces(node, tight=False)


def joined(parts: Sequence[Piece], *, tight: bool = False) -> str:
    """Pieces side by side, with the white space that their roles ask for."""
    text = ""
    previous: Piece | None = None
    seen = [piece for piece in parts if piece.text]
    for piece, following in zip_longest(seen, seen[1:]):
        shown, role = piece.text, piece.role
        if role == "frac":
            shown = _fraction_among(shown, previous, following)
            role = "close"
        if role == "bin" and (previous is None or previous.role not in _OPERANDS):
            role = "open"
        spaced = _is_spaced(previous, Piece(shown, role), tight=tight)
        text += (" " if spaced and text and not text[-1].isspace() else "") + shown
        previous = Piece(shown, role)
    return re.sub(" {2,}", " ", text)


def _is_spaced(previous: Piece | None, piece: Piece, *, tight: bool) -> bool:
    """Whether a space belongs between two pieces."""
    if previous is None or "space" in (previous.role, piece.role):
        return False
    if "rel" in (previous.role, piece.role) or "bin" in (previous.role, piece.role):
        return not tight or _is_word(previous) or _is_word(piece)
    if previous.role in ("fun", "op"):
        return piece.role not in ("open", "close", "punct") or previous.role == "op"
    if piece.role in ("fun", "op"):
        return previous.role in _OPERANDS
    if previous.role == "punct":
        return not tight
    return previous.role == "gap" and piece.role in ("ord", "open", "gap")


def _is_word(piece: Piece) -> bool:
    return piece.role == "rel" and piece.text[:1].isalpha()


def _fraction_among(text: str, previous: Piece | None, following: Piece | None) -> str:
    """A fraction in brackets, or as a single character, where a neighbour would blur it."""
    before = previous is not None and previous.role in (*_OPERANDS, "fun")
    after = following is not None and (
        following.role in ("ord", "open", "frac", "gap", "fun", "op")
        or (following.role == "close" and len(following.text) > 1)
    )
    if not (before or after):
        return text
    if text in symbols.VULGAR and not (before and previous is not None and previous.role == "fun"):
        return symbols.VULGAR[text]
    return f"({text})"


class _Writer:
    def __init__(self) -> None:
        self.fractions = 0

    def line(self, node: Node, *, tight: bool) -> str:
        return joined(tuple(self.pieces(node, tight=tight)), tight=tight).strip(" ")

    def pieces(self, node: Node, *, tight: bool) -> Iterable[Piece]:
        match node:
            case Symbol():
                yield Piece(node.text, node.role)
            case Row(nodes=nodes):
                for each in nodes:
                    yield from self.pieces(each, tight=tight)
            case Fraction():
                yield Piece(self.fraction(node), "frac")
            case Root():
                yield self.root(node)
            case Script():
                yield self.script(node, tight=tight)
            case Mark():
                yield Piece(self.mark(node))
            case Styled():
                text = symbols.in_alphabet(self.line(node.body, tight=tight), node.alphabet)
                yield Piece(text, _role_of(node.body))
            case Delimited():
                inner = self.line(node.body, tight=tight)
                yield Piece(node.left + inner + node.right, "close")
            case Boxed():
                yield Piece(f"[{self.line(node.body, tight=tight)}]", "close")
            case Grid():
                yield Piece(self.grid(node), "close")

    def fraction(self, node: Fraction) -> str:
        self.fractions += 1
        if self.fractions > _DEEPEST_FRACTION:
            raise Unwritable
        over = self.line(node.over, tight=True)
        under = self.line(node.under, tight=True)
        self.fractions -= 1
        over = over if _is_product(over) else f"({over})"
        return f"{over}/{under if _is_word_node(node.under) else _bracketed(under)}"

    def root(self, node: Root) -> Piece:
        body = self.line(node.body, tight=True)
        index = self.line(node.index, tight=True)
        sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(index)
        if sign is None:
            raised = _mapped(index, symbols.SUPERSCRIPTS)
            sign = f"{raised}√" if raised is not None else f"({index})√"
        body = _bracketed(body)
        return Piece(sign + body, "close" if body.endswith(")") else "gap")

    def script(self, node: Script, *, tight: bool) -> Piece:
        base = self.line(node.base, tight=tight)
        role = _role_of(node.base)
        if isinstance(node.base, Fraction | Root) or (
            isinstance(node.base, Row) and not _ATOM.fullmatch(base) and base
        ):
            base, role = f"({base})", "close"
        below = self.line(node.below, tight=True) if node.below is not None else ""
        above = self.line(node.above, tight=True) if node.above is not None else ""
        low = _shifted(below, symbols.SUBSCRIPTS, "_")
        high = _shifted(above, symbols.SUPERSCRIPTS, "^")
        if below and base in _LIMITED:
            role = "op"
        if role not in ("fun", "op", "rel", "bin"):
            is_plain = (low + high)[:1] in ("_", "^") or (low + high)[-2:-1] == "^"
            role = "gap" if is_plain and not (low + high).endswith(")") else "close"
            role = "ord" if role == "close" and base[-1:] not in (")", "]") else role
        return Piece(base + low + high, role)

    def mark(self, node: Mark) -> str:
        text = self.line(node.body, tight=True)
        bases = [each for each in text if not unicodedata.combining(each)]
        if len(bases) == 1:
            return unicodedata.normalize("NFC", text + node.mark)
        if node.mark in symbols.STRETCHED and 0 < len(bases) <= 12:
            return "".join(each + node.mark for each in text)
        raise Unwritable

    def grid(self, node: Grid) -> str:
        if node.kind in ("aligned", "stacked"):
            rows = (
                "".join(f" {self.line(cell, tight=False)}" for cell in row) for row in node.rows
            )
            return "; ".join(re.sub(" +", " ", row).strip() for row in rows)
        rows = (
            "".join(
                (" | " if index in node.ruled else ", " if index else "")
                + self.line(cell, tight=False)
                for index, cell in enumerate(row)
            )
            for row in node.rows
        )
        return f"{node.left}{'; '.join(rows)}{node.right}"


def _is_word_node(node: Node) -> bool:
    """Whether a node is one word, from `\\text` or the like, and not a product of letters."""
    match node:
        case Symbol(text=text):
            return len(text) > 1 and text.isalpha()
        case Row(nodes=(only,)):
            return _is_word_node(only)
        case Styled(body=body, alphabet=""):
            return _is_word_node(body)
        case _:
            return False


def _role_of(node: Node) -> Role:
    """What a node is to its neighbours, seen as one piece."""
    match node:
        case Symbol(role=role):
            return role
        case Row(nodes=(only,)):
            return _role_of(only)
        case Styled(body=body) | Script(base=body):
            return _role_of(body)
        case _:
            return "ord"


def _shifted(text: str, alphabet: dict[str, str], mark: str) -> str:
    if not text:
        return ""
    shifted = _mapped(text, alphabet)
    if shifted is not None:
        return shifted
    if len(text) == 1 or (mark == "_" and text.isalpha()):
        return mark + text
    return f"{mark}({text})" if not _is_bracketed(text) else mark + text


def _mapped(text: str, alphabet: dict[str, str]) -> str | None:
    letters = [alphabet.get(each, each if each in ",…" else None) for each in text]
    if None in letters or "," in text[:1]:
        return None
    return "".join(each for each in letters if each is not None)


def _is_bracketed(text: str) -> bool:
    """Whether one pair of brackets goes around all of `text`."""
    if not text.startswith("(") or not text.endswith(")"):
        return False
    level = 0
    for index, each in enumerate(text):
        level += (each == "(") - (each == ")")
        if level == 0:
            return index == len(text) - 1
    return False


def _bracketed(text: str) -> str:
    return text if _is_single(text) else f"({text})"


def _is_single(text: str) -> bool:
    """Whether `text` reads as one thing under a fraction bar or a root: n, 2², f(x), √2, |x|."""
    text = text.removesuffix("!").lstrip("√∛∜")
    if _ATOM.fullmatch(text) or _DIFFERENTIAL.fullmatch(text) or _is_bracketed(text):
        return True
    if text[:1] in ("|", "‖") and text.find(text[0], 1) == len(text) - 1:
        return True
    applied = _ATOM.match(text)
    return bool(applied) and text[0].isalpha() and _is_bracketed(text[applied.end() :])


def _is_product(text: str) -> bool:
    """Whether `text` needs no brackets over a fraction bar: no sum, relation or space in it."""
    level = 0
    for index, each in enumerate(text):
        level += (each in "([{") - (each in ")]}")
        if level or each in "()[]{}" or each in _HARMLESS or (index == 0 and each == "−"):
            continue
        if each.isspace() or each == "/":
            return False
        if unicodedata.category(each) in ("Sm", "Po") and not _RAISED.match(each):
            return False
    return True
