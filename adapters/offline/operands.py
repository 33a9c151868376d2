"""What can stand where a value is expected: names, functions, brackets, phrases."""

from __future__ import annotations

from adapters.offline.applications import Applications
from adapters.offline.cursor import MAX_DEPTH
from adapters.offline.tree import (
    Apply,
    Const,
    Listing,
    Node,
    Num,
    add,
    call,
)


class Operands(Applications):
    """The grammar of single values."""

    def primary(self) -> Node | None:
        """One value; None leaves `at` where it was."""
        if self.depth >= MAX_DEPTH:
            return None
        self.depth += 1
        start = self.at
        try:
            node = self._primary()
        finally:
            self.depth -= 1
        if node is None:
            self.at = start
        return node

    def _primary(self) -> Node | None:
        signed = self.sign() or self.differential()
        if signed is not None:
            return signed
        token = self.peek()
        match token.kind:
            case "num":
                return self._number()
            case "const":
                self.at += 1
                return Const(token.text)
            case "name":
                return self.spelled_number() if self.is_article() else self.named()
            case "func":
                return self.function()
            case "open":
                return self._composition() or self.brackets()
            case "op":
                return self._sign_operand()
            case "word":
                return self.worded()
            case _:
                return None

    def _number(self) -> Node | None:
        fraction = self._spelled_fraction()
        if fraction is not None:
            return fraction
        root = self.nth_root()
        if root is not None:
            return root
        token = self.peek()
        self.at += 1
        if token.value is None:
            return None
        number = Num(token.value, token.decimal)
        if not token.decimal and self.peek(-2).text != "/":
            tail = self.mixed_tail()
            if tail is not None:
                return add(number, tail)
        return number

    def _composition(self) -> Node | None:
        """`(f∘g)(x)`."""
        start = self.at
        self.at += 1
        outer, ring, inner = self.peek(), self.peek(1), self.peek(2)
        both = outer.text in self.names and inner.text in self.names
        if both and ring.text in {"∘", "o"} and self.peek(3).text == ")":
            self.at += 4
            if self.peek().text == "(":
                inside = self.arguments()
                if inside:
                    return Apply(outer.text, (Apply(inner.text, inside),))
        self.at = start
        return None

    def brackets(self, *, keep: bool = False) -> Node | None:
        """`(x + 1)` is its inside; commas, or `keep`, make a `Listing` of it."""
        opening = self.peek().text
        if opening == "{" == self.peek(1).text:
            return None
        self.at += 1
        bars, self.bars = self.bars, 0
        spaced, self.spaced = self.spaced, opening == "[" or (self.spaced and opening != "(")
        rows = self._rows()
        self.bars, self.spaced = bars, spaced
        close = self.kind("close")
        if close is None or rows is None:
            return None
        items = rows[0]
        if len(rows) > 1:
            return Listing(tuple(Listing(row, "[", "]") for row in rows), "[", "]")
        if len(items) == 1 and not keep and (opening != "[" or not isinstance(items[0], Listing)):
            return items[0]
        return Listing(items, opening, close.text)

    def _rows(self) -> list[tuple[Node, ...]] | None:
        rows: list[tuple[Node, ...]] = []
        row: list[Node] = []
        while True:
            while self.kind("nl"):
                pass
            item = self.relation()
            if item is None:
                return None
            row.append(item)
            if self.kind("punct", ","):
                continue
            if self.kind("punct", ";"):
                rows.append(tuple(row))
                row = []
                continue
            while self.kind("nl"):
                pass
            if self.peek().kind == "close":
                return [*rows, tuple(row)]
            if not (self.spaced and self.peek().kind in {"num", "op", "name", "open"}):
                return None

    def _sign_operand(self) -> Node | None:
        if self.op("√"):
            inner = self.primary()
            return None if inner is None else call("sqrt", inner)
        if self.op("|"):
            outer, self.bars = self.bars, self.bars + 1
            inner = self.sum()
            closed = self.op("|")
            self.bars = outer
            return call("abs", inner) if inner is not None and closed else None
        return None
