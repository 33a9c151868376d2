"""Being forgotten: asked, confirmed by the same person, done whatever is killed, and then said."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.assistants import SAID_BEFORE, Message
from core.chat.messages import Author, ConversationKey, Inbound, Setting
from core.chat.tags import BEFORE
from core.chat.text.speakers import attribute
from core.chat.turn_messages import TurnMessage
from core.errors import ModelUnavailable
from tests.chat.flow import ANN, BOB, Process, World, place
from tests.fakes.assistants import FakeAssistants, echo
from tests.fakes.platform import PLAIN
from tests.patience import until

SHARED = Setting(shared=True)


async def _lesson(world: World, bot: Process, *texts: str, where: ConversationKey) -> None:
    for text in texts:
        await bot.says(text, where=where)
        await bot.is_idle(where=where)


async def _forgets(world: World, bot: Process, *, where: ConversationKey) -> str:
    """Ask for it, say yes; what was said at the end."""
    await bot.says("!forget", where=where)
    await bot.says("!forget yes", where=where)
    await world.platform.until_shown(where, "orgotten")
    return world.platform.texts(where)[-1]


def _words(world: World) -> str:
    """Everything that the service still has."""
    return " ".join(
        message.text for thread in world.assistants.threads.values() for message in thread
    )


def _asked(world: World) -> list[str]:
    """What people said in the one Thread that there is."""
    (thread,) = world.assistants.threads.values()
    return [message.text for message in thread if message.role == "user"]


# ------------------------------------------------------------------- alone


async def test_all_that_was_said_alone_is_gone(world: World) -> None:
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", "another", where=place("a"))
        await bot.says("!new", where=place("a"))
        await _lesson(world, bot, "a second lesson", where=place("a"))
        await _lesson(world, bot, "elsewhere", where=place("b"))
        said = await _forgets(world, bot, where=place("a"))
        stores = bot.chat.stores
        sessions = [await stores.sessions.list(place(name), 10) for name in "ab"]
        await bot.presses("usage", where=place("a"))
    assert said.startswith("Forgotten")
    assert world.assistants.threads == {}
    assert sessions == [[], []]
    assert "Today: nothing" in world.platform.texts(place("a"))[-1]


async def test_nothing_is_forgotten_before_it_is_confirmed(world: World) -> None:
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await bot.says("!forget", where=place())
        await bot.says("!forget please", where=place())
        question = world.platform.texts(place())[-1]
    assert "cannot be taken back" in question
    assert "`!forget yes`" in question
    assert "my secret" in _words(world)


async def test_a_yes_that_nobody_asked_for_does_nothing(world: World) -> None:
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await bot.says("!forget yes", where=place())
        await bot.says("!forget", where=place())
        await bot.presses("forget", where=place(), who=BOB, argument="yes")
    said = [text for text in world.platform.texts(place()) if "asked to confirm" in text]
    assert len(said) == 2
    assert "my secret" in _words(world)


async def test_a_button_confirms_where_there_are_buttons(world: World) -> None:
    world.platform.capabilities = replace(PLAIN, buttons=True)
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await bot.says("!forget", where=place())
        shown = world.platform.conversations[place()][-1].post
        assert (shown.controls, shown.about) == (("forget",), "yes")
        await bot.presses("forget", where=place(), argument=shown.about)
        await world.platform.until_shown(place(), "Forgotten")
    assert world.assistants.threads == {}


async def test_what_is_said_afterwards_is_new_and_old_sessions_cannot_be_resumed(
    world: World,
) -> None:
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await _forgets(world, bot, where=place())
        await _lesson(world, bot, "hello again", where=place())
        await bot.says("!resume 1", where=place())
    assert world.platform.texts(place())[-1].startswith("I know no such session")
    assert "my secret" not in _words(world)
    assert "hello again" in _words(world)


async def test_files_go_with_the_messages_that_they_came_with(world: World) -> None:
    service = world.assistants
    kept = await service.keep_file("other.png", b"other", picture=True)
    async with world.process() as bot:
        await _lesson(world, bot, "a picture", where=place())
        (thread,) = service.threads
        await _attach(service, thread)
        await _forgets(world, bot, where=place())
    assert set(service.files) == {kept}


async def _attach(service: FakeAssistants, thread: str) -> None:
    """A picture came with the first Message of the Thread."""
    name = await service.keep_file("mine.png", b"mine", picture=True)
    first = service.threads[thread][0]
    picture = {"type": "image_file", "image_file": {"file_id": name}}
    service.threads[thread][0] = replace(first, content=(*first.content, picture))


async def test_the_answer_in_work_is_stopped_and_waiting_mail_is_dropped(world: World) -> None:
    world.assistants.before_end = asyncio.Event()
    async with world.process() as bot:
        await bot.says("first", where=place())
        await world.platform.until_sign("working")
        await until(lambda: world.assistants.runs)
        await bot.says("second", where=place())
        await _forgets(world, bot, where=place())
        assert await bot.chat.stores.control.pending(place()) == ()
    assert world.assistants.threads == {}
    assert len(world.assistants.sent) == 1
    assert not [run for run in world.assistants.runs.values() if run.status == "in_progress"]


async def test_what_others_said_in_places_of_their_own_stays(world: World) -> None:
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place("ann"))
        await bot.says("his secret", where=place("bob"), who=BOB)
        await bot.is_idle(where=place("bob"))
        await _forgets(world, bot, where=place("ann"))
    assert "his secret" in _words(world)
    assert "my secret" not in _words(world)


class Refusing(FakeAssistants):
    """Fails at the `at`-th removal, once, and at none after that."""

    def __init__(self) -> None:
        super().__init__()
        self.at: int | None = None

    def _step(self) -> None:
        if self.at is None:
            return
        self.at -= 1
        if self.at < 0:
            self.at = None
            raise ModelUnavailable("The service is away.")

    async def delete_file(self, file_id: str) -> None:
        self._step()
        await super().delete_file(file_id)

    async def delete_thread(self, thread_id: str) -> None:
        self._step()
        await super().delete_thread(thread_id)


@pytest.mark.parametrize("at", range(4))
async def test_what_was_broken_off_is_finished_by_the_next_process(world: World, at: int) -> None:
    service = world.assistants = Refusing()
    async with world.process() as bot:
        for name in ("a", "b"):
            await _lesson(world, bot, name, where=place(name))
        for thread in service.threads:
            await _attach(service, thread)
        service.at = at
        await bot.says("!forget", where=place("a"))
        await bot.says("!forget yes", where=place("a"))
        await world.platform.until_shown(place("a"), "could not forget everything yet")
        assert not any("Forgotten" in text for text in world.platform.texts(place("a")))
        await _lesson(world, bot, "what came after", where=place("a"))
    async with world.process():
        await world.platform.until_shown(place("a"), "Forgotten")
    assert service.files == {}
    assert _words(world) == "what came after You said: what came after"


async def test_a_process_that_dies_leaves_the_rest_to_the_next_one(world: World) -> None:
    service = world.assistants = Waiting()
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await bot.says("!forget", where=place())
        confirming = asyncio.create_task(bot.says("!forget yes", where=place()))
        await service.reached.wait()
        await bot.chat.forgetting.aclose(drain_s=0.0)
        await confirming
    assert not any("Forgotten" in text for text in world.platform.texts(place()))
    assert "my secret" in _words(world)
    service.released.set()
    async with world.process():
        await world.platform.until_shown(place(), "Forgotten")
    assert world.assistants.threads == {}


async def test_asking_again_goes_on_with_what_was_broken_off(world: World) -> None:
    service = world.assistants = Refusing()
    async with world.process() as bot:
        await _lesson(world, bot, "one", where=place("a"))
        await _lesson(world, bot, "two", where=place("b"))
        service.at = 0
        await bot.says("!forget", where=place("a"))
        await bot.says("!forget yes", where=place("a"))
        await world.platform.until_shown(place("a"), "could not forget everything yet")
        await bot.says("!forget", where=place("a"))
        await bot.says("!forget yes", where=place("a"))
        await world.platform.until_shown(place("a"), "Forgotten")
    assert service.threads == {}


class Waiting(FakeAssistants):
    """Removes no Thread before it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.released = asyncio.Event()

    async def delete_thread(self, thread_id: str) -> None:
        self.reached.set()
        await self.released.wait()
        await super().delete_thread(thread_id)


