"""A displayed formula in lines of fixed-width text: matrices, cases, aligned equations.

A = ⎡ 1   2 ⎤     f(x) = ⎧ x    x ≥ 0        2x + 3 = 7
    ⎣ 3  −4 ⎦            ⎩ −x   otherwise        2x = 4
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from core.chat.text.linear import Piece, Unwritable, joined, line, pieces
from core.chat.text.tree import Delimited, Grid, Node, Row, Script

WIDEST: Final = 76
"""Columns that a line may take; what is wider does not fit a chat window."""
TALLEST: Final = 16
"""Lines that a formula may take."""

_BRACKETS: Final = {
    "(": "⎛⎜⎜⎝", ")": "⎞⎟⎟⎠", "[": "⎡⎢⎢⎣", "]": "⎤⎥⎥⎦", "{": "⎧⎪⎨⎩", "}": "⎫⎪⎬⎭",
    "|": "││││", "‖": "‖‖‖‖", "⌊": "⎢⎢⎢⎣", "⌋": "⎥⎥⎥⎦", "⌈": "⎡⎢⎢⎢", "⌉": "⎤⎥⎥⎥",
}  # fmt: skip
"""The top, any other, the middle and the bottom line of a tall bracket."""
_PLACE: Final = "\ufffc"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of text of the same width; `baseline` is the one that stands on the formula's line."""

    lines: tuple[str, ...]
    baseline: int


def display(formula: Row) -> tuple[str, ...]:
    """The lines of a displayed formula; one line where nothing in it stands in rows.

    Raises:
        Unwritable: it would be wider than `WIDEST` or taller than `TALLEST`, or reads badly.
    """
    parts: list[Piece] = []
    blocks: list[Block] = []
    for node in formula.nodes:
        block = _block(node)
        if block is None:
            parts += pieces(node)
        else:
            parts.append(Piece(_PLACE, "gap"))
            blocks.append(block)
    texts = joined(parts).strip(" ").split(_PLACE)
    lines = _side_by_side(texts, blocks)
    if len(lines) > TALLEST or max(map(width, lines), default=0) > WIDEST:
        raise Unwritable
    return tuple(each.rstrip() for each in lines)


def width(text: str) -> int:
    """How many columns `text` takes in a fixed-width font."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _block(node: Node) -> Block | None:
    match node:
        case Grid():
            return _grid(node, node.left, node.right)
        case Delimited(left=left, body=Row(nodes=(Grid(kind="matrix", left="") as grid,))):
            return _grid(grid, left, node.right)
        case Script(base=Grid() | Delimited() as base):
            block = _block(base)
            return None if block is None else _scripted(block, node)
        case _:
            return None


def _grid(grid: Grid, left: str, right: str) -> Block | None:
    if len(grid.rows) < 2 and grid.kind != "aligned":
        return None
    cells = [[line(cell) for cell in row] for row in grid.rows]
    columns = list(zip_longest(*cells, fillvalue=""))
    set_columns = [
        _aligned(column, grid.alignments[index : index + 1] or ("l" if left == "{" else "c"))
        for index, column in enumerate(columns if grid.kind != "stacked" else columns[:1])
    ]
    rows = [_row(row, grid) for row in zip(*set_columns, strict=True)]
    widest = max(map(width, rows))
    for index in sorted(grid.lines, reverse=True):
        rows.insert(index, "─" * widest)
    rows = [row + " " * (widest - width(row)) for row in rows]
    framed = [
        _bracket(left, index, len(rows)) + row + _bracket(right, index, len(rows), is_right=True)
        for index, row in enumerate(rows)
    ]
    return Block(tuple(framed), (len(rows) - 1) // 2)


def _row(cells: Sequence[str], grid: Grid) -> str:
    text = ""
    for index, cell in enumerate(cells):
        if grid.kind == "aligned":
            gap = "   " if index % 2 == 0 else " "
        elif index in grid.ruled:
            gap = " │ "
        else:
            gap = "   " if grid.kind == "cases" else "  "
        text += (gap if index else "") + cell
    return text


def _aligned(column: Sequence[str], to: str) -> list[str]:
    widest = max(map(width, column), default=0)
    shown: list[str] = []
    for cell in column:
        room = widest - width(cell)
        before = {"l": 0, "c": room // 2, "r": room}.get(to, 0)
        shown.append(" " * before + cell + " " * (room - before))
    return shown


def _bracket(bracket: str, index: int, height: int, *, is_right: bool = False) -> str:
    if not bracket:
        return ""
    shapes = _BRACKETS.get(bracket, bracket * 4)
    shape = shapes[1]
    if height == 1:
        shape = bracket
    elif index == 0:
        shape = shapes[0]
    elif index == height - 1:
        shape = shapes[3]
    elif index == (height - 1) // 2 + (height % 2 == 0):
        shape = shapes[2]
    return f" {shape}" if is_right else f"{shape} "


def _scripted(block: Block, node: Script) -> Block:
    """A block with its exponent at the top and its index at the bottom."""
    empty = Row(())
    above = line(Script(empty, None, node.above)) if node.above is not None else ""
    below = line(Script(empty, node.below, None)) if node.below is not None else ""
    widest = max(width(above), width(below))
    last = len(block.lines) - 1
    marks = [above if index == 0 else below if index == last else "" for index in range(last + 1)]
    lines = (
        text + mark + " " * (widest - width(mark))
        for text, mark in zip(block.lines, marks, strict=True)
    )
    return Block(tuple(lines), block.baseline)


def _side_by_side(texts: Sequence[str], blocks: Sequence[Block]) -> list[str]:
    """`texts[0] blocks[0] texts[1] …`, the baselines on one line."""
    above = max((block.baseline for block in blocks), default=0)
    below = max((len(block.lines) - block.baseline for block in blocks), default=1)
    lines = ["" for _ in range(above + below)]
    for text, block in zip_longest(texts, blocks):
        for index, so_far in enumerate(lines):
            lines[index] = so_far + (text if index == above else " " * width(text))
        if block is None:
            continue
        offset = above - block.baseline
        blank = " " * width(block.lines[0])
        for index, so_far in enumerate(lines):
            inside = 0 <= index - offset < len(block.lines)
            lines[index] = so_far + (block.lines[index - offset] if inside else blank)
    return lines
