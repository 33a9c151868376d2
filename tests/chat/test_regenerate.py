"""Regenerate under attack: crashes between its steps, other people's turns, double presses."""

from __future__ import annotations

import asyncio
from typing import Any

from core.assistants import Message
from core.chat.choosing import Choosing
from core.chat.commands import Commands
from core.chat.erasing import Erasing
from core.chat.forgetting import Forgetting
from core.chat.messages import Command, ConversationKey, Session
from core.chat.ports import ChatPlatform, Sessions
from core.chat.using import Using
from core.clock import SystemClock
from tests.chat.flow import ANN, BOB, World, place
from tests.fakes.assistants import Fail, FakeAssistants, echo
from tests.patience import PATIENCE_S


class DyingService(FakeAssistants):
    """Stands still for ever at the `at`-th removal of a Message, or before a Run is created."""

    def __init__(self) -> None:
        super().__init__()
        self.at: int | None = None
        self.reached = asyncio.Event()

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        if self.at is not None:
            if self.at == 0:
                self.reached.set()
                await asyncio.Event().wait()
            self.at -= 1
        await super().delete_message(thread_id, message_id)


async def _dies_at(world: World, at: int) -> list[str]:
    """The questions that the model was asked after a crash at the `at`-th removal."""
    service = world.assistants = DyingService()
    world.places.places = 0
    async with world.process() as bot:
        one = await bot.says("one", where=place())
        await bot.says("two", where=place())
        world.places.places = 1
        await world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
        await bot.edits(one, "ONE", where=place())
        service.at = at
        await bot.presses("regenerate", where=place())
        async with asyncio.timeout(PATIENCE_S):
            await service.reached.wait()
        await bot.dies(world)
    service.at = None
    async with world.process() as bot:
        await bot.is_idle(where=place())
    (messages,) = service.threads.values()
    await service.aclose()
    return [message.text for message in messages]


async def test_no_crash_between_the_removals_loses_a_question(world: World) -> None:
    for at in range(3):
        asked: Any = world.client
        await asked.flushall()
        texts = await _dies_at(world, at)
        assert texts == ["ONE", "two", "You said: ONE | two"], at


async def test_a_question_that_was_deleted_does_not_come_back(world: World) -> None:
    async def down(messages: list[Message]) -> list[str]:
        raise Fail("invalid_prompt", "No.")

    world.assistants.reply = down
    async with world.process() as bot:
        name = await bot.says("secret", where=place())
        await bot.is_idle(where=place())
        await bot.edits(name, "the secret", where=place())
        await bot.deletes(name, where=place())
        world.assistants.reply = echo
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "nothing here to answer again")
    assert len(world.assistants.runs) == 1
    assert "secret" not in " ".join(world.platform.texts(place()))


async def test_a_double_press_writes_one_new_answer(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        world.places.places = 0
        await bot.presses("regenerate", where=place())
        await bot.presses("regenerate", where=place())
        world.places.places = 1
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2
    assert "I have written this answer again already." in world.platform.texts(place())


async def test_regenerate_never_replaces_the_answer_that_somebody_else_waits_for(
    world: World,
) -> None:
    async with world.process() as bot:
        await bot.says("Ann's", where=place())
        await bot.is_idle(where=place())
        world.places.places = 0
        await bot.says("Bob's", where=place(), who=BOB)
        await bot.presses("regenerate", where=place())
        world.places.places = 1
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2
    assert any("newer answer" in text for text in world.platform.texts(place()))


async def test_regenerate_after_new_finds_nothing(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        await bot.presses("new", where=place())
        await bot.presses("regenerate", where=place())
        await world.platform.until_shown(place(), "no answer here")
        await bot.presses("resume", where=place(), argument="1")
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
    assert len(world.assistants.runs) == 2


class Late:
    """The sessions of a store, of which the first look is older than all that happened."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._looks = 0

    async def current(self, conversation: ConversationKey) -> Session:
        self._looks += 1
        return (
            Session(ordinal=1) if self._looks == 1 else await self._sessions.current(conversation)
        )

    async def start(
        self, conversation: ConversationKey, now: float, *, afresh: bool = False
    ) -> Session:
        return await self._sessions.start(conversation, now, afresh=afresh)

    async def resume(self, conversation: ConversationKey, ordinal: int) -> Session | None:
        return await self._sessions.resume(conversation, ordinal)

    async def list(self, conversation: ConversationKey, limit: int) -> list[Session]:
        return await self._sessions.list(conversation, limit)

    async def save(self, conversation: ConversationKey, session: Session) -> None:
        await self._sessions.save(conversation, session)


async def test_a_press_while_the_turn_is_being_stored_is_taken(world: World) -> None:
    async with world.process() as bot:
        await bot.says("hello", where=place())
        await bot.is_idle(where=place())
        stores, clock = bot.chat.stores, SystemClock()
        platforms: dict[str, ChatPlatform] = {"fake": world.platform}
        erasing = Erasing(stores.traces, stores.control, stores.sessions, world.assistants, clock)
        commands = Commands(
            stores.control,
            Late(stores.sessions),
            stores.approvals,
            stores.places,
            world.assistants,
            platforms,
            Choosing(world.roster, stores.sessions, stores.places),
            Using(stores.accounts, platforms, clock),
            Forgetting(stores.accounts, stores.partings, erasing, platforms, clock),
        )
        press = Command(id="press", conversation=place(), author=ANN, name="regenerate")
        mail = await commands.carry_out(press)
    assert mail is not None
    assert mail.kind == "regenerate"
