"""Every status change of a Run, a Run Step and a Message, in one table; nobody else sets a status.

    (create) ─▶ queued ─▶ in_progress ─▶ completed | failed | incomplete
                  ▲ │          │
      submit      │ │          ├─▶ requires_action ─┐ (tool outputs are submitted)
      tool outputs└─┼──────────┼────────────────────┘
                    │          │        │
                    ├──────────┴────────┴─▶ cancelling ─▶ cancelled | completed | failed
                    └─ from all three ────▶ expired

Source: the Assistants API reference, v2 (run lifecycle) and its recorded streams. Pure: a function
takes an object and the time and gives the object after the move, with the stamps that belong to
it. A cancel is an attempt, and the reference lets a Run that is `cancelling` complete. Ours does
not: whoever was told `cancelling` takes it for stopped. What was said until then stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from core.assistants import (
    TERMINAL_RUN_STATUSES,
    Json,
    Message,
    MessageStatus,
    Run,
    RunStatus,
    RunStep,
    StepStatus,
    StreamEvent,
)
from core.engine.generation import NO_USAGE, Usage
from core.errors import BobbinError, InvalidRequest

RUN_MOVES: Final[dict[RunStatus, frozenset[RunStatus]]] = {
    "queued": frozenset({"in_progress", "cancelling", "expired"}),
    "in_progress": frozenset(
        {"requires_action", "completed", "failed", "incomplete", "cancelling", "expired"}
    ),
    "requires_action": frozenset({"queued", "cancelling", "expired"}),
    "cancelling": frozenset({"cancelled", "completed", "failed"}),
    **dict.fromkeys(TERMINAL_RUN_STATUSES, frozenset()),
}
STEP_MOVES: Final[dict[StepStatus, frozenset[StepStatus]]] = {
    "in_progress": frozenset({"completed", "failed", "cancelled", "expired"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
}
MESSAGE_MOVES: Final[dict[MessageStatus, frozenset[MessageStatus]]] = {
    "in_progress": frozenset({"completed", "incomplete"}),
    "completed": frozenset(),
    "incomplete": frozenset(),
}

_S = TypeVar("_S", RunStatus, StepStatus, MessageStatus)


class IllegalMove(BobbinError):
    """A status change that the table does not have: a fault of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a Run ends.

    `code` and `text` are the `last_error` of a failed Run, `reason` the `incomplete_details` of an
    incomplete one, `cut` those of a Message that was being written.
    """

    status: RunStatus
    cut: str
    code: str | None = None
    text: str | None = None
    reason: str | None = None

    @property
    def last_error(self) -> Json | None:
        """The API's `last_error`."""
        return {"code": self.code, "message": self.text} if self.code else None


COMPLETED: Final = Ending(status="completed", cut="run_failed")
CANCELLED: Final = Ending(status="cancelled", cut="run_cancelled")
EXPIRED: Final = Ending(status="expired", cut="run_expired")


def failed(text: str, code: str = "server_error", *, cut: str = "run_failed") -> Ending:
    """A failed Run; `code` is `server_error`, `rate_limit_exceeded` or `invalid_prompt`."""
    return Ending(status="failed", cut=cut, code=code, text=text)


def incomplete(reason: str) -> Ending:
    """An incomplete Run; `reason` is `max_completion_tokens` or `max_prompt_tokens`."""
    return Ending(status="incomplete", cut="max_tokens", reason=reason)


# --------------------------------------------------------------------------- Runs


def started(run: Run, now: float) -> Run:
    """`queued` to `in_progress`."""
    return replace(_run(run, "in_progress"), started_at=int(now))


def awaiting_outputs(run: Run, calls: list[Json]) -> Run:
    """`in_progress` to `requires_action`; `calls` are the API's function tool calls."""
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    return replace(_run(run, "requires_action"), required_action=action)


def requeued(run: Run) -> Run:
    """`requires_action` to `queued`: the outputs are in."""
    return replace(_run(run, "queued"), required_action=None)


def cancelling(run: Run) -> Run:
    """The first half of a cancel.

    Raises:
        InvalidRequest: the Run has ended or is being cancelled already.
    """
    if "cancelling" not in RUN_MOVES[run.status]:
        raise InvalidRequest(f"Cannot cancel run with status '{run.status}'.")
    return replace(_run(run, "cancelling"), required_action=None)


