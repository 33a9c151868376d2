"""People and Bobbin in a guild and in direct messages."""

from __future__ import annotations

from tests.discord_chat.world import ANN, BOB, LUNCH, MATHS, MENTION, World, is_answered
from tests.fakes.discord.looks import BOT, ROLE, buttons


async def test_a_mention_is_answered_in_a_thread_on_it(world: World) -> None:
    async with world.process():
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} what is 2 + 2?")
        assert await world.replied(asked) == [f"You said: [Ann #{ANN}] what is 2 + 2?"]
    assert world.discord.channels[asked]["name"] == "what is 2 + 2?"
    assert world.own(MATHS) == []
    (reply,) = world.own(asked)
    assert buttons(reply) == ["regenerate", "new", "feedback", "feedback"]


async def test_a_thread_goes_on_without_a_mention_while_one_person_writes(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, thread, "and now?")
        assert (await world.replied(thread, 2))[1].endswith("and now?")
        await world.discord.post(BOB, thread, "I say something")
        await world.discord.post(ANN, thread, "to Bob")
        await world.discord.post(ANN, thread, f"<@&{ROLE}> to you")
        assert (await world.replied(thread, 3))[2].endswith("to you")
    assert len(world.own(thread)) == 3
    assert len(world.assistants.threads) == 1


async def test_what_names_somebody_else_is_left_alone(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, thread, f"<@{BOB}> what do you think?")
        await world.discord.post(ANN, thread, "go on")
        assert (await world.replied(thread, 2))[1].endswith("go on")


async def test_direct_messages_are_one_conversation(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "I am Ann")
        assert await world.replied(world.dm) == ["You said: I am Ann"]
        await world.discord.post(ANN, world.dm, "who am I?")
        assert (await world.replied(world.dm, 2))[1] == "You said: who am I?"
    assert len(world.assistants.threads) == 1


async def test_a_reply_to_an_answer_goes_on_with_it(world: World) -> None:
    world.settings["bobbin_discord_mode"] = "reply"
    async with world.process():
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        (first,) = world.own(MATHS)
        assert first["message_reference"]["message_id"] == asked
        await world.discord.post(ANN, MATHS, "two", reply_to=first["id"])
        await world.replied(MATHS, 2)
        second = world.own(MATHS)[1]
        await world.discord.post(ANN, MATHS, "three", reply_to=second["id"])
        await world.replied(MATHS, 3)
    assert len(world.assistants.threads) == 1
    assert asked not in world.discord.channels


async def test_where_no_thread_can_be_opened_the_answer_is_a_reply(world: World) -> None:
    world.discord.fail("POST", "/threads$", 403, times=9, code=50013)
    async with world.process():
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(MATHS)
        await world.appears(MATHS, "may not open threads")
        again = await world.discord.post(BOB, MATHS, f"{MENTION} hello")
        await world.replied(MATHS, 2)
    replies = [post for post in world.own(MATHS) if is_answered(post)]
    assert [post["message_reference"]["message_id"] for post in replies] == [asked, again]
    assert sum("may not open threads" in said for said in world.discord.said(MATHS)) == 1


async def test_one_conversation_for_a_channel_if_that_is_wanted(world: World) -> None:
    world.settings["bobbin_discord_mode"] = "channel"
    async with world.process():
        await world.discord.post(ANN, MATHS, f"{MENTION} one")
        await world.replied(MATHS)
        await world.discord.post(BOB, MATHS, f"{MENTION} two")
        await world.replied(MATHS, 2)
    assert len(world.assistants.threads) == 1


async def test_in_an_open_channel_or_forum_nobody_has_to_mention_us(world: World) -> None:
    forum = world.discord.add_channel("400000000000000003", "help", 15)
    world.settings["bobbin_discord_open"] = f"{LUNCH},{forum}"
    async with world.process():
        asked = await world.discord.post(ANN, LUNCH, "what is 2 + 2?")
        assert "2 + 2" in (await world.replied(asked))[0]
        await world.discord.post(ANN, LUNCH, f"<@{BOB}> lunch?")
        name = world.discord.snowflake()
        world.discord.open_thread(name, forum, "A question", ANN)
        await world.discord.post(ANN, name, "what is 3 + 3?", id=name)
        await world.replied(name)
        await world.discord.post(ANN, name, "and 4 + 4?")
        await world.replied(name, 2)
        await world.discord.post(BOB, name, "I know that")
        await world.idle()
    assert len(world.assistants.runs) == 3


