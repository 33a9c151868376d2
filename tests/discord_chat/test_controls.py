"""Slash commands, buttons and the message menu."""

from __future__ import annotations

import asyncio

from core.assistants import Message
from core.chat.function_ports import Traits
from tests.discord_chat.world import ANN, BOB, LUNCH, MATHS, MENTION, World
from tests.fakes.assistants import Wants
from tests.fakes.discord.looks import button, buttons


async def test_ask_in_a_channel_opens_a_thread_and_the_talk_goes_on_there(world: World) -> None:
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="what is 2 + 2?")
        await world.until(lambda: asked.original in world.discord.channels)
        thread = asked.original
        assert await world.replied(thread) == [f"You said: [Ann #{ANN}] what is 2 + 2?"]
        assert world.discord.answered(asked) == "> what is 2 + 2?"
        await world.discord.post(ANN, thread, "and 3 + 3?")
        await world.replied(thread, 2)
    assert world.discord.channels[thread]["name"] == "what is 2 + 2?"
    assert len(world.assistants.threads) == 1


async def test_ask_in_a_thread_and_in_direct_messages_goes_on_there(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(thread)
        await world.discord.slash(ANN, thread, "ask", question="two")
        await world.replied(thread, 2)
        await world.discord.post(ANN, world.dm, "three")
        await world.replied(world.dm)
        await world.discord.slash(ANN, world.dm, "ask", question="four")
        await world.replied(world.dm, 2)
    assert len(world.assistants.threads) == 2


async def test_a_private_question_is_answered_for_the_asker_alone(world: World) -> None:
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="a secret?", private=True)
        await world.until(lambda: world.discord.answered(asked))
        await world.idle()
    assert world.discord.told_alone(ANN, MATHS) == ["You said: a secret?"]
    assert world.own(MATHS) == []


async def test_a_private_answer_that_takes_too_long_comes_by_direct_message(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="a b c d", private=True)
        await world.until(lambda: world.assistants.runs)
        asked.expired = True
        world.assistants.before_last.set()
        await world.appears(world.dm, "You said: a b c d")


async def test_buttons_under_a_private_answer_are_about_it(world: World) -> None:
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="a secret?", private=True)
        await world.until(lambda: world.discord.answered(asked))
        await world.idle()
        answer = world.discord.messages[f"{MATHS}/{ANN}"][asked.original]
        await world.discord.press(ANN, MATHS, answer["id"], button(answer, "regenerate"))
        await world.until(lambda: len(world.discord.told_alone(ANN, MATHS)) == 2)
        await world.idle()
    assert len(world.assistants.threads) == 1
    assert len(world.assistants.runs) == 2


async def test_where_the_bot_is_no_member_only_the_person_sees_the_answer(world: World) -> None:
    text = "\n\n".join(f"Line {number} of a long answer." for number in range(270))

    async def reply(_: list[Message]) -> list[str]:
        return [text, text]

    world.assistants.reply = reply
    async with world.process():
        asked = await world.discord.slash(ANN, LUNCH, "ask", personal=True, question="all of it")
        await world.until(lambda: world.discord.answered(asked))
        await world.until(lambda: world.own(world.dm))
        await world.idle()
    alone, rest = world.discord.told_alone(ANN, LUNCH), world.discord.said(world.dm)
    assert len(alone) == 6
    assert f"{text}\n\n{text}" == "\n\n".join(part.strip() for part in [*alone, *rest])
    assert world.own(LUNCH) == []


async def test_where_the_bot_may_not_write_only_the_person_sees_the_answer(world: World) -> None:
    world.discord.permissions = str(1 << 10)
    async with world.process():
        asked = await world.discord.slash(ANN, LUNCH, "ask", question="anybody?")
        await world.until(lambda: "You said" in world.discord.answered(asked))
    assert world.own(LUNCH) == []


async def test_a_file_comes_with_a_question(world: World) -> None:
    table = world.discord.add_file("data.csv", b"a,b\n1,2\n", "text/csv")
    async with world.process():
        await world.discord.slash(ANN, world.dm, "ask", file=table, question="sum it up")
        await world.replied(world.dm)
    (document,) = world.assistants.sent[0].documents
    assert world.assistants.files[document.file_id] == ("data.csv", b"a,b\n1,2\n")


