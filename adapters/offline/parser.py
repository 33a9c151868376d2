"""Tokens -> expression tree: the grammar of sums, products, powers and relations.

`parse_at` reads the longest expression that begins at a token and says where it ends; nothing
is ever evaluated, and no text makes it raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from adapters.offline import clean
from adapters.offline.lexicon import ORDINALS
from adapters.offline.operands import Operands
from adapters.offline.tokens import Token, lex
from adapters.offline.tree import (
    Binary,
    Call,
    Listing,
    Neg,
    Node,
    Num,
    Relation,
    Sym,
    call,
    integer,
    mul,
    power,
)

_RELATIONS: Final = {"=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!="}
_RELATION_WORDS: Final[dict[tuple[str, ...], str]] = {
    ("equals",): "=",
    ("equal",): "=",
    ("equal", "to"): "=",
    ("is", "equal", "to"): "=",
    ("are", "equal", "to"): "=",
    ("be", "equal", "to"): "=",
    ("is", "the", "same", "as"): "=",
    ("is", "less", "than"): "<",
    ("is", "smaller", "than"): "<",
    ("is", "greater", "than"): ">",
    ("is", "more", "than"): ">",
    ("is", "bigger", "than"): ">",
    ("is", "larger", "than"): ">",
    ("less", "than"): "<",
    ("bigger", "than"): ">",
    ("larger", "than"): ">",
    ("smaller", "than"): "<",
    ("higher", "than"): ">",
    ("lower", "than"): "<",
    ("greater", "than"): ">",
    ("less", "than", "or", "equal", "to"): "<=",
    ("greater", "than", "or", "equal", "to"): ">=",
    ("is", "less", "than", "or", "equal", "to"): "<=",
    ("is", "greater", "than", "or", "equal", "to"): ">=",
    ("is", "at", "least"): ">=",
    ("is", "at", "most"): "<=",
    ("is", "no", "more", "than"): "<=",
    ("is", "no", "less", "than"): ">=",
    ("is", "not", "equal", "to"): "!=",
    ("does", "not", "equal"): "!=",
}
_ADDING: Final[dict[tuple[str, ...], str]] = {
    ("plus",): "+",
    ("add",): "+",
    ("added", "to"): "+",
    ("increased", "by"): "+",
    ("minus",): "-",
    ("take", "away"): "-",
    ("takeaway",): "-",
    ("subtract",): "-",
    ("decreased", "by"): "-",
    ("reduced", "by"): "-",
    ("subtracted", "from"): "r-",
    ("taken", "from"): "r-",
}
_TIMES: Final[dict[tuple[str, ...], str]] = {
    ("times",): "*",
    ("multiplied", "by"): "*",
    ("multiply", "by"): "*",
    ("time",): "*",
    ("divided", "by"): "/",
    ("divide", "by"): "/",
    ("over",): "/",
    ("mod",): "mod",
    ("modulo",): "mod",
    ("modulus",): "mod",
}
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


class Parser(Operands):
    """The whole grammar over one row of tokens."""

    def relation(self) -> Node | None:
        start = self.at
        first = self.sum()
        if first is None:
            self.at = start
            return None
        sides = [first]
        ops: list[str] = []
        while True:
            mark = self.at
            op = self._relation_op()
            side = self.sum() if op else None
            if op is None or side is None:
                self.at = mark
                break
            sides.append(side)
            ops.append(op)
        return Relation(tuple(sides), tuple(ops)) if ops else first

    def _relation_op(self) -> str | None:
        op = self.op(*_RELATIONS)
        return _RELATIONS[op] if op else self.phrase(_RELATION_WORDS)

    def sum(self) -> Node | None:
        start = self.at
        negative = self.op("-", "+") == "-" or bool(self.word("minus", "negative"))
        left = self.term()
        if left is None:
            self.at = start
            return None
        if negative:
            left = Neg(left)
        while True:
            mark = self.at
            combined = self._added(left)
            if combined is None:
                self.at = mark
                return left
            left = combined

    def _added(self, left: Node) -> Node | None:
        token = self.peek()
        if self.spaced and token.gap and token.text in {"+", "-"} and not self.peek(1).gap:
            return None
        op = self.op("+", "-") or self.phrase(_ADDING) or self._more_than(left)
        if op is None:
            return None
        right = self.term()
        if right is None:
            return None
        if op.startswith("r"):
            return Binary(op[1:], right, left)
        return Binary(op, left, right)

    def _more_than(self, left: Node) -> str | None:
        """`5 more than x`, `3 less than 10`; only a plain number can be so much more."""
        if not isinstance(left, Num):
            return None
        return self.phrase(
            {("more", "than"): "r+", ("less", "than"): "r-", ("fewer", "than"): "r-"}
        )

    def term(self) -> Node | None:
        left = self.factor()
        if left is None:
            return None
        while True:
            mark = self.at
            combined = self._multiplied(left)
            if combined is None:
                self.at = mark
                return left
            left = combined

    def _multiplied(self, left: Node) -> Node | None:
        op = self.op("*", "/") or self.phrase(_TIMES) or self._modulo()
        if op is not None:
            self.phrase({("the",): True})
            right = self.factor()
            if right is None or (isinstance(right, Listing) and not _matrix_product(op, left)):
                return None
            return Binary(op, left, right)
        if _is_share(left) and self.word("of"):
            self.word("the")
            right = self._whole_of_share()
            return None if right is None or isinstance(right, Listing) else mul(left, right)
        return self._implicit(left)

    def _whole_of_share(self) -> Node | None:
        """After `of`: a factor, or another share: `2/3 of 3/5 of 50`."""
        right = self.compact()
        if right is not None and _is_share(right) and self.word("of"):
            inner = self._whole_of_share()
            return None if inner is None else mul(right, inner)
        return right

    def _modulo(self) -> str | None:
        """`17 % 5`: a percent sign with a number after it."""
        token, after = self.peek(), self.peek(1)
        if token.kind == "op" and token.text == "%" and after.kind == "num":
            self.at += 1
            return "mod"
        return None

    def _implicit(self, left: Node) -> Node | None:
        """`2x`, `x(x+1)`, `3 sin x`: nothing between two factors."""
        token = self.peek()
        if isinstance(left, Listing | Relation) or not self._begins_factor():
            return None
        right = self.power()
        if right is None or isinstance(right, Listing | Relation):
            return None
        if isinstance(left, Num) and isinstance(right, Num) and token.kind != "open":
            return None
        return mul(left, right)

    def _begins_factor(self) -> bool:
        token, before = self.peek(), self.peek(-1)
        match token.kind:
            case "name":
                return not self.is_article()
            case "const" | "func" | "rate" | "diff":
                return True
            case "num":
                return not token.gap and before.kind == "close"
            case "open":
                return token.text == "(" or (not token.gap and token.text in "[{")
            case "op":
                return token.text in "√∫∑" or (
                    token.text == "|" and not self.bars and not token.gap
                )
            case "word":
                return token.text == "lim" or (token.text == "root" and before.kind == "num")
            case _:
                return False

    def factor(self) -> Node | None:
        if self.depth > 200:
            return None
        start = self.at
        sign = self.op("-", "+") or self.word("minus", "negative")
        if sign:
            self.depth += 1
            inner = self.factor()
            self.depth -= 1
            if inner is None:
                self.at = start
                return None
            return inner if sign == "+" else Neg(inner)
        return self.power()

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
        if closing and before.kind == "op" and not self._has_factorials():
            return False
        self.at += 1
        return True


def _is_share(node: Node) -> bool:
    """A percentage or a plain fraction, of which one says `of`."""
    if isinstance(node, Call):
        return node.name == "percent"
    if isinstance(node, Binary) and node.op == "/":
        return integer(node.left) is not None and integer(node.right) is not None
    return False


def _matrix_product(op: str, left: Node) -> bool:
    return op == "*" and isinstance(left, Listing | Num | Sym | Neg | Binary)


def parse_at(
    tokens: Sequence[Token], start: int, *, names: frozenset[str], spaced: bool = False
) -> tuple[Node, int] | None:
    """The longest expression that begins at `start`, and where it ends."""
    parser = Parser(tokens, names=names, spaced=spaced)
    parser.at = start
    node = parser.relation()
    return None if node is None else (node, parser.at)


def parse(text: str, *, names: frozenset[str] = frozenset("fgh")) -> Node | None:
    """The tree of a text that is one expression and nothing else."""
    tokens = lex(clean.normalise(text))
    found = parse_at(tokens, 0, names=names)
    if found is None or found[1] != len(tokens):
        return None
    return found[0]
