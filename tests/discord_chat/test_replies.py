"""How answers stand in Discord, also when Discord is in a bad mood."""

from __future__ import annotations

import asyncio

import pytest

from core.assistants import Message
from tests.discord_chat.world import ANN, BOB, MATHS, MENTION, World
from tests.fakes.assistants import Fail
from tests.fakes.discord.looks import buttons


async def test_a_long_answer_comes_in_parts_and_loses_nothing(world: World) -> None:
    lines = [f"Line {number} of a long answer, with some words in it." for number in range(150)]

    async def reply(_: list[Message]) -> list[str]:
        return ["\n\n".join(lines)]

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "tell me all")
        await world.replied(world.dm)
        await world.idle()
    said = world.discord.said(world.dm)
    assert len(said) == 5
    assert "\n\n".join(lines) == "\n\n".join(part.strip() for part in said)
    assert buttons(world.own(world.dm)[0]) == []


async def test_a_very_long_answer_ends_in_a_file_that_has_all_of_it(world: World) -> None:
    text = "\n\n".join(f"Line {number} of a very long answer." for number in range(600))

    async def reply(_: list[Message]) -> list[str]:
        return [text]

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "tell me all")
        await world.replied(world.dm)
        await world.idle()
    *parts, last = world.own(world.dm)
    assert len(parts) == 4
    assert text.startswith("\n\n".join(part["content"] for part in parts))
    (file,) = last["attachments"]
    assert "answer.md" in last["content"]
    assert world.discord.files[file["id"]].decode() == text


async def test_a_table_is_readable(world: World) -> None:
    async def reply(_: list[Message]) -> list[str]:
        return ["Look:\n\n| n | n² |\n|--:|--:|\n| 9 | 81 |\n\n#### So"]

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "squares?")
        (answer,) = await world.replied(world.dm)
    assert answer == "Look:\n\n```\nn  n²\n─  ──\n9  81\n```\n\n**So**"


async def test_no_fence_is_broken_where_an_answer_is_cut(world: World) -> None:
    code = "\n".join(f"line_{number} = {number}" for number in range(400))

    async def reply(_: list[Message]) -> list[str]:
        return [f"Here:\n\n```python\n{code}\n```\n\nThat is all."]

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "code please")
        await world.replied(world.dm)
        await world.idle()
    said = world.discord.said(world.dm)
    assert len(said) > 2
    assert all(part.count("```") == 2 for part in said if "line_" in part)


async def test_text_is_shown_while_it_is_written_and_can_be_stopped(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        await world.discord.post(ANN, world.dm, "one two three four")
        await world.appears(world.dm, "You said")
        (growing,) = world.own(world.dm)
        assert buttons(growing) == ["stop"]
        world.assistants.before_last.set()
        assert await world.replied(world.dm) == ["You said: one two three four"]
    assert len(world.own(world.dm)) == 1


async def test_without_streaming_the_answer_comes_whole(world: World) -> None:
    world.settings["bobbin_discord_stream"] = False
    async with world.process():
        await world.discord.post(ANN, world.dm, "one two three four")
        await world.replied(world.dm)
        await world.idle()
    assert not world.discord.called("PATCH", "/messages/")


@pytest.mark.parametrize("how", ["lost", "reset", "502", "503", "429", "banned"])
async def test_whatever_discord_does_to_a_send_there_is_one_post(world: World, how: str) -> None:
    posts = "/messages$"
    match how:
        case "lost":
            world.discord.lose_answer("POST", posts)
        case "reset":
            world.discord.fail("POST", posts, reset=True)
        case "429":
            world.discord.fail("POST", posts, 429, retry_after=0.2)
        case "banned":
            world.discord.fail("POST", posts, 429, retry_after=1, via=False)
        case _:
            world.discord.fail("POST", posts, int(how), times=2)
    async with world.process():
        await world.discord.post(ANN, world.dm, "once")
        await world.replied(world.dm)
        await world.idle()
    assert world.discord.said(world.dm) == ["You said: once"]


async def test_an_edit_that_is_refused_for_a_while_is_made_in_the_end(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        await world.discord.post(ANN, world.dm, "one two three four")
        await world.appears(world.dm, "You said")
        world.discord.fail("PATCH", "/messages/", 429, retry_after=0.2, times=2)
        world.discord.fail("PATCH", "/messages/", 503)
        world.assistants.before_last.set()
        assert await world.replied(world.dm) == ["You said: one two three four"]
    assert len(world.own(world.dm)) == 1


async def test_whoever_waits_sees_typing(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.until(lambda: thread in world.discord.typing)
        world.assistants.before_last.set()
        await world.replied(thread)


async def test_trouble_is_told_in_a_sentence_that_goes_away(world: World) -> None:
    fine = world.assistants.reply
    failed = False

    async def reply(messages: list[Message]) -> list[str]:
        nonlocal failed
        if not failed:
            failed = True
            raise Fail("server_error", "The model behind me is away.")
        return await fine(messages)

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        await world.appears(world.dm, "The model behind me is away.")
        await world.replied(world.dm)
        await world.until(lambda: len(world.own(world.dm)) == 1)


async def test_what_a_model_writes_pings_nobody(world: World) -> None:
    async def reply(_: list[Message]) -> list[str]:
        return [f"@everyone and <@{BOB}> and <@&1>, look"]

    world.assistants.reply = reply
    async with world.process():
        await world.discord.post(ANN, world.dm, "ping them")
        await world.replied(world.dm)
    for call in world.discord.calls:
        assert "@everyone" not in str(call.body)
        assert f"<@{BOB}>" not in str(call.body)


async def test_a_picture_of_the_answer_is_attached_once(world: World) -> None:
    world.assistants.files["file_1"] = ("plot.png", b"\x89PNG\r\n\x1a\nplot")
    world.assistants.files["file_2"] = ("huge.bin", b"x" * (11 << 20))

    async def reply(_: list[Message]) -> list[str]:
        return ["Here it is."]

    world.assistants.reply = reply
    world.assistants.shows = ("file_1", "file_2")
    world.discord.lose_answer("PATCH", "/messages/")
    async with world.process():
        await world.discord.post(ANN, world.dm, "plot it")
        await world.replied(world.dm)
        await world.idle()
    (answer,) = world.own(world.dm)
    assert [one["filename"] for one in answer["attachments"]] == ["plot.png"]
    assert "huge.bin" in answer["content"]
