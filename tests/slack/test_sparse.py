"""Where what answers is less than Slack: each question gets its answer by the best way there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.slack.render import notification
from core.chat.messages import Post
from tests.chat.flow import emptied
from tests.fakes.slack.looks import buttons, words
from tests.fakes.slack.methods import ARGUMENTS
from tests.fakes.slack.sparse import FEW, SparseSlack
from tests.servers import Server
from tests.slack.world import ANN, BOT, CHANNEL, DM, World

EDITS = FEW | {"chat.update"}


@asynccontextmanager
async def talking(store: Server, slack: SparseSlack) -> AsyncIterator[World]:
    """Bobbin in this workspace, in a process of its own."""
    async with emptied(store) as client:
        try:
            await slack.open()
            world = World(client, slack)
            async with world.process():
                yield world
            assert await world.dead_letters() == []
            await world.assistants.aclose()
            assert slack.wrong == []
        finally:
            await slack.close()


async def answers(world: World, channel: str, count: int, root: str = "") -> list[str]:
    """The words of Bobbin's posts that grow no more, once there are so many."""
    async with asyncio.timeout(60):
        while True:
            found = [m for m in world.slack.messages[channel].values() if m.get("user") == "U0BOT"]
            done = [m for m in found if m.get("metadata") and "bobbin:stop" not in buttons(m)]
            if root:
                done = [m for m in done if m.get("thread_ts") == root]
            if len(done) >= count:
                return [words(message) for message in done]
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("knows", [FEW, EDITS, frozenset(ARGUMENTS)])
@pytest.mark.parametrize("by_post", [False, True])
async def test_the_least_that_an_event_says_is_answered_once(
    chat_server: Server, knows: frozenset[str], by_post: bool
) -> None:
    slack = SparseSlack(knows=knows, by_post=by_post)
    async with talking(chat_server, slack) as world:
        root = await slack.say(ANN, CHANNEL, f"{BOT} one", type="app_mention")
        (said,) = await answers(world, CHANNEL, 1)
        assert said.endswith("one")
        await slack.say(ANN, CHANNEL, "two", thread_ts=root)
        assert (await answers(world, CHANNEL, 2, root))[1].endswith("two")
        await slack.say(ANN, DM, "three")
        assert await answers(world, DM, 1) == ["You said: three"]
        await world.idle()
        assert len(await answers(world, CHANNEL, 2, root)) == 2


async def test_an_answer_that_cannot_be_edited_comes_whole(chat_server: Server) -> None:
    slack = SparseSlack()
    async with talking(chat_server, slack) as world:
        world.assistants.before_end = asyncio.Event()
        first = await slack.say(ANN, DM, "one")
        async with asyncio.timeout(60):
            while not world.own(DM, first):
                await asyncio.sleep(0.01)
        world.assistants.before_end.set()
        assert await answers(world, DM, 1) == ["You said: one"]
        second = await slack.say(ANN, DM, "two")
        assert await answers(world, DM, 1, second) == ["You said: two"]
        await world.idle()
    assert [words(message) for message in world.own(DM, second)] == ["You said: two"]


async def test_files_come_where_the_thread_cannot_be_read(chat_server: Server) -> None:
    uploads = {"files.getUploadURLExternal", "files.completeUploadExternal"}
    slack = SparseSlack(knows=EDITS | uploads)
    async with talking(chat_server, slack) as world:
        name = await world.assistants.keep_file("plot.png", b"\x89PNG", picture=True)
        world.assistants.shows = (name,)
        ts = await slack.say(ANN, DM, "plot it")
        await answers(world, DM, 1, ts)
        await world.idle()
    assert sum(len(m.get("files", [])) for m in world.own(DM, ts)) == 1
    assert slack.one_way == []


@pytest.mark.parametrize("knows", [EDITS, EDITS | {"files.info"}])
async def test_a_file_comes_in(chat_server: Server, knows: frozenset[str]) -> None:
    slack = SparseSlack(knows=knows)
    async with talking(chat_server, slack) as world:
        table = slack.add_file("data.csv", b"a,b\n1,2\n", "text/csv")
        await slack.post(ANN, DM, "what is this?", files=[table])
        await answers(world, DM, 1)
        assert list(world.assistants.files.values()) == [("data.csv", b"a,b\n1,2\n")]
        lost = {"id": "F404", "name": "lost.csv", "mimetype": "text/csv", "size": 3}
        await slack.post(ANN, DM, "and this?", files=[lost])
        assert "lost.csv" in "".join(await answers(world, DM, 2))


async def test_who_says_no_more_than_ok_is_talked_to(chat_server: Server) -> None:
    slack = SparseSlack(knows=EDITS, terse=True)
    async with talking(chat_server, slack) as world:
        await slack.say(ANN, CHANNEL, f"{BOT} one", type="app_mention", user_team="T0ANY")
        assert (await answers(world, CHANNEL, 1))[0].endswith("one")


async def test_ids_of_any_form_are_taken(chat_server: Server) -> None:
    slack = SparseSlack(knows=EDITS)
    async with talking(chat_server, slack) as world:
        root = await slack.say("U_ann-1", "C_GENERAL", "@bobbin one", type="app_mention")
        assert (await answers(world, "C_GENERAL", 1, root))[0].endswith("one")
        root = await slack.say("U_ann-1", "D_bobbin", "two")
        assert await answers(world, "D_bobbin", 1, root) == ["You said: two"]


async def test_what_every_socket_brings_is_done_once(chat_server: Server) -> None:
    slack = SparseSlack(knows=EDITS | {"chat.postEphemeral"}, everywhere=True)
    async with talking(chat_server, slack) as world:
        await slack.slash(ANN, CHANNEL, "ask one")
        await world.idle()
        assert len(slack.called("chat.postEphemeral")) == 1
        await slack.slash(ANN, CHANNEL, "ask one")
        await world.idle()
        assert len(slack.called("chat.postEphemeral")) == 2
    assert [message.text for message in world.assistants.sent] == ["one", "one"]


async def test_a_private_answer_takes_the_way_that_is_there(chat_server: Server) -> None:
    slack = SparseSlack()
    async with talking(chat_server, slack) as world:
        await slack.slash(ANN, CHANNEL, "ask one")
        assert await answers(world, ANN, 1) == ["You said: one"]


def test_the_plain_text_says_all_that_fits() -> None:
    short = "**Bold**\n\n- one <a>\n- two"
    assert notification(Post(part_id="p", text=short)) == "**Bold**\n\n- one &lt;a&gt;\n- two"
    for letter in "x<":
        shown = notification(Post(part_id="p", text=letter * 9_000))
        assert 3_600 < len(shown) <= 3_901
        assert shown.endswith("…")
