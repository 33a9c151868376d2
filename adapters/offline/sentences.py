"""What the stretches of a message are: chatter, definitions, requests that share their object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.offline import (
    definitions,
    readers,
    show,
)
from adapters.offline.pieces import Piece
from adapters.offline.question import Question
from adapters.offline.tokens import Token
from adapters.offline.topics.common import Setting
from adapters.offline.tree import Apply, Node, Relation
from adapters.offline.words import CHATTER


@dataclass(frozen=True, slots=True)
class Group:
    """A stretch that was read: its cost, and what it gave."""

    cost: float
    questions: tuple[Question, ...] = ()
    functions: Mapping[str, tuple[str, Node]] = field(default_factory=dict[str, tuple[str, Node]])
    readable: bool = True


def unmarked(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """Without the marks that end a sentence."""
    out = list(parts)
    while out and out[-1].node is None and not out[-1].text.isalpha():
        out.pop()
    return tuple(out)


def function_names(tokens: Sequence[Token]) -> frozenset[str]:
    """`f`, `g`, `h`, and every letter that the text itself defines by `p(x) = …`."""
    names = {"f", "g", "h"}
    names |= {
        token.text
        for token in tokens
        if token.kind == "rate" or (token.kind == "name" and token.order)
    }
    for index in range(len(tokens) - 4):
        first, second, third, fourth, fifth = tokens[index : index + 5]
        if (
            first.kind == "name"
            and second.text == "("
            and third.kind == "name"
            and fourth.text == ")"
            and fifth.text in {"=", "be"}
        ):
            names.add(first.text)
    return frozenset(names)


def is_chatter(parts: Sequence[Piece]) -> bool:
    """Whether the words say nothing about mathematics, and no sign stands among them."""
    return all(
        part.node is None and (part.text in CHATTER or not part.text.isalpha()) for part in parts
    ) and not any(part.text in {"=", "<", ">", "^", "#", "..."} for part in parts)


def is_bare(parts: Sequence[Piece]) -> bool:
    """Whether no word asks for anything in particular."""
    return not any(part.node is None and part.text.isalpha() for part in parts)


def made_functions(parts: Sequence[Piece]) -> dict[str, tuple[str, Node]]:
    """The functions that a question names in passing: `plot f(x) = x²`."""
    made: dict[str, tuple[str, Node]] = {}
    for part in parts:
        found = definitions.defined(part.node)
        if found is not None:
            named = isinstance(part.node, Relation) and isinstance(part.node.sides[0], Apply)
            if named or found[0] == "y":
                made[found[0]] = (found[1], found[2])
    return made


def shared(parts: Sequence[Piece], setting: Setting) -> tuple[Question, ...]:
    """`the derivative and the integral of x²`: two requests that share what stands behind."""
    for index, part in enumerate(parts):
        if part.text not in {"and", ","} or part.node is not None:
            continue
        left, right = parts[:index], parts[index + 1 :]
        if not left or any(p.node is not None for p in left):
            continue
        first = next((i for i, p in enumerate(right) if p.node is not None), None)
        if first is None:
            continue
        tail = max((i for i in range(first) if right[i].text in {"of", "for"}), default=first)
        one = readers.read((*left, *right[tail:]), setting)
        two = readers.read(right, setting) or shared(right, setting)
        if one and two:
            return (*one, *two)
    return ()


def noted(groups: Sequence[Group]) -> str:
    """The reply to a message that only defines something."""
    texts: list[str] = []
    for group in groups:
        for name, (by, body) in group.functions.items():
            texts.append(
                f"{name}({by}) = {show.pretty(body)}" if name != "y" else f"y = {show.pretty(body)}"
            )
    return (
        f"Noted: {'; '.join(texts)}. What shall I do with it? For example: derivative, roots, plot."
    )
