r"""LaTeX mathematics read into a tree.

Only what is fully understood is read: an unknown macro, a missing brace, too much of anything
gives None, and whoever asked shows the source instead. Nothing is ever dropped silently but what
carries no text (`\left.`, `\displaystyle`, a colour).
"""

from __future__ import annotations

from typing import Final

from core.chat.text.grammar import NotUnderstood, Parser
from core.chat.text.macros import READERS
from core.chat.text.tree import Row

LONGEST: Final = 4000
"""Formulas with more characters than this are not read."""


def parse(source: str) -> Row | None:
    """The tree of a formula (without its dollar signs); None if not all of it is understood."""
    if len(source) > LONGEST:
        return None
    try:
        return Parser(source, READERS).formula()
    except NotUnderstood:
        return None
