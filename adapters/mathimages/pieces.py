"""A formula as pieces that mathtext can set, and what is put together from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plain:
    """mathtext, without the dollar signs."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells in rows. `kind` is `aligned`, `gathered`, `cases` or `matrix`.

    `left` and `right` are brackets, or "" for none; `columns` aligns them (`l`, `c`, `r`, and `|`
    for a rule).
    """

    kind: str
    rows: tuple[tuple[Pieces, ...], ...]
    left: str = ""
    right: str = ""
    columns: str = ""


@dataclass(frozen=True, slots=True)
class Brace:
    """A brace over or under a term, with what it says."""

    body: Pieces
    label: Pieces
    is_over: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A term in a box."""

    body: Pieces


@dataclass(frozen=True, slots=True)
class Scripted:
    """A table with something at its upper and lower right corner."""

    base: Table
    above: Pieces
    below: Pieces


Piece = Plain | Table | Brace | Frame | Scripted
Pieces = tuple[Piece, ...]
