"""The calls that a Run waits for: which run, which wait for a person, and what comes of them.

Serial: the rounds of one Run. Parallel: the calls of a round, `MOST_AT_ONCE` at a time; one that
waits for a person holds up no other. Survives a crash: what was started and what it gave, in the
call log; questions and decisions, in the approvals. So a function runs at most once for a call,
unless it is declared `idempotent`. Bounded: by the calls of one round and the length of outputs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from core.assistants import Run
from core.chat.approvals import LONGEST_SHOWN, patience_s, shown_call
from core.chat.function_ports import (
    Approval,
    Approvals,
    Call,
    Caller,
    CallLog,
    OwnFunctions,
    Traits,
    Wish,
)
from core.chat.messages import Author
from core.chat.text.speakers import speaker_name
from core.chat.turns import Turn
from core.clock import Clock

MOST_AT_ONCE = 8
"""Calls of one turn that run at a time."""

UNCLEAR = (
    "The outcome of this call is unknown: it may have run, and it is not repeated. Say so, and do "
    "not call it again unless you are asked to."
)
TOO_LATE = "The time of this Run is over, so this call was not run."
LATE = "Nobody approved this call in time, so it was not run."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done about a required action. `known` are outputs by call id."""

    known: dict[str, str]
    runnable: tuple[Call, ...]
    approvals: tuple[Approval, ...]

    @property
    def wait_s(self) -> float | None:
        """Until when a person may still decide something; None where nobody is asked."""
        left = [one.left_s for one in self.approvals if one.decision == "open"]
        return min(left) if left else None


class NoFunctions:
    """`OwnFunctions` of a bot that has none."""

    def traits(self, name: str) -> Traits | None:
        return None

    async def call(self, call: Call, caller: Caller) -> str:
        return unknown_function(call.name)


class Functions:
    """Answers required actions. One instance serves all conversations of a process."""

    def __init__(
        self,
        own: OwnFunctions,
        log: CallLog,
        approvals: Approvals,
        clock: Clock,
        *,
        approval_s: float,
    ) -> None:
        self._own = own
        self._log = log
        self.approvals = approvals
        self._clock = clock
        self._approval_s = approval_s

    async def plan(self, turn: Turn, run: Run) -> Plan:
        """Sort the calls; questions to people are asked, durably, when this returns.

        Raises:
            ClaimLost: somebody else does this turn.
        """
        offered = {tool["function"]["name"] for tool in run.tools if tool["type"] == "function"}
        known: dict[str, str] = {}
        if run.expires_at is not None and self._clock.now() >= run.expires_at:
            known = {call.id: TOO_LATE for call in calls_of(run)}
            return Plan(known=known, runnable=(), approvals=())
        runnable: list[Call] = []
        wishes: list[Wish] = []
        for call in calls_of(run):
            traits = self._own.traits(call.name) if call.name in offered else None
            if traits is None:
                known[call.id] = unknown_function(call.name)
            elif not traits.approval:
                runnable.append(call)
            elif len(shown := shown_call(call)) > LONGEST_SHOWN:
                known[call.id] = _too_long(len(shown))
            else:
                patience = patience_s(run, traits, self._clock.now(), self._approval_s)
                askers = tuple(author.id for author in askers_of(turn))
                wishes.append(Wish(call=call, shown=shown, askers=askers, patience_s=patience))
        stand = await self.approvals.ask(turn.claim, wishes) if wishes else ()
        for wish, approval in zip(wishes, stand, strict=True):
            if approval.decision == "approved":
                runnable.append(wish.call)
            elif approval.decision == "denied":
                known[wish.call.id] = _denied(speaker_name(approval.by))
            elif approval.decision == "late":
                known[wish.call.id] = LATE
        return Plan(known=known, runnable=tuple(runnable), approvals=tuple(stand))

    async def outputs(self, turn: Turn, run: Run, plan: Plan) -> dict[str, str]:
        """The outputs that are known once everything that may run has run, by call id.

        Raises:
            ClaimLost: somebody else does this turn; what was started stays noted as such.
        """
        outputs = dict(plan.known)
        caller = Caller(
            askers=askers_of(turn), conversation=turn.conversation, assistant=run.assistant_id
        )
        gate = asyncio.Semaphore(MOST_AT_ONCE)

        async def work(call: Call) -> None:
            async with gate:
                outputs[call.id] = await self._once(turn, call, caller)

        works = map(work, plan.runnable)
        for failure in await asyncio.gather(*works, return_exceptions=True):
            if failure is not None:
                raise failure
        return outputs

    async def _once(self, turn: Turn, call: Call, caller: Caller) -> str:
        """The output of a call: what it gave before, or what it gives now."""
        traits = self._own.traits(call.name)
        again = traits is not None and traits.idempotent
        standing = await self._log.start(turn.claim, call, again=again)
        if standing.state == "unclear":
            return UNCLEAR
        if standing.state == "done":
            return standing.output
        output = await self._own.call(call, caller)
        await self._log.finish(turn.claim, call, output)
        return output


def askers_of(turn: Turn) -> tuple[Author, ...]:
    """Whose question the turn answers, each once; for Regenerate those who had asked it."""
    mail, last = turn.claim.mail, turn.claim.session.last
    authors: Iterable[Author] = (inbound.author for inbound in mail)
    if mail[0].kind == "regenerate" and last is not None:
        pressed = mail[0].author
        authors = (pressed if pressed.id == name else Author(id=name) for name in last.askers)
    return tuple({author.id: author for author in authors}.values())


def unknown_function(name: str) -> str:
    """What the model is told when it calls what is not there."""
    return f"There is no function named {name!r} here. Use only the functions that are offered."


def calls_of(run: Run) -> tuple[Call, ...]:
    """The calls that the Run waits for."""
    action = run.required_action or {}
    return tuple(
        Call(
            run_id=run.id,
            id=str(row["id"]),
            name=str(row["function"]["name"]),
            arguments=str(row["function"]["arguments"]),
        )
        for row in action.get("submit_tool_outputs", {}).get("tool_calls", [])
    )


def _denied(by: str) -> str:
    return (
        f"{by} denied this call, so it was not run. Do not call it again unless you are asked to."
    )


def _too_long(size: int) -> str:
    return (
        f"This call needs a person's approval, and with {size} characters it is too long to be "
        f"shown (at most {LONGEST_SHOWN}). It was not run."
    )
