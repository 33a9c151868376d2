"""Who answers in Slack: `!assistant`, `/bobbin assistant`, and the menu of the Home tab."""

from __future__ import annotations

from typing import Any, cast

import pytest

from adapters.slack.views import ASSISTANT, Home, chosen_of, home
from bots.wiring.roster import whereabouts
from core.chat.roster import Offer, Roster, Rule
from tests.fakes.slack.looks import Json, check_view, words
from tests.patience import until
from tests.slack.world import ANN, BOB, BOT, CHANNEL, TUTOR, World

ANNS, BOBS = "D0ANN", "D0BOB"

PHYSICS = Offer(slug="physics", name="Physics", prompts=("Why is the sky blue?",))
MEDIC = Offer(slug="medic", name="Medic", rules=(Rule(platform="slack", people=(ANN,)),))


@pytest.fixture(autouse=True)
def several(world: World) -> None:
    world.roster = Roster((TUTOR, PHYSICS, MEDIC), "tutor", whereabouts)


def answerers(world: World) -> list[str]:
    """The names of the Assistants that answered, in order."""
    return [run.assistant_id for run in world.assistants.runs.values()]


def menu(view: Json) -> Json:
    """The menu of Assistants in a Home tab; empty where there is none."""
    blocks = cast("list[Json]", view["blocks"])
    found = [block["accessory"] for block in blocks if "accessory" in block]
    return found[0] if found else {}


def present(view: Json) -> str:
    """Who is shown as chosen in a Home tab."""
    return str(menu(view).get("initial_option", {}).get("value", ""))


async def home_of(world: World, user: str, channel: str) -> Json:
    """The Home tab that somebody opens."""
    world.slack.views.pop(user, None)
    await world.slack.open_tab(user, channel, "home")
    await until(lambda: user in world.slack.views)
    return world.slack.views[user]


async def test_a_thread_goes_on_with_another_one(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} one")
        await world.replied(CHANNEL, root)
        await world.idle()
        await world.slack.post(ANN, CHANNEL, "!assistant physics", thread_ts=root)
        await world.appears(CHANNEL, root, "Physics answers here from now on")
        await world.slack.post(ANN, CHANNEL, "two", thread_ts=root)
        await world.appears(CHANNEL, root, "two")
        await world.idle()
        other = await world.slack.post(ANN, CHANNEL, f"{BOT} three")
        await world.replied(CHANNEL, other)
        await world.idle()
    assert answerers(world) == ["tutor", "physics", "tutor"]


async def test_what_one_asks_alone_has_a_choice_of_its_own(world: World) -> None:
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "assistant physics")
        await world.slack.slash(ANN, CHANNEL, "ask why?")
        await world.idle()
        await until(lambda: len(world.slack.called("chat.postEphemeral")) == 2)
    assert answerers(world) == ["physics"]
    assert "Physics answers here" in str(world.slack.called("chat.postEphemeral")[0]["blocks"])


async def test_the_home_tab_offers_what_a_person_may_use(world: World) -> None:
    async with world.process():
        anns, bobs = await home_of(world, ANN, ANNS), await home_of(world, BOB, BOBS)
    assert [one["value"] for one in menu(anns)["options"]] == ["tutor", "physics", "medic"]
    assert [one["value"] for one in menu(bobs)["options"]] == ["tutor", "physics"]
    assert present(anns) == "tutor"


async def test_a_choice_in_the_home_tab_is_that_of_the_direct_messages(world: World) -> None:
    async with world.process():
        view = await home_of(world, ANN, ANNS)
        await world.slack.choose(ANN, view, ASSISTANT, "physics")
        await until(lambda: present(world.slack.views[ANN]) == "physics")
        said = [words(one) for one in world.slack.messages[ANNS].values()]
        assert said == [
            "Physics answers here from now on. We go on where we are: it knows what was said."
        ]
        await world.replied(ANNS, await world.slack.post(ANN, ANNS, "why?"))
        await world.idle()
    async with world.process():
        await world.slack.slash(ANN, ANNS, "new")
        await world.replied(ANNS, await world.slack.post(ANN, ANNS, "and now?"))
        await world.idle()
        assert present(await home_of(world, ANN, ANNS)) == "physics"
    assert answerers(world) == ["physics", "physics"]