def ended(run: Run, ending: Ending, now: float, usage: Usage) -> tuple[Run, ...]:
    """The Run in each status that it passes through to its end, the terminal one last."""
    path: list[Run] = []
    if ending.status == "cancelled" and run.status != "cancelling":
        path.append(cancelling(run))
    elif run.status == "queued" and ending.status != "expired":
        path.append(started(run, now))
    elif run.status == "cancelling" and ending.status != "failed":
        ending = CANCELLED
    last = _run(path[-1] if path else run, ending.status)
    stamp = int(now)
    path.append(
        replace(
            last,
            expires_at=None,
            required_action=None,
            last_error=ending.last_error,
            incomplete_details={"reason": ending.reason} if ending.reason else None,
            usage=usage_json(usage),
            cancelled_at=stamp if ending.status == "cancelled" else None,
            failed_at=stamp if ending.status == "failed" else None,
            completed_at=stamp if ending.status == "completed" else None,
        )
    )
    return tuple(path)


def check_accepts_outputs(run: Run) -> None:
    """Raise `InvalidRequest` unless the Run waits for tool outputs."""
    if run.status != "requires_action":
        raise InvalidRequest(f'Runs in status "{run.status}" do not accept tool outputs.')


def as_created(run: Run) -> Run:
    """The Run as it was at its creation, for followers that missed it."""
    return replace(
        run,
        status="queued",
        required_action=None,
        last_error=None,
        incomplete_details=None,
        started_at=None,
        cancelled_at=None,
        failed_at=None,
        completed_at=None,
        usage=None,
    )


# --------------------------------------------------------------------------- Steps and Messages


def step_completed(step: RunStep, now: float, usage: Usage) -> RunStep:
    """A Step that did what it was for. A model round's usage stands at its last Step alone."""
    return replace(_step(step, "completed"), completed_at=int(now), usage=usage_json(usage))


def step_failed(step: RunStep, now: float, text: str, code: str = "server_error") -> RunStep:
    """A Step that came to nothing while its Run goes on or fails."""
    error = {"code": code, "message": text}
    return replace(_step(step, "failed"), failed_at=int(now), last_error=error)


def step_ended(step: RunStep, ending: Ending, now: float, usage: Usage = NO_USAGE) -> RunStep:
    """An open Step of a Run that ends. The Message of an incomplete Run was made, if cut short."""
    stamp = int(now)
    if ending.status == "failed":
        code = ending.code if ending.code == "rate_limit_exceeded" else "server_error"
        return step_failed(step, now, ending.text or "", code)
    if ending.status == "expired":
        return replace(_step(step, "expired"), expired_at=stamp)
    if ending.status == "cancelled" or step.type == "tool_calls":
        return replace(_step(step, "cancelled"), cancelled_at=stamp)
    return step_completed(step, now, usage)


def message_completed(message: Message, content: tuple[Json, ...], now: float) -> Message:
    """A Message that is whole."""
    return replace(_message(message, "completed"), content=content, completed_at=int(now))


def message_cut(message: Message, content: tuple[Json, ...], reason: str, now: float) -> Message:
    """A Message that stays as far as it came. `reason` is the API's `incomplete_details.reason`."""
    return replace(
        _message(message, "incomplete"),
        content=content,
        incomplete_at=int(now),
        incomplete_details={"reason": reason},
    )


# --------------------------------------------------------------------------- events


def opening(value: Run | RunStep | Message) -> tuple[StreamEvent, StreamEvent]:
    """The two events with which an object appears: created, and its first status."""
    first = StreamEvent(f"{value.object}.created", value)
    return first, status_event(value)


def status_event(value: Run | RunStep | Message) -> StreamEvent:
    """The event of the status that an object has reached."""
    return StreamEvent(f"{value.object}.{value.status}", value)


def usage_json(usage: Usage) -> Json:
    """Usage as the API has it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def _run(run: Run, status: RunStatus) -> Run:
    return replace(run, status=_allowed(RUN_MOVES, run.id, run.status, status))


def _step(step: RunStep, status: StepStatus) -> RunStep:
    return replace(step, status=_allowed(STEP_MOVES, step.id, step.status, status))


def _message(message: Message, status: MessageStatus) -> Message:
    return replace(message, status=_allowed(MESSAGE_MOVES, message.id, message.status, status))


def _allowed(table: dict[_S, frozenset[_S]], name: str, now: _S, then: _S) -> _S:
    if then not in table[now]:
        raise IllegalMove(f"{name}: {now} does not become {then}")
    return then
