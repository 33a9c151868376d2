"""Short messages that lean on the question before: `and for y?`, `plot it`, `why?`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from adapters.offline import readers
from adapters.offline.form import PLAIN
from adapters.offline.lexicon import wordset
from adapters.offline.pieces import Piece
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.topics import arithmetic, chains
from adapters.offline.topics.common import Setting
from adapters.offline.tree import Binary, Node, Num, Relation, Sym, is_constant, power

_SUBJECT: Final = frozenset({"it", "its", "them", "this", "same"})
_RESULT: Final = frozenset({"that", "result", "answer"})
_OPERATORS: Final = frozenset("+-*/^") | {
    "plus",
    "minus",
    "times",
    "divided",
    "squared",
    "cubed",
    "over",
}
_AGAIN: Final = (
    "why|how|how so|how come|explain|steps|show|what|what do you mean|again|"
    "really|sure|check|verify"
)
_AGAIN_WORDS: Final = wordset(
    "why how so come explain steps step show mean again really sure check "
    "verify it that this working"
    " work your me understand do not did get you i are is the answer result correct right please to"
    " can could repeat once more detail details in by huh what a explanation of went there from"
    " where does come"
)
_NEXT: Final = (
    r"(?:and |but |now |then |ok |so )*(?:what about|how about|same for|same "
    r"with|same question for|same thing for|do same for|do same with|try|now|"
    r"also|for|with|of|and|or|repeat for|repeat with|again for|again with|"
    r"next)(?: for| with| of| if| when| at)*"
)


def refers(parts: Sequence[Piece]) -> bool:
    """Whether a message plainly leans on an earlier one."""
    words = [part.text for part in parts if part.node is None and part.text.isalpha()]
    nodes = [part for part in parts if part.node is not None]
    return (
        bool(words)
        and len(words) <= 6
        and not nodes
        and any(word in _SUBJECT | {"that"} for word in words)
    )


def read(parts: Sequence[Piece], setting: Setting, last: Question) -> tuple[Question, ...]:
    """The questions in a message that a rule reads once the earlier question fills its gaps."""
    nodes = [part.node for part in parts if part.node is not None]
    words = [part.text for part in parts if part.node is None and part.text.isalpha()]
    if not nodes and words and set(words) <= _AGAIN_WORDS:
        return (replace(last, title=last.title),)
    pointed = _pointed(_begun(parts), setting, last)
    if pointed:
        return pointed
    changed = chains.continued(Scan(_begun(parts)), last.value) if last.value is not None else None
    if changed is not None and is_constant(changed):
        return (arithmetic.evaluate(changed, PLAIN),)
    verb = _VERBS.get(last.kind)
    if nodes and verb and last.subject is not None:
        words = tuple(Piece(word) for word in verb.split())
        return readers.read((*words, Piece("", last.subject), *parts), setting)
    return ()


def elliptic(parts: Sequence[Piece], last: Question) -> tuple[Question, ...]:
    """`and of x³?`, `what about sin x?`: one expression and nothing but words that carry on."""
    nodes = [part.node for part in parts if part.node is not None]
    words = [part for part in parts if part.node is None and part.text.isalpha()]
    return _next(parts, nodes[0], last) if len(nodes) == 1 and words else ()


_VERBS: Final = {
    "integral": "integral of",
    "derivative": "derivative of",
    "plot": "plot",
    "limit": "limit of",
    "evaluate": "evaluate",
    "statistics": "",
}
"""How a question begins that the next message only changes in its bounds or its point."""
_STARTERS: Final = wordset("and but now then ok so what about how also")


def _begun(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """Without the words that only carry on from before."""
    index = 0
    while index < len(parts) - 1 and parts[index].node is None and parts[index].text in _STARTERS:
        index += 1
    return tuple(parts[index:])


def _pointed(parts: Sequence[Piece], setting: Setting, last: Question) -> tuple[Question, ...]:
    for index, part in enumerate(parts):
        if part.node is not None:
            continue
        for node in _meanings(part.text, last):
            if part.text == "its":
                filled = (
                    *parts[:index],
                    *_without_marks(parts[index + 1 :]),
                    Piece("of"),
                    Piece("", node),
                )
            else:
                filled = (*parts[:index], Piece("", node), *parts[index + 1 :])
            found = readers.read(_merged(filled), setting)
            if found:
                return found
    if not any(part.node is not None for part in parts) and last.subject is not None:
        words = [part.text for part in parts if part.text.isalpha()]
        if 0 < len(words) <= 8:
            return readers.read(
                (*_without_marks(parts), Piece("of"), Piece("", last.subject)), setting
            )
    first = parts[0] if parts else None
    if first is not None and first.text in _OPERATORS and last.value is not None:
        return readers.read(_merged((Piece("", last.value), *parts)), setting)
    return ()


def _meanings(word: str, last: Question) -> tuple[Node, ...]:
    if word in _SUBJECT:
        nodes = (last.subject, last.value)
    elif word in _RESULT:
        nodes = (last.value, last.subject)
    else:
        return ()
    return tuple(node for node in nodes if node is not None)[:1]


def _without_marks(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    out = list(parts)
    while out and out[-1].node is None and not out[-1].text.isalpha():
        out.pop()
    return tuple(out)


def _merged(parts: Sequence[Piece]) -> tuple[Piece, ...]:
    """`⟨6⟩ times 2`, `⟨6⟩ + 4`: the earlier value joined with the operation behind it."""
    signs = {
        "plus": "+",
        "minus": "-",
        "times": "*",
        "over": "/",
        "+": "+",
        "-": "-",
        "*": "*",
        "/": "/",
        "^": "^",
    }
    out = list(parts)
    for index in range(len(out) - 1):
        left = out[index].node
        if left is None:
            continue
        word = out[index + 1].text
        if word in {"squared", "cubed"}:
            merged = power(left, Num(Fraction(2 if word == "squared" else 3)))
            return (*out[:index], Piece("", merged), *out[index + 2 :])
        width = 2
        sign = signs.get(word)
        if (
            word in {"divided", "multiplied"}
            and index + 2 < len(out)
            and out[index + 2].text == "by"
        ):
            sign, width = ("/" if word == "divided" else "*"), 3
        if sign and index + width < len(out):
            right = out[index + width].node
            if right is not None:
                return (
                    *out[:index],
                    Piece("", Binary(sign, left, right)),
                    *out[index + width + 1 :],
                )
    return tuple(out)


def _next(parts: Sequence[Piece], node: Node, last: Question) -> tuple[Question, ...]:
    """`and for x³?`, `what about x = 5?`"""
    scan = Scan(parts)
    scan.cue(_NEXT)
    scan.rest()
    if not scan.done({"same", "about", "variable", "point", "case"}):
        return ()
    value = node
    if isinstance(node, Relation) and node.ops == ("=",) and isinstance(node.sides[0], Sym):
        value = node.sides[1]
        found = last.at(value) if last.at is not None else None
        return (found,) if found is not None else ()
    if last.at is not None and any(part.text in {"at", "when", "if"} for part in parts):
        found = last.at(value)
        return (found,) if found is not None else ()
    found = last.again(node) if last.again is not None else None
    return (found,) if found is not None else ()
