"""Functions that a person defines, `f(x) = x² + 1`, and their use later in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.offline.lexicon import wordset
from adapters.offline.pieces import Piece
from adapters.offline.tree import (
    Apply,
    Diff,
    Node,
    Rate,
    Relation,
    Sym,
    free,
    rebuild,
    substitute,
    walk,
)

Functions = Mapping[str, tuple[str, Node]]
"""Name -> its variable and its expression."""

_INTRODUCING: Final = wordset(
    "let if given suppose where with for when and define consider say assume "
    "function that take"
    " as be is a the by defined , ; : . we have have: functions curve equation of consider"
)
_MAX_DEPTH: Final = 6


def defined(node: Node | None) -> tuple[str, str, Node] | None:
    """`(f, x, body)` for `f(x) = body`, and `(y, x, body)` for `y = body` in one variable."""
    if not isinstance(node, Relation) or node.ops != ("=",):
        return None
    left, right = node.sides
    if isinstance(left, Apply) and not left.primes and len(left.args) == 1:
        argument = left.args[0]
        if isinstance(argument, Sym) and not _mentions(right, left.name):
            return left.name, argument.name, right
    names = free(right)
    if isinstance(left, Sym) and len(names) == 1 and left.name not in names:
        return left.name, names[0], right
    return None


def _mentions(node: Node, name: str) -> bool:
    return any(isinstance(part, Apply | Rate) and part.name == name for part in walk(node))


def split(parts: Sequence[Piece]) -> tuple[dict[str, tuple[str, Node]], tuple[Piece, ...]]:
    """Definitions that the rest of the sentence uses, and the sentence without them."""
    functions: dict[str, tuple[str, Node]] = {}
    out = list(parts)
    for part in parts:
        found = defined(part.node)
        if found is None:
            continue
        name, by, body = found
        others = [p.node for p in parts if p is not part and p.node is not None]
        used = any(_mentions(other, name) for other in others)
        alone = sum(1 for other in others if name in free(other)) == 1
        if alone and Sym(name) in others and sum(1 for p in parts if defined(p.node)) == 1:
            used = True
        if used:
            functions[name] = (by, body)
            out = _without(out, part)
    return functions, tuple(out)


def _without(parts: list[Piece], gone: Piece) -> list[Piece]:
    index = next(i for i, part in enumerate(parts) if part is gone)
    start = index
    while start and parts[start - 1].node is None and parts[start - 1].text in _INTRODUCING:
        start -= 1
    end = index + 1
    while end < len(parts) and parts[end].text in {",", ";", "."}:
        end += 1
    return [*parts[:start], Piece(","), *parts[end:]]


def pure(parts: Sequence[Piece]) -> dict[str, tuple[str, Node]]:
    """The definitions of a sentence that does nothing but define functions."""
    functions: dict[str, tuple[str, Node]] = {}
    for part in parts:
        if part.node is None:
            if part.text not in _INTRODUCING:
                return {}
            continue
        found = defined(part.node)
        if found is None:
            return {}
        functions[found[0]] = (found[1], found[2])
    return functions


def resolve(node: Node, functions: Functions, depth: int = 0) -> Node:
    """Put the bodies of defined functions in place of their applications."""
    if depth > _MAX_DEPTH:
        return node
    match node:
        case Apply(name, (argument,), primes) if name in functions and primes >= 0:
            by, body = functions[name]
            inner = resolve(argument, functions, depth + 1)
            body = resolve(body, functions, depth + 1)
            if primes == 0:
                return substitute(body, {by: inner})
            if isinstance(inner, Sym) and inner.name == by:
                return Diff(body, by, primes)
            return Apply(name, (inner,), primes)
        case Sym(name) if name in functions and name not in free(functions[name][1]):
            return resolve(functions[name][1], functions, depth + 1)
        case Rate(name, by, order) if name in functions:
            variable, body = functions[name]
            if by in {"", variable}:
                return Diff(resolve(body, functions, depth + 1), variable, order)
            return node
        case Relation(sides, ops) if defined(node) is not None and isinstance(sides[0], Apply):
            return Relation((sides[0], resolve(sides[1], functions, depth + 1)), ops)
        case _:
            return rebuild(node, lambda part: resolve(part, functions, depth + 1))


def resolved(parts: Sequence[Piece], functions: Functions) -> tuple[Piece, ...]:
    """The sentence with every defined function put in."""
    if not functions:
        return tuple(parts)
    return tuple(
        part if part.node is None else Piece(part.text, resolve(part.node, functions), part.gap)
        for part in parts
    )
