"""One message -> the questions in it, a short reply, or an honest refusal.

A message is cut into stretches; neighbouring stretches are put together wherever that lets a rule
read all of their words, and the cheapest way through the whole message wins. A stretch that no
rule accounts for refuses the message: numbers are never picked out of a story.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.offline import (
    calls,
    clean,
    closed,
    definitions,
    followups,
    readers,
    show,
    smalltalk,
    spelling,
    voice,
)
from adapters.offline.lexicon import FUNCTIONS
from adapters.offline.pieces import Piece, pieces
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.segments import segments, unlabelled
from adapters.offline.sentences import (
    Group,
    function_names,
    is_bare,
    is_chatter,
    made_functions,
    noted,
    shared,
    unmarked,
)
from adapters.offline.tokens import Token, lex
from adapters.offline.topics.common import Setting
from adapters.offline.tree import Node
from adapters.offline.words import CHATTER

MAX_CHARACTERS: Final = 4_000
MAX_TOKENS: Final = 1_200
MAX_SEGMENTS: Final = 40
MAX_QUESTIONS: Final = 20
_BLANK_LINES: Final = re.compile(r"\s*\n\s*\n\s*")
_WIDEST: Final = 7
_UNREADABLE: Final = 50.0


@dataclass(frozen=True, slots=True)
class State:
    """What earlier messages of the conversation left behind."""

    functions: Mapping[str, tuple[str, Node]] = field(default_factory=dict[str, tuple[str, Node]])
    last: Question | None = None


@dataclass(frozen=True, slots=True)
class Understanding:
    """Either questions, or one sentence to say."""

    questions: tuple[Question, ...] = ()
    sentence: str = ""
    state: State = field(default_factory=State)


def understand(text: str, state: State) -> Understanding:
    """Read one message in the light of what was said before. Never raises for the text's sake."""
    if len(text) > MAX_CHARACTERS:
        return Understanding(sentence=voice.TOO_LONG.format(limit=MAX_CHARACTERS), state=state)
    text = _BLANK_LINES.sub("\n\n", text)
    plain = clean.normalise(clean.address(unlabelled(text)))
    if not plain.strip():
        return Understanding(
            sentence=voice.GREETING if text.strip() else voice.NOT_UNDERSTOOD, state=state
        )
    try:
        outcome = _Reader(plain, state).understand()
        if not outcome.questions and ":" in plain[:60]:
            again = _unattributed(plain, state)
            outcome = again if again is not None and again.questions else outcome
    except closed.TooLarge:
        return Understanding(sentence=voice.TOO_LARGE, state=state)
    return outcome


def _unattributed(plain: str, state: State) -> Understanding | None:
    """The message without a name before its first colon, as shared threads put it there."""
    head, _, rest = plain.partition(":")
    name = head.strip(" <>[]*@")
    marked = name != head.strip()
    if not rest.strip() or not name or not all(map(str.isalpha, name.split())):
        return None
    words = name.split()
    if len(words) > 3 or not (marked or all(word[0].isupper() for word in words)):
        return None
    if any(_is_mathematical(word.lower()) for word in words):
        return None
    return _Reader(clean.address(rest), state).understand()


def _is_mathematical(word: str) -> bool:
    """A word that may ask for something, so that it is no name."""
    return spelling.corrected(word) in spelling.WORDS or word in CHATTER or word in FUNCTIONS


