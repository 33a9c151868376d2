"""Tokens -> expression tree: the grammar of sums, products, powers and relations.

`parse_at` reads the longest expression that begins at a token and says where it ends; nothing
is ever evaluated, and no text makes it raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.offline import clean
from adapters.offline.suffixes import Suffixes
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
    integer,
    mul,
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
    ("the", "same", "as"): "=",
    ("same", "as"): "=",
    ("equivalent", "to"): "=",
    ("is", "equivalent", "to"): "=",
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
_MOST_SHARES: Final = 6
"""`half of a third of …`; more is no question, and would be read in quadratic time."""
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


class Parser(Suffixes):
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
            outer, self.right = self.right, True
            side = self.sum() if op else None
            self.right = outer
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
        token = self.peek()
        loose = token.kind == "word" or (token.gap and self.peek(1).gap)
        op = self.op("*", "/") or self.phrase(_TIMES) or self._modulo()
        if op is not None:
            self.phrase({("the",): True})
            right = self.factor()
            if op == "/" and loose and isinstance(right, Num):
                right = self._tight_quotient(right)
            if right is None or (isinstance(right, Listing) and not _matrix_product(op, left)):
                return None
            return Binary(op, left, right)
        if _is_share(left) and self.word("of"):
            self.word("the")
            right = self._whole_of_share()
            return None if right is None or isinstance(right, Listing) else mul(left, right)
        return self._implicit(left)

    def _tight_quotient(self, top: Num) -> Node:
        """`2/5 ÷ 3/10`: a fraction without blanks, divided by another, is one number."""
        slash, below = self.peek(), self.peek(1)
        tight = slash.text == "/" and not slash.gap and not below.gap
        if tight and below.value is not None:
            self.at += 2
            return Binary("/", top, Num(below.value, below.decimal))
        return top

    def _whole_of_share(self, depth: int = 0) -> Node | None:
        """After `of`: a factor, or another share: `2/3 of 3/5 of 50`."""
        right = self.compact()
        if right is not None and _is_share(right) and self.word("of"):
            inner = self._whole_of_share(depth + 1) if depth < _MOST_SHARES else None
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
        if self.right and token.gap and token.kind == "name" and self.peek(1).text == "=":
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
    tokens: Sequence[Token],
    start: int,
    *,
    names: frozenset[str],
    spaced: bool = False,
    chat: bool = False,
) -> tuple[Node, int] | None:
    """The longest expression that begins at `start`, and where it ends."""
    parser = Parser(tokens, names=names, spaced=spaced, chat=chat)
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
