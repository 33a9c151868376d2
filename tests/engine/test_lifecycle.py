"""The one table of status changes, and the stamps that belong to each move."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assistants import (
    TERMINAL_RUN_STATUSES,
    Message,
    MessageStatus,
    Run,
    RunStatus,
    RunStep,
    StepStatus,
)
from core.engine import lifecycle
from core.engine.generation import Usage
from core.engine.lifecycle import CANCELLED, COMPLETED, EXPIRED, Ending, IllegalMove
from core.errors import InvalidRequest

USED = Usage(3, 4)
NEW = Run(
    id="run_a",
    created_at=1_000,
    thread_id="thread_a",
    assistant_id="asst_a",
    model="m",
    expires_at=1_600,
    usage=None,
)
ENDINGS = [
    COMPLETED,
    CANCELLED,
    EXPIRED,
    lifecycle.failed("it broke"),
    lifecycle.failed("too fast", "rate_limit_exceeded"),
    lifecycle.incomplete("max_prompt_tokens"),
]
STAMP_OF: dict[RunStatus, str] = {
    "cancelled": "cancelled_at",
    "failed": "failed_at",
    "completed": "completed_at",
}


def step(kind: str = "tool_calls") -> RunStep:
    return RunStep(
        id="step_a",
        created_at=1,
        assistant_id="asst_a",
        thread_id="thread_a",
        run_id="run_a",
        type="tool_calls" if kind == "tool_calls" else "message_creation",
        step_details={"type": kind},
    )


def message() -> Message:
    return Message(
        id="msg_a",
        created_at=1,
        thread_id="thread_a",
        role="assistant",
        status="in_progress",
        content=(),
    )


def test_the_tables_know_every_status() -> None:
    assert set(lifecycle.RUN_MOVES) == set(get_args(RunStatus))
    assert set(lifecycle.STEP_MOVES) == set(get_args(StepStatus))
    assert set(lifecycle.MESSAGE_MOVES) == set(get_args(MessageStatus))
    for status in TERMINAL_RUN_STATUSES:
        assert lifecycle.RUN_MOVES[status] == frozenset()


def test_the_table_is_the_references() -> None:
    moves = {(now, then) for now, others in lifecycle.RUN_MOVES.items() for then in others}
    assert moves == {
        ("queued", "in_progress"),
        ("queued", "cancelling"),
        ("queued", "expired"),
        ("in_progress", "requires_action"),
        ("in_progress", "completed"),
        ("in_progress", "failed"),
        ("in_progress", "incomplete"),
        ("in_progress", "cancelling"),
        ("in_progress", "expired"),
        ("requires_action", "queued"),
        ("requires_action", "cancelling"),
        ("requires_action", "expired"),
        ("cancelling", "cancelled"),
        ("cancelling", "completed"),
        ("cancelling", "failed"),
    }


MOVES = ["start", "ask", "submit", "cancel", *ENDINGS]


def moved(run: Run, move: str | Ending, now: float) -> tuple[Run, ...]:
    if isinstance(move, Ending):
        return lifecycle.ended(run, move, now, USED)
    if move == "start":
        return (lifecycle.started(run, now),)
    if move == "ask":
        return (lifecycle.awaiting_outputs(run, [{"id": "call_a"}]),)
    if move == "submit":
        lifecycle.check_accepts_outputs(run)
        return (lifecycle.requeued(run),)
    return (lifecycle.cancelling(run),)


@given(st.lists(st.sampled_from(MOVES), max_size=12))
def test_whatever_is_tried_only_the_tables_moves_happen(moves: list[str | Ending]) -> None:
    run, now = NEW, 1_001.5
    for move in moves:
        before = run.status
        try:
            path = moved(run, move, now)
        except (IllegalMove, InvalidRequest):
            continue
        for next_run in path:
            assert next_run.status in lifecycle.RUN_MOVES[before]
            before = next_run.status
            check(next_run)
        run = path[-1]
        now += 1
    if run.status in TERMINAL_RUN_STATUSES:
        for move in MOVES:
            with pytest.raises((IllegalMove, InvalidRequest)):
                moved(run, move, now)


def check(run: Run) -> None:
    """What must hold of a Run in its status."""
    ended = run.status in TERMINAL_RUN_STATUSES
    assert (run.expires_at is None) == ended
    assert (run.usage is not None) == ended
    assert (run.required_action is not None) == (run.status == "requires_action")
    assert (run.last_error is not None) == (run.status == "failed")
    assert (run.incomplete_details is not None) == (run.status == "incomplete")
    for status, stamp in STAMP_OF.items():
        value = getattr(run, stamp)
        assert (value is not None) == (run.status == status)
        assert value is None or isinstance(value, int)
    if run.status in ("in_progress", "requires_action", "incomplete"):
        assert isinstance(run.started_at, int)


def test_a_cancel_goes_through_cancelling() -> None:
    path = lifecycle.ended(NEW, CANCELLED, 5, USED)
    assert [run.status for run in path] == ["cancelling", "cancelled"]


def test_a_run_that_fails_before_it_began_began() -> None:
    path = lifecycle.ended(NEW, lifecycle.failed("no"), 5, USED)
    assert [run.status for run in path] == ["in_progress", "failed"]


@pytest.mark.parametrize(
    "ending", [lifecycle.COMPLETED, EXPIRED, lifecycle.incomplete("max_prompt_tokens")]
)
def test_a_run_that_is_being_cancelled_ends_cancelled(ending: Ending) -> None:
    path = lifecycle.ended(replace(NEW, status="cancelling"), ending, 5, USED)
    assert [run.status for run in path] == ["cancelled"]


@pytest.mark.parametrize("status", sorted({*TERMINAL_RUN_STATUSES, "cancelling"}))
def test_the_refusal_of_a_cancel(status: RunStatus) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lifecycle.cancelling(replace(NEW, status=status))
    assert refused.value.message == f"Cannot cancel run with status '{status}'."
    assert (refused.value.param, refused.value.code) == (None, None)


@pytest.mark.parametrize("status", sorted(set(get_args(RunStatus)) - {"requires_action"}))
def test_the_refusal_of_outputs(status: RunStatus) -> None:
    with pytest.raises(InvalidRequest) as refused:
        lifecycle.check_accepts_outputs(replace(NEW, status=status))
    assert refused.value.message == f'Runs in status "{status}" do not accept tool outputs.'


@pytest.mark.parametrize(
    ("ending", "of_tools", "of_message", "reason"),
    [
        (CANCELLED, "cancelled", "cancelled", "run_cancelled"),
        (EXPIRED, "expired", "expired", "run_expired"),
        (lifecycle.failed("no"), "failed", "failed", "run_failed"),
        (lifecycle.incomplete("max_completion_tokens"), "cancelled", "completed", "max_tokens"),
    ],
)
def test_what_a_runs_end_leaves_of_open_steps_and_messages(
    ending: Ending, of_tools: str, of_message: str, reason: str
) -> None:
    for kind, status in (("tool_calls", of_tools), ("message_creation", of_message)):
        ended = lifecycle.step_ended(step(kind), ending, 9.7)
        assert ended.status == status
        stamps = {
            name: getattr(ended, f"{name}_at")
            for name in ("cancelled", "expired", "failed", "completed")
        }
        assert stamps == {name: 9 if name == status else None for name in stamps}
        assert (ended.last_error is not None) == (status == "failed")
    cut = lifecycle.message_cut(message(), (), ending.cut, 9.7)
    assert (cut.status, cut.incomplete_at, cut.completed_at) == ("incomplete", 9, None)
    assert cut.incomplete_details == {"reason": reason}


def test_a_step_knows_fewer_codes_than_a_run() -> None:
    ending = lifecycle.failed("no", "invalid_prompt")
    ended = lifecycle.step_ended(step(), ending, 1)
    assert ended.last_error == {"code": "server_error", "message": "no"}


def test_what_ended_stays_ended() -> None:
    done = lifecycle.step_completed(step(), 1, USED)
    with pytest.raises(IllegalMove):
        lifecycle.step_completed(done, 2, USED)
    whole = lifecycle.message_completed(message(), (), 1)
    with pytest.raises(IllegalMove):
        lifecycle.message_cut(whole, (), "run_failed", 2)