class _Reader:
    def __init__(self, plain: str, state: State) -> None:
        self._plain = plain
        self._state = state
        tokens = lex(plain)
        self._too_long = len(tokens) > MAX_TOKENS
        self._names = function_names(tokens) | frozenset(state.functions)
        self._segments = [] if self._too_long else segments(tokens)

    def understand(self) -> Understanding:
        """The questions of the message, or what to say instead."""
        if self._too_long or len(self._segments) > MAX_SEGMENTS:
            return Understanding(
                sentence=voice.TOO_LONG.format(limit=MAX_CHARACTERS), state=self._state
            )
        parts = self._pieces(0, len(self._segments))
        talk = smalltalk.reply(parts)
        if talk is not None:
            return Understanding(sentence=talk, state=self._state)
        best = self._best()
        questions = tuple(question for group in best for question in group.questions)
        functions: dict[str, tuple[str, Node]] = dict(self._state.functions)
        for group in best:
            functions.update(group.functions)
        state = State(functions, questions[-1] if questions else self._state.last)
        if all(group.readable for group in best):
            if len(questions) > MAX_QUESTIONS:
                return Understanding(sentence=voice.TOO_MANY, state=self._state)
            if questions:
                return Understanding(questions, state=state)
            if any(group.functions for group in best):
                return Understanding(sentence=noted(best), state=state)
        last = self._state.last
        if last is not None and not questions:
            repeated = followups.read(parts, Setting(self._plain, functions), last)
            if repeated:
                return Understanding(repeated, state=State(functions, repeated[-1]))
        return Understanding(sentence=self._refusal(parts, questions), state=replace(self._state))

    def _pieces(self, start: int, end: int) -> tuple[Piece, ...]:
        """The words and expressions of neighbouring segments."""
        tokens: list[Token] = []
        for segment in self._segments[start:end]:
            if tokens and tokens[-1].kind not in {"punct", "nl"}:
                tokens.append(Token("nl", "\n"))
            tokens.extend(segment)
        return calls.spelled(pieces(tokens, self._names))

    def _best(self) -> list[Group]:
        """The cheapest way to read all segments, from left to right."""
        count = len(self._segments)
        paths: list[tuple[float, list[Group]]] = [(0.0, [])]
        for end in range(1, count + 1):
            candidates: list[tuple[float, list[Group]]] = []
            for start in range(max(0, end - _WIDEST), end):
                cost, path = paths[start]
                group = self._group(start, end, path)
                candidates.append((cost + group.cost, [*path, group]))
            paths.append(min(candidates, key=lambda item: (round(item[0], 6), -len(item[1]))))
        return paths[count][1]

    def _group(self, start: int, end: int, path: Sequence[Group]) -> Group:
        parts = self._pieces(start, end)
        width = 0.01 * (end - start - 1)
        functions = dict(self._state.functions)
        last = self._state.last
        for group in path:
            functions.update(group.functions)
            last = group.questions[-1] if group.questions else last
        if is_chatter(parts):
            return Group(0.1 * (end - start) + width)
        questions = self._read(parts, functions, last)
        if questions:
            weak = 0.6 if is_bare(parts) else 0.0
            made = made_functions(parts)
            return Group(len(questions) + weak + width, questions, made)
        pure = definitions.pure(parts)
        if pure and end - start == 1:
            return Group(0.3, (), pure)
        return Group(_UNREADABLE * (end - start) + width, readable=False)

    def _read(
        self,
        parts: Sequence[Piece],
        functions: Mapping[str, tuple[str, Node]],
        last: Question | None,
    ) -> tuple[Question, ...]:
        local, remaining = definitions.split(parts)
        known = {**functions, **local}
        setting = Setting(self._plain, known)
        remaining = definitions.resolved(remaining, known)
        for part in remaining:
            if part.node is not None:
                closed.guard(part.node)
        found = followups.elliptic(remaining, last) if last is not None else ()
        if not found:
            found = readers.read(remaining, setting)
        if (
            not found
            and len(known) == 1
            and not any(p.letter in {"A", "R", "C"} for p in remaining)
        ):
            _, inner = next(iter(known.values()))
            found = readers.read((*unmarked(remaining), Piece("of"), Piece("", inner)), setting)
        if not found:
            found = shared(remaining, setting)
        if not found and last is not None:
            found = followups.read(remaining, setting, last)
        return found

    def _refusal(self, parts: Sequence[Piece], questions: tuple[Question, ...]) -> str:
        if followups.refers(parts) and self._state.last is None and not questions:
            return voice.NOTHING_BEFORE
        if any(part.text == "!?" for part in parts):
            return voice.JOY
        understood = [p for p in parts if p.node is not None and p.letter in "RAC"]
        words = tuple(
            word for word in Scan(parts).left() if not word.startswith("⟨") and word not in CHATTER
        )
        if understood and 0 < len(words) <= 3:
            node = understood[0].node
            if node is not None:
                return voice.partly(show.typed(node)[:80], words)
        return voice.NOT_UNDERSTOOD
