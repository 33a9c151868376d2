"""What follows a value: exponents, `squared`, `!`, `%`, degrees, `choose`."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.lexicon import ORDINALS
from adapters.offline.operands import Operands
from adapters.offline.tree import (
    Listing,
    Neg,
    Node,
    Num,
    call,
    power,
)

_POWERS: Final[dict[tuple[str, ...], int]] = {("squared",): 2, ("cubed",): 3, ("square",): 2}

_RAISED: Final[dict[tuple[str, ...], bool]] = {
    tuple(words.split()): words.endswith("the")
    for words in (
        "to the power of",
        "to the power",
        "to power",
        "raised to the power of",
        "raised to the power",
        "raised to power",
        "raised to",
        "raised to the",
        "to the",
        "power",
    )
}

_TEMPERATURE: Final = frozenset({"celsius", "fahrenheit", "kelvin", "c", "f", "k"})


class Suffixes(Operands):
    """The grammar of powers and of signs behind a value."""

    def power(self) -> Node | None:
        base = self._postfix()
        while base is not None and not isinstance(base, Listing):
            mark = self.at
            exponent = self._exponent(base)
            if exponent is None:
                self.at = mark
                return base
            base = power(base, exponent)
        return base

    def _exponent(self, base: Node) -> Node | None:
        if self.op("^"):
            self.depth += 1
            exponent = self.factor() if self.depth < 60 else None
            self.depth -= 1
            return None if isinstance(exponent, Listing) else exponent
        if self.peek().text == "square" and self.peek(1).text in {"root", "of", "units"}:
            return None
        words = self.phrase(_POWERS)
        if words is not None:
            return Num(Fraction(words))
        return self._raised(base)

    def _raised(self, base: Node) -> Node | None:
        """`to the power of 4`, `to the fourth`, `raised to 2x`, `e to the x`."""
        bare = self.peek().text == "to"
        bare_the = self.phrase(_RAISED)
        if bare_the is None:
            return None
        ordinal = ORDINALS.get(self.peek().text)
        if ordinal is not None:
            self.at += 1
            self.word("power")
            return Num(Fraction(ordinal))
        signed = self.word("minus", "negative")
        if (
            not signed
            and bare
            and bare_the
            and self.peek().kind not in {"num", "name", "open", "op"}
        ):
            return None
        exponent = self.compact()
        if signed and exponent is not None:
            exponent = Neg(exponent)
        self.word("power")
        return None if isinstance(exponent, Listing) or isinstance(base, Listing) else exponent

    def _postfix(self) -> Node | None:
        node = self.primary()
        while node is not None and not isinstance(node, Listing):
            mark = self.at
            changed = self._suffixed(node)
            if changed is None:
                self.at = mark
                return node
            node = changed
        return node

    def _suffixed(self, node: Node) -> Node | None:
        token, after = self.peek(), self.peek(1)
        if token.text == "!" and not token.gap:
            return call("factorial", node) if self._is_factorial() else None
        if self.word("factorial"):
            return call("factorial", node)
        if token.text == "%" and after.kind != "num":
            self.at += 1
            return call("percent", node)
        if self.phrase({("percent",): True, ("per", "cent"): True}):
            return call("percent", node)
        if self.op("°") or self.word("degrees", "degree", "deg"):
            scale = self.peek()
            return None if scale.text in _TEMPERATURE else call("deg", node)
        chosen = self.op("ncr", "npr") or self.phrase(
            {("choose",): "ncr", ("ncr",): "ncr", ("npr",): "npr", ("permute",): "npr"}
        )
        if chosen:
            right = self.primary()
            name = "binomial" if chosen == "ncr" else "permutations"
            return None if right is None else call(name, node, right)
        return None

    def _has_factorials(self) -> bool:
        """Whether the text has another factorial, one that cannot be an exclamation."""
        return any(
            mark.text == "!"
            and not mark.gap
            and number.kind == "num"
            and follower.text in {"+", "-", "*", "/"}
            for number, mark, follower in zip(
                self.tokens, self.tokens[1:], self.tokens[2:], strict=False
            )
        )

    def _is_factorial(self) -> bool:
        """`5!` is one; in `2 + 2!` at the very end the mark may be mere joy, so it is neither."""
        after, before = self.peek(1), self.peek(-2)
        if after.text == "!":
            return False
        closing = after.kind in {"end", "nl"}
        if self.chat and closing and before.kind == "op" and not self._has_factorials():
            return False
        self.at += 1
        return True
