"""What a person typed -> plain text in one notation, before any token is made.

Everything here rewrites characters: typography, LaTeX, Markdown, mentions, contractions. Nothing
is dropped that could carry meaning.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from adapters.offline import latex
from adapters.offline.lexicon import FUNCTIONS, GREEK, SPELLED

_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾ˣ", "0123456789+-n()x")
_SUPERSCRIPT_RUN: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾ˣ]+")
_SUBSCRIPTS: Final = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₓₙ", "0123456789xn")
_SUBSCRIPT_RUN: Final = re.compile("[₀₁₂₃₄₅₆₇₈₉ₓₙ]+")
_VULGAR: Final[dict[str, str]] = {
    char: unicodedata.normalize("NFKC", char).replace("⁄", "/") for char in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
}
_SIGNS: Final = str.maketrans(
    {
        "×": "*",
        "·": "*",
        "⋅": "*",
        "∙": "*",
        "•": "*",
        "∗": "*",
        "÷": "/",
        "∕": "/",
        "⁄": "/",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "–": "-",
        "≤": "<=",
        "≥": ">=",
        "⩽": "<=",
        "⩾": ">=",
        "≠": "!=",
        "→": "->",
        "⟶": "->",
        "∞": " oo ",
        "π": " pi ",
        "∛": " cbrt ",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "’": "'",
        "‘": "'",
        "′": "'",
        "″": "''",
        "…": "...",
        "□": " ___ ",
        "º": "°",
        "Σ": "∑",
        "∏": "∏",
        "∣": "|",
        "\u00a0": " ",
        "\u200b": "",
        "\ufeff": "",
        "\u2009": " ",
        "\u202f": " ",
    }
)
_GREEK_LETTERS: Final = str.maketrans({char: f" {name} " for name, char in GREEK.items()})
_MENTION: Final = re.compile(
    r"^\s*(?:<@!?\w+>|@[\w.-]+|(?:(?:hi|hey|hello|ok|okay|yo|dear)[\s,]+)?@?bobbin\b)\s*[,:!-]?\s*",
    re.IGNORECASE,
)
_SPEAKER: Final = re.compile(
    r"^\s*(?:\[[^\[\]\n#]{1,64} #[\w.:-]+\]"
    r"|\[(?=[^\]]*(?:[^\W\d_]{2}|[^\x00-\x7f]))[^\[\]\n=+*^/,;|<>#]{1,64}\]"
    r"|<[A-Z][\w .'-]{0,40}>|\*\*[A-Z][\w .'-]{0,40}\*\*)\s*:?\s+(?=\S)"
)
"""Who speaks, as a shared conversation puts it before a message: `[Ada #U02AB] solve …`."""
_EMOTICON: Final = re.compile(
    r"(?:(?<=\s)|^)(?:[:;]'?-?[)(DPp/|]+|[xX]D+|\^_+\^)(?=\s|$)|<3(?=\s*$)"
)
_COMPOUND: Final = re.compile(r"(?<![\w^])([a-z]+)-(?=[a-z]{2,}\b)", re.IGNORECASE)
_AXIS: Final = re.compile(
    r"\b([xyz])[- ](axis|intercepts?|coordinates?|values?|scores?|terms?)\b", re.IGNORECASE
)
_EMPHASIS: Final = re.compile(
    r"(?<![^\s(,.:;])(\*{1,3})(?![\s*])([^*\n]*(?:\*\*?[^*\n]+)*?)(?<![\s*])\1(?=$|[\s.,;:?!)])",
    re.MULTILINE,
)
_WORDLIKE: Final = re.compile(r"[A-Za-z](?:[A-Za-z]|[.'](?=[A-Za-z]))*")
_CURRENCY: Final = re.compile(r"[€£](?=\d)")


def normalise(text: str) -> str:
    """One notation for everything a keyboard, a phone or a word processor makes of mathematics."""
    text = html.unescape(text) if "&" in text else text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _bullets(text)
    text = _dollars(text)
    text = latex.plain(text)
    text = _typography(_number_sets(text))
    text = _markdown(text)
    text = _EMOTICON.sub(" ", text)
    text = _words(text)
    return _blanks(text)


def address(text: str) -> str:
    """The text without a greeting of the bot by name at its start."""
    text = _SPEAKER.sub("", text, count=1)
    for _ in range(3):
        shorter = _MENTION.sub("", text, count=1)
        if shorter == text:
            break
        text = shorter
    return text


def _bullets(text: str) -> str:
    """Take off quote marks and list marks; a lone `- 2x` is a sign and stays."""
    text = re.sub(r"^\s*>+\s*", "", text, flags=re.MULTILINE)
    marks = re.findall(r"^\s*[-*+•]\s", text, re.MULTILINE)
    tail = r"(?=\S)" if len(marks) > 1 else r"(?=[A-Za-z]{2})"
    return re.sub(rf"^\s*[-*+•]\s+{tail}", "", text, flags=re.MULTILINE)


def _dollars(text: str) -> str:
    """`$` around LaTeX goes, and so does a currency sign before an amount."""
    if "$" not in text:
        return text
    text = text.replace("$$", " $ ") if re.search(r"\$\$", text) else text
    signs = text.count("$")
    amounts = re.findall(r"\$\d[\d,]*(?:\.\d+)?(?=[\s?.!,;:)%]|$)", text)
    if signs == len(amounts):
        return text.replace("$", "")
    return text.replace("$", " ") if signs % 2 == 0 else text


def _typography(text: str) -> str:
    for char, spelled in _VULGAR.items():
        if char in text:
            text = text.replace(char, f" {spelled} ")
    text = _SUPERSCRIPT_RUN.sub(lambda m: f"^({m[0].translate(_SUPERSCRIPTS)})", text)
    text = _SUBSCRIPT_RUN.sub(lambda m: f"_{m[0].translate(_SUBSCRIPTS)}", text)
    text = re.sub(r"\s+[—–]\s+(?=[A-Za-z]{2,})", " , ", text)
    text = re.sub(r"(?<=[A-Za-z]{2})\s*—\s*", " , ", text).replace("—", "-")
    text = text.translate(_SIGNS).translate(_GREEK_LETTERS)
    text = _CURRENCY.sub("", text)
    text = unicodedata.normalize("NFKC", text)
    return "".join(char for char in text if _kept(char))


def _kept(char: str) -> bool:
    """Emoji and control characters go; they say nothing about mathematics."""
    return char in "\n\t^`°" or unicodedata.category(char) not in {"So", "Sk", "Cc", "Cf"}


def _markdown(text: str) -> str:
    """Take off code fences, back-ticks, bold, quotes and list marks; `2**3` keeps its stars."""
    text = re.sub(r"```[a-z]*", "\n", text).replace("`", " ")
    text = _EMPHASIS.sub(_unemphasised, text)
    text = re.sub(r"(?<![\w)\]])_(?=[A-Za-z])([^_\n]*)_(?![\w({])", r"\1", text)
    text = text.replace('"', " ")
    text = re.sub(r"(?:(?<=\s)|^)'(?=\S)(?=[^']*'(?:[\s.,?!;:]|$))", " ", text)
    text = re.sub(r"(?<=[\w)])'(?=[\s.,?!;:]|$)(?<![fghyuFGHY]')", " ", text)
    return text.replace("**", "^")


def _unemphasised(match: re.Match[str]) -> str:
    """Stars around a stretch are emphasis when what stands before them is no operand."""
    before = match.string[: match.start()].rstrip()
    word = re.search(r"[A-Za-z]{2,}$", before)
    operand = before[-1:].isalnum() or before[-1:] in {")", "]", "°", "%", "!"}
    if operand and (word is None or word[0].lower() in {"pi", "oo", *FUNCTIONS, *GREEK}):
        return match[0]
    return match[2]


_SETS: Final = {"ℝ": "real", "ℤ": "integer", "ℕ": "natural", "ℚ": "rational", "ℂ": "complex"}


def _number_sets(text: str) -> str:
    """`x ∈ ℝ` says which solutions are wanted."""
    return re.sub(r"\b[a-z]\s*∈\s*([ℝℤℕℚℂ])", lambda match: f" {_SETS[match[1]]} solutions ", text)


def _words(text: str) -> str:
    text = re.sub(r"\bhow 2 (?=[a-z]{3})", "how to ", text)
    text = re.sub(r"\bint(?=\s*_)", "∫", text)
    text = re.sub(r"\bsum(?=\s*_)", "∑", text)
    text = re.sub(r"\bstd(?:ev|dev)?(?=\s*[(\[])", "standard deviation of ", text)
    text = re.sub(r"\bvar(?=\s*[(\[])", "variance of ", text)
    text = re.sub(r"\bavg\b", "average", text)
    text = re.sub(
        r"\bQ([13])\b", lambda m: "first quartile" if m[1] == "1" else "third quartile", text
    )
    text = re.sub(r"\b\d\s?(?:x|\*|by)\s?\d(?=\s+(?:system|matri))", "", text)
    text = _AXIS.sub(lambda m: (m[1] + m[2]).lower(), text)
    text = _COMPOUND.sub(_split_compound, text)
    return _WORDLIKE.sub(lambda m: SPELLED.get(m[0].lower(), m[0]), text)


def _split_compound(match: re.Match[str]) -> str:
    word = match[1]
    return match[0] if len(word) < 2 or word.lower() in FUNCTIONS else f"{word} "


def _blanks(text: str) -> str:
    """`3 + ? = 10` and `3 + ___ = 10`: the blank is an unknown."""
    if re.search(r"\bx\b", text):
        return text
    blank = r"(?:\?|_{2,}|\[\s*\]|□)"
    text = re.sub(rf"(?<=[-+*/=(])\s*{blank}(?=\s*[-+*/=)])", " x ", text)
    text = re.sub(rf"(?<=[-+*/])\s*{blank}\s*(?==)", " x ", text)
    text = re.sub(rf"(?:(?<=\s)|^){blank}(?=\s*[-+*/]\s*[\d(])", " x ", text)
    return re.sub(r"(?<=[-+*/=])\s*(?:_{2,}|□)", " x ", text)
