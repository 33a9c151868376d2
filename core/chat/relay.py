"""One turn: binding -> Thread -> Messages and Run -> follow -> show.          START READING HERE

Serial: the steps of one turn; each leaves a checkpoint or can be found again by the metadata that
it wrote, so a second owner goes on where the first one died. Parallel: turns of different
conversations; the reading of the Run's events and the showing of posts, so that a slow platform
never holds back the model. Survives a crash: everything but the partial text, which is composed
again. Bounded: one turn holds one reply's text.

After a crash nothing is created before it has been looked for: Runs are found by the turn's id in
their metadata, parts of the reply by their ids on the platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, replace

from core.assistants import Message, Run
from core.chat.messages import Inbound, LastTurn, OutFile, Post, Session, Sign
from core.chat.outbox import Outbox
from core.chat.ports import (
    Answered,
    Assistants,
    ChatPlatform,
    GivenUp,
    Outcome,
    Sessions,
    TryAgain,
    TurnMessage,
)
from core.chat.replying import Composer
from core.chat.showing import Showing
from core.chat.turns import Turn
from core.clock import Clock
from core.errors import ConversationGone, InvalidRequest, NotFound, PlatformError

log = logging.getLogger(__name__)

TURN = "bobbin_turn"
INBOUND = "bobbin_inbound"
ATTEMPT = "bobbin_attempt"

OUTAGE_CODES = frozenset({"server_error", "rate_limit_exceeded"})
"""`last_error` codes of a Run that may well succeed later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """How long and how often. Times in seconds."""

    default_assistant: str
    max_lost: int = 3
    """Owners that may die in one turn before it is refused: it may be the turn that kills them."""
    max_attempts: int = 3
    """Failures that are no outage."""
    outage_s: float = 120.0
    """How long a turn outlasts a model that does not answer."""
    read_back: bool = True
    """Read the platform before an unclear part is sent again; off only to show that it matters."""


