"""One turn: binding -> Thread -> Messages and Run -> follow -> show.          START READING HERE

Serial: the steps of one turn; each leaves a checkpoint or can be found again by the metadata that
it wrote, so a second owner goes on where the first one died. Parallel: turns of different
conversations; the reading of the Run's events and the showing of posts, so that a slow platform
never holds back the model. Survives a crash: everything but the partial text, which is composed
again. Bounded: one turn holds one reply's text.

After a crash nothing is created before it has been looked for: Runs are found by the turn's id in
their metadata (`starting`), parts of the reply by their ids on the platform (`outbox`).
"""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.assistants import TERMINAL_RUN_STATUSES, Run
from core.chat.accounting import Accounting
from core.chat.acting import Acting
from core.chat.choosing import Choosing
from core.chat.functions import Functions, calls_of
from core.chat.introducing import Introducing
from core.chat.messages import OutFile, Post, Sign
from core.chat.outbox import Outbox
from core.chat.parts import beside, earlier_parts, reply_id, stale, stays
from core.chat.picturing import Formulas, pictures, shown_once
from core.chat.ports import (
    Answered,
    Assistants,
    ChatPlatform,
    GivenUp,
    Outcome,
    TryAgain,
)
from core.chat.remembering import answered, refused
from core.chat.replying import Composer
from core.chat.showing import Showing
from core.chat.starting import Starting, may_succeed_later
from core.chat.tags import INBOUND as INBOUND
from core.chat.tags import TURN as TURN
from core.chat.turns import Turn
from core.chat.wording import ChatSource, Wording
from core.clock import Clock
from core.errors import (
    BobbinError,
    ConversationGone,
    InvalidRequest,
    ModelError,
    ModelRateLimited,
    NotFound,
    PlatformError,
    PlatformRateLimited,
    StoreError,
)

log = logging.getLogger(__name__)

UNDECIDED = "(Nobody decided about what I asked before my time was up, so this was ended.)"

LONGEST_DELAY_S = 3600.0
"""A platform that asks for more patience is asked again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """How long and how often. Times in seconds."""

    max_lost: int = 3
    """Owners that may die in one turn before it is refused: it may be the turn that kills them."""
    max_attempts: int = 3
    """Failures that are no outage."""
    outage_s: float = 120.0
    """How long a turn outlasts a model that does not answer."""
    approval_s: float = 3600.0
    """How long a question to people stays open at most; the Run's expiry may end it sooner."""
    busy_s: float = 120.0
    """How long a turn waits for a Run that somebody else started on its Thread."""
    read_back: bool = True
    """Read the platform before an unclear part is sent again; off only to show that it matters."""