async def test_a_choice_that_came_twice_is_said_once(world: World) -> None:
    async with world.process():
        view = await home_of(world, ANN, ANNS)
        await world.slack.choose(ANN, view, ASSISTANT, "physics")
        await until(lambda: present(world.slack.views[ANN]) == "physics")
        await world.slack.choose(ANN, world.slack.views[ANN], ASSISTANT, "physics")
        await until(lambda: len(world.slack.messages[ANNS]) == 2)
    assert "already" in words(list(world.slack.messages[ANNS].values())[1])


async def test_what_is_suggested_goes_with_who_answers(world: World) -> None:
    def suggested() -> list[str]:
        return [str(one["message"]) for one in world.slack.prompts.get(ANNS, [])]

    async with world.process():
        await world.slack.open_tab(ANN, ANNS, "messages")
        await until(lambda: suggested() == ["Plot sin(x) / x."])
        await world.slack.post(ANN, ANNS, "!assistant physics")
        await until(lambda: suggested() == ["Why is the sky blue?"])
        await world.slack.post(ANN, ANNS, "!assistant tutor")
        await until(lambda: suggested() == ["Plot sin(x) / x."])
        await world.slack.post(ANN, ANNS, "!assistant physics")
        await until(lambda: suggested() == ["Why is the sky blue?"])
        world.slack.prompts.clear()
        await world.slack.open_tab(ANN, ANNS, "messages")
        await until(lambda: suggested() == ["Why is the sky blue?"])


async def test_where_each_thread_is_its_own_there_is_no_menu(world: World) -> None:
    world.settings["bobbin_slack_direct"] = "threads"
    async with world.process():
        view = await home_of(world, ANN, ANNS)
    assert not menu(view)
    assert "Write `!assistant` in one" in str(view)


async def test_people_of_other_organisations_choose_nothing(world: World) -> None:
    async with world.process():
        view = await home_of(world, ANN, ANNS)
        await world.slack.choose(ANN, view, ASSISTANT, "physics", team="T0ELSE")
        await world.replied(ANNS, await world.slack.post(ANN, ANNS, "why?"))
        await world.idle()
    assert answerers(world) == ["tutor"]


def test_one_alone_is_no_choice() -> None:
    view = home(Home(assistant="Tutor", chosen="tutor", choices=(("tutor", "Tutor"),)), "D1")
    check_view(view)
    assert not menu(view)


def test_a_hundred_choices_fit_and_names_are_cut() -> None:
    many = tuple((f"a{number}", "N" * 300) for number in range(200))
    view = home(Home(assistant="A", chosen="a1", choices=many), "D1")
    check_view(view)
    assert len(menu(view)["options"]) == 100


@pytest.mark.parametrize(
    "change",
    [
        {"actions": []},
        {"actions": "x"},
        {"actions": [{"action_id": "bobbin:work", "action_ts": "1.1"}]},
        {"actions": [{"action_id": ASSISTANT, "selected_option": None, "action_ts": "1.1"}]},
        {"actions": [{"action_id": ASSISTANT, "selected_option": {"value": "x"}}]},
        {"view": {"private_metadata": ""}},
        {"view": None},
    ],
)
def test_other_presses_are_no_choice(change: dict[str, Any]) -> None:
    action: Json = {"action_id": ASSISTANT, "selected_option": {"value": "x"}, "action_ts": "1.1"}
    payload: Json = {
        "user": {"id": ANN, "team_id": "T0FAKE"},
        "view": {"private_metadata": ANNS},
        "actions": [action],
    }
    assert chosen_of(payload) is not None
    assert chosen_of(payload | change) is None