class Relay:
    """Does turns. One instance serves all conversations of a process."""

    def __init__(
        self,
        assistants: Assistants,
        sessions: Sessions,
        platforms: dict[str, ChatPlatform],
        clock: Clock,
        limits: RelayLimits,
    ) -> None:
        self._assistants = assistants
        self._sessions = sessions
        self._platforms = platforms
        self._clock = clock
        self._limits = limits

    async def do(self, turn: Turn) -> Outcome:
        """Do this turn and say how it ended; the caller settles the claim.

        Raises:
            ClaimLost: somebody else does it now.
            StoreError: the store is out of reach; give the turn back when it returns.
        """
        claim = turn.claim
        platform = self._platforms.get(claim.conversation.platform)
        if platform is None:
            return GivenUp(f"no platform {claim.conversation.platform!r} here", claim.session)
        outbox = Outbox(
            platform,
            claim.conversation,
            self._clock,
            turn.record,
            self._earlier_parts(turn, platform),
            still_ours=turn.still_ours,
            read_back=self._limits.read_back,
        )
        if outbox.unclear:
            log.warning(
                "a part may have been sent already; reading back",
                extra={"conversation": str(claim.conversation), "parts": outbox.unclear},
            )
        if claim.lost >= self._limits.max_lost or claim.attempts >= self._limits.max_attempts:
            sentence = f"I tried this {claim.lost + claim.attempts} times and failed each time."
            await self._say(turn, outbox, sentence)
            return GivenUp(sentence, self._session_refused(turn))
        signal = asyncio.create_task(
            platform.signal(claim.conversation, Sign("working", turn=turn.inbound_ids))
        )
        try:
            return await self._answer(turn, platform, outbox)
        except ConversationGone as error:
            return GivenUp(f"the conversation is gone: {error}", claim.session)
        except PlatformError as error:
            log.warning("the platform does not take the reply: %s", error)
            return self._later(turn, 30.0)
        finally:
            signal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await signal

    # ------------------------------------------------------------------- the steps

    async def _answer(self, turn: Turn, platform: ChatPlatform, outbox: Outbox) -> Outcome:
        claim = turn.claim
        if turn.stop.is_set() and not turn.progress.run_id:
            await self._say(turn, outbox, "(stopped)")
            return Answered(self._session_refused(turn))
        try:
            thread_id = await self._thread(turn)
            run = await self._run(turn, thread_id)
        except InvalidRequest as error:
            if "active run" in str(error) or "is active" in str(error):
                return self._later(turn, 1.0)
            await self._say(turn, outbox, f"I could not answer this. {error}")
            return Answered(self._session_refused(turn))
        if run is None:
            await self._say(turn, outbox, "There is nothing here to answer again.")
            return Answered(claim.session)
        turn.progress.run_id = run.id
        composer = Composer(_reply_id(turn, platform), turn.inbound_ids, platform.capabilities)
        showing = Showing(
            self._assistants,
            self._clock,
            turn,
            outbox,
            composer,
            interval_s=platform.capabilities.edit_interval_s,
        )
        run = await showing.until_end(thread_id, run.id)
        if self._is_outage(turn, run):
            await self._trouble(turn, platform, run)
            return self._later(turn, min(1.0 * 2**turn.progress.runs, 30.0))
        files = await self._files(composer.wanted_files)
        posts = composer.posts(files)
        await outbox.show(posts)
        await outbox.clear_leftovers(posts)
        turn.progress.parts = outbox.to_json()
        return Answered(await self._session_after(turn, thread_id, run))

    async def _thread(self, turn: Turn) -> str:
        session = turn.claim.session
        thread_id = session.thread_id or turn.progress.thread_id
        if thread_id is None:
            key = f"{turn.conversation}#{session.ordinal}"
            thread_id = await self._assistants.create_thread(
                key, {"bobbin_conversation": str(turn.conversation)[:512]}
            )
            turn.progress.thread_id = thread_id
            await turn.save()
        return thread_id

    async def _run(self, turn: Turn, thread_id: str) -> Run | None:
        """The Run of this turn: adopted where there is one, else created with its Messages.

        A Run of the turn that exists brought the Messages with it, so a further one goes without.
        """
        claim, progress = turn.claim, turn.progress
        named = {TURN: claim.turn_id}
        again = claim.mail[0].kind == "regenerate"
        if again and claim.session.last is None:
            return None
        found: list[Run] = []
        if claim.lost or claim.attempts or claim.checkpoint:
            found = await self._assistants.find_runs(thread_id, named)
            if found and not _may_succeed_later(found[0]):
                return found[0]
            progress.runs = len(found)
        if found:
            messages: list[TurnMessage] = []
        elif again and claim.session.last is not None:
            messages = await self._make_room(turn, thread_id, claim.session.last)
        else:
            messages = _turn_messages(claim.mail)
        return await self._assistants.create_run(
            thread_id,
            claim.session.assistant or self._limits.default_assistant,
            messages,
            named | {ATTEMPT: str(progress.runs + 1)},
        )

    async def _make_room(self, turn: Turn, thread_id: str, last: LastTurn) -> list[TurnMessage]:
        """Remove the answer that is to be replaced, and the question too where it was edited.

        The Messages to add are the answer: none where the question stays as it is.
        """
        messages = await self._assistants.messages(thread_id, run_id=None, limit=100)
        for message in messages:
            if message.role == "assistant" and message.run_id == last.run_id:
                await self._assistants.delete_message(thread_id, message.id)
        edits = turn.claim.session.edits
        asked = [message for message in messages if _asked_in(message, last)]
        if not asked:
            return [
                TurnMessage(text=edits[name], metadata={TURN: last.turn_id, INBOUND: name})
                for name in last.message_ids
                if name in edits
            ]
        if not any(message.metadata[INBOUND] in edits for message in asked):
            return []
        for message in asked:
            await self._assistants.delete_message(thread_id, message.id)
        return [
            TurnMessage(
                text=edits.get(message.metadata[INBOUND], message.text),
                metadata=dict(message.metadata),
            )
            for message in asked
        ]

    async def _files(self, names: tuple[str, ...]) -> dict[str, OutFile]:
        files: dict[str, OutFile] = {}
        for name in names:
            try:
                filename, data = await self._assistants.file(name)
            except NotFound:
                continue
            kind = "image/png" if filename.endswith(".png") else "application/octet-stream"
            files[name] = OutFile(filename, kind, data)
        return files

    # ------------------------------------------------------------------- the end

    async def _session_after(self, turn: Turn, thread_id: str, run: Run) -> Session:
        """The session with this turn as its newest; edits that came meanwhile are kept."""
        claim = turn.claim
        session = claim.session
        current = await self._sessions.current(claim.conversation)
        edits = current.edits if current.ordinal == session.ordinal else session.edits
        if claim.mail[0].kind == "regenerate" and session.last is not None:
            last = replace(session.last, run_id=run.id, parts=tuple(turn.progress.parts))
        else:
            last = LastTurn(
                turn_id=claim.turn_id,
                run_id=run.id,
                inbounds=turn.inbound_ids,
                message_ids=tuple(inbound.message_id for inbound in claim.mail),
                askers=tuple({inbound.author.id for inbound in claim.mail}),
                parts=tuple(turn.progress.parts),
            )
        return replace(
            session,
            thread_id=thread_id,
            title=session.title or _title(claim.mail[0].text),
            last=last,
            edits={name: text for name, text in edits.items() if name in last.message_ids},
        )

    def _session_refused(self, turn: Turn) -> Session:
        """The session after a turn that got no Run: Retry needs its words."""
        claim = turn.claim
        if claim.mail[0].kind == "regenerate":
            return claim.session
        last = LastTurn(
            turn_id=claim.turn_id,
            run_id=turn.progress.run_id or "",
            inbounds=turn.inbound_ids,
            message_ids=tuple(inbound.message_id for inbound in claim.mail),
            askers=tuple({inbound.author.id for inbound in claim.mail}),
            parts=tuple(turn.progress.parts),
        )
        words = {inbound.message_id: inbound.text for inbound in claim.mail}
        thread_id = claim.session.thread_id or turn.progress.thread_id
        title = claim.session.title or _title(claim.mail[0].text)
        return replace(claim.session, thread_id=thread_id, title=title, last=last, edits=words)

    def _is_outage(self, turn: Turn, run: Run) -> bool:
        if run.status != "failed" or (run.last_error or {}).get("code") not in OUTAGE_CODES:
            return False
        since = turn.progress.outage_since
        now = self._clock.now()
        if since is None:
            turn.progress.outage_since = now
            return True
        return now - since < self._limits.outage_s

    async def _trouble(self, turn: Turn, platform: ChatPlatform, run: Run) -> None:
        reason = str((run.last_error or {}).get("message") or "")
        await platform.signal(
            turn.conversation,
            Sign("troubled", sentence=reason, turn=turn.inbound_ids),
        )

    def _later(self, turn: Turn, delay_s: float) -> TryAgain:
        turn.progress.run_id = None
        return TryAgain(delay_s, counts=False, checkpoint=turn.progress.to_json())

    async def _say(self, turn: Turn, outbox: Outbox, sentence: str) -> None:
        """One honest sentence as the whole reply."""
        post = Post(
            part_id=f"{turn.claim.turn_id}.say",
            text=sentence,
            turn=turn.inbound_ids,
            controls=("regenerate",),
            kind="notice",
        )
        await outbox.show([post])
        turn.progress.parts = outbox.to_json()

    def _earlier_parts(self, turn: Turn, platform: ChatPlatform) -> list[dict[str, object]]:
        """Parts that an earlier owner sent; for Regenerate those of the answer it replaces."""
        if turn.progress.parts:
            return list(turn.progress.parts)
        last = turn.claim.session.last
        if turn.claim.mail[0].kind == "regenerate" and last and platform.capabilities.edits:
            return list(last.parts)
        return []


def _reply_id(turn: Turn, platform: ChatPlatform) -> str:
    """What the parts are named after: an edited reply keeps the names of the one it replaces."""
    last = turn.claim.session.last
    if turn.claim.mail[0].kind == "regenerate" and last and platform.capabilities.edits:
        return last.turn_id
    return turn.claim.turn_id


def _turn_messages(mail: tuple[Inbound, ...]) -> list[TurnMessage]:
    return [
        TurnMessage(text=inbound.text, metadata={TURN: mail[0].id, INBOUND: inbound.message_id})
        for inbound in mail
    ]


def _asked_in(message: Message, last: LastTurn) -> bool:
    metadata = message.metadata
    return message.role == "user" and metadata.get(TURN) == last.turn_id and INBOUND in metadata


def _may_succeed_later(run: Run) -> bool:
    return run.status == "failed" and (run.last_error or {}).get("code") in OUTAGE_CODES


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59].rstrip() + "…"
