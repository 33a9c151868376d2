"""The request of one model round, within every limit that there is. Pure.

What does not fit the model's window is never sent. The limits of a Run (`max_prompt_tokens`,
`max_completion_tokens`) are totals over all its rounds: later rounds get what the earlier ones
left (Assistants API reference, v2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.assistants import Json, Run
from core.budgets import RunCeiling
from core.engine.context import (
    Entry,
    Estimate,
    History,
    PromptTooLong,
    fitting,
    shown,
    size_of,
    size_of_tools,
)
from core.engine.generation import InputItem, ModelRequest
from core.engine.lifecycle import Ending, failed, incomplete
from core.engine.models import ResolvedModel
from core.engine.progress import Progress
from core.engine.tools import Toolbox


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the model: the instructions, the Messages, what the Run said so far, and the
    size of it all (tokens)."""

    instructions: str
    entries: tuple[Entry, ...]
    items: tuple[InputItem, ...]
    tokens: int


class Exhausted(Exception):
    """There is nothing left to spend, or no room; `ending` is what becomes of the Run."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.text or ending.reason)
        self.ending = ending


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the prompts of a Run.

    `history_tokens` bounds what `auto` truncation takes from the Thread where the Run says nothing
    (tokens): a long Thread does not make every answer dearer. The newest Message goes in anyway.
    """

    ceiling: RunCeiling
    history_tokens: int
    estimate: Estimate


def check_spent(run: Run, progress: Progress, limits: Limits) -> None:
    """Raise `Exhausted` unless the Run may call the model once more."""
    ceiling = limits.ceiling
    if run.max_prompt_tokens and progress.usage.prompt_tokens >= run.max_prompt_tokens:
        raise Exhausted(incomplete("max_prompt_tokens"))
    if run.max_completion_tokens and _answer_left(run, progress) == 0:
        raise Exhausted(incomplete("max_completion_tokens"))
    if progress.usage.total_tokens >= ceiling.tokens:
        raise Exhausted(
            failed(
                f"The run used {progress.usage.total_tokens} tokens; {ceiling.tokens} is the "
                "most that one run may use here."
            )
        )
    if len(progress.rounds) >= ceiling.rounds:
        raise Exhausted(
            failed(
                f"The run called tools {ceiling.rounds} times without coming to an answer, "
                "which is the most that one run may do here."
            )
        )


def history_room(
    run: Run, progress: Progress, model: ResolvedModel, limits: Limits
) -> tuple[int, int | None]:
    """How much of the Thread to read: tokens, and Messages if the Run says how many."""
    room = model.window - model.answer_room(_answer_left(run, progress))
    last_messages = _last_messages(run)
    if run.max_prompt_tokens:
        return min(room, run.max_prompt_tokens), last_messages
    return (room if last_messages else min(room, limits.history_tokens)), last_messages


def prompt(
    run: Run,
    progress: Progress,
    model: ResolvedModel,
    history: History,
    said: Sequence[InputItem],
    tools: Toolbox,
    limits: Limits,
    note: str = "",
) -> Prompt:
    """The Messages that fit, and what the Run said so far. A `note` stands below the instructions.

    Raises:
        Exhausted: the newest Message and what must go with it do not fit.
    """
    instructions = "\n\n".join(text for text in (run.instructions, note) if text)
    fixed = (
        limits.estimate(instructions)
        + size_of_tools(tools.specs, limits.estimate)
        + sum(size_of(item, limits.estimate) for item in said)
    )
    window = model.window - model.answer_room(_answer_left(run, progress))
    left = window
    if run.max_prompt_tokens:
        left = min(window, run.max_prompt_tokens - progress.usage.prompt_tokens)
    room = left - fixed
    last_messages = _last_messages(run)
    newest = history.newest[-1].tokens if history.newest else 0
    if last_messages is None and not run.max_prompt_tokens:
        room = min(room, max(limits.history_tokens, newest))
    try:
        if room < 0:
            raise PromptTooLong(fixed, left)
        entries = fitting(history, room, last_messages)
    except PromptTooLong as error:
        if left < window:
            raise Exhausted(incomplete("max_prompt_tokens")) from error
        raise Exhausted(
            failed(
                f"The newest message, the instructions and the tools take about {fixed + newest} "
                f"tokens; the model {model.name} has room for {window}.",
                "invalid_prompt",
            )
        ) from error
    tokens = fixed + sum(entry.tokens for entry in entries)
    return Prompt(instructions, tuple(entries), tuple(said), tokens)


def request(
    run: Run,
    progress: Progress,
    model: ResolvedModel,
    chosen: Prompt,
    tools: Toolbox,
    pictures: Mapping[str, str],
) -> ModelRequest:
    """The model's request for a prompt. What nobody set is not sent."""
    response_format = run.response_format
    sampling = progress.sampling if model.sampling else {}
    items = (*(entry.item for entry in chosen.entries), *chosen.items)
    return ModelRequest(
        model=model.name,
        instructions=chosen.instructions,
        items=tuple(shown(item, pictures, images=model.images) for item in items),
        tools=tools.specs,
        tool_choice=tools.choice(run.tool_choice, first=not progress.rounds),
        parallel_tool_calls=None if run.parallel_tool_calls or not tools.specs else False,
        response_format=_format(response_format),
        temperature=sampling.get("temperature"),
        top_p=sampling.get("top_p"),
        reasoning_effort=progress.effort,
        max_output_tokens=_most_output(run, progress, model),
        user=progress.user,
    )


def _format(value: str | Json | None) -> Json | None:
    """The API's object; plain text is every endpoint's default."""
    return None if value is None or isinstance(value, str) or value["type"] == "text" else value


def _last_messages(run: Run) -> int | None:
    strategy = run.truncation_strategy
    return strategy.get("last_messages") if strategy["type"] == "last_messages" else None


def _answer_left(run: Run, progress: Progress) -> int | None:
    if run.max_completion_tokens is None:
        return None
    return max(0, run.max_completion_tokens - progress.usage.completion_tokens)


def _most_output(run: Run, progress: Progress, model: ResolvedModel) -> int | None:
    left = _answer_left(run, progress)
    if left is None or model.max_output is None:
        return left if left is not None else model.max_output
    return min(left, model.max_output)