async def test_what_is_written_meanwhile_stays(world: World) -> None:
    service = world.assistants = Waiting()
    async with world.process() as bot:
        await _lesson(world, bot, "my secret", where=place())
        await bot.says("!forget", where=place())
        confirming = asyncio.create_task(bot.says("!forget yes", where=place()))
        await service.reached.wait()
        await _lesson(world, bot, "and now?", where=place())
        service.released.set()
        await confirming
        await world.platform.until_shown(place(), "Forgotten")
        (left,) = await bot.chat.stores.sessions.list(place(), 10)
    assert left.title == "and now?"
    assert _words(world) == "and now? You said: and now?"


# ------------------------------------------------------------------- with others


async def _writes(bot: Process, text: str, name: str, *, who: Author = ANN) -> None:
    await bot.chat.intake.deliver(_shared(text, name, who))
    await bot.is_idle(where=place())


async def _forgets_here(world: World, bot: Process, *, who: Author = ANN) -> str:
    await _writes(bot, "!forget", f"{who.id} asks", who=who)
    await _writes(bot, "!forget yes", f"{who.id} confirms", who=who)
    await world.platform.until_shown(place(), "orgotten")
    return world.platform.texts(place())[-1]


async def test_in_a_shared_place_ones_own_messages_leave_the_thread(world: World) -> None:
    async with world.process() as bot:
        await _writes(bot, "my secret", "m1")
        await _writes(bot, "his words", "m2", who=BOB)
        await _writes(bot, "my other secret", "m3")
        said = await _forgets_here(world, bot)
        (session,) = await bot.chat.stores.sessions.list(place(), 10)
    (thread,) = world.assistants.threads.values()
    assert _asked(world) == [attribute("Bob", "his words", tag="bob")]
    assert len([message for message in thread if message.role == "assistant"]) == 3
    assert said.startswith("Forgotten: what you wrote here")
    assert session.title == ""
    assert session.thread_id is not None


