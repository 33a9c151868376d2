"""What people do in Slack beside writing: tabs, the shortcut, answers for one person alone."""

from __future__ import annotations

from typing import cast

from tests.fakes.slack.looks import Json, buttons, words
from tests.patience import until
from tests.slack.world import ANN, BOB, CHANNEL, World

ANNS = "D" + ANN[1:]


async def told_alone(world: World, count: int = 1) -> list[Json]:
    """What one person was shown alone, once there is so much of it."""
    await until(lambda: len(world.slack.called("chat.postEphemeral")) >= count)
    return world.slack.called("chat.postEphemeral")


def share(call: Json) -> str:
    """What the Share button of an answer carries."""
    for block in cast("list[Json]", call["blocks"]):
        for element in cast("list[Json]", block.get("elements") or []):
            if element["action_id"] == "bobbin:share":
                return str(element["value"])
    raise AssertionError("no Share button")


async def test_the_home_tab_says_who_answers_and_what_is_kept(world: World) -> None:
    world.assistants.usage = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}
    async with world.process():
        await world.replied(
            ANNS, await world.slack.post(ANN, ANNS, "what is a prime &lt;number&gt;?")
        )
        await world.idle()
        await world.slack.open_tab(ANN, ANNS, "home")
        await until(lambda: ANN in world.slack.views)
    shown = str(world.slack.views[ANN])
    assert "Math Tutor" in shown
    assert "Number 1: what is a prime &lt;number&gt;?" in shown
    assert "What is kept" in shown
    assert "Today: 1 answer, 120 tokens read and 7 written" in shown


async def test_the_agent_view_suggests_what_to_ask(world: World) -> None:
    async with world.process():
        await world.slack.open_tab(ANN, ANNS, "messages")
        await until(lambda: ANNS in world.slack.prompts)
    assert world.slack.prompts[ANNS]


async def test_an_app_without_agents_is_asked_once_and_hears_on(world: World) -> None:
    world.slack.agent = False
    async with world.process():
        for _ in range(3):
            await world.slack.open_tab(ANN, ANNS, "messages")
            await until(lambda: world.slack.called("assistant.threads.setSuggestedPrompts"))
            # Once this is answered, what the app was told about its agent has been read.
            await world.replied(ANNS, await world.slack.post(ANN, ANNS, "hello"))
    assert len(world.slack.called("assistant.threads.setSuggestedPrompts")) == 1


async def test_a_question_about_a_message_is_answered_in_direct_messages(world: World) -> None:
    ts = "1600000000.000001"
    said = {"type": "message", "user": BOB, "ts": ts, "text": "The *pump* is &lt;broken&gt;."}
    world.slack.messages[CHANNEL][ts] = said
    async with world.process():
        await world.slack.ask_about(ANN, CHANNEL, ts, "what does that mean?")
        await world.idle()
    (sent,) = world.assistants.sent
    assert sent.text.startswith("what does that mean?")
    assert "> The *pump* is <broken>." in sent.text
    (answer,) = world.slack.messages[ANNS].values()
    assert words(answer).startswith("You said: what does that mean?")
    assert len(world.slack.messages[CHANNEL]) == 1


async def test_or_in_its_thread_where_all_can_read_it(world: World) -> None:
    ts = "1600000000.000001"
    world.slack.messages[CHANNEL][ts] = {"user": BOB, "ts": ts, "text": "The pump is broken."}
    async with world.process():
        for question in ("what does that mean?", "and now?"):
            await world.slack.ask_about(ANN, CHANNEL, ts, question, where="thread")
            await world.idle()
    said = [words(m) for m in world.own(CHANNEL, ts)]
    assert len(said) == 2
    assert "what does that mean?" in said[0]
    assert "and now?" in said[1]
    assert len(world.assistants.threads) == 1


async def test_an_answer_for_one_person_can_be_shared(world: World) -> None:
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask what is 2 + 2?")
        (answer,) = await told_alone(world)
        await world.idle()
        assert not world.slack.messages[CHANNEL]
        await world.slack.press(ANN, CHANNEL, "1700.1", "bobbin:share", share(answer))
    (shown,) = world.slack.messages[CHANNEL].values()
    assert "You said: what is 2 + 2?" in words(shown)
    assert "shares what I said" in words(shown)
    assert buttons(shown) == []


async def test_nobody_shares_what_somebody_else_was_told(world: World) -> None:
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask a secret")
        (answer,) = await told_alone(world)
        await world.idle()
        await world.slack.press(BOB, CHANNEL, "1700.1", "bobbin:share", share(answer))
        calls = await told_alone(world, 2)
    assert calls[1]["user"] == BOB
    assert "no answer here" in str(calls[1]["blocks"])
    assert not world.slack.messages[CHANNEL]


async def test_an_answer_for_one_person_can_be_had_again(world: World) -> None:
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask what is 2 + 2?")
        await told_alone(world)
        await world.idle()
        await world.slack.press(ANN, CHANNEL, "1700.1", "bobbin:regenerate", "")
        calls = await told_alone(world, 2)
        await world.idle()
    assert [call["user"] for call in calls] == [ANN, ANN]
    assert len(world.assistants.runs) == 2


async def test_where_bobbin_is_no_member_the_answer_goes_into_direct_messages(
    world: World,
) -> None:
    world.slack.not_in.add(CHANNEL)
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask what is 2 + 2?")
        await world.idle()
    (answer,) = world.slack.messages[ANNS].values()
    assert words(answer) == "You said: what is 2 + 2?"
    assert not await world.dead_letters()


async def test_files_of_an_answer_for_one_person_are_named(world: World) -> None:
    world.assistants.files["plot"] = ("plot.png", b"\x89PNG\r\n\x1a\n")
    world.assistants.shows = ("plot",)
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask plot it")
        (answer,) = await told_alone(world)
    assert "Not shown here: plot.png" in str(answer["blocks"])
