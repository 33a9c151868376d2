"""Who answers on Discord: the option of `/ask`, `/assistant`, and what is offered to whom."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.discord.choices import OPTION, fitted
from adapters.discord.slash import COMMANDS
from bots.wiring.roster import whereabouts
from core.chat.roster import Offer, Roster, Rule
from tests.discord_chat.world import ANN, BOB, LUNCH, MATHS, World
from tests.fakes.discord.looks import GUILD, Json

TUTOR = Offer(slug="tutor", name="Math Tutor")
PHYSICS = Offer(slug="physics", name="Physics")
CHEF = Offer(
    slug="chef",
    name="Chef",
    rules=(Rule(platform="discord", workspace=GUILD, channels=(LUNCH,)),),
)
MEDIC = Offer(slug="medic", name="Medic", rules=(Rule(platform="discord", people=(ANN,)),))


def roster(*offers: Offer) -> Roster:
    return Roster(offers, "tutor", whereabouts)


@pytest.fixture(autouse=True)
def several(world: World) -> None:
    world.roster = roster(TUTOR, PHYSICS)


def answerers(world: World) -> list[str]:
    """The names of the Assistants that answered, in order."""
    return [run.assistant_id for run in world.assistants.runs.values()]


def told(world: World) -> list[Json]:
    """The option as Discord knows it, of each command that has it."""
    options = [one for command in world.discord.commands for one in command.get("options", ())]
    return [one for one in options if one["name"] == "assistant"]


async def asks(world: World, channel: str, **options: Any) -> str:
    """Ann asks by slash command; the thread, once the answer stands there."""
    asked = await world.discord.slash(ANN, channel, "ask", **options)
    await world.until(lambda: asked.original in world.discord.channels)
    await world.replied(asked.original)
    await world.idle()
    return asked.original


async def test_a_question_chooses_who_answers_in_its_thread(world: World) -> None:
    async with world.process():
        thread = await asks(world, MATHS, question="why is the sky blue?", assistant="physics")
        await world.discord.post(ANN, thread, "and at night?")
        await world.replied(thread, 2)
        await world.discord.slash(ANN, MATHS, "ask", question="what is 2 + 2?")
        await world.idle()
    assert answerers(world) == ["physics", "physics", "tutor"]


async def test_a_question_for_one_person_chooses_too(world: World) -> None:
    async with world.process():
        await world.discord.slash(
            ANN, MATHS, "ask", question="why?", assistant="physics", private=True
        )
        await world.idle()
    assert answerers(world) == ["physics"]
    assert world.discord.told_alone(ANN, MATHS) == ["You said: why?"]


async def test_a_name_that_nobody_has_is_said_and_the_question_answered(world: World) -> None:
    async with world.process():
        thread = await asks(world, MATHS, question="why?", assistant="@everyone")
    aside, answer = world.discord.said(thread)
    assert "that you can choose here: Math Tutor answers." in aside
    assert answer.endswith("why?")
    assert answerers(world) == ["tutor"]


async def test_the_lesson_in_direct_messages_goes_on_with_another_one(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "one")
        await world.replied(world.dm)
        await world.idle()
        pressed = await world.discord.slash(ANN, world.dm, "assistant", assistant="physics")
        await world.until(lambda: "Physics answers here" in world.discord.answered(pressed))
        await world.discord.post(ANN, world.dm, "two")
        await world.replied(world.dm, 2)
        await world.idle()
    async with world.process():
        await world.discord.post(ANN, world.dm, "three")
        await world.replied(world.dm, 3)
        await world.idle()
        listed = await world.discord.slash(ANN, world.dm, "assistant")
        await world.until(lambda: "← answers here" in world.discord.answered(listed))
    assert answerers(world) == ["tutor", "physics", "physics"]
    assert len(world.assistants.threads) == 1


async def test_in_a_thread_all_are_told_who_answers(world: World) -> None:
    async with world.process():
        thread = await asks(world, MATHS, question="why?")
        pressed = await world.discord.slash(BOB, thread, "assistant", assistant="physics")
        await world.appears(thread, "Physics answers here from now on: Bob chose it.")
        await world.until(lambda: "We go on" in world.discord.answered(pressed))
        again = await world.discord.slash(BOB, thread, "assistant", assistant="physics")
        await world.until(lambda: "already" in world.discord.answered(again))
    assert sum("Bob chose it" in said for said in world.discord.said(thread)) == 1


async def test_what_all_may_use_are_choices_that_discord_keeps(world: World) -> None:
    async with world.process():
        choices = [
            {"name": "Math Tutor", "value": "tutor"},
            {"name": "Physics", "value": "physics"},
        ]
        assert [one["choices"] for one in told(world)] == [choices, choices]
        assert not any(one.get("autocomplete") for one in told(world))


async def test_discord_is_told_when_the_list_changes_and_only_then(world: World) -> None:
    first = [command["id"] for command in await commands_of(world)]
    assert [command["id"] for command in await commands_of(world)] == first
    world.roster = roster(TUTOR, PHYSICS, Offer(slug="poet", name="Poet"))
    second = [command["id"] for command in await commands_of(world)]
    assert not set(first) & set(second)
    assert [len(one["choices"]) for one in told(world)] == [3, 3]
    world.roster = roster(TUTOR, CHEF)
    await commands_of(world)
    assert [one.get("choices") for one in told(world)] == [None, None]
    world.roster = roster(TUTOR, PHYSICS)
    await commands_of(world)
    assert [len(one["choices"]) for one in told(world)] == [2, 2]


async def commands_of(world: World) -> list[Json]:
    """What Discord knows once a process has started."""
    async with world.process():
        return list(world.discord.commands)


async def test_what_not_all_may_use_is_offered_to_those_who_may(world: World) -> None:
    world.roster = roster(TUTOR, CHEF, MEDIC)
    discord = world.discord
    async with world.process():
        assert await discord.types(BOB, MATHS, "ask", "") == {"tutor": "Math Tutor"}
        assert await discord.types(BOB, LUNCH, "ask", "") == {"tutor": "Math Tutor", "chef": "Chef"}
        assert "medic" in await discord.types(ANN, MATHS, "ask", "")
        assert "chef" not in await discord.types(ANN, LUNCH, "ask", "", private=True)
        assert set(await discord.types(ANN, world.dm, "assistant", "")) == {"tutor", "medic"}
        # In a channel `/assistant` is about private questions, which lie in no server.
        assert "chef" not in await discord.types(ANN, LUNCH, "assistant", "")
        thread = await asks(world, LUNCH, question="soup?")
        assert "chef" in await discord.types(BOB, thread, "assistant", "")


async def test_what_is_typed_narrows_the_list(world: World) -> None:
    world.roster = roster(TUTOR, MEDIC, Offer(slug="astro", name="Stars and mathematics"))
    async with world.process():
        found = await world.discord.types(BOB, MATHS, "ask", " MATH")
        assert list(found) == ["tutor", "astro"]
        assert await world.discord.types(BOB, MATHS, "ask", "nobody") == {}


async def test_of_many_the_first_25_are_offered_and_the_rest_by_typing(world: World) -> None:
    many = [Offer(slug=f"a{number}", name=f"Assistant {number}") for number in range(40)]
    world.roster = roster(TUTOR, *many)
    async with world.process():
        assert all(one["autocomplete"] for one in told(world))
        assert len(await world.discord.types(ANN, MATHS, "ask", "")) == 25
        assert await world.discord.types(ANN, MATHS, "ask", "nt 39") == {"a39": "Assistant 39"}


async def test_offers_need_no_store(world: World) -> None:
    world.roster = roster(TUTOR, MEDIC)
    async with world.process():
        await world.break_store()
        assert "medic" in await world.discord.types(ANN, MATHS, "ask", "")
        await world.mend_store()


async def test_offers_are_made_by_http_as_well(world: World) -> None:
    world.roster = roster(TUTOR, MEDIC)
    async with world.by_http():
        assert "medic" in await world.discord.types(ANN, MATHS, "ask", "")


def test_names_that_two_have_are_told_apart() -> None:
    twins = roster(Offer(slug="one", name="Twin"), Offer(slug="two", name="Twin"))
    options = [one for command in fitted(COMMANDS, twins) for one in command.get("options", ())]
    (choices, *_) = [one["choices"] for one in options if one["name"] == OPTION["name"]]
    assert [one["name"] for one in choices] == ["Twin", "Twin (two)"]
