r"""The grammar of LaTeX formulas: groups, scripts, rows and macros without arguments.

Macros with arguments of their own are read by functions that the parser is given
(`core.chat.text.macros`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from core.chat.text import symbols
from core.chat.text.symbols import Role
from core.chat.text.tree import EMPTY, Grid, Mark, Node, Row, Script, Styled, Symbol

DEEPEST: Final = 24
"""Formulas with more groups inside each other than this are not read."""

_STARRED: Final = "operatorname|tag|hspace|vspace"
_LEXEME = re.compile(rf"\\(?:(?:{_STARRED})\*|[A-Za-z]+|.)|:=|\s+|.", re.DOTALL)
_LENGTH = re.compile(r"\s*\[-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|mu|\\[a-z]+)\]")
_ESCAPE = re.compile(r"\\([%#&_{} ])")
ENDS: Final = frozenset(("", "}", "&", "\\\\", "\\cr", "\\newline", "\\end", "\\right"))
_ROLES: Final[tuple[tuple[dict[str, str], Role], ...]] = (
    (symbols.ORDINARY, "ord"),
    (symbols.RELATIONS, "rel"),
    (symbols.BINARY, "bin"),
    (symbols.SPACES, "space"),
    (symbols.FUNCTIONS, "fun"),
    (symbols.BIG, "op"),
    (symbols.OPENING, "open"),
    (symbols.CLOSING, "close"),
)


class NotUnderstood(Exception):
    """The formula holds something that this reader does not know."""


class Parser:
    """Reads one formula from left to right. Every method raises `NotUnderstood`."""

    def __init__(self, source: str, readers: Mapping[str, Reader]) -> None:
        self.source = source
        self.readers = readers
        self.lexemes = [(found[0], found.start()) for found in _LEXEME.finditer(source)]
        self.at = 0
        self.depth = 0
        self.lines: frozenset[int] = frozenset()
        """The rows, of those read last, that a horizontal rule stands before."""

    def formula(self) -> Row:
        rows = self.rows(None)
        if len(rows) == 1 and len(rows[0]) == 1:
            return rows[0][0]
        kind = "aligned" if any(len(row) > 1 for row in rows) else "stacked"
        return Row((Grid(kind, rows),))

    # ------------------------------------------------------------------ lexemes

    def peek(self) -> str:
        """The next lexeme that is not white space; "" at the end."""
        while self.at < len(self.lexemes) and self.lexemes[self.at][0].isspace():
            self.at += 1
        return self.lexemes[self.at][0] if self.at < len(self.lexemes) else ""

    def next(self) -> str:
        lexeme = self.peek()
        if not lexeme:
            raise NotUnderstood
        self.at += 1
        return lexeme

    def expect(self, lexeme: str) -> None:
        if self.next() != lexeme:
            raise NotUnderstood

    def raw(self) -> str:
        """The source of a braced argument, as it stands."""
        self.expect("{")
        start = self.lexemes[self.at][1] if self.at < len(self.lexemes) else len(self.source)
        level = 1
        while self.at < len(self.lexemes):
            lexeme, end = self.lexemes[self.at]
            self.at += 1
            level += (lexeme == "{") - (lexeme == "}")
            if level == 0:
                return self.source[start:end]
        raise NotUnderstood

    def optional(self) -> str:
        """The source of an argument in square brackets; "" if there is none."""
        if self.peek() != "[":
            return ""
        start = self.lexemes[self.at][1] + 1
        while self.at < len(self.lexemes):
            lexeme, end = self.lexemes[self.at]
            self.at += 1
            if lexeme == "]":
                return self.source[start:end]
        raise NotUnderstood

    def skip_length(self) -> None:
        """Pass over the `[4pt]` that may follow a line break."""
        if self.peek() == "[" and _LENGTH.match(self.source, self.lexemes[self.at][1]):
            self.optional()

    # ------------------------------------------------------------------ structure

    def rows(self, environment: str | None) -> tuple[tuple[Row, ...], ...]:
        """Rows of cells up to the end of the environment, or of the source."""
        rows: list[tuple[Row, ...]] = []
        cells: list[Row] = []
        lines: set[int] = set()
        while True:
            while not cells and self.peek() == "\\hline":
                self.at += 1
                lines.add(len(rows))
            cells.append(self.row())
            match self.peek():
                case "&":
                    self.at += 1
                case "\\\\" | "\\cr" | "\\newline":
                    self.at += 1
                    self.skip_length()
                    rows.append(tuple(cells))
                    cells = []
                case "\\end" if environment is not None:
                    break
                case "" if environment is None:
                    break
                case _:
                    raise NotUnderstood
        if any(cell.nodes for cell in cells) or not rows:
            rows.append(tuple(cells))
        self.lines = frozenset(lines)
        return tuple(rows)

    def row(self) -> Row:
        """Nodes up to something that ends a cell or a group."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotUnderstood
        nodes: list[Node] = []
        while (lexeme := self.peek()) not in ENDS:
            if lexeme in ("^", "_", "'"):
                nodes.append(self.script(nodes.pop() if nodes else EMPTY))
            else:
                nodes += self.node()
        self.depth -= 1
        return Row(tuple(nodes))

    def nested(self, source: str) -> Row:
        """A formula inside this one, read by itself."""
        return Parser(source, self.readers).formula()

    def script(self, base: Node) -> Node:
        below = above = None
        primes = 0
        while (lexeme := self.peek()) in ("^", "_", "'"):
            self.at += 1
            if lexeme == "'":
                primes += 1
            elif lexeme == "_" and below is None:
                below = self.argument()
            elif lexeme == "^" and above is None:
                above = self.argument()
            else:
                raise NotUnderstood
        if primes >= len(symbols.PRIMES):
            raise NotUnderstood
        if primes:
            marks = Symbol(symbols.PRIMES[primes])
            above = marks if above is None else Row((marks, above))
        return Script(base, below, above)

    def group(self) -> Row:
        """The rest of a group whose brace was just read."""
        row = self.row()
        self.expect("}")
        return row

    def argument(self) -> Node:
        """What a macro or a script applies to: a group or a single node."""
        if self.peek() == "{":
            self.at += 1
            return self.group()
        if self.peek() in ENDS or self.peek() in ("^", "_", "'"):
            raise NotUnderstood
        nodes = self.node()
        return nodes[0] if len(nodes) == 1 else Row(tuple(nodes))

    # ------------------------------------------------------------------ nodes

    def node(self) -> list[Node]:
        lexeme = self.next()
        if lexeme == "{":
            row = self.group()
            match row.nodes:
                case (Symbol(text=text, role="bin" | "rel" | "punct"),):
                    return [Symbol(text)]
                case _:
                    return [row]
        if lexeme.startswith("\\"):
            return self.macro(lexeme[1:])
        if lexeme == "$":
            raise NotUnderstood
        if lexeme == "~":
            return [Symbol(" ", "space")]
        if lexeme == ":=":
            return [Symbol("≔", "rel")]
        if lexeme in ",;:":
            return [Symbol(lexeme, self.punctuation())]
        text = symbols.RESPELLED.get(lexeme, lexeme)
        return [Symbol(text, symbols.TYPED.get(text, "ord"))]

    def punctuation(self) -> Role:
        """A comma that groups digits has no space after it; nor has a colon in `3:4`."""
        following = self.lexemes[self.at][0] if self.at < len(self.lexemes) else ""
        before = self.lexemes[self.at - 2][0] if self.at > 1 else ""
        if following.isdigit() and before.isdigit():
            return "ord"
        if self.lexemes[self.at - 1][0] == ":" and not following.isspace():
            return "ord"
        return "punct"

    def macro(self, name: str) -> list[Node]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotUnderstood
        made = self.symbol(name)
        if made is None:
            reader = self.readers.get(name.removesuffix("*"))
            if reader is None:
                raise NotUnderstood
            made = reader(self, name)
        self.depth -= 1
        return made

    def symbol(self, name: str) -> list[Node] | None:
        """The nodes of a macro without arguments; None if it has some or is unknown."""
        for table, role in _ROLES:
            if name in table:
                return [Symbol(table[name], role)]
        if name in symbols.IGNORED:
            return []
        if name in symbols.STYLES:
            return [Styled(self.argument(), symbols.STYLES[name])]
        if name in symbols.TEXTS:
            return self.text()
        if name in symbols.MARKS:
            return [Mark(self.argument(), symbols.MARKS[name])]
        return None

    def text(self) -> list[Node]:
        """The words of a `\\text{…}`; formulas between dollar signs in it are read too."""
        pieces = self.raw().split("$")
        nodes: list[Node] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                nodes.append(self.nested(piece))
            elif not {"\\", "{", "}"}.isdisjoint(_ESCAPE.sub("", piece)):
                raise NotUnderstood
            else:
                plain = _ESCAPE.sub(r"\1", piece)
                for written, meant in symbols.TYPESET:
                    plain = plain.replace(written, meant)
                nodes.append(Symbol(re.sub(r"\s+", " ", plain)))
        if len(pieces) % 2 == 0:
            raise NotUnderstood
        return nodes


Reader = Callable[[Parser, str], list[Node]]
"""Reads the arguments of the macro that it is given the name of, and makes nodes of them."""
