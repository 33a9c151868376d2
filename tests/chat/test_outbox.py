"""The outbox against platforms that answer late, forget posts, and cannot edit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from core.assistants import Message
from core.chat.messages import Capabilities, ConversationKey, Json, Post
from core.chat.outbox import Outbox
from core.errors import ConversationGone, PlatformRateLimited, PlatformUnavailable
from tests.chat.flow import World, place
from tests.fakes.clock import ManualClock
from tests.fakes.platform import FakePlatform
from tests.fakes.thinking import never


class Forgetful(FakePlatform):
    """Reading back fails at first; posts can be deleted; an edit of a deleted one says so."""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        super().__init__(capabilities or Capabilities(max_chars=2000, edits=True))
        self.finds_that_fail = 0
        self.deleted: set[str] = set()
        self.edited = 0

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        if self.finds_that_fail:
            self.finds_that_fail -= 1
            raise PlatformUnavailable("away")
        return await super().find(conversation, part_id)

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        assert self.capabilities.edits, "this platform cannot edit"
        self.edited += 1
        if ref in self.deleted:
            raise ConversationGone("the post was deleted")
        await super().edit(conversation, ref, post)


class Leaping(ManualClock):
    """Whoever sleeps finds that the time is over."""

    async def sleep(self, seconds: float) -> None:
        self.jump(seconds)


class Far(FakePlatform):
    """What is sent there is on its way until `near` is set, whoever gave up waiting for it; the
    later of two requests may be the faster one."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.near = asyncio.Event(), asyncio.Event()
        self._underway: set[asyncio.Task[str]] = set()

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        return await self._go(super().send(conversation, post))

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        async def edited() -> str:
            await FakePlatform.edit(self, conversation, ref, post)
            return ref

        await self._go(edited())

    async def settled(self) -> None:
        """Everything that was underway has arrived."""
        await asyncio.gather(*self._underway)

    async def _go(self, arriving: Coroutine[Any, Any, str]) -> str:
        async def arrive() -> str:
            if not self.begun.is_set():
                self.begun.set()
                await self.near.wait()
            return await arriving

        task = asyncio.create_task(arrive())
        self._underway.add(task)
        return await asyncio.shield(task)


class Records:
    """The checkpoints that an outbox wrote."""

    def __init__(self) -> None:
        self.rows: list[Json] = []

    async def record(self, parts: list[Json]) -> None:
        self.rows = parts

    async def ours(self) -> None:
        return None

    def outbox(self, platform: FakePlatform) -> Outbox:
        return Outbox(platform, place(), Leaping(), self.record, self.rows, still_ours=self.ours)


def _post(text: str = "x", part: str = "t.0.0") -> Post:
    return Post(part_id=part, text=text)


async def test_an_unclear_send_stays_unclear_until_it_could_be_read_back() -> None:
    platform, records = Forgetful(), Records()
    platform.faults = ["answer lost"]
    platform.finds_that_fail = 3
    await records.outbox(platform).show([_post()])
    assert platform.texts(place()) == ["x"]


async def test_the_next_owner_waits_for_a_platform_that_cannot_be_read_yet() -> None:
    platform, records = Forgetful(), Records()
    await platform.send(place(), _post())
    records.rows = [{"id": "t.0.0", "state": "sending", "ref": ""}]
    platform.finds_that_fail = 2
    await records.outbox(platform).show([_post()])
    assert platform.texts(place()) == ["x"]


async def test_who_is_sent_home_waits_for_what_is_on_its_way() -> None:
    platform, records = Far(), Records()
    first = asyncio.create_task(records.outbox(platform).show([_post()]))
    await platform.begun.wait()
    first.cancel()
    asyncio.get_running_loop().call_later(0.05, platform.near.set)
    with pytest.raises(asyncio.CancelledError):
        await first
    await records.outbox(platform).show([_post()])
    await platform.settled()
    assert platform.texts(place()) == ["x"]


async def test_what_a_killed_process_sent_last_may_still_arrive() -> None:
    """Its turn is taken over at once; the platform is still busy with its request."""
    platform, records = Forgetful(), Records()

    class Meanwhile(Leaping):
        arrived = False

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            await self.arrive()

        async def arrive(self) -> None:
            if not self.arrived:
                self.arrived = True
                await platform.send(place(), _post())

    clock = Meanwhile()
    rows: list[Json] = [{"id": "t.0.0", "state": "sending", "ref": "", "since": clock.now() - 1.0}]
    outbox = Outbox(platform, place(), clock, records.record, rows, still_ours=records.ours)
    await outbox.show([_post()])
    await clock.arrive()
    assert platform.texts(place()) == ["x"]


