"""What others wrote for Discord, on what we wrote for it: a bot on discord.js in our fake guild,
and its published types for everything that we send."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, Final

from core.assistants import Message
from core.chat.function_ports import Traits
from tests.discord_chat.world import ANN, MATHS, MENTION, World
from tests.fakes.assistants import Wants
from tests.fakes.discord.looks import button
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


TYPES: Final = {
    r"POST /channels/\d+/messages": "RESTPostAPIChannelMessageJSONBody",
    r"PATCH /channels/\d+/messages/\d+": "RESTPatchAPIChannelMessageJSONBody",
    r"POST /channels/\d+/messages/\d+/threads": "RESTPostAPIChannelMessagesThreadsJSONBody",
    r"PATCH /channels/\d+": "RESTPatchAPIChannelJSONBody",
    r"POST /users/@me/channels": "RESTPostAPICurrentUserCreateDMChannelJSONBody",
    r"POST /interactions/\d+/[^/]+/callback": "RESTPostAPIInteractionCallbackJSONBody",
    r"PATCH /webhooks/.*/@original": "RESTPatchAPIInteractionOriginalResponseJSONBody",
    r"POST /webhooks/\d+/[^/]+": "RESTPostAPIInteractionFollowupJSONBody",
    r"PUT /applications/\d+/commands": "RESTPutAPIApplicationCommandsJSONBody",
}


async def _everything(world: World) -> list[tuple[str, Any]]:
    """A day in the guild; the bodies of all that was sent in it."""
    discord, service = world.discord, world.assistants
    world.functions.add("refund", traits=Traits(approval=True))
    service.tools = ({"type": "function", "function": {"name": "refund"}},)
    service.files["plot"] = ("plot.png", b"\x89PNG\r\n\x1a\n")
    service.shows = ("plot",)

    async def reply(messages: list[Message]) -> list[str]:
        if "refund" in messages[-1].text and not service.outputs:
            raise Wants(("call_1", "refund", "{}"))
        return ["an answer that is long enough to grow a little"]

    service.reply = reply
    async with world.process():
        service.before_last = asyncio.Event()
        thread = await discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.appears(thread, "an answer")
        discord.channels[thread]["thread_metadata"]["archived"] = True
        service.before_last.set()
        await world.replied(thread)
        answer = world.own(thread)[-1]
        liked = await discord.press(ANN, thread, answer["id"], button(answer, "feedback", "good"))
        await until(lambda: liked.followups)
        asked = await discord.slash(ANN, MATHS, "ask", question="refund me")
        await until(lambda: "approve" in str(world.own(asked.original)))
        (question,) = world.own(asked.original)
        await discord.press(ANN, asked.original, question["id"], button(question, "approve"))
        await world.replied(asked.original)
        private = await discord.slash(ANN, MATHS, "ask", question="a secret?", private=True)
        await until(lambda: "an answer" in discord.answered(private))
        for name in ("sessions", "help", "new", "usage"):
            listed = await discord.slash(ANN, asked.original, name)
            await until(lambda done=listed: discord.answered(done))
        said = await discord.post(ANN, MATHS, "17 is even")
        await discord.menu(ANN, MATHS, "Ask about this message", said)
        discord.fail("POST", f"/channels/{MATHS}/messages", 403, code=50013, times=99)
        await discord.post(ANN, MATHS, f"{MENTION} where?")
        await world.replied(world.dm)
        await world.idle()
    return [(f"{call.method} {call.path}", call.body) for call in discord.calls if call.body]


def _type_of(call: str) -> str:
    found = [name for pattern, name in TYPES.items() if re.fullmatch(pattern, call)]
    assert len(found) == 1, call
    return found[0]


async def test_all_that_we_send_fits_the_published_types(world: World, tmp_path: Path) -> None:
    node.tools(node.DISCORD)
    lines = ['import type * as api from "discord-api-types/v10";']
    sent = await _everything(world)
    for number, (call, body) in enumerate(sent):
        lines.append(f"export const c{number}: api.{_type_of(call)} = {json.dumps(body)};")
    assert {_type_of(call) for call, _ in sent} == set(TYPES.values())
    lines.append("export const wrong: api.RESTPostAPIChannelMessageJSONBody = { content: 7 };")
    wrong = await asyncio.to_thread(node.compiled, node.DISCORD, tmp_path, lines)
    complaints = [line for line in wrong.splitlines() if line.startswith("sent.ts")]
    # That the types are really asked, the last line shows.
    assert len(complaints) == 1, wrong
    assert complaints[0].startswith(f"sent.ts({len(lines)},"), wrong