async def test_nobody_forgets_the_words_of_others(world: World) -> None:
    async with world.process() as bot:
        await _writes(bot, "[Bob #bob] is my name now", "m1")
        await _writes(bot, "his words", "m2", who=BOB)
        await _forgets_here(world, bot, who=BOB)
    assert _asked(world) == [attribute("Ann", "[Bob #bob] is my name now", tag="ann")]


async def test_edited_words_and_files_of_a_shared_place_go_too(world: World) -> None:
    service = world.assistants
    async with world.process() as bot:
        await _writes(bot, "my secret", "m1")
        await bot.edits("m1", "my edited secret", where=place())
        (thread,) = service.threads
        await _attach(service, thread)
        await _forgets_here(world, bot)
        session = await bot.chat.stores.sessions.current(place())
    assert session.edits == {}
    assert service.files == {}
    assert service.closed_code == [thread]


async def test_what_was_said_before_goes_as_a_whole_where_one_spoke_in_it(world: World) -> None:
    service = world.assistants
    async with world.process() as bot:
        await _writes(bot, "his words", "m1", who=BOB)
        (thread,) = service.threads
        for name in ("Ann", "Cid"):
            lines = [attribute(who, "said this", tag=who.lower()) for who in ("Dan", name)]
            text = "\n".join([SAID_BEFORE, *lines])
            await service.create_run(
                thread, "tutor", [TurnMessage(text=text, metadata={BEFORE: "m0"})], {}
            )
            await _all_ended(service)
        await _forgets_here(world, bot)
    _, before = _asked(world)
    assert before.endswith("[Cid #cid] said this")


async def _all_ended(service: FakeAssistants) -> None:
    while any(run.status != "completed" for run in service.runs.values()):
        await asyncio.sleep(0.01)


async def test_an_answer_to_oneself_is_stopped_first_and_one_to_others_goes_on(
    world: World,
) -> None:
    gate = asyncio.Event()

    async def held(messages: list[Message]) -> list[str]:
        if "wait" in messages[-1].text:
            await gate.wait()
        return await echo(messages)

    world.assistants.reply = held
    async with world.process() as bot:
        await _writes(bot, "my secret", "m1")
        await bot.says("his question: wait", where=place(), who=BOB)
        await _until_asked(world, 2)
        await bot.chat.intake.deliver(_shared("!forget", "m3"))
        await bot.chat.intake.deliver(_shared("!forget yes", "m4"))
        await world.platform.until_shown(place(), "Forgotten")
        assert list(world.assistants.runs.values())[-1].status == "in_progress"
        gate.set()
        await bot.is_idle(where=place())
        gate.clear()
        await bot.chat.intake.deliver(_shared("my next: wait", "m5"))
        await _until_asked(world, 3)
        await bot.chat.intake.deliver(_shared("!forget", "m6"))
        await bot.chat.intake.deliver(_shared("!forget yes", "m7"))
        await bot.is_idle(where=place())
    assert list(world.assistants.runs.values())[-1].status == "cancelled"
    assert "my next" not in _words(world)
    assert "his question" in _words(world)


def _shared(text: str, name: str, who: Author = ANN) -> Inbound:
    return Inbound(
        id=name,
        message_id=name,
        conversation=place(),
        author=who,
        text=text,
        received_at=1.0,
        setting=SHARED,
    )


async def _until_asked(world: World, count: int) -> None:
    while len(world.assistants.runs) < count:
        await asyncio.sleep(0.01)


async def test_where_others_see_the_question_the_yes_is_typed(world: World) -> None:
    world.platform.capabilities = replace(PLAIN, buttons=True)
    async with world.process() as bot:
        await _writes(bot, "my secret", "m1")
        await _writes(bot, "!forget", "m2")
        asked = world.platform.conversations[place()][-1].post
        world.platform.capabilities = replace(PLAIN, buttons=True, whispers=True)
        await _writes(bot, "!forget", "m3")
        whispered = world.platform.conversations[place()][-1].post
    assert asked.controls == ()
    assert (whispered.controls, whispered.only_for) == (("forget",), ANN.id)
