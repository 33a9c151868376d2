"""The mailbox port: accept, claim, renew, checkpoint, settle, each one round trip to the server.

Serial and parallel, crash and bounds: see `mailbox_scripts.py`, which this only calls.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from adapters.redis.claims import Claims
from adapters.redis.connection import Client, Script
from adapters.redis.mail_codec import (
    KINDS,
    body_of,
    claim_of,
    dump,
    event_name,
    post_name,
    whole,
)
from adapters.redis.mailbox_scripts import ACCEPT, CHECKPOINT, CLAIM, FINISH, RENEW, RETURN
from core.chat.messages import ConversationKey, Inbound, Json, Session
from core.chat.ports import (
    Accepted,
    Answered,
    GivenUp,
    HandedOver,
    Outcome,
    Renewal,
    TryAgain,
    TurnClaim,
)
from core.errors import ClaimLost

_ACCEPT = Script(ACCEPT)
_CLAIM = Script(CLAIM)
_RENEW = Script(RENEW)
_CHECKPOINT = Script(CHECKPOINT)
_FINISH = Script(FINISH)
_RETURN = Script(RETURN)

_RENEW_AT_ONCE = 200
"""Claims in one renewal; more would keep the server from others for over a millisecond."""

_RENEWALS: tuple[Renewal, ...] = ("lost", "kept", "stop")
_STATUS: dict[bytes, Literal["stored", "duplicate", "full", "deleted"]] = {
    b"stored": "stored",
    b"duplicate": "duplicate",
    b"full": "full",
    b"deleted": "deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLimits:
    """How much and how long. Times in seconds."""

    depth: int = 200
    """Inbounds that one conversation may have waiting, those of its turn included."""
    turn_mails: int = 50
    """Inbounds that one turn takes at most."""
    seen_s: int = 24 * 3600
    """How long a delivery is known as a duplicate. Slack repeats for up to an hour."""
    post_s: int = 24 * 3600
    """How long an edit or a delete finds the mail of a post."""
    tomb_s: int = 3600
    """How long a delete waits for the message that it overtook."""
    letters: int = 1000
    """Dead letters kept in each partition; the oldest go first."""
    letters_s: int = 30 * 24 * 3600
    """How long they are kept."""


class RedisMailbox:
    """`Mailbox` and `Doorbell` of core/chat/ports.py. Close it with `aclose`."""

    def __init__(
        self, client: Client, partitions: int, *, lease_ms: int, limits: MailLimits | None = None
    ) -> None:
        """
        Args:
            client: connected; stays open.
            partitions: of the whole store, as `ensure_layout` checked.
            lease_ms: how long a claim holds without `renew` or `checkpoint`.
            limits: how much and how long.
        """
        self._client = client
        self._lease_ms = lease_ms
        self._limits = limits or MailLimits()
        self._claims = Claims(client, "c", partitions, lease_ms=lease_ms)
        self._calls = itertools.count(1)

    async def accept(
        self, inbound: Inbound, *, claim_as: str | None = None, interrupt: bool = False
    ) -> Accepted:
        """See the port. A second delivery of the same event id within the same channel is a
        `duplicate`; it claims and interrupts nothing."""
        limits, conversation = self._limits, inbound.conversation
        editable = inbound.kind == "message" and inbound.message_id
        answer = await _ACCEPT(
            self._client,
            [self._claims.base(conversation.channel)],
            [
                str(conversation),
                event_name(conversation, inbound.id),
                inbound.id,
                KINDS[inbound.kind],
                dump(inbound.to_json()),
                post_name(conversation, inbound.message_id) if editable else "",
                limits.seen_s,
                limits.post_s,
                limits.depth,
                "1" if interrupt else "0",
                f"{claim_as}#{next(self._calls)}" if claim_as else "1",
                claim_as or "",
                self._lease_ms,
                limits.turn_mails,
            ],
        )
        status, busy, *turn = answer
        return Accepted(
            _STATUS[status],
            claim=claim_of(conversation, turn[0]) if turn else None,
            busy=busy == 1,
        )

    async def claim(self, owner: str, limit: int) -> list[TurnClaim]:
        """See the port. Cancelled half-way, it may leave turns claimed until their lease ends."""
        taken = await self._claims.claim(
            owner, limit, script=_CLAIM, args=[self._limits.turn_mails], row=4
        )
        return [claim_of(ConversationKey.parse(one.item), one.extra[0]) for one in taken]

    async def renew(self, claims: Sequence[TurnClaim]) -> list[Renewal]:
        """See the port. `stop` is kept, too, and repeated until the turn ends.

        Raises:
            StoreError: a partition could not be asked; leases in others are extended all the same.
        """
        places: dict[str, list[int]] = {}
        for place, claim in enumerate(claims):
            base = self._claims.base(claim.conversation.channel)
            places.setdefault(base, []).append(place)
        answers: list[Renewal] = ["lost"] * len(claims)

        async def extend(base: str, some: list[int]) -> None:
            args: list[str | int] = [self._lease_ms]
            for place in some:
                args += [str(claims[place].conversation), claims[place].epoch]
            for place, answer in zip(some, await _RENEW(self._client, [base], args), strict=True):
                answers[place] = _RENEWALS[answer]

        batches = [
            extend(base, some[start : start + _RENEW_AT_ONCE])
            for base, some in places.items()
            for start in range(0, len(some), _RENEW_AT_ONCE)
        ]
        for outcome in await asyncio.gather(*batches, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        return answers

    async def checkpoint(self, claim: TurnClaim, state: Json) -> None:
        """See the port. It renews the lease as well."""
        await self._fenced(_CHECKPOINT, claim, [dump(state), self._lease_ms])

    async def settle(self, claim: TurnClaim, outcome: Outcome) -> None:
        """See the port. What `Sessions.save` stored during the turn is kept: of the session only
        its Thread, its last turn, and what differs from `claim.session` are written."""
        match outcome:
            case Answered(session):
                await self._finish(claim, session, "")
            case GivenUp(reason, session):
                await self._finish(claim, session, reason or "given up")
            case TryAgain(delay_s, counts, checkpoint):
                delay_ms = max(0, round(delay_s * 1000))
                args = [delay_ms, 1 if counts else 0, dump(checkpoint)]
                await self._fenced(_RETURN, claim, args)
            case HandedOver():
                await self._fenced(_RETURN, claim, ["front", 0, ""])

    async def recover(self, owner_is_gone: Callable[[str], bool]) -> int:
        """Let the leases of owners that are known to be gone run out at once; how many."""
        return await self._claims.recover(owner_is_gone)

    async def wait(self, timeout_s: float) -> None:
        """See `Doorbell`. Leases that run out and turns that become due do not ring."""
        await self._claims.wait(timeout_s)

    async def aclose(self) -> None:
        """End the doorbell's connection. The client stays open."""
        await self._claims.aclose()

    async def _finish(self, claim: TurnClaim, session: Session, reason: str) -> None:
        before = claim.session
        changed: list[str | bytes | int] = []
        if session.title != before.title:
            changed += ["title", whole(session.title)]
        if session.assistant != before.assistant:
            changed += ["assistant", session.assistant or ""]
        await self._fenced(
            _FINISH,
            claim,
            [
                reason,
                self._limits.letters,
                self._limits.letters_s * 1000,
                session.ordinal,
                body_of(session),
                dump(dict(before.edits)),
                dump(dict(session.edits)),
                *changed,
            ],
        )

    async def _fenced(
        self, script: Script, claim: TurnClaim, args: Sequence[str | bytes | int]
    ) -> None:
        base = self._claims.base(claim.conversation.channel)
        kept = await script(self._client, [base], [str(claim.conversation), claim.epoch, *args])
        if kept != 1:
            raise ClaimLost(f"the turn {claim.turn_id!r} has another owner")
