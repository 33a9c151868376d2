"""How mathtext spells what LaTeX writes in other ways. Data only."""

from __future__ import annotations

from typing import Final

from core.chat.text import symbols

ENVIRONMENTS: Final = {
    **dict.fromkeys(("aligned", "align", "split", "alignat", "alignedat", "eqnarray"), "aligned"),
    **dict.fromkeys(("gathered", "gather", "multline", "equation"), "gathered"),
    **dict.fromkeys(("cases", "dcases", "rcases"), "cases"),
    **dict.fromkeys(("matrix", "smallmatrix", "array"), "matrix"),
    **dict.fromkeys(("pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix"), "matrix"),
}
BRACKETS: Final = {
    "pmatrix": "()",
    "bmatrix": "[]",
    "Bmatrix": "{}",
    "vmatrix": "||",
    "Vmatrix": "‖‖",
    "cases": "{.",
    "dcases": "{.",
    "rcases": ".}",
}
DELIMITERS: Final = {"\\{": "{", "\\}": "}", "\\|": "‖", "\\lbrace": "{", "\\rbrace": "}"}
RENAMED: Final = {
    "tbinom": "\\binom",
    "operatorname*": "\\operatorname", "stackrel": "\\overset", "bm": "\\boldsymbol",
    "pmb": "\\boldsymbol", "mathds": "\\mathbb", "Bbb": "\\mathbb", "textbf": "\\mathbf",
    "textit": "\\mathit", "textrm": "\\text", "textsf": "\\text", "texttt": "\\text",
    "mbox": "\\text", "textnormal": "\\text", "lvert": "|", "rvert": "|", "lVert": "\\|",
    "rVert": "\\|", "mathop": "", "mathbin": "", "mathrel": "", "mathord": "", "emph": "",
    "bmod": "\\;\\mathrm{mod}\\;", "gets": "\\leftarrow", "implies": "\\Longrightarrow",
    "impliedby": "\\Longleftarrow", "iff": "\\Longleftrightarrow", "&": "\\mathrm{\\&}",
}  # fmt: skip
ARITY: Final = {
    **dict.fromkeys(("binom", "dbinom", "tbinom", "overset", "underset", "stackrel"), 2),
    **dict.fromkeys((*symbols.STYLES, *symbols.MARKS), 1),
    **dict.fromkeys(("sqrt", "substack", "operatorname", "operatorname*"), 1),
}
VERBATIM: Final = frozenset((*symbols.TEXTS, "substack", "operatorname", "operatorname*"))
_RESPELLED: Final = symbols.words(
    "omicron lnot square Box qed Diamond lozenge dotsc dotsb dotsm dotsi dotso pounds euro surd "
    "Bbbk checked N Z Q R C coloneqq eqqcolon owns restriction lor land oast centerdot"
)
SPELLED: Final = {
    "le": "\\leq ", "ge": "\\geq ", "lt": "<", "gt": ">",
    **{name: sign for name, sign in symbols.ORDINARY.items() if name in _RESPELLED},
    **{name: f"\\,{sign}\\," for name, sign in symbols.BINARY.items() if name in _RESPELLED},
    **{name: f"\\;{sign}\\;" for name, sign in symbols.RELATIONS.items() if name in _RESPELLED},
}  # fmt: skip
"""Macros that mathtext does not know, by what it does know."""