async def test_an_edit_that_is_on_its_way_is_waited_for_too() -> None:
    """Else it might come behind the next owner's, and the older text would stay."""
    platform, records = Far(), Records()
    platform.near.set()
    outbox = records.outbox(platform)
    await outbox.show([_post("a")])
    platform.near.clear()
    platform.begun.clear()
    first = asyncio.create_task(outbox.show([_post("a b")]))
    await platform.begun.wait()
    first.cancel()
    asyncio.get_running_loop().call_later(0.05, platform.near.set)
    with pytest.raises(asyncio.CancelledError):
        await first
    await records.outbox(platform).show([_post("a b c")])
    await platform.settled()
    assert platform.texts(place()) == ["a b c"]


async def test_a_post_that_people_deleted_is_sent_anew_when_it_changes() -> None:
    platform, records = Forgetful(), Records()
    outbox = records.outbox(platform)
    await outbox.show([_post("a", "t.0.0"), _post("b", "t.0.1")])
    platform.deleted = {"1", "2"}
    await outbox.show([_post("new", "t.0.0")])
    await outbox.clear_leftovers([_post("new", "t.0.0")])
    assert platform.texts(place()) == ["a", "b", "new"]
    assert {row["id"]: row["ref"] for row in records.rows}["t.0.0"] == "3"


async def test_a_conversation_that_is_gone_says_so() -> None:
    platform, records = Forgetful(), Records()
    platform.faults = ["gone"]
    with pytest.raises(ConversationGone):
        await records.outbox(platform).show([_post()])


async def test_a_platform_that_wants_an_hour_gets_it() -> None:
    class Slow(FakePlatform):
        async def send(self, conversation: ConversationKey, post: Post) -> str:
            raise PlatformRateLimited("slow down", retry_after_s=3600)

    with pytest.raises(PlatformRateLimited):
        await Records().outbox(Slow()).show([_post()])


@pytest.mark.parametrize("reply", [["one"], ["one", "two"]])
async def test_a_platform_that_cannot_edit_is_never_asked_to(
    world: World, reply: list[str]
) -> None:
    async def several(messages: list[Message]) -> list[str]:
        return reply

    platform = world.platform = Forgetful(Capabilities(max_chars=2000))
    world.assistants.reply = several
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        assert platform.texts(place()) == reply
        assert platform.answers(place())[-1].controls
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
    assert platform.texts(place()) == reply * 2
    assert platform.edited == 0


async def test_a_shorter_answer_in_the_place_of_a_longer_one_leaves_no_old_text(
    world: World,
) -> None:
    world.platform = FakePlatform(Capabilities(max_chars=100, edits=True))
    long = "\n\n".join(f"Paragraph {number} of the old answer." for number in range(9))
    answers = iter([long, "short"])

    async def fickle(messages: list[Message]) -> list[str]:
        return [next(answers)]

    world.assistants.reply = fickle
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
    texts = world.platform.texts(place())
    assert texts[0] == "short"
    assert set(texts[1:]) == {"⋯"}


async def test_a_refusal_to_a_conversation_that_is_gone_ends(world: World) -> None:
    world.assistants.reply = never
    await world.outlived("poison", processes=3)
    world.platform.faults = ["gone"] * 9
    async with world.process() as bot:
        await bot.is_idle(where=place())
        assert len(await bot.chat.stores.dead.list(10)) == 1
    assert len(world.platform.faults) == 8


async def test_mail_of_a_platform_that_runs_elsewhere_is_left_for_it(world: World) -> None:
    elsewhere = ConversationKey("other", ("w", "r"))
    async with world.process() as bot:
        await bot.says("hello", where=elsewhere)
        while bot.chat.dispatcher.active:
            await asyncio.sleep(0.01)
        assert len(await bot.chat.stores.control.pending(elsewhere)) == 1
        assert await bot.chat.stores.dead.list(10) == []


async def test_a_beginning_for_which_there_is_no_room_is_said_later_with_the_rest() -> None:
    platform, records = FakePlatform(), Records()
    platform.faults = ["too early", "too early"]
    outbox = records.outbox(platform)
    parts = [
        Post(part_id="q.0.0", text="one", final=False),
        Post(part_id="q.0.0", text="one two", final=False),
        Post(part_id="q.0.0", text="one two three", final=True),
    ]
    for part in parts:
        await outbox.show([part])
    (shown,) = platform.conversations[place()]
    assert shown.versions == ["one two three"]
    assert [row["state"] for row in records.rows] == ["sent"]
