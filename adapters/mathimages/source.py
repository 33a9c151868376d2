r"""LaTeX cut into what mathtext can typeset by itself, and what has to be put together from that.

mathtext knows no environments, no braces under a term and no boxes, and fewer short forms than
LaTeX (`\frac12`, `\mathbb R`). `read` gives pieces of plain mathtext in a tree of tables, braces
and boxes. The reading is bounded in length and depth; pure.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.mathimages.pieces import Brace, Frame, Piece, Pieces, Plain, Scripted, Table
from adapters.mathimages.spelling import (
    ARITY,
    BRACKETS,
    DELIMITERS,
    ENVIRONMENTS,
    RENAMED,
    SPELLED,
    VERBATIM,
)
from core.chat.text import symbols

LONGEST: Final = 2000
"""Characters of a formula beyond which no picture is made."""
DEEPEST: Final = 12
"""Groups inside each other beyond which no picture is made; mathtext's time grows with them."""

_LEXEME = re.compile(r"\\(?:operatorname\*|[A-Za-z]+|.)|\s+|.", re.DOTALL)
_LENGTH = re.compile(r"\s*\[-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\]")
_FULL_SIZE: Final = 2
"""How many fractions inside each other are set in full size, as a display has them."""


def read(latex: str) -> Pieces | None:
    """The pieces of a formula (without its dollar signs); None if it is too much or malformed."""
    if len(latex) > LONGEST or "$" in latex.replace("\\$", ""):
        return None
    try:
        return _Reader(latex).formula()
    except _Unsupported:
        return None


class _Unsupported(Exception):
    """No picture can be made of this."""


