"""Answers that Discord does not take as they are, or not where they belong: none is lost."""

from __future__ import annotations

import asyncio

import pytest

from adapters.discord.render import message, says
from core.assistants import Message
from core.chat.messages import OutFile, Post
from tests.discord_chat.world import ANN, MATHS, MENTION, World
from tests.fakes.discord.looks import Json, button
from tests.patience import until


async def _grown(world: World, channel: str = MATHS) -> str:
    """A question whose answer has begun; where that grows."""
    world.assistants.before_last = asyncio.Event()
    asked = await world.discord.post(ANN, channel, f"{MENTION} one two three")
    place = asked if channel == MATHS else channel
    await until(lambda: "You said" in "".join(world.discord.said(place)))
    return place


def _finish(world: World) -> None:
    assert world.assistants.before_last is not None
    world.assistants.before_last.set()


async def test_a_post_that_is_too_old_to_edit_is_written_anew(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)
        await world.idle()
        (answer,) = world.own(world.dm)
        world.discord.forget_nonces()
        world.discord.fail("PATCH", "/messages/", 429, code=30046, retry_after=900)
        await world.discord.press(ANN, world.dm, answer["id"], button(answer, "regenerate"))
        await world.replied(world.dm, 2)
        await world.idle()
    assert len(world.own(world.dm)) == 2


async def test_a_post_deleted_while_it_grows_is_written_anew(world: World) -> None:
    async with world.process():
        thread = await _grown(world)
        (growing,) = world.own(thread)
        await world.discord.delete(thread, growing["id"])
        _finish(world)
        (answer,) = await world.replied(thread)
    assert answer.endswith("one two three")


async def test_a_thread_archived_while_an_answer_grows_is_opened_again(world: World) -> None:
    async with world.process():
        thread = await _grown(world)
        world.discord.channels[thread]["thread_metadata"]["archived"] = True
        _finish(world)
        await world.replied(thread)
        await world.idle()
    assert not world.discord.channels[thread]["thread_metadata"]["archived"]
    assert len(world.own(thread)) == 1


async def test_an_answer_for_a_thread_that_was_locked_goes_into_its_channel(world: World) -> None:
    async with world.process():
        thread = await _grown(world)
        world.discord.channels[thread]["thread_metadata"] |= {"locked": True, "archived": True}
        _finish(world)
        (answer,) = await world.replied(MATHS)
        await world.idle()
        (post,) = world.own(MATHS)
        # Its buttons are about the thread's conversation.
        await world.discord.press(ANN, MATHS, post["id"], button(post, "regenerate"))
        await until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert answer.endswith("one two three")
    assert post["message_reference"]["message_id"] == thread
    assert len(world.assistants.threads) == 1


@pytest.mark.parametrize("code", [50001, 50013])
async def test_where_the_bot_may_not_write_the_asker_is_answered_alone(
    world: World, code: int
) -> None:
    world.discord.fail("POST", f"/channels/{MATHS}/messages", 403, code=code, times=99)
    async with world.process():
        await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(world.dm)
        await world.idle()
        why, answer = world.own(world.dm)
        # Its buttons are about the conversation in the server.
        await world.discord.press(ANN, world.dm, answer["id"], button(answer, "regenerate"))
        await until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert len(world.assistants.threads) == 1
    assert f"I may not write in <#{MATHS}>" in why["content"]
    assert "hello" in answer["content"]
    assert world.own(MATHS) == []
    # Refusals are counted against the address: what was refused is not asked for again and again.
    assert len(world.discord.called("POST", f"/channels/{MATHS}/messages")) <= 4


async def test_where_nobody_can_be_answered_the_question_is_a_dead_letter(world: World) -> None:
    world.discord.fail("POST", f"/channels/{MATHS}/messages", 403, code=50013, times=99)
    world.discord.fail("POST", f"/channels/{world.dm}/messages$", 403, code=50007, times=99)
    async with world.process():
        await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        (letter,) = await world.dead_letters(1)
    assert "50007" in letter.reason


async def test_what_discord_refuses_for_good_goes_to_the_dead_letters(world: World) -> None:
    world.discord.fail("POST", "/messages$", 403, code=50007, times=9)
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        (letter,) = await world.dead_letters(1)
    assert "50007" in letter.reason


async def test_a_channel_deleted_while_an_answer_grows_ends_it(world: World) -> None:
    async with world.process():
        thread = await _grown(world)
        del world.discord.channels[thread]
        del world.discord.messages[thread]
        _finish(world)
        (letter,) = await world.dead_letters(1)
    assert "10003" in letter.reason
    assert world.own(MATHS) == []
    assert world.own(world.dm) == []


async def test_a_text_that_discord_does_not_take_comes_as_a_file(world: World) -> None:
    world.settings["bobbin_discord_stream"] = False
    world.discord.fail("POST", "/messages$", 400, code=50035)
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        (said,) = await world.replied(world.dm)
        await world.idle()
    (answer,) = world.own(world.dm)
    (file,) = answer["attachments"]
    assert "part.md" in said
    assert world.discord.files[file["id"]] == b"You said: hello"


async def test_an_edit_that_discord_does_not_take_comes_as_a_file(world: World) -> None:
    async with world.process():
        await _grown(world, world.dm)
        world.discord.fail("PATCH", "/messages/", 400, code=50035)
        _finish(world)
        await world.replied(world.dm)
        await world.idle()
    (answer,) = world.own(world.dm)
    (file,) = answer["attachments"]
    assert world.discord.files[file["id"]] == b"You said: one two three"


async def test_files_that_discord_does_not_take_are_left_out_and_named(world: World) -> None:
    world.settings["bobbin_discord_stream"] = False
    world.assistants.files["file_1"] = ("plot.png", b"\x89PNG\r\n\x1a\nplot")

    async def reply(_: list[Message]) -> list[str]:
        return ["Here it is."]

    world.assistants.reply = reply
    world.assistants.shows = ("file_1",)
    world.discord.fail("POST", "/messages$", 413, code=40005)
    async with world.process():
        await world.discord.post(ANN, world.dm, "plot it")
        (said,) = await world.replied(world.dm)
    assert said.startswith("Here it is.")
    assert "plot.png" in said


async def test_who_has_closed_direct_messages_is_told_that_a_private_answer_waits(
    world: World,
) -> None:
    world.assistants.before_last = asyncio.Event()
    world.discord.fail("POST", f"/channels/{world.dm}/messages$", 403, code=50007, times=99)
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="a b c d", private=True)
        await until(lambda: world.assistants.runs)
        asked.expired = True
        _finish(world)
        (letter,) = await world.dead_letters(1)
    (said,) = world.discord.said(MATHS)
    assert "direct messages are closed" in said
    assert "a b c d" not in said
    assert "50007" in letter.reason


FOUND: list[tuple[Json, bool]] = [
    ({}, True),
    ({"content": "seven", "attachments": [{}], "id": "1"}, True),
    ({"content": "six"}, False),
    ({"attachments": []}, False),
    ({"attachments": None}, True),
    ({"components": []}, False),
]


@pytest.mark.parametrize(("found", "same"), FOUND)
def test_a_post_that_was_there_is_changed_where_it_says_something_else(
    found: Json, *, same: bool
) -> None:
    """Part of it may be of an earlier owner, who knew less; what is not told is as we sent it."""
    file = OutFile("a.txt", "text/plain", b"1")
    body = message(Post(part_id="p", text="seven", controls=("new",), files=(file,)))
    assert says(found, body, 1) is same
