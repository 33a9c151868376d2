"""Bobbin's model when there is none: reads mathematics by rules, and says so on every answer.

One turn is two rounds, as with any model that calls tools: the first gives the Python of every
question as calls of `code_interpreter`, the second explains what came back. Where the request
offers no interpreter, it answers what exact arithmetic of its own can, and says what is off.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.offline import closed, message, voice
from adapters.offline.question import Answer, Question, Result, results
from core.assistants import SAID_BEFORE
from core.engine.generation import (
    AssistantItem,
    Finished,
    ImagePart,
    InputItem,
    ModelEvent,
    ModelRequest,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolOutput,
    Usage,
    UserItem,
)
from core.ids import CALL, derived

INTERPRETER: Final = "code_interpreter"
_REMEMBERED: Final = 12
"""Earlier messages of a thread that are read again for what `it` means."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the people said since the last answer, and what the tools have given back."""

    earlier: tuple[str, ...]
    messages: tuple[UserItem, ...]
    calls: tuple[ToolCall, ...]
    outputs: dict[str, str]


class OfflineTutor:
    """A `ChatModel` without a model: the same answer to the same thread, at once, every time."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Generate one round; instructions and sampling settings change nothing."""
        turn = _turn(request.items)
        parts = _understand(turn)
        questions = [part for part in parts if isinstance(part, Question)]
        waiting = questions[len(turn.calls) :]
        code = [question.code for question in waiting]
        allowed = _may_call(request)
        if allowed and not code and not turn.calls and _must_call(request):
            code = ['print("nothing to compute")\n']
        if allowed and code and len(turn.outputs) >= len(turn.calls):
            if request.parallel_tool_calls is False:
                code = code[:1]
            for index, text in enumerate(code):
                arguments = json.dumps({"code": text})
                name = derived(
                    CALL,
                    *turn.earlier,
                    *(m.text for m in turn.messages),
                    str(len(turn.calls) + index),
                )
                yield ToolCallDelta(index, "", call_id=name, name=INTERPRETER)
                yield ToolCallDelta(index, arguments)
            yield Finished("tool_calls", _usage(request, "".join(code)))
            return
        text = _text(parts, turn)
        limit = request.max_output_tokens
        words = 0
        for chunk in _chunks(text):
            words += len(chunk.split())
            if limit is not None and words > limit:
                yield Finished("length", _usage(request, text))
                return
            yield TextDelta(chunk)
        yield Finished("stop", _usage(request, text))


def _turn(items: Sequence[InputItem]) -> _Turn:
    start = max((i for i, item in enumerate(items) if isinstance(item, AssistantItem)), default=-1)
    if not any(isinstance(item, UserItem) for item in items[start + 1 :]):
        start = _before_last_user(items)
    current = [
        item
        for item in items[start + 1 :]
        if not (isinstance(item, UserItem) and item.text.startswith(SAID_BEFORE))
    ]
    calls = tuple(
        item for item in current if isinstance(item, ToolCall) and item.name == INTERPRETER
    )
    return _Turn(
        tuple(said(item.text) for item in items[: start + 1] if isinstance(item, UserItem))[
            -_REMEMBERED:
        ],
        tuple(_unsigned(item) for item in current if isinstance(item, UserItem)),
        calls,
        {item.call_id: item.output for item in current if isinstance(item, ToolOutput)},
    )


_SPEAKER: Final = re.compile(r"\[[^\[\]\n#]+ #[A-Za-z0-9_.:-]+\] ")


def said(text: str) -> str:
    """A person's words without the name in front that they have in shared conversations."""
    found = _SPEAKER.match(text)
    return text if found is None else text[found.end() :].replace("\n  ", "\n")


def _unsigned(item: UserItem) -> UserItem:
    return UserItem(
        tuple(TextPart(said(p.text)) if isinstance(p, TextPart) else p for p in item.content)
    )


def _before_last_user(items: Sequence[InputItem]) -> int:
    """Where an answer was begun already (words before a call), the turn is the last message."""
    last = max((i for i, item in enumerate(items) if isinstance(item, UserItem)), default=-1)
    return last - 1


def _understand(turn: _Turn) -> list[Question | str]:
    state = message.State()
    for text in turn.earlier:
        state = message.understand(text, state).state
    out: list[Question | str] = []
    for item in turn.messages:
        if not item.text.strip() and any(isinstance(part, ImagePart) for part in item.content):
            out.append(voice.NO_PICTURES)
            continue
        understood = message.understand(item.text, state)
        state = understood.state
        out.extend(understood.questions or (understood.sentence,))
    return out or [voice.NOT_UNDERSTOOD]


def _may_call(request: ModelRequest) -> bool:
    offered = any(tool.name == INTERPRETER for tool in request.tools)
    return offered and request.tool_choice in {"auto", "required", INTERPRETER}


def _must_call(request: ModelRequest) -> bool:
    return request.tool_choice in {"required", INTERPRETER}


def _text(parts: Sequence[Question | str], turn: _Turn) -> str:
    """The whole answer: each question in turn, then the mark."""
    blocks: list[str] = []
    number = 0
    for part in parts:
        if isinstance(part, str):
            if part not in blocks:
                blocks.append(part)
            continue
        output = None
        if number < len(turn.calls):
            output = turn.outputs.get(turn.calls[number].call_id, "")
        number += 1
        blocks.append(_answered(part, output))
    return "\n\n".join([*blocks, voice.MARK])


def _answered(question: Question, output: str | None) -> str:
    """One question's block. `output` is None where no call was made."""
    notes: list[str] = []
    answer: Answer | None = None
    if output is not None:
        found = results(output)
        answer = _explained(question, found) if found is not None else None
        if answer is None:
            notes.append(voice.CODE_FAILED)
    else:
        notes.append(voice.OFF)
    if answer is None:
        answer = _by_hand(question)
        if answer is None:
            why = voice.NEEDS_INTERPRETER if output is None else voice.CODE_FAILED
            return f"**{question.title}**\n\n{why}"
    return _block(question, answer, notes)


def _by_hand(question: Question) -> Answer | None:
    """The answer of our own arithmetic, where it reaches."""
    try:
        return question.closed() if question.closed is not None else None
    except (closed.NotRational, closed.TooLarge, closed.Undefined):
        return None


def _explained(question: Question, result: object) -> Answer | None:
    if not isinstance(result, Result):
        return None
    try:
        return question.explain(result)
    except (KeyError, ValueError, IndexError, TypeError):
        return None


def _block(question: Question, answer: Answer, notes: Sequence[str]) -> str:
    lines = [f"**{question.title}**", ""]
    lines += [f"{index}. {step}" for index, step in enumerate(answer.steps, start=1)]
    if answer.steps:
        lines.append("")
    for note in (*question.notes, *answer.notes, *notes):
        lines += [note, ""]
    lines += [f"**{line}**" for line in answer.result]
    return "\n".join(lines)


def _chunks(text: str) -> Iterator[str]:
    """Line by line, with the line ends, so that the joined chunks are the text."""
    yield from text.splitlines(keepends=True)


def _usage(request: ModelRequest, text: str) -> Usage:
    """Words, as an estimate of tokens."""
    prompt = len(request.instructions.split())
    for item in request.items:
        match item:
            case UserItem():
                prompt += len(item.text.split())
            case AssistantItem(said):
                prompt += len(said.split())
            case ToolCall(_, _, arguments):
                prompt += len(arguments.split())
            case ToolOutput(_, output):
                prompt += len(output.split())
            case _:
                continue
    return Usage(prompt, len(text.split()), estimated=True)