class _Reader:
    def __init__(self, source: str) -> None:
        self.lexemes = [found[0] for found in _LEXEME.finditer(source)]
        self.at = 0
        self.depth = 0
        self.fractions = 0

    def formula(self) -> Pieces:
        rows = self.rows("")
        if len(rows) == 1 and len(rows[0]) == 1:
            return rows[0][0]
        return (Table("aligned" if max(map(len, rows)) > 1 else "gathered", rows),)

    # ------------------------------------------------------------------ lexemes

    def peek(self) -> str:
        while self.at < len(self.lexemes) and self.lexemes[self.at].isspace():
            self.at += 1
        return self.lexemes[self.at] if self.at < len(self.lexemes) else ""

    def next(self) -> str:
        lexeme = self.peek()
        if not lexeme:
            raise _Unsupported
        self.at += 1
        return lexeme

    def raw(self) -> str:
        """The source of a braced argument."""
        if self.next() != "{":
            raise _Unsupported
        level, start = 1, self.at
        while self.at < len(self.lexemes):
            lexeme = self.lexemes[self.at]
            self.at += 1
            level += (lexeme == "{") - (lexeme == "}")
            if level == 0:
                return "".join(self.lexemes[start : self.at - 1])
        raise _Unsupported

    def optional(self) -> str:
        if self.peek() != "[":
            return ""
        start = self.at + 1
        while self.next() != "]":
            pass
        return "".join(self.lexemes[start : self.at - 1])

    # ------------------------------------------------------------------ structure

    def rows(self, end: str) -> tuple[tuple[Pieces, ...], ...]:
        """Rows of cells up to `end`, a lexeme or "" for the end of the source."""
        rows: list[tuple[Pieces, ...]] = []
        cells: list[Pieces] = []
        while True:
            cells.append(self.pieces())
            lexeme = self.peek()
            if lexeme == "&":
                self.at += 1
            elif lexeme == "\\\\":
                self.at += 1
                if self.peek() == "[" and _LENGTH.match("".join(self.lexemes[self.at :][:12])):
                    self.optional()
                rows.append(tuple(cells))
                cells = []
            elif lexeme == end:
                break
            else:
                raise _Unsupported
        if any(cells) or not rows:
            rows.append(tuple(cells))
        return tuple(rows)

    def pieces(self) -> Pieces:
        """Pieces up to the end of a cell or a group."""
        self.deeper()
        found: list[Piece] = []
        plain: list[str] = []
        while self.peek() not in ("", "&", "\\\\", "}", "\\end"):
            structure = None if plain and self.peek() in ("^", "_") else self.structure(found)
            if structure is None:
                plain.append(self.unit())
                continue
            if plain:
                found.append(Plain(" ".join(plain)))
                plain = []
            found.append(structure)
        if plain:
            found.append(Plain(" ".join(plain)))
        self.depth -= 1
        return tuple(found)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Unsupported

    def structure(self, found: list[Piece]) -> Piece | None:
        """What mathtext cannot do by itself, if it comes next; takes a base off `found`."""
        match self.peek():
            case "\\begin":
                self.at += 1
                return self.environment("", "")
            case "\\left" if self.begins_table():
                self.at += 1
                left = self.delimiter()
                self.at += self.peek() == "\\begin"
                table = self.environment(left, "")
                if self.next() != "\\right":
                    raise _Unsupported
                return Table(table.kind, table.rows, left, self.delimiter(), table.columns)
            case "\\underbrace" | "\\overbrace" as name:
                self.at += 1
                return Brace(self.group(), (), name == "\\overbrace")
            case "\\boxed" | "\\fbox":
                self.at += 1
                return Frame(self.group())
            case "^" | "_" as mark if found and isinstance(found[-1], Table | Brace | Scripted):
                self.at += 1
                return self.attached(found.pop(), mark)
            case _:
                return None

    def attached(self, base: Piece, mark: str) -> Piece:
        label = self.group() if self.peek() == "{" else (Plain(self.unit()),)
        match base:
            case Brace() if base.is_over == (mark == "^") and not base.label:
                return Brace(base.body, label, base.is_over)
            case Table():
                return Scripted(base, *((label, ()) if mark == "^" else ((), label)))
            case Scripted(above=()) if mark == "^":
                return Scripted(base.base, label, base.below)
            case Scripted(below=()) if mark == "_":
                return Scripted(base.base, base.above, label)
            case _:
                raise _Unsupported

    def group(self) -> Pieces:
        if self.next() != "{":
            raise _Unsupported
        pieces = self.pieces()
        if self.next() != "}":
            raise _Unsupported
        return pieces

    def begins_table(self) -> bool:
        following = [each for each in self.lexemes[self.at : self.at + 8] if not each.isspace()]
        return following[2:3] == ["\\begin"]

    def delimiter(self) -> str:
        lexeme = self.next()
        shown = DELIMITERS.get(lexeme, lexeme)
        if shown not in tuple("()[]{}|.‖"):
            raise _Unsupported
        return shown.replace(".", "")

    def environment(self, left: str, right: str) -> Table:
        full = self.raw()
        name = full.removesuffix("*")
        if name not in ENVIRONMENTS:
            raise _Unsupported
        columns = ""
        if name == "array":
            self.optional()
            columns = "".join(each for each in self.raw() if each in "lcr|")
        elif name in ("alignat", "alignedat"):
            self.raw()
        is_small = ENVIRONMENTS[name] in ("matrix", "cases")
        self.fractions += _FULL_SIZE * is_small
        rows = self.rows("\\end")
        self.fractions -= _FULL_SIZE * is_small
        self.at += 1
        if self.raw() != full:
            raise _Unsupported
        if name in BRACKETS and not left:
            left, right = (each.replace(".", "") for each in BRACKETS[name])
        return Table(ENVIRONMENTS[name], rows, left, right, columns)

    # ------------------------------------------------------------------ plain mathtext

    def unit(self) -> str:
        """One sign, group or macro with its arguments, spelled as mathtext wants it."""
        lexeme = self.next()
        if lexeme == "{":
            return self.braced()
        if lexeme in ("^", "_"):
            return lexeme + self.small()
        if lexeme == "~":
            return "\\ "
        if not lexeme.startswith("\\"):
            return lexeme
        return self.macro(lexeme[1:])

    def braced(self) -> str:
        """The rest of a group whose brace was just read."""
        self.deeper()
        units: list[str] = []
        while self.peek() != "}":
            units.append(self.unit())
        self.at += 1
        self.depth -= 1
        return "{" + " ".join(units) + "}"

    def argument(self) -> str:
        unit = self.unit()
        return unit if unit.startswith("{") else "{" + unit + "}"

    def small(self) -> str:
        """The argument of a script, where fractions are small."""
        self.fractions += _FULL_SIZE
        argument = self.argument()
        self.fractions -= _FULL_SIZE
        return argument

    def fraction(self, name: str) -> str:
        is_small = name in ("tfrac", "nicefrac") or self.fractions >= _FULL_SIZE
        self.fractions += 1
        over, under = self.argument(), self.argument()
        self.fractions -= 1
        return (
            f"\\{'frac' if is_small and name not in ('dfrac', 'cfrac') else 'dfrac'}{over}{under}"
        )

    def macro(self, name: str) -> str:
        if name in ("begin", "end", "\\", "underbrace", "overbrace", "boxed", "fbox"):
            raise _Unsupported
        if name in ("color", "label"):
            self.raw()
            return ""
        if name == "textcolor":
            self.raw()
            return self.argument()
        if name in ("pmod", "tag"):
            words = self.argument() if name == "pmod" else "\\text{" + self.raw() + "}"
            return f"\\quad(\\mathrm{{mod}}\\ {words})" if name == "pmod" else f"\\quad({words})"
        if name in ("xrightarrow", "xleftarrow"):
            arrow = "\\longrightarrow" if name == "xrightarrow" else "\\longleftarrow"
            return f"\\overset{{{self.argument()}}}{{{arrow}}}"
        if name in symbols.IGNORED:
            return ""
        shown = SPELLED.get(name, RENAMED.get(name, "\\" + name))
        if name in ("left", "right"):
            return f"\\{name}{self.next()}"
        if name in VERBATIM:
            return f"{shown}{{{self.raw()}}}"
        if name.endswith("frac"):
            return self.fraction(name)
        if name == "sqrt":
            index = self.optional()
            return f"\\sqrt{f'[{index}]' if index else ''}{self.argument()}"
        return shown + "".join(self.argument() for _ in range(ARITY.get(name, 0)))
