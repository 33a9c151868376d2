"""What people used: each sees their own, and a Run counts once whatever is done again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.chat.accounting import Accounting
from core.chat.messages import ConversationKey, Inbound, Session, Setting, Sign
from core.chat.people import person_of
from core.chat.ports import TurnClaim
from core.clock import SystemClock
from tests.chat.flow import ANN, BOB, Process, World, place
from tests.fakes.platform import PLAIN, FakePlatform

SHARED = Setting(shared=True)


def _costs(world: World, read: int, written: int) -> None:
    world.assistants.usage = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


async def _asks_for_usage(world: World, bot: Process, name: str) -> str:
    await bot.presses("usage", where=place(name))
    return world.platform.texts(place(name))[-1]


async def test_a_person_is_told_what_they_used(world: World) -> None:
    _costs(world, 1200, 34)
    async with world.process() as bot:
        for text in ("one", "two"):
            await bot.says(text, where=place())
            await bot.is_idle(where=place())
        told = await _asks_for_usage(world, bot, "room")
    assert "Today: 2 answers, 2,400 tokens read and 68 written\n" in told
    assert "The last 30 days: 2 answers" in told
    assert "$" not in told


async def test_a_person_sees_only_their_own(world: World) -> None:
    _costs(world, 10, 2)
    async with world.process() as bot:
        await bot.says("mine", where=place())
        await bot.is_idle(where=place())
        await bot.presses("usage", where=place("elsewhere"), who=BOB)
        (told,) = world.platform.texts(place("elsewhere"))
    assert "Today: nothing" in told
    assert "answers," not in told


async def test_it_is_the_same_person_in_every_conversation_of_a_platform(world: World) -> None:
    _costs(world, 10, 2)
    async with world.process() as bot:
        for name in ("room", "other"):
            await bot.says("hello", where=place(name))
            await bot.is_idle(where=place(name))
        told = await _asks_for_usage(world, bot, "third")
    assert "Today: 2 answers, 20 tokens read and 4 written" in told


async def test_an_answer_to_several_people_is_divided(world: World) -> None:
    _costs(world, 101, 10)
    world.places.places = 0
    async with world.process() as bot:
        await bot.says("what is a prime?", where=place())
        await bot.says("and a composite?", where=place(), who=BOB)
        world.places.places = 1
        await bot.is_idle(where=place())
        assert len(world.assistants.runs) == 1
        ann = await _asks_for_usage(world, bot, "a")
        await bot.presses("usage", where=place("b"), who=BOB)
        (bob,) = world.platform.texts(place("b"))
    assert "Today: 1 answer, 51 tokens read and 5 written" in ann
    assert "Today: 1 answer, 50 tokens read and 5 written" in bob


class Standing(FakePlatform):
    """Stands still when a turn is over, so that it is counted and not settled."""

    def __init__(self) -> None:
        super().__init__()
        self.stands = True
        self.reached = asyncio.Event()

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        await super().signal(conversation, sign)
        if sign.kind == "idle" and self.stands:
            self.reached.set()
            await asyncio.sleep(60)


async def test_a_turn_that_is_done_again_counts_once(world: World) -> None:
    _costs(world, 10, 2)
    world.platform = platform = Standing()
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await platform.reached.wait()
        accounts = bot.chat.stores.accounts
        while not await accounts.own("fake:ann"):
            await asyncio.sleep(0.01)
        await bot.dies(world)
    platform.stands = False
    async with world.process() as bot:
        await bot.is_idle(where=place())
        told = await _asks_for_usage(world, bot, "other")
    assert len(world.assistants.runs) == 1
    assert "Today: 1 answer, 10 tokens read" in told


async def test_prices_are_told_where_they_are_known(world: World) -> None:
    _costs(world, 100_000, 20_000)
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        (run,) = world.assistants.runs.values()
        accounting = Accounting(bot.chat.stores.accounts, SystemClock(), lambda _: (1.0, 5.0))
        claim = TurnClaim(
            conversation=place(),
            epoch=1,
            mail=(replace(_typed("hello", "m1"), author=BOB),),
            session=Session(ordinal=1),
        )
        await accounting.note(claim, run, settled=True, workspaces=False)
        await bot.presses("usage", where=place("bobs"), who=BOB)
        (told,) = world.platform.texts(place("bobs"))
    assert "100,000 tokens read and 20,000 written, about $0.20" in told


async def test_where_others_read_along_it_is_told_to_one_person_or_not_at_all(
    world: World,
) -> None:
    async with world.process() as bot:
        await bot.chat.intake.deliver(_typed("!usage", "m1"))
    (told,) = world.platform.texts(place())
    assert "only you should see this" in told.lower()
    assert "answer" not in told


async def test_a_platform_that_whispers_does(world: World) -> None:
    world.platform.capabilities = replace(PLAIN, whispers=True)
    async with world.process() as bot:
        await bot.chat.intake.deliver(_typed("!usage", "m1"))
    (shown,) = world.platform.conversations[place()]
    assert shown.post.only_for == ANN.id
    assert "Today: nothing" in shown.post.text


def test_people_of_two_workspaces_are_two() -> None:
    one, other = (ConversationKey("slack", (team, "C1", "1.0")) for team in ("T1", "T2"))
    whispered = ConversationKey("slack-private", ("T1", "C1", "U1"))
    assert person_of(one, "U1", workspaces=True) == "slack:T1:U1"
    assert person_of(whispered, "U1", workspaces=True) == "slack:T1:U1"
    assert person_of(other, "U1", workspaces=True) == "slack:T2:U1"
    assert person_of(other, "U1", workspaces=False) == "slack:U1"


def _typed(text: str, name: str) -> Inbound:
    return Inbound(
        id=name,
        message_id=name,
        conversation=place(),
        author=ANN,
        text=text,
        received_at=1.0,
        setting=SHARED,
    )
