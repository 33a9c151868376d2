"""Sending the parts of a reply: each one once, whoever sends it.

A part is `sending` from just before the platform is called and `sent` with the platform's
reference from just after; both are fenced checkpoints inside the turn's claim, so a process that
lost the turn writes nothing. A part found `sending` by a new owner may or may not have arrived:
the platform is read back before anything is repeated. Platforms where a part sent twice appears
once need neither.

Serial: the parts of one reply. Parallel: replies. Bounded: one post in flight per reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.chat.messages import ConversationKey, Json, Post
from core.chat.ports import ChatPlatform
from core.clock import Clock
from core.errors import DeliveryUnclear, PlatformRateLimited, PlatformUnavailable

Check = Callable[[], Awaitable[None]]
"""Passes only while the turn is ours; raises ClaimLost otherwise."""

Record = Callable[[list[Json]], Awaitable[None]]
"""Writes the parts into the turn's checkpoint; raises ClaimLost when it is somebody else's."""

PATIENCE_S = 300.0
"""How long a platform may refuse before the turn is put off."""

LEFTOVER = "⋯"
"""What stands in a post of the earlier answer that the new one does not need."""


@dataclass(slots=True)
class Part:
    """One part as it stands on the platform."""

    part_id: str
    state: str = "ready"
    ref: str = ""
    shown: Post | None = None

    def to_json(self) -> Json:
        """The form in the checkpoint: never the text."""
        return {"id": self.part_id, "state": self.state, "ref": self.ref}


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
            str(row["id"]): Part(str(row["id"]), str(row["state"]), str(row["ref"]))
            for row in parts
        }
        self._unclear = {name for name, part in self._parts.items() if part.state == "sending"}

    def to_json(self) -> list[Json]:
        """All parts for the checkpoint."""
        return [part.to_json() for part in self._parts.values()]

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
            if part.shown == post:
                continue
            if part.part_id in self._unclear:
                await self._reconcile(part)
            if part.ref:
                if part.shown is not None or self._platform.capabilities.edits:
                    await self._patiently(part, post, self._edit)
            else:
                await self._patiently(part, post, self._send)
            part.shown = post

    async def clear_leftovers(self, posts: list[Post]) -> None:
        """Blank the posts of an earlier, longer answer that this one does not reach."""
        wanted = {post.part_id for post in posts}
        for part in self._parts.values():
            if part.part_id not in wanted and part.ref and self._platform.capabilities.edits:
                post = Post(part_id=part.part_id, text=LEFTOVER)
                await self._patiently(part, post, self._edit)

    async def _reconcile(self, part: Part) -> None:
        self._unclear.discard(part.part_id)
        if not self._read_back:
            part.state = "ready"
            return
        ref = await self._platform.find(self._conversation, part.part_id)
        part.state = "sent" if ref else "ready"
        part.ref = ref or ""

    async def _send(self, part: Part, post: Post) -> None:
        if self._platform.capabilities.idempotent_sends:
            await self._still_ours()
            part.ref = await self._platform.send(self._conversation, post)
            part.state = "sent"
            return
        part.state = "sending"
        await self._record(self.to_json())
        await self._still_ours()  # a process may have been stopped since the record was asked for
        try:
            part.ref = await self._platform.send(self._conversation, post)
        except DeliveryUnclear:
            await self._reconcile(part)
            if not part.ref:
                raise PlatformUnavailable("the send was lost on its way") from None
        except (PlatformUnavailable, PlatformRateLimited):
            part.state = "ready"
            raise
        part.state = "sent"
        await self._record(self.to_json())

    async def _edit(self, part: Part, post: Post) -> None:
        await self._still_ours()
        await self._platform.edit(self._conversation, part.ref, post)

    async def _patiently(
        self, part: Part, post: Post, act: Callable[[Part, Post], Awaitable[None]]
    ) -> None:
        """Repeat what certainly did not arrive, as long as the platform asks for patience."""
        begun = self._clock.monotonic()
        pause = 0.5
        while True:
            try:
                await act(part, post)
            except PlatformRateLimited as error:
                delay = error.retry_after_s
            except (PlatformUnavailable, DeliveryUnclear):
                delay = pause
                pause = min(pause * 2, 30.0)
            else:
                return
            if self._clock.monotonic() - begun + delay > PATIENCE_S:
                raise PlatformUnavailable("the platform did not take the reply in time")
            await self._clock.sleep(delay)
