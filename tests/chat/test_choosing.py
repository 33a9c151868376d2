"""Which Assistant answers: people choose, sessions remember, and there is always one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.assistants import Message
from core.chat.messages import ConversationKey, Inbound, Setting
from core.chat.roster import Offer, Roster, Rule, Whereabouts
from tests.chat.flow import ANN, BOB, Process, World, place
from tests.fakes.assistants import echo
from tests.patience import until

TUTOR = Offer(slug="tutor", name="Math Tutor", description="Answers maths.", prompts=("2 + 2?",))
PHYSICS = Offer(slug="physics", name="Physics", prompts=("Why is the sky blue?", "What is heat?"))
MEDIC = Offer(slug="medic", name="Medic", rules=(Rule(people=("ann",)),))
CELLAR = Offer(slug="cellar", name="Cellar", rules=(Rule(channels=("cellar",)),))

HERE = place()


def locate(conversation: ConversationKey) -> Whereabouts:
    return Whereabouts(platform="fake", workspace="workspace", channel=conversation.parts[1])


def roster(*offers: Offer) -> Roster:
    return Roster(offers, "tutor", locate)


@pytest.fixture(autouse=True)
def several(world: World) -> None:
    world.roster = roster(TUTOR, PHYSICS, MEDIC, CELLAR)


async def answers(world: World, bot: Process, text: str = "hello", **who: object) -> str:
    """Somebody asks; the name of the Assistant that answered."""
    before = len(world.assistants.runs)
    await bot.says(text, where=HERE, **who)  # pyright: ignore[reportArgumentType]
    await bot.is_idle(where=HERE)
    runs = list(world.assistants.runs.values())
    assert len(runs) == before + 1
    return runs[-1].assistant_id


async def said(world: World, bot: Process, command: str, where: ConversationKey = HERE) -> str:
    """What a command is answered."""
    await bot.says(command, where=where)
    return world.platform.texts(where)[-1]


async def test_the_list_shows_who_is_there_and_marks_who_answers(world: World) -> None:
    async with world.process() as bot:
        lines = (await said(world, bot, "!assistant")).splitlines()
    assert lines[:3] == [
        "- **Math Tutor** (`tutor`) – Answers maths. **← answers here**",
        "- **Physics** (`physics`)",
        "- **Medic** (`medic`)",
    ]
    assert not any("Cellar" in line for line in lines)
    assert "`!assistant physics`" in lines[-1]


async def test_the_chosen_one_answers_in_the_same_thread(world: World) -> None:
    async with world.process() as bot:
        assert await answers(world, bot, "one") == "tutor"
        assert "Physics answers here from now on" in await said(world, bot, "!assistant physics")
        assert await answers(world, bot, "two") == "physics"
        assert "**Physics** (`physics`) **← answers here**" in await said(world, bot, "!assistant")
    (messages,) = world.assistants.threads.values()
    assert [m.text for m in messages if m.role == "user"] == ["one", "two"]


@pytest.mark.parametrize("name", ["Physics", "PHYSICS", "`physics`", "  physics "])
async def test_names_are_taken_as_people_write_them(world: World, name: str) -> None:
    async with world.process() as bot:
        await said(world, bot, f"!assistant {name}")
        assert await answers(world, bot) == "physics"


async def test_a_name_of_several_words_is_the_one_that_people_see(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
        assert "Math Tutor answers here" in await said(world, bot, "!assistant math tutor")
        assert await answers(world, bot) == "tutor"


async def test_a_wrong_name_gives_the_right_ones(world: World) -> None:
    async with world.process() as bot:
        text = await said(world, bot, "!assistant phisics")
        assert text == (
            "I know no Assistant “phisics” that you can choose here. "
            "There are: `tutor`, `physics`, `medic`."
        )
        assert await answers(world, bot) == "tutor"


async def test_what_is_for_another_place_cannot_be_chosen(world: World) -> None:
    async with world.process() as bot:
        assert "I know no Assistant" in await said(world, bot, "!assistant cellar")
        assert "Cellar answers here" in await said(world, bot, "!assistant cellar", place("cellar"))


async def test_where_there_is_one_only_it_says_so(world: World) -> None:
    world.roster = roster(TUTOR, CELLAR)
    async with world.process() as bot:
        assert await said(world, bot, "!assistant") == (
            "**Math Tutor** answers here. There is no other one that you could choose."
        )


async def test_a_choice_outlives_the_process(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
    async with world.process() as bot:
        assert await answers(world, bot) == "physics"


async def test_new_takes_it_along_and_resume_brings_it_back(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
        assert await answers(world, bot, "one") == "physics"
        await said(world, bot, "!new")
        assert await answers(world, bot, "two") == "physics"
        await said(world, bot, "!assistant tutor")
        assert await answers(world, bot, "three") == "tutor"
        await said(world, bot, "!resume 1")
        assert await answers(world, bot, "four") == "physics"


async def test_regenerate_asks_the_one_that_is_chosen_by_then(world: World) -> None:
    async with world.process() as bot:
        assert await answers(world, bot) == "tutor"
        await said(world, bot, "!assistant physics")
        await bot.presses("regenerate", where=HERE)
        await bot.is_idle(where=HERE)
    assert [run.assistant_id for run in world.assistants.runs.values()] == ["tutor", "physics"]


async def test_an_answer_that_is_being_written_is_finished_by_who_began_it(world: World) -> None:
    gate = asyncio.Event()

    async def held(messages: list[Message]) -> list[str]:
        await gate.wait()
        return await echo(messages)

    world.assistants.reply = held
    async with world.process() as bot:
        await bot.says("one", where=HERE)
        await until(lambda: world.assistants.runs)
        await said(world, bot, "!assistant physics")
        gate.set()
        await bot.is_idle(where=HERE)
        assert await answers(world, bot, "two") == "physics"
    first, _ = world.assistants.runs.values()
    assert (first.assistant_id, first.status) == ("tutor", "completed")


async def test_one_that_is_gone_is_stood_in_for_and_comes_back(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
    world.roster = roster(TUTOR)
    async with world.process() as bot:
        assert await answers(world, bot, "one") == "tutor"
        assert await answers(world, bot, "two") == "tutor"
        assert "**physics** was chosen here and is not there any more" in await said(
            world, bot, "!assistant"
        )
    told = [text for text in world.platform.texts(HERE) if text.startswith("(physics, which")]
    assert told == ["(physics, which was chosen here, is not there any more: Math Tutor answers.)"]
    world.roster = roster(TUTOR, PHYSICS)
    async with world.process() as bot:
        assert await answers(world, bot, "three") == "physics"


async def test_one_that_the_service_does_not_know_is_stood_in_for(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
        world.assistants.gone = {"physics"}
        assert await answers(world, bot, "one") == "tutor"
    assert "You said: one" in world.platform.texts(HERE)
    assert any("is not there any more" in text for text in world.platform.texts(HERE))


async def test_a_default_that_is_missing_is_said_and_ends(world: World) -> None:
    world.assistants.gone = {"tutor"}
    async with world.process() as bot:
        await bot.says("one", where=HERE)
        (text,) = await world.platform.until_answered(HERE, 1)
    assert "No assistant found with id 'tutor'" in text


async def test_what_one_person_may_use_does_not_answer_another(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant medic")
        assert await answers(world, bot, "mine", who=ANN) == "medic"
        assert await answers(world, bot, "his", who=BOB) == "tutor"
        assert await answers(world, bot, "his again", who=BOB) == "tutor"
        assert await answers(world, bot, "mine again", who=ANN) == "medic"
    asides = [text for text in world.platform.texts(HERE) if text.startswith("(Medic, which")]
    assert asides == [
        "(Medic, which was chosen here, is not for all who asked this: Math Tutor answers.)"
    ]


async def test_nobody_chooses_what_is_not_theirs(world: World) -> None:
    async with world.process() as bot:
        await bot.says("!assistant medic", where=HERE, who=BOB)
        await bot.says("!assistant", where=HERE, who=BOB)
        assert await answers(world, bot) == "tutor"
    refused, listed, *_ = world.platform.texts(HERE)
    assert "I know no Assistant “medic”" in refused
    assert "Medic" not in listed


async def test_a_choice_comes_with_what_may_be_asked(world: World) -> None:
    async with world.process() as bot:
        await said(world, bot, "!assistant physics")
        await said(world, bot, "!new")
        await said(world, bot, "!resume 1")
        posts = [shown.post for shown in world.platform.conversations[HERE]]
        assert [post.suggested for post in posts] == [PHYSICS.prompts] * 3


# ------------------------------------------------------------ a wish that comes with a question


def _asks(name: str, wish: str, *, shared: bool = False) -> Inbound:
    return Inbound(
        id=name,
        message_id=name,
        conversation=HERE,
        author=ANN,
        text="hello",
        received_at=1.0,
        assistant=wish,
        setting=Setting(shared=shared),
    )


async def test_a_question_can_bring_its_assistant_which_stays(world: World) -> None:
    async with world.process() as bot:
        await bot.chat.intake.deliver(_asks("q", "Physics"))
        await bot.is_idle(where=HERE)
        assert await answers(world, bot, "go on") == "physics"
    assert [run.assistant_id for run in world.assistants.runs.values()] == ["physics", "physics"]


async def test_in_a_thread_that_is_shared_all_see_who_was_wished_for(world: World) -> None:
    async with world.process() as bot:
        for number, wish in enumerate(("physics", "tutor", "tutor")):
            await bot.chat.intake.deliver(_asks(f"q{number}", wish, shared=True))
            await bot.is_idle(where=HERE)
    asides = [text for text in world.platform.texts(HERE) if text.startswith("(")]
    assert asides == ["(Math Tutor answers here from now on.)"]
    runs = world.assistants.runs.values()
    assert [run.assistant_id for run in runs] == ["physics", "tutor", "tutor"]


async def test_a_wish_for_nobody_is_answered_with_a_sentence(world: World) -> None:
    async with world.process() as bot:
        await bot.chat.intake.deliver(_asks("q", "cellar"))
        await bot.is_idle(where=HERE)
        assert world.platform.texts(HERE) == [
            "(I know no Assistant “cellar” that you can choose here: Math Tutor answers.)",
            "You said: hello",
        ]
        assert await answers(world, bot) == "tutor"


async def test_a_wish_survives_the_process_and_what_was_chosen_since_stands(world: World) -> None:
    gate = asyncio.Event()

    async def held(messages: list[Message]) -> list[str]:
        await gate.wait()
        return await echo(messages)

    world.assistants.reply = held
    async with world.process() as first:
        await first.chat.intake.deliver(_asks("q", "physics"))
        await until(lambda: world.platform.conversations[HERE] or world.assistants.runs)
        await said(world, first, "!assistant tutor")
        await first.dies(world)
    gate.set()
    async with world.process() as second:
        await second.is_idle(where=HERE)
        assert await answers(world, second, "next") == "tutor"
    assert [run.assistant_id for run in world.assistants.runs.values()] == ["physics", "tutor"]


async def test_text_of_others_in_a_wish_is_no_markup(world: World) -> None:
    async with world.process() as bot:
        await bot.chat.intake.deliver(replace(_asks("q", "`@everyone` " + "x" * 500)))
        await bot.is_idle(where=HERE)
    first = world.platform.texts(HERE)[0]
    assert len(first) < 150
    assert "`" not in first
