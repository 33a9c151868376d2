"""Handing out turns: claim, work, renew, settle, as long as the process lives.

Serial: the turns of one conversation (the mailbox gives out one at a time). Parallel: turns of
different conversations, as many as the model has free places; more wait in the mailbox, where
waiting costs nothing and no Run's time runs. Survives a crash: the mailbox; a turn whose owner
dies is claimed again when its lease runs out. Bounded: by the capacity.

A turn that was lost (the lease ran out while this process slept) is cancelled here at once and
writes nothing more. On `stop` no turn is claimed any more; those in work get `drain_s` to finish
and are handed over after that, where they stand.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

from core.chat.messages import ConversationKey, Session
from core.chat.ports import (
    Capacity,
    Doorbell,
    HandedOver,
    Mailbox,
    MailControl,
    Outcome,
    TryAgain,
    TurnClaim,
)
from core.chat.relay import Relay
from core.chat.turns import Turn
from core.clock import Clock
from core.errors import BobbinError, ClaimLost, StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherLimits:
    """Times in seconds. `lease_s` must be the mailbox's own."""

    owner: str
    lease_s: float = 10.0
    sweep_s: float = 1.0
    """How often is looked for leases that ran out and turns that are due, bell or no bell."""
    most_turns: int = 200
    """Turns in work in one process, whatever the model allows: what bounds memory."""
    drain_s: float = 8.0
    fenced: bool = True
    """Write under the claim's epoch; off only to show that it matters."""