async def test_a_question_about_a_message_by_its_menu(world: World) -> None:
    async with world.process():
        said = await world.discord.post(BOB, MATHS, "17 is even")
        opened = await world.discord.menu(ANN, MATHS, "Ask about this message", said)
        await world.until(lambda: opened.acked)
        asked = await world.discord.submit(opened, question="Is that so?")
        await world.until(lambda: asked.original in world.discord.channels)
        (answer,) = await world.replied(asked.original)
    assert "Is that so?" in answer
    assert "by Bob" in answer
    assert "> 17 is even" in answer


async def test_new_sessions_and_resume_in_direct_messages(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "first things first")
        await world.replied(world.dm)
        await world.idle()
        begun = await world.discord.slash(ANN, world.dm, "new")
        await world.until(lambda: "number 2" in world.discord.answered(begun))
        await world.discord.post(ANN, world.dm, "second")
        await world.replied(world.dm, 2)
        await world.idle()
        listed = await world.discord.slash(ANN, world.dm, "sessions")
        await world.until(lambda: "first things first" in world.discord.answered(listed))
        back = await world.discord.slash(ANN, world.dm, "resume", session=1)
        await world.until(lambda: "session 1" in world.discord.answered(back))
        await world.discord.post(ANN, world.dm, "third")
        await world.replied(world.dm, 3)
    assert len(world.assistants.threads) == 2


async def _choose_the_first_session(world: World, place: str) -> str:
    """Begin another session there, and choose the first from the list; what is said to that."""
    begun = await world.discord.slash(ANN, place, "new")
    await world.until(lambda: "number 2" in world.discord.answered(begun))
    listed = await world.discord.slash(ANN, place, "sessions")
    await world.until(lambda: "first things" in world.discord.answered(listed))
    alone = world.discord.messages[f"{place}/{ANN}"]
    (row,) = alone[listed.original]["components"]
    (menu,) = row["components"]
    assert [one["value"] for one in menu["options"]] == ["1"]
    name = menu["custom_id"]
    chosen = await world.discord.press(ANN, place, listed.original, name, chosen="1")
    await world.until(lambda: chosen.followups)
    return str(alone[chosen.followups[0]]["content"])


async def test_a_session_is_chosen_from_a_list(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} first things first")
        await world.replied(thread)
        await world.discord.post(ANN, world.dm, "first things first")
        await world.replied(world.dm)
        await world.idle()
        for place in (thread, world.dm):
            assert "Back in session 1" in await _choose_the_first_session(world, place)


async def test_help_and_what_has_nothing_to_say(world: World) -> None:
    async with world.process():
        helped = await world.discord.slash(ANN, LUNCH, "help")
        await world.until(lambda: "`/ask`" in world.discord.answered(helped))
        stopped = await world.discord.slash(ANN, world.dm, "stop")
        await world.until(lambda: "not writing" in world.discord.answered(stopped))
    assert world.own(LUNCH) == []


async def test_stop_ends_the_answer_and_only_the_asker_may(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} one two three four")
        await world.appears(thread, "You said")
        (growing,) = world.own(thread)
        stop = button(growing, "stop")
        await world.discord.press(BOB, thread, growing["id"], stop)
        await world.until(lambda: world.discord.told_alone(BOB, thread))
        assert "Only the person who asked" in world.discord.told_alone(BOB, thread)[0]
        await world.discord.press(ANN, thread, growing["id"], stop)
        await world.replied(thread)
        await world.idle()
    (said,) = world.discord.said(thread)
    assert "stopped" in said
    assert "four" not in said


async def test_regenerate_edits_the_same_post_also_after_a_restart(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)
        await world.idle()
    (answer,) = world.own(world.dm)
    async with world.process():
        await world.discord.press(ANN, world.dm, answer["id"], button(answer, "regenerate"))
        await world.until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert len(world.own(world.dm)) == 1


