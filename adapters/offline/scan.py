"""Pattern matching over a sentence of words and expressions, with an account of what is left.

Patterns are regular expressions over words, in which single capital letters stand for
expressions: `N` a number, `S` a variable, `A` algebra, `E` any of these, `R` a relation, `L`
something in brackets, `C` a calculus sign, `X` anything. What a pattern takes is used up; a rule
may answer only when `done()` finds nothing of weight left over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from adapters.offline.pieces import Piece
from adapters.offline.tree import Apply, Listing, Node, Rate, Relation, Sym
from adapters.offline.words import ARTICLES, FILLER, METHODS

_CLASSES: Final = {
    "N": "N",
    "S": "S",
    "A": "A",
    "R": "R",
    "L": "L",
    "C": "C",
    "E": "NSAC",
    "V": "SA",
    "X": "NSACRL",
}
_MARKS: Final = frozenset(",;:.?!'\"`~")
_SLOT: Final = re.compile(r"(?<![A-Za-z⟨])([NSARLCEVX])(?![A-Za-z\d])")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    body = _SLOT.sub(lambda m: rf"⟨[{_CLASSES[m[1]]}](\d+)⟩", pattern)
    return re.compile(rf"(?<= )(?:{body})(?= )")


class Scan:
    """One reading attempt of one sentence."""

    def __init__(self, parts: Sequence[Piece]) -> None:
        self.parts = tuple(parts)
        self._nodes = [part.node for part in parts]
        self.text = self._skeleton()
        for method in METHODS:
            self.take(method)

    def _skeleton(self) -> str:
        words: list[str] = []
        for index, part in enumerate(self.parts):
            if part.node is not None:
                words.append(f"⟨{part.letter}{index}⟩")
            elif part.text not in ARTICLES:
                words.append(part.text.removesuffix("'s").replace("'", " "))
        return f" {' '.join(' '.join(words).split())} "

    def node(self, index: str) -> Node:
        """The expression that a slot matched."""
        node = self._nodes[int(index)]
        if node is None:
            raise IndexError(index)
        return node

    def has(self, pattern: str) -> bool:
        """Whether it matches somewhere; uses nothing up."""
        return _compiled(pattern).search(self.text) is not None

    def take(self, pattern: str) -> tuple[Node, ...] | None:
        """Use up the first match; the expressions in its slots, in order."""
        match = _compiled(pattern).search(self.text)
        if match is None:
            return None
        self.text = f"{self.text[: match.start()]}¦{self.text[match.end() :]}"
        return tuple(self.node(index) for index in match.groups() if index)

    def word(self, pattern: str) -> str | None:
        """Use up the first match of a pattern without slots; the words that matched."""
        match = _compiled(pattern).search(self.text)
        if match is None:
            return None
        self.text = f"{self.text[: match.start()]}¦{self.text[match.end() :]}"
        return match[0]

    def cue(self, pattern: str) -> bool:
        """Use up every match; whether there was one."""
        text = _compiled(pattern).sub("¦", self.text)
        found = text != self.text
        self.text = text
        return found

    def spoil(self) -> None:
        """Something was found that cannot be read: nothing may be answered from this sentence."""
        self.text += " ⊥ "

    def rest(self, kinds: str = "X") -> tuple[Node, ...]:
        """Use up all expressions of these kinds that are left."""
        slot = re.compile(rf"⟨[{_CLASSES[kinds]}](\d+)⟩")
        found = tuple(self.node(index) for index in slot.findall(self.text))
        self.text = slot.sub("¦", self.text)
        return found

    def left(self) -> tuple[str, ...]:
        """Words and expressions that nothing used and that may carry meaning."""
        words = self.text.replace("¦", " ").split()
        if words and words[-1] in {"?", "."}:
            words = words[:-1]
        if words and words[-1] == "=":
            words = words[:-1]
        return tuple(word for word in words if word not in FILLER and word not in _MARKS)

    def done(self, extra: Iterable[str] = ()) -> bool:
        """Whether only harmless words are left, counting `extra` as harmless here."""
        return not set(self.left()) - set(extra)


def body(node: Node) -> Node:
    """The right side of `y = ...` or `f(x) = ...`; anything else as it is."""
    if isinstance(node, Relation) and node.ops == ("=",):
        left, right = node.sides
        if isinstance(left, Apply | Rate):
            return right
        if isinstance(left, Sym) and left.name in {"y", "f", "g", "h", "z", "s", "v", "w"}:
            return right
    return node


def flat(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Lists opened up: `[1, 2], 3` -> `1, 2, 3`."""
    out: list[Node] = []
    for node in nodes:
        out.extend(flat(node.items) if isinstance(node, Listing) else (node,))
    return tuple(out)
