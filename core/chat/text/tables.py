r"""Markdown tables as text that reads well where nobody draws them.

    | Name | Age |        ```
    |------|----:|   ->   Name  Age
    | Ada  |  36 |        ────  ───
                          Ada    36
                          ```

A table that is no wider than `WIDEST` becomes fixed-width text; a wider one, or one with links,
becomes a list with one entry a row. Long ones come in blocks with the header on top of each, so
that a cut between two parts tears none. A table of a text that grows is shown when it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from core.chat.text.blocks import Kind, Line, scan
from core.chat.text.grids import width

WIDEST: Final = 56
"""Columns of a table in fixed width: between a window on a desk (about 80) and a phone held upright
(about 40), where longer lines wrap."""

_BLOCK_CHARS: Final = 900
"""Characters of one block of rows: half a post of the platform with the smallest ones."""

_LONGEST_CELL: Final = 4 * WIDEST
"""Characters of a cell that may still fit: it may have marks and several lines."""

_CELL: Final = re.compile(r"(?:\\.|[^|\\])+|\\")
_BREAK: Final = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_LINK: Final = re.compile(r"\]\(|<?https?://")
_CODE: Final = re.compile(r"(`+)[ ]?(.+?)[ ]?\1(?!`)")
_MARKS: Final = re.compile(
    r"(\*\*\*|\*\*|~~|\*)(?=\S)(.+?)(?<=\S)\1|(?<!\w)(__|_)(?=\S)(.+?)(?<=\S)\3(?!\w)"
)
_DELIMITER_ONLY: Final = frozenset("|:- \t\r>")


@dataclass(frozen=True, slots=True)
class _Table:
    """Where it stands in the text, the quote marks before its lines, and what is in it."""

    start: int
    end: int
    quote: str
    header: tuple[str, ...]
    alignments: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def laid_out(markdown: str, settled: int) -> tuple[str, int]:
    """`markdown` with its tables as text, and how many of its characters stay the same.

    `settled` is how many characters of `markdown` do. Only the first line of a table without a
    `|` at its start may be taken back once it was shown.
    """
    if "|" not in markdown:
        return markdown, settled
    certain = markdown[: _certain(markdown[:settled])]
    return _written(markdown), len(_written(certain))


def drawable(markdown: str, *, tables: int, rows: int, columns: int) -> str:
    """`markdown` for a platform that draws the first `tables` tables of a post that have at most so
    many rows (the header is one) and columns: the others as text."""
    if "|" not in markdown:
        return markdown
    return _written(markdown, tables=tables, rows=rows, columns=columns)


def _written(markdown: str, *, tables: int = 0, rows: int = 0, columns: int = 0) -> str:
    pieces: list[str] = []
    done = 0
    for table in _tables(markdown):
        if tables and len(table.rows) < rows and len(table.header) <= columns:
            tables -= 1
            continue
        lines = _aligned(table) or _entries(table)
        pieces.append(markdown[done : table.start])
        pieces.append("\n".join(f"{table.quote}{line}".rstrip() for line in lines))
        done = table.end
    return "".join([*pieces, markdown[done:]])


def _certain(markdown: str) -> int:
    """Up to where no table can begin or go on, whatever follows."""
    lines = list(scan(markdown))
    if not lines:
        return 0
    last = lines[-1]
    is_whole = markdown.endswith("\n")
    if not is_whole and last.before.table and last.before.fence is None:
        return _table_start(lines, len(lines) - 2)  # its last line may still turn into a row
    if last.after.table:
        return _table_start(lines, len(lines) - 1)
    bare = markdown[last.start : last.end]
    if not is_whole and last.before.header and _DELIMITER_ONLY.issuperset(bare):
        return lines[-2].start
    if last.after.header and last.after.fence is None:
        return last.start
    return len(markdown)


def _table_start(lines: Sequence[Line], index: int) -> int:
    """Where the table begins that a line belongs to."""
    while lines[index].kind is not Kind.DELIMITER:
        index -= 1
    return lines[index - 1].start


def _tables(markdown: str) -> Iterator[_Table]:
    before: Line | None = None
    head: tuple[Line, Line] | None = None
    rows: list[Line] = []
    for line in scan(markdown):
        if head is not None and line.kind is Kind.ROW:
            rows.append(line)
        else:
            if head is not None:
                yield _table(markdown, *head, rows)
            head, rows = None, []
        if line.kind is Kind.DELIMITER and before is not None:
            head = before, line
        before = line
    if head is not None:
        yield _table(markdown, *head, rows)


def _table(markdown: str, head: Line, rule: Line, rows: Sequence[Line]) -> _Table:
    quote = rule.after.quote
    header = _cells(markdown, head, quote)
    size = len(header)
    body = (_fitted(_cells(markdown, row, quote), size) for row in rows)
    sides = (cell.strip() for cell in _cells(markdown, rule, quote))
    return _Table(
        start=head.start,
        end=rows[-1].end if rows else rule.end,
        quote=quote,
        header=header,
        alignments=tuple(
            "c" if side[:1] == ":" == side[-1:] else "r" if side.endswith(":") else "l"
            for side in sides
        ),
        rows=tuple(body),
    )


def _cells(markdown: str, line: Line, quote: str) -> tuple[str, ...]:
    row = markdown[line.start : line.end].strip()
    for _ in range(quote.count(">")):
        row = row.removeprefix(">").strip()
    row = row.removeprefix("|")
    if row.endswith("|") and not row.endswith("\\|"):
        row = row[:-1]
    cells: list[str] = []
    at = 0
    while at <= len(row):
        found = _CELL.match(row, at)
        end = at
        while found is not None:
            end = found.end()
            found = _CELL.match(row, end)
        cells.append(row[at:end].replace("\\|", "|").strip())
        at = end + 1
    return tuple(cells)


def _fitted(cells: tuple[str, ...], size: int) -> tuple[str, ...]:
    """As many cells as the header has; what is too much stays in the last one."""
    if len(cells) <= size:
        return (*cells, *[""] * (size - len(cells)))
    return (*cells[: size - 1], " | ".join(cells[size - 1 :]))


def _aligned(table: _Table) -> list[str]:
    """Fixed-width lines in fences; none where it does not fit or would lose something."""
    everything = [cell for row in (table.header, *table.rows) for cell in row]
    if any(len(cell) > _LONGEST_CELL or "```" in cell or _LINK.search(cell) for cell in everything):
        return []
    header = [_plain(cell) for cell in table.header]
    rows = [[_plain(cell) for cell in row] for row in table.rows]
    widths = [
        max((width(line) for cell in column for line in cell), default=0)
        for column in zip(header, *rows, strict=True)
    ]
    if sum(widths) + 2 * (len(widths) - 1) > WIDEST:
        return []
    top: list[str] = []
    if any(table.header):
        top = _row(header, widths, table.alignments)
        top.append("  ".join("─" * wide for wide in widths))
    blocks: list[list[str]] = [[]]
    for row in rows:
        lines = _row(row, widths, table.alignments)
        if blocks[-1] and sum(map(len, [*top, *blocks[-1], *lines])) > _BLOCK_CHARS:
            blocks.append([])
        blocks[-1] += lines
    return [line for block in blocks for line in ("```", *top, *block, "```")]


def _row(
    cells: Sequence[Sequence[str]], widths: Sequence[int], alignments: Sequence[str]
) -> list[str]:
    shown: list[str] = []
    for lines in zip_longest(*cells, fillvalue=""):
        padded = (
            _padded(line, wide, side)
            for line, wide, side in zip(lines, widths, alignments, strict=True)
        )
        shown.append("  ".join(padded).rstrip())
    return shown


def _padded(text: str, wide: int, side: str) -> str:
    room = wide - width(text)
    before = {"l": 0, "c": room // 2, "r": room}[side]
    return " " * before + text + " " * (room - before)


def _plain(cell: str) -> list[str]:
    """The lines of a cell without marks that fixed-width text would show as they are."""
    pieces: list[str] = []
    done = 0
    for found in _CODE.finditer(cell):
        pieces += [_unmarked(cell[done : found.start()]), found[2]]
        done = found.end()
    pieces.append(_unmarked(cell[done:]))
    return _BREAK.split("".join(pieces))


def _unmarked(text: str) -> str:
    return _MARKS.sub(lambda found: _unmarked(found[2] or found[4]), text)


def _entries(table: _Table) -> list[str]:
    """A list with one entry a row."""
    header = [_on_one_line(cell) for cell in table.header]
    rows = [[_on_one_line(cell) for cell in row] for row in table.rows]
    if not rows:
        return [" · ".join(header)]
    if len(header) == 1:
        return [_strong(header[0]), *(f"- {row[0]}" for row in rows)]
    if len(header) == 2:
        title = [_strong(": ".join(filter(None, header)))] if any(header) else []
        return [*title, *(f"- {_strong(key)}: {value}" for key, value in rows)]
    lines: list[str] = []
    for number, (title, *values) in enumerate(rows, start=1):
        if lines:
            lines.append("")
        lines.append(_strong(": ".join(filter(None, (header[0], title or str(number))))))
        named = zip(header[1:], values, strict=True)
        lines += [f"- {name}: {value}" if name else f"- {value}" for name, value in named if value]
    return lines


def _on_one_line(cell: str) -> str:
    return _BREAK.sub("; ", cell)


def _strong(text: str) -> str:
    return text if "**" in text or not text else f"**{text}**"
