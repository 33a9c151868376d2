"""From the text of a cell to code objects. Runs inside."""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType

_IGNORED_MAGIC = re.compile(r"^%(matplotlib|config|load_ext|autoreload|precision|pylab)\b.*$")
_SHELL_LINE = re.compile(r"^\s*(!|%)")


class NotPython(Exception):
    """A line that IPython knows and Python does not. The text is for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Statements, and the last expression whose value is shown (None: nothing to show)."""

    statements: CodeType
    last: CodeType | None


def compile_cell(text: str, name: str, folders: Mapping[str, str]) -> Cell:
    """Compile a cell as a notebook would.

    `folders` maps the paths that code knows (`/mnt/data`) to where they really are; string
    literals that begin with one are changed accordingly.

    Raises:
        SyntaxError: not Python; ValueError, RecursionError, MemoryError: nor anything like it.
        NotPython: a shell command or a magic.
    """
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    tree = _parse(text, name)
    if folders:
        tree = ast.fix_missing_locations(_Folders(folders).visit(tree))
    last: CodeType | None = None
    if tree.body and not text.rstrip().endswith(";"):
        end = tree.body[-1]
        if isinstance(end, ast.Expr):
            tree.body.pop()
            last = compile(ast.Expression(end.value), name, "eval")
    return Cell(compile(tree, name, "exec"), last)


def _parse(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        # Models like to begin with `%matplotlib inline`, which asks for what happens anyway.
        plain = "\n".join(_IGNORED_MAGIC.sub("", line) for line in text.split("\n"))
        try:
            return ast.parse(plain, name)
        except SyntaxError:
            _explain(plain)
        raise error from None


def _explain(text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if _SHELL_LINE.match(line):
            raise NotPython(
                f"Line {number} is not Python: {line.strip()[:80]!r}. Shell commands (!) and "
                "magics (%) do not exist here, and no package can be installed; write plain Python."
            )


class _Folders(ast.NodeTransformer):
    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            for known, real in self._folders.items():
                if node.value == known or node.value.startswith(known + "/"):
                    node.value = real + node.value[len(known) :]
                    break
        return node
