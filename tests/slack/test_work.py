"""What people see of the tools that an answer uses: cards in a stream, a small line elsewhere."""

from __future__ import annotations

import asyncio

import pytest

from core.assistants import Json, Message
from core.chat.function_ports import Traits
from tests.fakes.assistants import Wants
from tests.fakes.functions import FakeFunctions
from tests.fakes.slack.looks import buttons, cards, small_print, words
from tests.patience import until
from tests.slack.world import ANN, BOT, CHANNEL, DM, World

CODE: Json = {"id": "call_1", "type": "code_interpreter", "code_interpreter": {"input": "secret()"}}
SEARCH: Json = {"id": "call_2", "type": "file_search", "file_search": {"results": ["secret.pdf"]}}


@pytest.fixture
def working(world: World) -> World:
    """Every answer runs code and searches before it speaks, as long as the test wants."""
    world.assistants.works = (CODE, SEARCH)
    world.assistants.before_text = asyncio.Event()
    return world


def is_done(world: World) -> None:
    """The tools have done their work."""
    assert world.assistants.before_text is not None
    world.assistants.before_text.set()


def seen(world: World, channel: str, root: str) -> list[tuple[str, str]]:
    """The cards of all posts in a thread."""
    return [card for message in world.own(channel, root) for card in cards(message)]


async def test_cards_say_what_it_is_doing_and_then_that_it_is_done(working: World) -> None:
    async with working.process():
        ts = await working.slack.post(ANN, DM, "plot it")
        await until(lambda: len(seen(working, DM, ts)) == 2)
        assert seen(working, DM, ts) == [
            ("Running code", "in_progress"),
            ("Searching the files", "in_progress"),
        ]
        is_done(working)
        assert await working.replied(DM, ts) == ["You said: plot it"]
        await working.idle()
        await working.signs_off()
    (answer,) = working.own(DM, ts)
    assert cards(answer) == [("Ran code", "complete"), ("Searched the files", "complete")]
    assert "bobbin:regenerate" in buttons(answer)
    assert "secret" not in str([call.arguments for call in working.slack.calls])
    working.at_rest()


@pytest.mark.parametrize("streaming", [True, False])
async def test_where_there_are_no_cards_a_line_says_what_was_done(
    working: World, *, streaming: bool
) -> None:
    working.slack.cards = False
    working.slack.streaming = streaming
    async with working.process():
        first = await working.slack.post(ANN, DM, "plot it")
        await until(lambda: len(working.slack.called("chat.startStream")) == 1)
        is_done(working)
        await working.replied(DM, first)
        await working.idle()
        second = await working.slack.post(ANN, DM, "plot it again")
        await working.replied(DM, second)
        await working.idle()
    for ts in (first, second):
        (answer,) = working.own(DM, ts)
        assert small_print(answer) == "Ran code · Searched the files"
    with_cards = [one for one in working.slack.called("chat.startStream") if "chunks" in one]
    assert len(with_cards) == 1
    working.at_rest()


async def test_the_older_sign_says_it_in_its_words(working: World) -> None:
    working.slack.agent = working.slack.streaming = False
    async with working.process():
        await working.slack.post(ANN, DM, "plot it")
        line = "Running code… · Searching the files…"
        await until(lambda: line in [status for *_, status in working.slack.statuses])
        is_done(working)
        await working.idle()
        await working.signs_off()
    assert [status for *_, status in working.slack.statuses].count(line) == 1
    working.at_rest()


async def test_work_that_is_stopped_is_shown_as_broken_off(working: World) -> None:
    async with working.process():
        root = await working.slack.post(ANN, CHANNEL, f"{BOT} plot it")
        await until(lambda: len(seen(working, CHANNEL, root)) == 2)
        await working.slack.post(ANN, CHANNEL, "!stop", thread_ts=root)
        await working.replied(CHANNEL, root)
        await working.idle()
    (answer,) = [m for m in working.own(CHANNEL, root) if cards(m)]
    assert [status for _, status in cards(answer)] == ["error", "error"]
    assert "(stopped)" in words(answer)


