"""Sending the parts of a reply: each one once, whoever sends it.

A part is `sending` from just before the platform is called and `sent` with the platform's
reference from just after; both are fenced checkpoints inside the turn's claim, so a process that
lost the turn writes nothing. A part found `sending` by a new owner may or may not have arrived, or
be on its way: the platform is read back before anything is repeated, and once more when the sending
is `ARRIVES_S` old. Platforms where a part sent twice appears once need none of this.

Serial: the parts of one reply. Parallel: replies. Bounded: one post in flight per reply.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from core.chat.messages import Capabilities, ConversationKey, Json, Post
from core.chat.ports import ChatPlatform
from core.clock import Clock
from core.errors import (
    ConversationGone,
    DeliveryUnclear,
    PlatformRateLimited,
    PlatformUnavailable,
    TooEarly,
)

T = TypeVar("T")

Check = Callable[[], Awaitable[None]]
"""Passes only while the turn is ours; raises ClaimLost otherwise."""

Record = Callable[[list[Json]], Awaitable[None]]
"""Writes the parts into the turn's checkpoint; raises ClaimLost when it is somebody else's."""

PATIENCE_S = 300.0
"""How long a platform may refuse before the turn is put off."""

ON_ITS_WAY_S = 5.0
"""How long a cancelled turn waits for what it has begun to send."""

ARRIVES_S = 3.0
"""A post that is not to be found so long after its sending began has not arrived."""

LEFTOVER = "⋯"
"""What stands in a post of the earlier answer that the new one does not need."""


@dataclass(slots=True)
class Part:
    """One part as it stands on the platform."""

    part_id: str
    state: str = "ready"
    ref: str = ""
    shown: Post | None = None
    since: float = 0.0
    """When its sending began (seconds since the epoch)."""

    def to_json(self) -> Json:
        """The form in the checkpoint: never the text."""
        row: Json = {"id": self.part_id, "state": self.state, "ref": self.ref}
        return row | {"since": self.since} if self.state == "sending" else row


class Outbox:
    """The parts of one reply on one platform."""

    def __init__(
        self,
        platform: ChatPlatform,
        conversation: ConversationKey,
        clock: Clock,
        record: Record,
        parts: list[Json],
        *,
        still_ours: Check,
        read_back: bool = True,
    ) -> None:
        self._platform = platform
        self._conversation = conversation
        self._clock = clock
        self._record = record
        self._still_ours = still_ours
        self._read_back = read_back
        self._parts = {
            str(row["id"]): Part(
                str(row["id"]),
                str(row["state"]),
                str(row["ref"]),
                since=float(row.get("since", 0.0)),
            )
            for row in parts
        }
        self._unclear = {name for name, part in self._parts.items() if part.state == "sending"}

    def to_json(self) -> list[Json]:
        """All parts for the checkpoint."""
        return [part.to_json() for part in self._parts.values()]

    @property
    def capabilities(self) -> Capabilities:
        """Of the platform that it sends to."""
        return self._platform.capabilities

    @property
    def unclear(self) -> int:
        """Parts that an earlier owner may or may not have sent, not yet read back."""
        return len(self._unclear)

    async def show(self, posts: list[Post]) -> None:
        """Make the conversation say this: send what is new, edit what has changed.

        Raises:
            ClaimLost: the turn is somebody else's now.
            PlatformUnavailable, ConversationGone: it cannot be shown.
        """
        for post in posts:
            part = self._parts.setdefault(post.part_id, Part(post.part_id))
            if part.shown != post:
                try:
                    await self._patiently(part, post)
                except TooEarly:
                    return  # what comes later says this as well
                part.shown = post

    async def clear_leftovers(
        self, posts: list[Post], *, keep: Callable[[str], bool] = lambda _: False
    ) -> None:
        """Blank the posts of an earlier, longer answer that this one does not reach, but for the
        parts that `keep` names."""
        wanted = {post.part_id for post in posts} | {name for name in self._parts if keep(name)}
        for part in list(self._parts.values()):
            if part.part_id in wanted or not part.ref or not self.capabilities.edits:
                continue
            with contextlib.suppress(ConversationGone):  # a post that is gone needs no blanking
                await self._patiently(part, Post(part_id=part.part_id, text=LEFTOVER))

    async def _show(self, part: Part, post: Post) -> None:
        if part.part_id in self._unclear:
            await self._reconcile(part)
        if not part.ref:
            await self._send(part, post)
        elif self.capabilities.edits:
            await self._edit(part, post)

    async def _reconcile(self, part: Part) -> None:
        """Settle whether an unclear part arrived; it stays unclear while that cannot be read."""
        if self._read_back:
            ref = await self._platform.find(self._conversation, part.part_id)
            left = part.since + ARRIVES_S - self._clock.now()
            if ref is None and 0.0 < left <= ARRIVES_S:  # its sender was killed only now
                await self._clock.sleep(left)
                ref = await self._platform.find(self._conversation, part.part_id)
            part.ref = ref or ""
        part.state = "sent" if part.ref else "ready"
        self._unclear.discard(part.part_id)

    async def _send(self, part: Part, post: Post) -> None:
        if self.capabilities.idempotent_sends:
            await self._still_ours()
            part.ref = await self._platform.send(self._conversation, post)
            part.state = "sent"
            return
        part.state, part.since = "sending", self._clock.now()
        await self._record(self.to_json())
        try:
            part.ref = await _seen_off(self._send_ours(post))
        except DeliveryUnclear:
            self._unclear.add(part.part_id)
            await self._reconcile(part)
            if not part.ref:
                raise PlatformUnavailable("the send was lost on its way") from None
        except (PlatformUnavailable, PlatformRateLimited, TooEarly):
            part.state = "ready"
            raise
        part.state = "sent"
        await self._record(self.to_json())

    async def _send_ours(self, post: Post) -> str:
        """Send it if the turn is still ours: a process may have been stopped since the record was
        asked for. Nothing else may run in between."""
        await self._still_ours()
        return await self._platform.send(self._conversation, post)

    async def _edit_ours(self, ref: str, post: Post) -> None:
        await self._still_ours()
        await self._platform.edit(self._conversation, ref, post)

    async def _edit(self, part: Part, post: Post) -> None:
        try:
            await _seen_off(self._edit_ours(part.ref, post))
        except ConversationGone:
            if post.text == LEFTOVER:
                raise
            # Perhaps only the post is gone; if it is the conversation, sending says so.
            part.ref, part.state = "", "ready"
            await self._send(part, post)

    async def _patiently(self, part: Part, post: Post) -> None:
        """Repeat what certainly did not arrive, as long as the platform asks for patience."""
        begun = self._clock.monotonic()
        pause = 0.5
        while True:
            try:
                await self._show(part, post)
            except PlatformRateLimited as error:
                delay = error.retry_after_s
                if self._clock.monotonic() - begun + delay > PATIENCE_S:
                    raise
            except (PlatformUnavailable, DeliveryUnclear):
                delay = pause
                pause = min(pause * 2, 30.0)
            else:
                return
            if self._clock.monotonic() - begun + delay > PATIENCE_S:
                raise PlatformUnavailable("the platform did not take the reply in time")
            await self._clock.sleep(delay)


async def _seen_off(sending: Coroutine[Any, Any, T]) -> T:
    """The platform's answer; a cancellation waits for it too, though not for ever.

    Whoever takes the turn over reads the platform back, and would not find a post that is still
    on its way there; and an edit that came behind theirs would put an older text back.
    """
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=ON_ITS_WAY_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
