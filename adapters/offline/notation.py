"""Calculus signs: `d/dx`, `∫ … dx`, `∑`, `lim`."""

from __future__ import annotations

from adapters.offline.numerals import Numerals
from adapters.offline.tree import (
    ONE,
    Const,
    Diff,
    Integral,
    Limit,
    Listing,
    Neg,
    Node,
    Num,
    Rate,
    Relation,
    Series,
    Sym,
    rebuild,
)


class Notation(Numerals):
    """The grammar of calculus signs; what stands under them is parsed by the rules below."""

    def sum(self) -> Node | None:
        """`a + b - c`."""
        raise NotImplementedError

    def term(self) -> Node | None:
        """`a * b / c`."""
        raise NotImplementedError

    def factor(self) -> Node | None:
        """A power, perhaps with a sign before it."""
        raise NotImplementedError

    def relation(self) -> Node | None:
        """A sum, or a chain of them with relation signs between."""
        raise NotImplementedError

    def sign(self) -> Node | None:
        """Whatever one of the signs begins; None leaves `at` where it was."""
        start = self.at
        token = self.peek()
        node: Node | None = None
        if token.kind == "rate":
            self.at += 1
            node = Rate(token.text, token.by, token.order)
        elif token.kind == "diff":
            self.at += 1
            node = self._diff(token.by, token.order)
        elif token.kind == "op" and token.text == "∫":
            self.at += 1
            node = self._integral()
        elif token.kind == "op" and token.text in "∑∏":
            self.at += 1
            node = self._series(product=token.text == "∏")
        elif token.kind == "word" and token.text == "lim":
            self.at += 1
            node = self._limit()
        elif token.kind == "name" and token.text == "d" and self.peek(1).text == "(":
            node = self._d_of()
        if node is None:
            self.at = start
        return node

    def _diff(self, by: str, order: int) -> Node | None:
        self.word("of")
        grouped = self.peek().kind == "open"
        body = self.term() if grouped else self.sum()
        if isinstance(body, Listing) and len(body.items) == 1:
            body = body.items[0]
        return None if body is None or isinstance(body, Listing) else Diff(body, by, order)

    def _d_of(self) -> Node | None:
        """`d(x^2)/dx`."""
        self.at += 2
        body = self.sum()
        if body is None or not self.kind("close") or not self.op("/"):
            return None
        dx = self.kind("dx")
        return Diff(body, dx.by) if dx else None

    def _bound(self, sign: str) -> Node | None:
        """What stands after `_` or `^` of a big sign: one power, or something in brackets."""
        mark = self.at
        if not self.op(sign):
            return None
        if self.peek().kind == "open":
            self.at += 1
            node = self.relation()
            if node is not None and self.kind("close"):
                return node
        else:
            negative = self.op("-")
            token = self.peek()
            node = self._simple_bound()
            if node is not None and token.kind in {"num", "name", "const"}:
                return Neg(node) if negative else node
        self.at = mark
        return None

    def _simple_bound(self) -> Node | None:
        token = self.peek()
        self.at += 1
        if token.value is not None:
            return Num(token.value, token.decimal)
        if token.kind == "const":
            return Const(token.text)
        return Sym(token.text) if token.kind == "name" else None

    def _bounds(self) -> tuple[Node | None, Node | None]:
        low = high = None
        for _ in range(2):
            low = low or self._bound("_")
            high = high or self._bound("^")
        if low is None and self.word("from"):
            low = self.sum()
            high = self.sum() if self.word("to") else None
            self.word("of")
        return low, high

    def _integral(self) -> Node | None:
        low, high = self._bounds()
        if (low is None) != (high is None):
            return None
        outer, self.dx = self.dx, None
        self.integrals += 1
        body = self.sum()
        self.integrals -= 1
        by, self.dx = self.dx, outer
        dx = self.kind("dx")
        by = dx.by if dx else by
        if body is None or by is None:
            return None
        return Integral(body, by, low, high)

    def differential(self) -> Node | None:
        """`dx` where an operand is expected: `∫ dx/x`."""
        token = self.peek()
        if token.kind == "dx" and self.integrals and self.dx is None:
            self.at += 1
            self.dx = token.by
            return ONE
        return None

    def _series(self, *, product: bool) -> Node | None:
        low, high = self._bounds()
        if not isinstance(low, Relation) or low.ops != ("=",) or high is None:
            return None
        index, start = low.sides
        if isinstance(index, Const) and index.name == "i":
            index = Sym("i")
        if not isinstance(index, Sym):
            return None
        body = self.term()
        if body is None:
            return None
        return Series(bound_index(body, index.name), index.name, start, high, product)

    def _limit(self) -> Node | None:
        low = bool(self.op("_"))
        bracket = self.peek().kind == "open"
        if bracket:
            self.at += 1
        elif not low:
            self.word("as")
        name = self.kind("name")
        if name is None or not self.arrow():
            return None
        point = self.factor()
        side = self.side()
        if point is None or (bracket and not self.kind("close")):
            return None
        self.word("of")
        body = self.sum()
        return None if body is None else Limit(body, name.text, point, side)

    def arrow(self) -> bool:
        """`->`, `approaches`, `tends to`."""
        table = {
            ("approaches",): True,
            ("tends", "to"): True,
            ("tend", "to"): True,
            ("goes", "to"): True,
            ("approaching",): True,
            ("to",): True,
            ("nears",): True,
        }
        return bool(self.op("->") or self.phrase(table))

    def side(self) -> str:
        """The sign after the point of a limit: `0+`, `0^-`."""
        mark = self.at
        self.op("^")
        bracket = self.kind("open")
        sign = self.op("+", "-")
        following = self.peek()
        if bracket:
            if sign and self.kind("close"):
                return sign
        elif sign and (following.gap or following.kind in {"end", "close", "punct", "nl"}):
            return sign
        self.at = mark
        return ""


def bound_index(body: Node, index: str) -> Node:
    """Under a sum over `i`, an `i` is the index and not the imaginary unit."""
    if index != "i":
        return body

    def change(node: Node) -> Node:
        if isinstance(node, Const) and node.name == "i":
            return Sym("i")
        return rebuild(node, change)

    return change(body)
