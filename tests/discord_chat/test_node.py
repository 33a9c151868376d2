"""What somebody else wrote for Discord, in our fake guild: a bot on discord.js."""

from __future__ import annotations

from tests.discord_chat.world import ANN, MATHS
from tests.fakes.discord.people import FakeDiscord
from tests.guide import node
from tests.patience import until


async def test_a_bot_on_discord_js_lives_in_our_guild() -> None:
    async with FakeDiscord.running() as discord:
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        api = discord.url.removesuffix("/v10")
        async with node.bot(node.DISCORD, api, discord.token) as complaints:
            await _talk(discord)
        assert complaints == []
        assert discord.pings == []


async def _talk(discord: FakeDiscord) -> None:
    asked = await discord.post(ANN, MATHS, "threads")
    await until(lambda: discord.said(asked) == ["In a thread: threads"])
    assert discord.channels[asked]["name"] == "About threads"
    direct = discord.dm(ANN)
    private = await discord.post(ANN, direct, "hello")
    await until(lambda: "Heard hello; there are 2" in discord.said(direct))
    assert {asked, MATHS, direct} & set(discord.typing) == {MATHS, direct}
    (said,) = discord.own(direct)
    assert [file["filename"] for file in said["attachments"]] == ["a.txt"]
    assert [discord.files[file["id"]] for file in said["attachments"]] == [b"seven"]
    await discord.edit(direct, private, "goodbye")
    await until(lambda: "Edited to goodbye" in discord.said(direct))
    await discord.delete(direct, private)
    await until(lambda: f"Deleted {private}" in discord.said(direct))
    pressed = await discord.press(ANN, direct, said["id"], "press")
    await until(lambda: said["id"] not in discord.messages[direct])
    assert pressed.acked
    await _commands(discord)


async def _commands(discord: FakeDiscord) -> None:
    asked = await discord.slash(ANN, MATHS, "ask", question="why?")
    await until(lambda: discord.told_alone(ANN, MATHS) == ["For you alone"])
    assert discord.answered(asked) == "Asked why?"
    about = await discord.post(ANN, discord.dm(ANN), "a thing")
    opened = await discord.menu(ANN, discord.dm(ANN), "Ask about this message", about)
    await until(lambda: opened.acked)
    answered = await discord.submit(opened, question="what?")
    await until(lambda: discord.answered(answered) == "what? (about a thing)")
