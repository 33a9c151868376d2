"""From a turn to its Run: the session's Thread, the turn's Messages, adopted or created.

Serial. Survives a crash: the Thread has the session's name, a Run the turn's id in its metadata;
what an earlier owner made is looked for before anything is created.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.assistants import Run
from core.chat.choosing import Choosing
from core.chat.ports import Assistants
from core.chat.regenerating import RECENT, make_room
from core.chat.tags import ATTEMPT, BEFORE, INBOUND, LONGEST, TURN, tag
from core.chat.text.speakers import INSTRUCTION
from core.chat.turn_messages import TurnMessage
from core.chat.turns import Turn
from core.chat.wording import Wording
from core.errors import NotFound

OUTAGE_CODES = frozenset({"server_error", "rate_limit_exceeded"})
"""`last_error` codes of a Run that may well succeed later."""


def may_succeed_later(run: Run) -> bool:
    """Whether the Run failed for a reason that passes."""
    return run.status == "failed" and (run.last_error or {}).get("code") in OUTAGE_CODES


class Starting:
    """Starts Runs. One instance serves all conversations of a process."""

    def __init__(self, assistants: Assistants, wording: Wording, choosing: Choosing) -> None:
        self._assistants = assistants
        self._wording = wording
        self._choosing = choosing

    async def run(self, turn: Turn) -> Run | None:
        """The Run of this turn: adopted where there is one, else created with its Messages.

        None: there is nothing that could be answered again. A Thread that was deleted behind our
        back is replaced by a new one of the same session, an Assistant that was by the default one.

        Raises:
            InvalidRequest: refused, or another Run of the Thread is active.
            NotFound: there is no such Assistant.
            ClaimLost: somebody else does this turn.
        """
        await self._choosing.settle(turn)
        thread_id = thread_of(turn) or await self._new_thread(turn)
        for _ in range(2):
            try:
                return await self._run(turn, thread_id)
            except NotFound:
                if not await self._is_there(thread_id):
                    thread_id = await self._new_thread(turn)
                elif not await self._choosing.falls_back(turn):
                    raise
        return await self._run(turn, thread_id)

    async def found(self, turn: Turn) -> Run | None:
        """The newest Run that an earlier owner started for this turn."""
        thread_id = thread_of(turn)
        if thread_id is None:
            return None
        try:
            runs = await self._earlier(turn, thread_id)
        except NotFound:
            return None
        return runs[0] if runs else None

    async def _new_thread(self, turn: Turn) -> str:
        turn.progress.thread_id = await self._assistants.create_thread(
            f"{turn.conversation}#{turn.claim.session.ordinal}",
            {"bobbin_conversation": str(turn.conversation)[:LONGEST]},
        )
        await turn.save()
        return turn.progress.thread_id

    async def _is_there(self, thread_id: str) -> bool:
        try:
            await self._assistants.messages(thread_id, run_id=None, limit=1)
        except NotFound:
            return False
        return True

    async def _earlier(self, turn: Turn, thread_id: str) -> list[Run]:
        if not _was_begun(turn):
            return []
        return await self._assistants.find_runs(thread_id, {TURN: tag(turn.claim.turn_id)})

    async def _missing(self, turn: Turn, thread_id: str) -> list[TurnMessage]:
        """The turn's Messages that are not in the Thread: a service may have taken them and not
        started the Run."""
        claim = turn.claim
        worded = await self._wording.of(
            claim.mail, assistant=turn.assistant, first=claim.session.last is None
        )
        turn.left_out = worded.left_out
        messages = list(worded.messages)
        if not _was_begun(turn):
            return messages
        said = await self._assistants.messages(thread_id, run_id=None, limit=RECENT)
        there = {_name(message.metadata) for message in said if message.role == "user"}
        return [message for message in messages if _name(message.metadata) not in there]

    async def _run(self, turn: Turn, thread_id: str) -> Run | None:
        """A Run that exists brought the Messages with it, so a further one goes without."""
        claim, progress = turn.claim, turn.progress
        found = await self._earlier(turn, thread_id)
        if found and not may_succeed_later(found[0]):
            return found[0]
        progress.runs = len(found)
        messages: list[TurnMessage] | None = []
        if not found and claim.mail[0].kind == "regenerate":
            last = claim.session.last
            if last is None:
                return None
            messages = await make_room(self._assistants, turn, thread_id, last)
            if messages is None:
                return None
        elif not found:
            messages = await self._missing(turn, thread_id)
        return await self._assistants.create_run(
            thread_id,
            turn.assistant,
            messages,
            {TURN: tag(claim.turn_id), ATTEMPT: str(progress.runs + 1)},
            instructions=INSTRUCTION if _is_shared(turn) else "",
        )


def thread_of(turn: Turn) -> str | None:
    """The Thread of the turn's session, as far as one was made."""
    return turn.progress.thread_id or turn.claim.session.thread_id


def _was_begun(turn: Turn) -> bool:
    """Whether somebody worked on this turn before, who may have left something behind."""
    claim = turn.claim
    return bool(claim.lost or claim.attempts or claim.checkpoint)


def _name(metadata: Mapping[str, str]) -> tuple[str | None, str | None]:
    return metadata.get(INBOUND), metadata.get(BEFORE)


def _is_shared(turn: Turn) -> bool:
    return any(inbound.setting.shared for inbound in turn.claim.mail)
