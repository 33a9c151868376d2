"""A chat platform for tests: shows posts, and fails on demand in the ways that platforms fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.chat.messages import Capabilities, ConversationKey, Post, Sign
from core.errors import (
    ConversationGone,
    DeliveryUnclear,
    PlatformRateLimited,
    PlatformUnavailable,
    TooEarly,
)
from tests.patience import until

PLAIN = Capabilities(max_chars=2000, edits=True, streams=False, edit_interval_s=0.02)


@dataclass(slots=True)
class Shown:
    """A post as people see it, and every text that it had."""

    ref: str
    post: Post
    versions: list[str] = field(default_factory=list[str])


class FakePlatform:
    """ChatPlatform in memory. Each fault is used up by the next send."""

    def __init__(self, capabilities: Capabilities = PLAIN) -> None:
        self.capabilities = capabilities
        self.faults: list[str] = []
        self.conversations: dict[ConversationKey, list[Shown]] = defaultdict(list)
        self.signs: list[tuple[ConversationKey, Sign]] = []
        self.finds = 0

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "refuse":
            raise PlatformUnavailable("refused")
        if fault == "slow down":
            raise PlatformRateLimited("slow down", retry_after_s=0.01)
        if fault == "too early" and not post.final:
            raise TooEarly("no room for beginnings")
        if fault == "gone":
            raise ConversationGone("deleted")
        if fault == "lost on the way":
            raise DeliveryUnclear("no answer")
        assert len(post.text) <= self.capabilities.max_chars
        posts = self.conversations[conversation]
        ref = f"{len(posts) + 1}"
        posts.append(Shown(ref, post, [post.text]))
        if fault == "answer lost":
            raise DeliveryUnclear("no answer")
        return ref

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        shown = self.conversations[conversation][int(ref) - 1]
        shown.post = replace(post, part_id=shown.post.part_id)
        shown.versions.append(post.text)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        self.finds += 1
        for shown in self.conversations[conversation]:
            if shown.post.part_id == part_id:
                return shown.ref
        return None

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        self.signs.append((conversation, sign))

    # ------------------------------------------------------------------- what people see

    def texts(self, conversation: ConversationKey) -> list[str]:
        """What stands in the conversation, top to bottom."""
        return [shown.post.text for shown in self.conversations[conversation]]

    def answers(self, conversation: ConversationKey) -> list[Post]:
        """Posts that end a reply."""
        return [
            shown.post
            for shown in self.conversations[conversation]
            if shown.post.final and shown.post.controls and shown.post.kind != "approval"
        ]

    async def until_answered(self, conversation: ConversationKey, count: int) -> list[str]:
        """Wait until so many replies are complete; their last posts' texts."""
        await self._until(lambda: len(self.answers(conversation)) >= count)
        return [post.text for post in self.answers(conversation)]

    async def until_shown(self, conversation: ConversationKey, words: str) -> None:
        """Wait until a post contains these words."""
        await self._until(lambda: any(words in text for text in self.texts(conversation)))

    async def until_sign(self, kind: str) -> Sign:
        """Wait for a sign of this kind."""
        await self._until(lambda: any(sign.kind == kind for _, sign in self.signs))
        return next(sign for _, sign in self.signs if sign.kind == kind)

    async def _until(self, happened: Callable[[], bool]) -> None:
        await until(happened)