async def test_feedback_is_kept_with_the_run(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)
        await world.idle()
        (answer,) = world.own(world.dm)
        await world.discord.press(ANN, world.dm, answer["id"], button(answer, "feedback", "good"))
        (run,) = world.assistants.runs.values()
        await world.until(lambda: "Noted" in "".join(world.discord.told_alone(ANN, world.dm)))
        (run,) = world.assistants.runs.values()
    assert run.metadata["bobbin_feedback"] == f"good by {ANN}"


async def test_two_processes_hear_one_press_and_one_question_once(world: World) -> None:
    async with world.process(), world.process():
        await world.until(lambda: world.discord.listening == 2)
        asked = await world.discord.slash(ANN, MATHS, "ask", question="once?")
        await world.until(lambda: asked.original in world.discord.channels)
        await world.replied(asked.original)
        begun = await world.discord.slash(ANN, world.dm, "new")
        await world.until(lambda: world.discord.answered(begun))
        await world.idle()
        await asyncio.sleep(0.2)
    assert "number 2" in world.discord.answered(begun)
    assert len(world.own(asked.original)) == 1
    assert len(world.assistants.runs) == 1


async def test_an_acknowledgement_that_got_lost_is_no_failure(world: World) -> None:
    world.discord.lose_answer("POST", "/callback$")
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="still there?")
        await world.until(lambda: asked.original in world.discord.channels)
        await world.replied(asked.original)


async def test_a_question_that_was_acknowledged_too_late_is_asked_in_the_channel(
    world: World,
) -> None:
    world.discord.fail("POST", "/callback$", 404, code=10062)
    async with world.process():
        await world.discord.slash(ANN, MATHS, "ask", question="am I late?")
        await world.until(lambda: world.own(MATHS))
        (shown,) = world.own(MATHS)
        assert "**Ann** asks" in shown["content"]
        await world.replied(shown["id"])


async def test_interactions_by_http_are_the_other_way_in(world: World) -> None:
    async with world.by_http():
        assert await world.discord.call(b'{"type": 1}') == (200, '{"type": 1}')
        assert (await world.discord.call(b'{"type": 1}', signature=bytes(64)))[0] == 401
        asked = await world.discord.slash(ANN, MATHS, "ask", question="by another way?")
        await world.until(lambda: asked.original in world.discord.channels)
        await world.replied(asked.original)


async def test_what_somebody_has_to_allow_is_asked_with_buttons(world: World) -> None:
    world.functions.add("refund", traits=Traits(approval=True))
    world.assistants.tools = ({"type": "function", "function": {"name": "refund"}},)

    async def reply(_: list[Message]) -> list[str]:
        if not world.assistants.outputs:
            raise Wants(("call_1", "refund", '{"order": "A-17"}'))
        return ["It is done."]

    world.assistants.reply = reply
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} refund it")
        await world.until(lambda: any("approve" in buttons(m) for m in world.own(thread)))
        (question,) = world.own(thread)
        assert 'refund(order="A-17")' in question["content"]
        allow = button(question, "approve")
    async with world.process():
        await world.discord.press(BOB, thread, question["id"], allow)
        await world.until(lambda: world.discord.told_alone(BOB, thread))
        assert not world.functions.calls
        await world.discord.press(ANN, thread, question["id"], allow)
        await world.replied(thread)
        await world.idle()
    assert world.functions.calls == [("refund", '{"order": "A-17"}')]
    assert "Approved by Ann." in world.own(thread)[0]["content"]


async def test_commands_are_told_to_discord_only_when_they_changed(world: World) -> None:
    for _ in range(2):
        async with world.process():
            pass
    assert len(world.discord.called("PUT", "/commands$")) == 1
    world.discord.commands[0]["description"] = "Something older"
    async with world.process():
        pass
    assert len(world.discord.called("PUT", "/commands$")) == 2


async def test_a_press_of_an_answer_in_a_channel_is_about_its_conversation(world: World) -> None:
    world.settings["bobbin_discord_mode"] = "reply"
    async with world.process():
        await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(MATHS)
        await world.idle()
        (answer,) = world.own(MATHS)
        await world.discord.press(ANN, MATHS, answer["id"], button(answer, "regenerate"))
        await world.until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert len(world.own(MATHS)) == 1