class Relay:
    """Does turns. One instance serves all conversations of a process."""

    def __init__(
        self,
        assistants: Assistants,
        platforms: dict[str, ChatPlatform],
        clock: Clock,
        limits: RelayLimits,
        functions: Functions,
        choosing: Choosing,
        formulas: Formulas | None = None,
        sources: Mapping[str, ChatSource] | None = None,
        introducing: Introducing | None = None,
        accounting: Accounting | None = None,
    ) -> None:
        self._introducing = introducing
        self._accounting = accounting
        self._formulas = formulas
        self._assistants = assistants
        self._acting = Acting(assistants, functions)
        self._starting = Starting(assistants, Wording(assistants, sources or {}), choosing)
        self._platforms = platforms
        self._clock = clock
        self._limits = limits

    async def do(self, turn: Turn) -> Outcome:
        """Do this turn and say how it ended; the caller settles the claim.

        Raises:
            ClaimLost: somebody else does it now.
            StoreError: the store is out of reach; give the turn back when it returns.
        """
        conversation = turn.conversation
        platform = self._platforms.get(conversation.platform)
        if platform is None:
            log.warning("this process does not serve %r", conversation.platform)
            return self._later(turn, 30.0)
        outbox = Outbox(
            platform,
            conversation,
            self._clock,
            turn.record,
            earlier_parts(turn, platform),
            still_ours=turn.still_ours,
            read_back=self._limits.read_back,
        )
        if outbox.unclear:
            log.warning(
                "a part may have been sent already; reading back",
                extra={"conversation": str(conversation), "parts": outbox.unclear},
            )
        outcome = await self._signed(turn, platform, outbox)
        await asyncio.gather(self._over(turn, platform), self._counted(turn, platform, outcome))
        return outcome

    async def _over(self, turn: Turn, platform: ChatPlatform) -> None:
        """Take back the sign that the turn is worked on."""
        if not turn.says_why:
            await platform.signal(turn.conversation, Sign("idle", turn=turn.inbound_ids))

    async def _counted(self, turn: Turn, platform: ChatPlatform, outcome: Outcome) -> None:
        """What the turn was goes into its people's accounts, before it is settled."""
        if self._accounting is not None:
            await self._accounting.note(
                turn.claim,
                turn.ended,
                settled=isinstance(outcome, Answered | GivenUp),
                workspaces=platform.capabilities.workspaces,
            )

    async def _signed(self, turn: Turn, platform: ChatPlatform, outbox: Outbox) -> Outcome:
        """The turn under the sign that it is worked on, whatever comes of it."""
        conversation = turn.conversation
        signal = asyncio.create_task(
            platform.signal(conversation, Sign("working", turn=turn.inbound_ids))
        )
        try:
            if await self._is_hopeless(turn):
                return await self._give_up(turn, outbox)
            return await self._answer(turn, platform, outbox)
        except ConversationGone as error:
            return GivenUp(f"the conversation is gone: {error}", turn.claim.session)
        except PlatformRateLimited as error:
            return self._later(turn, min(max(30.0, error.retry_after_s), LONGEST_DELAY_S))
        except PlatformError as error:
            log.warning("the platform does not take the reply: %s", error)
            return self._later(turn, 30.0)
        except ModelError as error:
            return await self._away(turn, platform, outbox, error)
        finally:
            signal.cancel()
            await asyncio.gather(signal, return_exceptions=True)

    # ------------------------------------------------------------------- the steps

    async def _is_hopeless(self, turn: Turn) -> bool:
        """Whether this turn failed so often that it is refused.

        An answer that is complete is shown all the same, unless that is what fails.
        """
        claim, limits = turn.claim, self._limits
        if claim.lost < limits.max_lost and claim.attempts < limits.max_attempts:
            return False
        if claim.lost >= 2 * limits.max_lost or claim.attempts >= 2 * limits.max_attempts:
            return True
        found = await self._starting.found(turn)
        return found is None or found.status != "completed"

    async def _give_up(self, turn: Turn, outbox: Outbox) -> Outcome:
        claim = turn.claim
        found = await self._starting.found(turn)
        await self._cancel(found)
        turn.ended = found if found and found.status in TERMINAL_RUN_STATUSES else None
        await self._acting.close(turn, outbox)
        sentence = f"I tried this {claim.lost + claim.attempts} times and failed each time."
        await self._say(turn, outbox, sentence)
        return GivenUp(sentence, refused(turn))

    async def _answer(self, turn: Turn, platform: ChatPlatform, outbox: Outbox) -> Outcome:
        if why := stale(turn):
            await self._say(turn, outbox, why)
            return Answered(turn.claim.session)
        if turn.stop.is_set():
            found = await self._starting.found(turn)
            if found is None or may_succeed_later(found):
                await self._say(turn, outbox, "(stopped)")
                return Answered(refused(turn))
        try:
            run = await self._starting.run(turn)
        except InvalidRequest as error:
            if "active run" in str(error) or "is active" in str(error):
                return await self._blocked(turn, platform, outbox)
            await self._say(turn, outbox, f"I could not answer this. {error}")
            return Answered(refused(turn))
        if run is None:
            await self._say(turn, outbox, "There is nothing here to answer again.")
            return Answered(turn.claim.session)
        turn.progress.blocked_since = None
        turn.progress.run_id = run.id
        if turn.aside or turn.left_out:
            await outbox.show([beside(turn, platform)])
        composer = Composer(reply_id(turn, platform), turn.inbound_ids, platform.capabilities)
        over = await self._followed(turn, platform, outbox, composer, run)
        if not isinstance(over, Run):
            return over
        turn.ended = over
        if may_succeed_later(over) and self._outlasts(turn):
            reason = str((over.last_error or {}).get("message") or "")
            await self._trouble(turn, platform, reason)
            return self._later(turn, min(1.0 * 2**turn.progress.runs, 30.0))
        undecided = await self._acting.close(turn, outbox)
        files = await self._files(composer.wanted_files)
        posts = composer.posts(
            files,
            await pictures(self._formulas, composer.wanted_formulas),
            stopped=UNDECIDED if undecided and over.status == "expired" else "",
        )
        await outbox.show(posts)
        await outbox.clear_leftovers(posts, keep=stays)
        said_once = await self._introducing.post(turn) if self._introducing else None
        await outbox.show([said_once] if said_once else [])
        turn.progress.parts = outbox.to_json()
        return Answered(answered(turn, over.thread_id, over.id))

    async def _followed(
        self, turn: Turn, platform: ChatPlatform, outbox: Outbox, composer: Composer, run: Run
    ) -> Run | Outcome:
        """The Run as it ended, its calls made on the way; or what becomes of the turn instead."""
        behind_call: str | None = None
        while True:
            showing = Showing(
                self._assistants,
                self._clock,
                turn,
                outbox,
                composer,
                interval_s=platform.capabilities.edit_interval_s,
            )
            run = await showing.until_end(run.thread_id, run.id, behind_call=behind_call)
            if run.status != "requires_action":
                return run
            await outbox.show(composer.posts({}))
            try:
                wait_s = await self._acting.act(turn, outbox, run)
            except NotFound:
                raise
            except InvalidRequest as error:
                await self._say(turn, outbox, f"I could not answer this. {error}")
                return Answered(refused(turn))
            turn.progress.parts = outbox.to_json()
            if wait_s is not None:
                await self._explain(turn, platform, Sign("asking"))
                return self._later(turn, wait_s)
            behind_call = calls_of(run)[0].id

    async def _blocked(self, turn: Turn, platform: ChatPlatform, outbox: Outbox) -> Outcome:
        """Somebody else's Run is active on the Thread: wait for it, though not for ever."""
        now = self._clock.now()
        since = turn.progress.blocked_since
        if since is None:
            since = turn.progress.blocked_since = now
        if now - since >= self._limits.busy_s:
            sentence = "I could not answer this: something else is being answered in this Thread."
            await self._say(turn, outbox, sentence)
            return Answered(refused(turn))
        await self._explain(turn, platform, Sign("waiting"))
        return self._later(turn, min(max(1.0, (now - since) / 5), 10.0))

    async def _away(
        self, turn: Turn, platform: ChatPlatform, outbox: Outbox, error: ModelError
    ) -> Outcome:
        """A remote service does not answer, or refuses us: outlasted like a model's outage."""
        if not error.retryable or not self._outlasts(turn):
            await self._say(turn, outbox, f"I could not answer this. {error}")
            return Answered(refused(turn))
        log.warning("the Assistants service failed: %s", error)
        await self._trouble(turn, platform, str(error))
        waited_s = self._clock.now() - (turn.progress.outage_since or 0.0)
        asked_s = error.retry_after_s if isinstance(error, ModelRateLimited) else None
        return self._later(turn, min(max(1.0, waited_s / 5, asked_s or 0.0), LONGEST_DELAY_S))

    async def _cancel(self, run: Run | None) -> None:
        """End a Run that nobody follows any more, so that the Thread is free for the next one."""
        if run is None or run.status in TERMINAL_RUN_STATUSES:
            return
        try:
            await self._assistants.cancel(run.thread_id, run.id)
        except StoreError:
            raise
        except BobbinError as error:
            log.warning("%s was not cancelled: %s", run.id, error)

    async def _files(self, names: tuple[str, ...]) -> dict[str, OutFile]:
        files: dict[str, OutFile] = {}
        for name in names:
            try:
                filename, data = await self._assistants.file(name)
            except StoreError:
                raise
            except BobbinError as error:
                log.warning("the file %s cannot be shown: %s", name, error)
                continue
            kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
            files[name] = OutFile(filename, kind, data)
        return shown_once(files)

    # ------------------------------------------------------------------- the end

    def _outlasts(self, turn: Turn) -> bool:
        """Whether this turn still waits for what failed to come back."""
        since = turn.progress.outage_since
        now = self._clock.now()
        if since is None:
            turn.progress.outage_since = now
            return True
        return now - since < self._limits.outage_s

    async def _trouble(self, turn: Turn, platform: ChatPlatform, reason: str) -> None:
        await self._explain(turn, platform, Sign("troubled", sentence=reason))

    async def _explain(self, turn: Turn, platform: ChatPlatform, sign: Sign) -> None:
        """Show what a turn that is put off waits for; the sign stays meanwhile."""
        turn.says_why = True
        await platform.signal(turn.conversation, replace(sign, turn=turn.inbound_ids))

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
