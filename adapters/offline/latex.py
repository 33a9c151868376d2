r"""LaTeX mathematics -> the plain notation that the lexer reads.

Only rewriting of text: `\frac{1}{2}` becomes `((1)/(2))`. What is not known stays, and the
parser then refuses it.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[dict[str, str]] = {
    "cdot": "*",
    "times": "*",
    "ast": "*",
    "div": "/",
    "le": "<=",
    "leq": "<=",
    "leqslant": "<=",
    "ge": ">=",
    "geq": ">=",
    "geqslant": ">=",
    "lt": "<",
    "gt": ">",
    "ne": "!=",
    "neq": "!=",
    "pi": " pi ",
    "infty": " oo ",
    "int": " ∫",
    "sum": " ∑",
    "prod": " ∏",
    "lim": " lim ",
    "to": "->",
    "rightarrow": "->",
    "longrightarrow": "->",
    "partial": "∂",
    "left": "",
    "right": "",
    "big": "",
    "Big": "",
    "bigl": "",
    "bigr": "",
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "mid": "|",
    "quad": "  ",
    "qquad": "  ",
    "limits": "",
    "displaystyle": "",
    "degree": "°",
    "circ": "°",
    "ldots": "...",
    "dots": "...",
    "cdots": "...",
    "prime": "'",
    "land": " and ",
    "therefore": "",
    "quadtext": " ",
    "det": " determinant ",
    "lfloor": "floor(",
    "rfloor": ")",
    "lceil": "ceil(",
    "rceil": ")",
}

_BOARD: Final = {"R": "ℝ", "Z": "ℤ", "N": "ℕ", "Q": "ℚ", "C": "ℂ"}
_ENVIRONMENTS: Final = "cases|aligned|align\\*?|equation\\*?|gathered|array|split|gather\\*?"
_ARGUMENT: Final = r"\{([^{}]*)\}"
_MATRIX: Final = re.compile(r"\\begin\{([bpvB]?matrix)\}(.*?)\\end\{\1\}", re.DOTALL)


def plain(text: str) -> str:
    """Rewrite LaTeX commands; text without a backslash comes back as it was."""
    if "\\" not in text:
        return re.sub(r"([\^_])\{([^{}]*)\}", r"\1(\2)", text)
    text = _MATRIX.sub(_matrix, text)
    text = re.sub(rf"\\begin\{{({_ENVIRONMENTS})\}}(\{{[^}}]*\}})?", "\n", text)
    text = re.sub(rf"\\end\{{({_ENVIRONMENTS})\}}", "\n", text)
    text = text.replace("\\\\", "\n").replace("&=", "=").replace("\\&", "&")
    text = re.sub(r"\\[()\[\]]", " ", text)
    text = re.sub(r"\\[,;:!> ]", " ", text)
    text = text.replace("\\{", "{").replace("\\}", "}").replace("\\%", "%").replace("\\$", "$")
    text = text.replace("\\in ", "∈ ")
    text = re.sub(r"\\mathbb\s*\{?([RZNQC])\}?", lambda m: _BOARD[m[1]], text)
    text = re.sub(
        r"\\(?:text|mathrm|operatorname|mathbf|mathit|boxed|textbf)\s*" + _ARGUMENT, r"\1", text
    )
    text = _leibniz(text)
    text = _braces(text)
    text = re.sub(r"\\([A-Za-z]+)", _word, text)
    return re.sub(r"\^\s*(?:°|\(\s*°\s*\))", "°", text)  # a raised ring is a degree sign


def _matrix(match: re.Match[str]) -> str:
    rows = [row for row in match[2].split("\\\\") if row.strip()]
    body = ", ".join("[" + ", ".join(row.split("&")) + "]" for row in rows)
    name = " determinant " if match[1] == "vmatrix" else " "
    return f"{name}[{body}]"


def _leibniz(text: str) -> str:
    """`\\frac{d}{dx}` and its kin have no value of their own and must not become a quotient."""
    d = r"(?:d|\\partial\s*|\\mathrm\{d\})"
    power = r"(?:\^\{?(\d)\}?)?"
    pattern = (
        rf"\\[dt]?frac\s*\{{\s*{d}{power}\s*([a-zA-Z]?)\s*\}}\s*\{{\s*{d}\s*([a-z]){power}\s*\}}"
    )

    def rewrite(match: re.Match[str]) -> str:
        order = f"^{match[1]}" if match[1] else ""
        return f" d{order}{match[2]}/d{match[3]}{order} "

    return re.sub(pattern, rewrite, text)


def _braces(text: str) -> str:
    """Rewrite commands with arguments, the innermost first."""
    for _ in range(60):
        changed = re.sub(r"\\[dtc]?frac\s*" + _ARGUMENT + r"\s*" + _ARGUMENT, r"((\1)/(\2))", text)
        changed = re.sub(r"\\[dt]?frac\s*(\d)\s*(\d)", r"((\1)/(\2))", changed)
        changed = re.sub(
            r"\\[dt]?binom\s*" + _ARGUMENT + r"\s*" + _ARGUMENT, r" binomial(\1, \2)", changed
        )
        changed = re.sub(r"\\sqrt\s*\[([^\[\]]*)\]\s*" + _ARGUMENT, r" root(\2, \1)", changed)
        changed = re.sub(r"\\sqrt\s*" + _ARGUMENT, r" sqrt(\1)", changed)
        changed = re.sub(r"\\sqrt\s*(\d)", r" sqrt(\1)", changed)
        changed = re.sub(r"([\^_])\s*" + _ARGUMENT, r"\1(\2)", changed)
        if changed == text:
            return text
        text = changed
    return text


def _word(match: re.Match[str]) -> str:
    word = match[1]
    return _WORDS.get(word, f" {word} ")