async def test_what_a_channel_does_not_permit_is_not_tried_again_soon(world: World) -> None:
    world.discord.fail("POST", "/threads$", 403, times=9, code=50013)
    async with world.process():
        for number in range(3):
            await world.discord.post(ANN, MATHS, f"{MENTION} hello")
            await world.replied(MATHS, number + 1)
    assert len(world.discord.called("POST", "/threads$")) == 1
    answers = [post for post in world.own(MATHS) if is_answered(post)]
    assert len({post["message_reference"]["message_id"] for post in answers}) == 3


async def test_what_nobody_said_to_us_costs_no_call(world: World) -> None:
    async with world.process():
        before = len(world.discord.calls)
        for number in range(5):
            await world.discord.post(ANN, LUNCH, f"lunch at {number}?")
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        assert not [c for c in world.discord.calls[before:] if LUNCH in c.path]


async def test_called_into_a_talk_it_knows_what_was_said_before(world: World) -> None:
    world.discord.open_thread("500000000000000001", MATHS, "The pump", BOB)
    async with world.process():
        await world.discord.post(BOB, "500000000000000001", "The pump is broken.")
        await world.discord.post(ANN, "500000000000000001", f"{MENTION} what is broken?")
        await world.replied("500000000000000001")
    before, question = world.assistants.sent
    assert "The pump is broken." in before.text
    assert f"#{BOB}]" in before.text
    assert question.text.endswith("what is broken?")
    assert "Several people" in world.assistants.instructions[0]


async def test_a_question_about_a_message_knows_that_message(world: World) -> None:
    async with world.process():
        said = await world.discord.post(BOB, MATHS, "17 is even")
        asked = await world.discord.post(ANN, MATHS, f"{MENTION} is that so?", reply_to=said)
        await world.replied(asked)
    before, question = world.assistants.sent
    assert "17 is even" in before.text
    assert question.text.endswith("is that so?")


async def test_a_picture_and_a_table_come_in(world: World) -> None:
    picture = world.discord.add_file("plot.bin", b"\x89PNG\r\n\x1a\n...", "image/png")
    table = world.discord.add_file("data.csv", b"a,b\n1,2\n", "text/csv")
    async with world.process():
        await world.discord.post(ANN, world.dm, "what is this?", files=[picture, table])
        await world.replied(world.dm)
    (message,) = world.assistants.sent
    assert [world.assistants.files[one][0] for one in message.images] == ["plot.png"]
    (document,) = message.documents
    assert world.assistants.files[document.file_id] == ("data.csv", b"a,b\n1,2\n")


async def test_a_picture_without_a_word_is_a_question_too(world: World) -> None:
    picture = world.discord.add_file("plot.png", b"\x89PNG\r\n\x1a\n...", "image/png")
    async with world.process():
        await world.discord.post(ANN, world.dm, "", files=[picture])
        await world.replied(world.dm)
    (message,) = world.assistants.sent
    assert len(message.images) == 1


async def test_a_file_from_elsewhere_is_refused_in_a_sentence(world: World) -> None:
    file = world.discord.add_file("evil.txt", b"x", "text/plain")
    file["url"] = "http://169.254.169.254/latest/meta-data"
    async with world.process():
        await world.discord.post(ANN, world.dm, "read this", files=[file])
        await world.appears(world.dm, "elsewhere")
        await world.replied(world.dm)
    assert world.assistants.sent[0].documents == ()


async def test_bots_and_webhooks_start_nothing(world: World) -> None:
    other = world.discord.people[BOT] | {"id": "300000000000000009", "username": "other"}
    async with world.process():
        await world.discord.post(ANN, MATHS, f"{MENTION} hello", author=other)
        await world.discord.post(ANN, MATHS, f"{MENTION} hello", webhook_id="77")
        await world.discord.post(ANN, MATHS, f"{MENTION} hello", type=7)
        await world.discord.post(ANN, MATHS, "@everyone hello", mention_everyone=True)
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.idle()
    assert len(world.assistants.runs) == 1
