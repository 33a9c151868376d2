"""People and Bobbin in a workspace."""

from __future__ import annotations

from tests.fakes.slack.looks import buttons
from tests.slack.world import ANN, BOB, BOT, CHANNEL, DM, World


async def test_a_mention_is_answered_in_the_thread_under_it(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, CHANNEL, f"{BOT} what is 2 + 2?")
        assert await world.replied(CHANNEL, ts) == [f"You said: [{ANN} #{ANN}] what is 2 + 2?"]
    assert len(world.slack.called("chat.postMessage")) <= 1
    (reply,) = world.own(CHANNEL, ts)
    assert "bobbin:regenerate" in buttons(reply)


async def test_direct_messages_go_on_under_the_message_asked(world: World) -> None:
    async with world.process():
        first = await world.slack.post(ANN, DM, "I am Ann")
        assert await world.replied(DM, first) == ["You said: I am Ann"]
        second = await world.slack.post(ANN, DM, "who am I?")
        assert await world.replied(DM, second) == ["You said: who am I?"]
    assert len(world.assistants.threads) == 1


async def test_a_thread_goes_on_without_a_mention_while_one_person_writes(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root, 1)
        await world.slack.post(ANN, CHANNEL, "and now?", thread_ts=root)
        assert (await world.replied(CHANNEL, root, 2))[1].endswith("and now?")
        await world.slack.post(BOB, CHANNEL, "I say something", thread_ts=root)
        await world.slack.post(ANN, CHANNEL, "to Bob", thread_ts=root)
        await world.slack.post(ANN, CHANNEL, f"{BOT} to you", thread_ts=root)
        assert (await world.replied(CHANNEL, root, 3))[2].endswith("to you")
    assert len(world.own(CHANNEL, root)) == 3


async def test_what_names_somebody_else_is_left_alone(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root, 1)
        await world.slack.post(ANN, CHANNEL, f"<@{BOB}> what do you think?", thread_ts=root)
        await world.slack.post(ANN, CHANNEL, "go on", thread_ts=root)
        assert (await world.replied(CHANNEL, root, 2))[1].endswith("go on")


async def test_what_nobody_said_to_us_costs_no_call(world: World) -> None:
    async with world.process():
        before = len(world.slack.calls)
        for number in range(5):
            await world.slack.post(ANN, CHANNEL, f"lunch at {number}?")
        assert [c.method for c in world.slack.calls[before:]] in ([], ["users.info"])


async def test_called_into_a_talk_it_knows_what_was_said_before(world: World) -> None:
    root = "1600000000.000001"
    world.slack.messages[CHANNEL][root] = {"user": BOB, "text": "The pump is broken.", "ts": root}
    async with world.process():
        await world.slack.post(ANN, CHANNEL, f"{BOT} what is broken?", thread_ts=root)
        await world.replied(CHANNEL, root)
    before, question = world.assistants.sent
    assert "The pump is broken." in before.text
    assert f"#{BOB}]" in before.text
    assert question.text.endswith("what is broken?")
    assert "Several people" in world.assistants.instructions[0]


async def test_a_picture_and_a_table_come_in(world: World) -> None:
    picture = world.slack.add_file("plot.bin", b"\x89PNG\r\n\x1a\n...", "image/png")
    table = world.slack.add_file("data.csv", b"a,b\n1,2\n", "text/csv")
    async with world.process():
        ts = await world.slack.post(ANN, DM, "what is this?", files=[picture, table])
        await world.replied(DM, ts)
    (message,) = world.assistants.sent
    assert [world.assistants.files[one][0] for one in message.images] == ["plot.png"]
    (document,) = message.documents
    assert world.assistants.files[document.file_id] == ("data.csv", b"a,b\n1,2\n")
    assert document.tools == ("code_interpreter",)


async def test_a_file_from_elsewhere_is_refused_in_a_sentence(world: World) -> None:
    file = world.slack.add_file("evil.txt", b"x", "text/plain")
    for stored in world.slack.files.values():
        stored["url_private_download"] = "http://169.254.169.254/latest/meta-data"
    async with world.process():
        ts = await world.slack.post(ANN, DM, "read this", files=[file])
        said = await world.replied(DM, ts, 2)
    assert any("evil.txt" in words and "elsewhere" in words for words in said), said
    assert world.assistants.sent[0].documents == ()


async def test_the_first_answer_in_a_channel_says_what_is_read_there_once(world: World) -> None:
    world.introduces = True
    async with world.process():
        first = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.appears(CHANNEL, first, "my first answer in this channel")
        await world.idle()
        second = await world.slack.post(BOB, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, second)
        direct = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, direct)
        await world.idle()
    assert [len(world.own(*one)) for one in ((CHANNEL, first), (CHANNEL, second))] == [2, 1]
    assert len(world.own(DM, direct)) == 1


async def test_a_channel_can_be_left_and_come_back_to(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.slack.post(BOB, CHANNEL, "!leave", thread_ts=root)
        await world.appears(CHANNEL, root, "nobody in this channel")
        await world.slack.post(ANN, CHANNEL, f"{BOT} are you there?", thread_ts=root)
        await world.slack.post(ANN, CHANNEL, f"{BOT} are you there?")
        await world.slack.post(ANN, CHANNEL, "!stop", thread_ts=root)
        await world.idle()
        assert len(world.assistants.runs) == 1
        again = await world.slack.post(ANN, CHANNEL, f"{BOT} !return")
        await world.appears(CHANNEL, again, "I am back")
        asked = await world.slack.post(ANN, CHANNEL, f"{BOT} now?")
        await world.replied(CHANNEL, asked)
    assert len(world.assistants.runs) == 2


async def test_direct_messages_cannot_be_left(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "!leave")
        await world.appears(DM, ts, "This is for channels")
        await world.replied(DM, await world.slack.post(ANN, DM, "hello"))


async def test_threads_of_direct_messages_can_be_conversations_of_their_own(world: World) -> None:
    world.settings["bobbin_slack_direct"] = "threads"
    async with world.process():
        first = await world.slack.post(ANN, DM, "I am Ann")
        await world.replied(DM, first)
        await world.slack.post(ANN, DM, "go on", thread_ts=first)
        await world.replied(DM, first, 2)
        second = await world.slack.post(ANN, DM, "who am I?")
        await world.replied(DM, second)
        await world.idle()
        told = await world.slack.slash(ANN, DM, "new")
        assert "`!new`" in told["text"]
        (answer,) = world.own(DM, second)
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:regenerate", "")
        await world.idle()
    assert len(world.assistants.threads) == 2
    assert len(world.assistants.runs) == 4


async def test_in_a_groups_direct_messages_it_is_mentioned_first_like_in_a_channel(
    world: World,
) -> None:
    group = "G0FRIENDS"
    async with world.process():
        await world.slack.post(ANN, group, "lunch?")
        root = await world.slack.post(ANN, group, f"{BOT} what is 2 + 2?")
        await world.replied(group, root)
        await world.slack.post(ANN, group, "and 3 + 3?", thread_ts=root)
        await world.replied(group, root, 2)
        await world.slack.post(BOB, group, "he is good", thread_ts=root)
        await world.idle()
    assert len(world.own(group, root)) == 2
    assert len(world.assistants.runs) == 2