class Dispatcher:
    """The owner of this process's turns."""

    def __init__(
        self,
        mailbox: Mailbox,
        control: MailControl,
        doorbell: Doorbell,
        relay: Relay,
        capacity: Capacity,
        clock: Clock,
        limits: DispatcherLimits,
    ) -> None:
        self._mailbox = mailbox
        self._control = control
        self._doorbell = doorbell
        self._relay = relay
        self._capacity = capacity
        self._clock = clock
        self._limits = limits
        self._turns: dict[ConversationKey, tuple[Turn, asyncio.Task[None]]] = {}
        self._freed = asyncio.Event()
        self._stop = asyncio.Event()

    @property
    def owner(self) -> str:
        """The name under which this process claims."""
        return self._limits.owner

    @property
    def active(self) -> int:
        """Turns in work."""
        return len(self._turns)

    def free(self) -> int:
        """How many more turns this process would take now."""
        if self._stop.is_set():
            return 0
        # A turn takes its place a little after it was claimed, so turns are counted as well.
        most = min(self._limits.most_turns, self._capacity.limit)
        return max(0, min(most - len(self._turns), self._capacity.free()))

    def session_of(self, conversation: ConversationKey) -> Session | None:
        """The session of the turn that this process answers there, if it answers one."""
        held = self._turns.get(conversation)
        return held[0].claim.session if held is not None else None

    def thread_of(self, conversation: ConversationKey) -> str | None:
        """The Thread of the turn that this process answers there, which its session may not name
        yet."""
        held = self._turns.get(conversation)
        return held[0].progress.thread_id if held is not None else None

    def begin(self, claim: TurnClaim) -> None:
        """Work on a turn that was claimed for this process."""
        turn = Turn(
            claim,
            self._mailbox,
            self._clock,
            lease_s=self._limits.lease_s,
            fenced=self._limits.fenced,
        )
        task = asyncio.create_task(self._work(turn), name=f"turn {claim.turn_id}")
        self._turns[claim.conversation] = (turn, task)

        def done(_: asyncio.Task[None]) -> None:
            self._turns.pop(claim.conversation, None)
            self._freed.set()

        task.add_done_callback(done)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Claim and work until the block ends, then drain."""
        claiming = asyncio.create_task(self._claim_forever(), name="dispatcher")
        others = [
            asyncio.create_task(self._renew_forever(), name="leases"),
            asyncio.create_task(self._hear_stops(), name="stop requests"),
        ]
        try:
            yield
        finally:
            self._stop.set()
            await claiming  # never cancelled: a claim that is broken off would leave turns taken
            await self._drain()
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    # ------------------------------------------------------------------- loops

    async def _claim_forever(self) -> None:
        pause = 0.1
        while not self._stop.is_set():
            try:
                await self._claim_some()
                pause = 0.1
                continue
            except StoreError as error:
                log.warning("the store is out of reach, trying again in %.1f s: %s", pause, error)
            except Exception:
                log.exception("claiming failed for a reason nobody foresaw; it goes on")
            await _first_of(asyncio.sleep(pause), self._stop.wait())
            pause = min(pause * 2, 2.0)

    async def _claim_some(self) -> None:
        free = self.free()
        if free == 0:
            self._freed.clear()
            await _first_of(
                self._freed.wait(),
                self._capacity.changed(self._limits.sweep_s),
                self._stop.wait(),
            )
            return
        claims = await self._mailbox.claim(self.owner, free)
        for claim in claims:
            self.begin(claim)
        if not claims:
            await _first_of(self._doorbell.wait(self._limits.sweep_s), self._stop.wait())

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(self._limits.lease_s / 3)
            turns = [turn for turn, _ in self._turns.values()]
            if not turns:
                continue
            asked_at = self._clock.monotonic()
            try:
                answers = await self._mailbox.renew([turn.claim for turn in turns])
            except StoreError as error:
                log.warning("leases could not be renewed: %s", error)
                continue
            except Exception:
                log.exception("renewing failed for a reason nobody foresaw; it goes on")
                continue
            for turn, answer in zip(turns, answers, strict=True):
                if answer == "lost":
                    self._abandon(turn)
                    continue
                turn.renewed(asked_at)
                if answer == "stop":
                    turn.stop.set()

    def _abandon(self, turn: Turn) -> None:
        held = self._turns.get(turn.conversation)
        if held is not None and held[0] is turn and self._limits.fenced:
            log.warning("lost the turn", extra={"conversation": str(turn.conversation)})
            held[1].cancel()

    async def _hear_stops(self) -> None:
        while True:
            try:
                async for conversation in self._control.stop_requests():
                    held = self._turns.get(conversation)
                    if held is not None:
                        held[0].stop.set()
            except StoreError as error:
                log.warning("stop requests cannot be heard just now: %s", error)
            except Exception:
                log.exception("hearing of stops failed for a reason nobody foresaw; it goes on")
            await asyncio.sleep(1.0)

    # ------------------------------------------------------------------- one turn

    async def _work(self, turn: Turn) -> None:
        try:
            outcome = await self._outcome(turn)
            await self._settle(turn, outcome)
        except ClaimLost:
            log.info("another owner has the turn", extra={"conversation": str(turn.conversation)})

    async def _outcome(self, turn: Turn) -> Outcome:
        try:
            return await self._relay.do(turn)
        except ClaimLost:
            raise
        except StoreError as error:
            # With its checkpoint: the next owner has to know that somebody was here before, for
            # what the store was asked last may have been done without an answer.
            log.warning("the store failed in the middle of a turn: %s", error)
            return TryAgain(0.0, counts=False, checkpoint=turn.progress.to_json())
        except BobbinError as error:
            log.warning("the turn failed: %s", error)
            return self._again(turn, counts=not error.retryable)
        except Exception:
            log.exception("the turn failed for a reason nobody foresaw")
            return self._again(turn, counts=True)

    def _again(self, turn: Turn, *, counts: bool) -> TryAgain:
        delay = min(2.0 ** (turn.claim.attempts + 1), 30.0)
        return TryAgain(delay, counts=counts, checkpoint=turn.progress.to_json())

    async def _settle(self, turn: Turn, outcome: Outcome) -> None:
        """Tell the mailbox, as often as it takes: a store that is away comes back."""
        pause = 0.1
        while True:
            try:
                await self._mailbox.settle(turn.claim, outcome)
            except StoreError as error:
                log.warning("the turn's end could not be stored yet: %s", error)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _drain(self) -> None:
        """Let turns finish for a while, then hand over what is left, at once claimable."""
        tasks = [task for _, task in self._turns.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.drain_s)
        left = list(self._turns.values())
        for _, task in left:
            task.cancel()
        await asyncio.gather(*(task for _, task in left), return_exceptions=True)
        for turn, _ in left:
            with contextlib.suppress(BobbinError):
                await self._mailbox.checkpoint(turn.claim, turn.progress.to_json())
                await self._mailbox.settle(turn.claim, HandedOver())


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
