"""What a formula is made of, as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.chat.text.symbols import Role


@dataclass(frozen=True, slots=True)
class Symbol:
    """Characters that stand for themselves."""

    text: str
    role: Role = "ord"


@dataclass(frozen=True, slots=True)
class Row:
    """Nodes one after another."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """One over the other."""

    over: Node
    under: Node


@dataclass(frozen=True, slots=True)
class Root:
    """A root; `index` is "" for a square root."""

    body: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Script:
    """A base with something below and above it."""

    base: Node
    below: Node | None
    above: Node | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Letters with a combining mark."""

    body: Node
    mark: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Letters of a mathematical alphabet ("" is upright)."""

    body: Node
    alphabet: str


@dataclass(frozen=True, slots=True)
class Delimited:
    """`\\left` and `\\right` with what is between them."""

    left: str
    body: Node
    right: str


@dataclass(frozen=True, slots=True)
class Boxed:
    """A framed result."""

    body: Node


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells between brackets. `kind` is `matrix`, `cases`, `aligned` or `stacked`.

    `columns` says how each column is aligned (`l`, `c`, `r`), with `|` where a rule stands between
    two; for columns beyond it, `c`. `lines` are the rows that a horizontal rule stands before.
    """

    kind: str
    rows: tuple[tuple[Row, ...], ...]
    left: str = ""
    right: str = ""
    columns: str = ""
    lines: frozenset[int] = frozenset()

    @property
    def alignments(self) -> str:
        """`columns` without the rules."""
        return self.columns.replace("|", "")

    @property
    def ruled(self) -> frozenset[int]:
        """The columns that a rule stands before."""
        pieces = self.columns.split("|")[:-1]
        return frozenset(len("".join(pieces[: index + 1])) for index in range(len(pieces)))


Node = Symbol | Row | Fraction | Root | Script | Mark | Styled | Delimited | Boxed | Grid

EMPTY: Final = Row(())
