"""A message -> the stretches that may be questions of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from adapters.offline.lexicon import wordset
from adapters.offline.tokens import Token

_VERBS: Final = wordset(
    "solve find differentiate derive integrate plot graph sketch draw factor "
    "factorise factorize"
    " expand simplify calculate compute evaluate what determine give show list work tell convert"
    " round multiply divide subtract add state write how whats use make is take factories"
)
_JOINTS: Final = frozenset({"and", "then", "also", "afterwards", "plus", "next", "finally", "but"})
_LABEL: Final = re.compile(
    (
        r"^\s*(?:(?:[Qq](?:uestion)?|[Ee]xercise|[Pp]roblem|"
        r"[Pp]art)\s*\d*\s*[.:)]\s*|\(?(?:\d{1,2}|[a-h]|i{1,3}|iv|v)\)\s+|"
        r"\d{1,2}\.\s+(?=\S))"
    ),
    re.MULTILINE,
)
_EQUATION_LABEL: Final = re.compile(r"\s\(\d\)(?=\s*(?:$|,|;|and\b|\n|\.))", re.MULTILINE)
_NAMED_EQUATION: Final = re.compile(r"\b[Ee]q(?:n|uation)?\.?\s*\(?\d\)?\s*[:.]\s*")
_ROMAN: Final = re.compile(r"\((?:i{1,3}|iv|v|vi)\)\s*")
_INLINE: Final = re.compile(r"(?:(?<=\s)|^)\(?([a-h]|\d)\)\s+(?=\S)", re.MULTILINE)


def unlabelled(text: str) -> str:
    """Take off exercise numbers, and put labelled parts on lines of their own."""
    if len(_EQUATION_LABEL.findall(text)) >= 2:
        text = _EQUATION_LABEL.sub(" ", text)
    text = _NAMED_EQUATION.sub("\n", text)
    if "(i)" in text and "(ii)" in text:
        text = _ROMAN.sub("\n", text)
    labels = [match[1] for match in _INLINE.finditer(text)]
    if len(labels) >= 2 and labels[:2] in (["a", "b"], ["1", "2"]):
        text = _INLINE.sub("\n", text)
    return _LABEL.sub("", text)


def segments(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    """Cut at line ends, at the ends of sentences, and before `and` with a verb of request."""
    out: list[tuple[Token, ...]] = []
    current: list[Token] = []
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth <= 0 and current and _begins_request(tokens, index):
            out.append(tuple(current))
            current = []
        current.append(token)
        if depth <= 0 and _ends(tokens, index):
            depth = 0
            out.append(tuple(current))
            current = []
    out.append(tuple(current))
    return [segment for segment in out if any(t.kind not in {"nl", "punct"} for t in segment)]


def _ends(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.kind == "nl":
        return True
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.kind == "op" and token.text == "!":
        return after is None or (after.gap and after.kind == "word")
    if token.kind != "punct" or token.text not in ".?;!":
        return False
    return after is None or after.gap or after.kind == "nl" or token.text == ";"


def _begins_request(tokens: Sequence[Token], index: int) -> bool:
    """`, and find …`, `then plot …`."""
    token = tokens[index]
    if token.kind == "punct" and token.text == ",":
        ahead = index + 1
    elif token.kind == "word" and token.text in _JOINTS:
        ahead = index
    else:
        return False
    while ahead < len(tokens) and tokens[ahead].text in _JOINTS:
        ahead += 1
    return ahead < len(tokens) and ahead > index and tokens[ahead].text in _VERBS