async def test_slacks_own_stop_button_ends_the_stream_and_the_work(working: World) -> None:
    async with working.process():
        ts = await working.slack.post(ANN, DM, "plot it")
        await until(lambda: len(seen(working, DM, ts)) == 2)
        await working.slack.press_stop(ANN, DM, ts)
        await working.replied(DM, ts)
        await working.idle()
        await working.signs_off()
    (answer,) = working.own(DM, ts)
    assert words(answer) == "(stopped)"
    assert small_print(answer) == "Code was broken off · The search was broken off"
    assert "bobbin:regenerate" in buttons(answer)
    working.at_rest()


async def test_a_function_has_a_card_without_its_arguments(world: World) -> None:
    functions = world.own_functions = FakeFunctions()
    functions.add("refund", traits=Traits())
    world.assistants.tools = ({"type": "function", "function": {"name": "refund"}},)

    async def reply(_: list[Message]) -> list[str]:
        if not world.assistants.outputs:
            raise Wants(("call_9", "refund", '{"order": "A-17"}'), first="Let me see.")
        return ["It is refunded."]

    world.assistants.reply = reply
    async with world.process():
        ts = await world.slack.post(ANN, DM, "refund A-17")
        assert await world.replied(DM, ts, 2) == ["Let me see.", "It is refunded."]
        await world.idle()
    assert seen(world, DM, ts) == [("Used refund", "complete")]
    assert "A-17" not in str([m.get("blocks") for m in world.own(DM, ts)])


async def test_a_process_that_dies_at_work_leaves_no_card_open(working: World) -> None:
    async with working.process():
        ts = await working.slack.post(ANN, DM, "plot it")
        await until(lambda: len(seen(working, DM, ts)) == 2)
    is_done(working)
    async with working.process():
        assert await working.replied(DM, ts) == ["You said: plot it"]
        await working.idle()
    (answer,) = working.own(DM, ts)
    assert cards(answer) == []
    assert small_print(answer) == "Ran code · Searched the files"
    working.at_rest()


async def test_a_new_answer_says_in_a_line_what_it_does(working: World) -> None:
    is_done(working)
    async with working.process():
        ts = await working.slack.post(ANN, DM, "plot it")
        await working.replied(DM, ts)
        await working.idle()
        working.assistants.before_text = asyncio.Event()
        (answer,) = working.own(DM, ts)
        await working.slack.press(ANN, DM, answer["ts"], "bobbin:regenerate", "regenerate")
        await until(lambda: "Running code…" in small_print(working.own(DM, ts)[0]))
        is_done(working)
        await working.idle()
    (answer,) = working.own(DM, ts)
    assert small_print(answer) == "Ran code · Searched the files"
    assert words(answer) == "You said: plot it"


async def test_a_long_answer_is_at_work_until_its_last_part(world: World) -> None:
    text = "\n\n".join(f"Line {number} of a long answer." for number in range(700))

    async def reply(_: list[Message]) -> list[str]:
        return [text]

    world.assistants.reply = reply
    async with world.process():
        ts = await world.slack.post(ANN, DM, "all")
        await world.replied(DM, ts, 3)
        await world.idle()
        await world.signs_off()
    assert world.slack.called("chat.stopStream")[0]["session_status"] == "processing"
    world.at_rest()


async def test_a_team_that_slack_does_not_tell_costs_one_stream(world: World) -> None:
    world.settings["bobbin_slack_strangers"] = True
    world.slack.teams["U0EVE"] = "T9OTHER"
    world.slack.fail("users.info", "internal_error", status=500, times=999)
    async with world.process():
        for count in (1, 2):
            root = await world.slack.post("U0EVE", CHANNEL, f"{BOT} hello", user_team="T9OTHER")
            await world.replied(CHANNEL, root)
            await world.idle()
            teams = [call["recipient_team_id"] for call in world.slack.called("chat.startStream")]
            assert teams == ["T0FAKE", "T9OTHER"][:count]
            world.slack.forgive()
    world.at_rest()


async def test_people_of_other_organisations_see_a_stream_too(world: World) -> None:
    world.settings["bobbin_slack_strangers"] = True
    world.slack.teams["U0EVE"] = "T9OTHER"
    async with world.process():
        root = await world.slack.post("U0EVE", CHANNEL, f"{BOT} hello", user_team="T9OTHER")
        await world.replied(CHANNEL, root)
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.idle()
    teams = [call["recipient_team_id"] for call in world.slack.called("chat.startStream")]
    assert teams == ["T9OTHER", "T0FAKE"]
    world.at_rest()
