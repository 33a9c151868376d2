"""Questions in the notation of computer algebra: `diff(x**3, x)`, `integrate(x**2, (x, 0, 2))`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.offline.pieces import Piece
from adapters.offline.tree import ZERO, Listing, Node, Relation, Sym

_NAMES: Final = {
    "diff": "derivative",
    "derivative": "derivative",
    "differentiate": "derivative",
    "integrate": "integral",
    "integral": "integral",
    "int": "integral",
    "limit": "limit",
    "lim": "limit",
    "plot": "plot",
    "graph": "plot",
    "solve": "solve",
    "solveset": "solve",
    "factor": "factor",
    "expand": "expand",
    "simplify": "simplify",
}


def spelled(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same request in words, so that one set of rules reads both notations."""
    out: list[Piece] = []
    index = 0
    while index < len(parts):
        name = _NAMES.get(parts[index].text)
        following = parts[index + 1].node if index + 1 < len(parts) else None
        made = _spelled(name, following.items) if name and isinstance(following, Listing) else None
        if made is None:
            out.append(parts[index])
            index += 1
        else:
            out += made
            index += 2
    return tuple(out)


def _words(text: str) -> list[Piece]:
    return [Piece(word) for word in text.split()]


def _spelled(name: str, items: tuple[Node, ...]) -> list[Piece] | None:
    first, rest = Piece("", items[0]), items[1:]
    if len(rest) == 1 and isinstance(rest[0], Listing) and len(rest[0].items) == 3:
        rest = rest[0].items
    letter = rest[0] if rest and isinstance(rest[0], Sym) else None
    size = len(rest)
    second, third = (*rest, ZERO, ZERO, ZERO)[1:3]
    head = [*_words(name), *([] if name in {"plot", "solve"} else _words("of")), first]
    if name == "plot" and letter is None and len(rest) == 2:
        return [*head, *_bounds(rest[0], rest[1])]
    if letter is None:
        return head if not rest and name in {"factor", "expand", "simplify"} else None
    by = [*_words("with respect to"), Piece("", letter)]
    match name, size:
        case "derivative" | "integral", 1:
            return [*head, *by]
        case "integral", 3:
            return [*head, *by, *_bounds(second, third)]
        case "plot", 3:
            return [*head, *_bounds(second, third)]
        case "limit", 2:
            arrow = [Piece("as"), Piece("", letter), Piece("approaches"), Piece("", second)]
            return [*head, *arrow]
        case "solve", 1:
            target = items[0]
            zero = target if isinstance(target, Relation) else Relation((target, ZERO), ("=",))
            return [Piece("solve"), Piece("", zero), Piece("for"), Piece("", letter)]
        case _:
            return None


def _bounds(low: Node, high: Node) -> list[Piece]:
    return [Piece("from"), Piece("", low), Piece("to"), Piece("", high)]
