"""What a Run needs from its turn: questions shown to people, functions run, outputs submitted.

Serial: the steps of one required action: ask, show, run, submit. A question is shown before
anything runs, so that a person thinks while functions work. Survives a crash: see `functions.py`;
what was submitted already is noticed by the service's refusal. A turn that waits for a person
holds nothing: no task, no place of the model, no lease.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from core.assistants import Run
from core.chat.approvals import approval_post, is_approval
from core.chat.function_ports import Approval
from core.chat.functions import Functions, Plan, calls_of
from core.chat.outbox import Outbox
from core.chat.ports import Runs
from core.chat.turns import Turn
from core.errors import InvalidRequest

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 1.0
"""How long after a question's deadline the turn goes on at the earliest: the store's clock decides
whether a question is over, and this one may be ahead of it."""


class Acting:
    """Serves required actions. One instance serves all conversations of a process."""

    def __init__(self, runs: Runs, functions: Functions) -> None:
        self._runs = runs
        self._functions = functions

    async def act(self, turn: Turn, outbox: Outbox, run: Run) -> float | None:
        """Do what the Run waits for. None: it goes on, or ends, and is to be followed again.
        Otherwise people are asked: after so many seconds, or a press, this is to be done again.

        A turn that is stopped has its Run cancelled instead.

        Raises:
            ClaimLost: somebody else does this turn.
            InvalidRequest: the service wants other outputs than it asked for; the Run is ended.
        """
        if turn.stop.is_set():
            await self._runs.cancel(run.thread_id, run.id)
            return None
        latest = await self._runs.run(run.thread_id, run.id)
        if not _waits_alike(latest, run):
            return None  # an earlier owner submitted, or it ended: nothing may run for it
        if not calls_of(run):
            await self._runs.cancel(run.thread_id, run.id)
            raise InvalidRequest("It asks for something that is no function call.")
        plan = await self._functions.plan(turn, run)
        await self._show(turn, outbox, plan.approvals)
        outputs = await self._outputs(turn, run, plan)
        if outputs is None:
            await self._runs.cancel(run.thread_id, run.id)
        elif plan.wait_s is not None:
            return plan.wait_s + LOOK_AGAIN_S
        else:
            await self._submit(run, outputs)
        return None

    async def close(self, turn: Turn, outbox: Outbox) -> bool:
        """Take the buttons off what was asked in this turn, which ends; whether something was
        asked that nobody decided."""
        if not any(is_approval(part["id"]) for part in outbox.to_json()):
            return False
        found = await self._functions.approvals.list(turn.conversation)
        await self._show(turn, outbox, found, over=True)
        return any(one.decision in ("open", "late") for one in found)

    async def _show(
        self, turn: Turn, outbox: Outbox, approvals: Sequence[Approval], *, over: bool = False
    ) -> None:
        name, inbounds, can = turn.claim.turn_id, turn.inbound_ids, outbox.capabilities
        await outbox.show([approval_post(one, name, inbounds, can, over=over) for one in approvals])

    async def _outputs(self, turn: Turn, run: Run, plan: Plan) -> dict[str, str] | None:
        """What the functions gave; None when somebody stopped the turn first."""
        working = asyncio.create_task(self._functions.outputs(turn, run, plan))
        stopping = asyncio.create_task(turn.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _submit(self, run: Run, outputs: dict[str, str]) -> None:
        try:
            await self._runs.submit_outputs(run.thread_id, run.id, outputs)
        except InvalidRequest:
            latest = await self._runs.run(run.thread_id, run.id)
            if _waits_alike(latest, run):
                await self._runs.cancel(run.thread_id, run.id)
                raise
            log.info("%s has its outputs already, or ended: %s", run.id, latest.status)


def _waits_alike(latest: Run, run: Run) -> bool:
    return (latest.status, latest.required_action) == (run.status, run.required_action)
