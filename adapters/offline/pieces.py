"""A sentence -> a row of words and expressions: where English ends and mathematics begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from adapters.offline.cursor import Cursor
from adapters.offline.lexicon import wordset
from adapters.offline.parser import parse_at
from adapters.offline.tokens import Token
from adapters.offline.tree import (
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
    is_constant,
)

SPACED: Final = wordset(
    "mean means median medians mode modes average averages deviation "
    "variance range quartile"
    " quartiles data dataset numbers iqr sort"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, a mark (`text`), or an expression (`node`, and `text` empty)."""

    text: str
    node: Node | None = None
    gap: bool = True

    @property
    def letter(self) -> str:
        """Its kind: `N`umber, `S`ymbol, `A`lgebra, `R`elation, `L`ist or `C`alculus sign."""
        node = self.node
        match node:
            case Relation():
                return "R"
            case Listing():
                return "L"
            case Sym():
                return "S"
            case Diff() | Integral() | Limit() | Series() | Rate():
                return "C"
            case None:
                return ""
            case _:
                return "N" if is_constant(node) else "A"


def pieces(tokens: Sequence[Token], names: frozenset[str]) -> tuple[Piece, ...]:
    """Cut tokens into words and the longest expressions between them."""
    spaced = any(token.kind == "word" and token.text in SPACED for token in tokens)
    out: list[Piece] = []
    at = 0
    while at < len(tokens):
        found = (
            None
            if _is_word(tokens, at) or _counts_things(tokens, at)
            else parse_at(tokens, at, names=names, spaced=spaced, chat=True)
        )
        if found is not None and not _bare_one(tokens, at, found):
            node, at = found
            out.extend(_opened(node))
            continue
        if _counts_things(tokens, at):
            at += 1
            continue
        out.append(_plain(tokens, at))
        at += 1
    return _without_asides(out)


def _without_asides(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """`the average (mean) of`: brackets around words alone are no mathematics."""
    out = list(parts)
    for start, part in enumerate(out):
        if part.text != "(":
            continue
        end = start + 1
        while end < len(out) and out[end].node is None and out[end].text.isalpha():
            end += 1
        if end > start + 1 and end < len(out) and out[end].text == ")":
            out[start] = out[end] = Piece(",")
    return tuple(out)


_COUNTED: Final = wordset(
    "equations unknowns variables numbers lines points functions curves "
    "values solutions roots things questions"
    " expressions problems exercises vectors matrices parts graphs steps"
)


def _counts_things(tokens: Sequence[Token], at: int) -> bool:
    """`two equations`: the number says nothing that the equations do not."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    small = tokens[at].text in {"two", "three", "four", "2", "3", "4", "both"}
    return small and following is not None and following.text in _COUNTED


def _opened(node: Node) -> list[Piece]:
    """`{2x + y = 5, x = 1}` is its equations."""
    if isinstance(node, Listing) and all(isinstance(item, Relation) for item in node.items):
        out: list[Piece] = []
        for item in node.items:
            out += [Piece("", item), Piece(",")]
        return out[:-1]
    return [Piece("", node)]


def _is_word(tokens: Sequence[Token], at: int) -> bool:
    """Articles and pronouns; whatever they begin (`a half`) is tried by the parser itself."""
    cursor = Cursor(tokens)
    cursor.at = at
    token = tokens[at]
    if token.kind == "word" and token.text in {"minus", "negative"}:
        return False
    return cursor.is_article() and not (
        token.text in {"a", "A"}
        and at + 1 < len(tokens)
        and re.match("half|third|quarter|hundred|thousand|million", tokens[at + 1].text) is not None
    )


def _bare_one(tokens: Sequence[Token], at: int, found: tuple[Node, int]) -> bool:
    """`this one`, `the one`: a pronoun, not the number."""
    node, end = found
    return end == at + 1 and tokens[at].text == "one" and node == Num(Fraction(1))


def _plain(tokens: Sequence[Token], at: int) -> Piece:
    token, before = tokens[at], tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.text == "-" and token.gap and (after is None or (after.gap and after.kind == "word")):
        return Piece(",")
    if token.text == "/" and before and after and before.kind == after.kind == "word":
        return Piece("and")
    if token.kind == "nl":
        return Piece(";")
    if token.text == "..." and (before is None or before.kind == "word"):
        return Piece(",")
    if token.kind == "dx":
        return Piece(f"d{token.by}")
    if (
        token.text == "!"
        and not token.gap
        and before is not None
        and before.kind in {"num", "close", "name"}
    ):
        return Piece("!?")
    return Piece(token.text, gap=token.gap)
