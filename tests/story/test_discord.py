"""Discord as a person meets it: the real command, against a guild on loopback."""

from __future__ import annotations

import asyncio

from tests.fakes.discord.looks import BOT, button
from tests.fakes.discord.people import FakeDiscord
from tests.patience import until
from tests.story.bot import Bot, end, kill, read_until

ANN, MATHS = "300000000000000002", "400000000000000001"
HEARD = "Discord: Bobbin, heard over the gateway"


async def appears(discord: FakeDiscord, channel: str, text: str) -> None:
    await until(lambda: any(text in said for said in discord.said(channel)))


async def test_ask_opens_a_thread_and_the_talk_goes_on_there(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord)
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        process = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, process, HEARD)
            question = "I need to solve the equation `3x + 11 = 14`. Can you help?"
            asked = await discord.slash(ANN, MATHS, "ask", question=question)
            await until(lambda: asked.original in discord.channels)
            await appears(discord, asked.original, "x = 1")
            await discord.post(ANN, asked.original, "Now 2x = 8")
            await appears(discord, asked.original, "x = 4")
            mention = await discord.post(ANN, MATHS, f"<@{BOT}> plot x^2")
            await until(lambda: any(m["attachments"] for m in discord.own(mention)))
        finally:
            await asyncio.to_thread(end, process)
        assert discord.own(MATHS) == [discord.messages[MATHS][asked.original]]
        assert not discord.pings


async def test_a_private_lesson_over_a_restart_with_new_and_resume(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord)
        dm = discord.dm(discord.person(ANN, "Ann"))
        first = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, first, HEARD)
            await discord.post(ANN, dm, "solve 2x = 6")
            await appears(discord, dm, "x = 3")
            begun = await discord.slash(ANN, dm, "new")
            await until(lambda: "number 2" in discord.answered(begun))
            await discord.post(ANN, dm, "solve 5x = 35")
            await appears(discord, dm, "x = 7")
        finally:
            await asyncio.to_thread(kill, first)
        (answer,) = (m for m in discord.own(dm) if "x = 7" in m["content"])
        second = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, second, HEARD)
            listed = await discord.slash(ANN, dm, "sessions")
            await until(lambda: "solve 2x = 6" in discord.answered(listed))
            assert "solve 5x = 35" in discord.answered(listed)
            back = await discord.slash(ANN, dm, "resume", session=1)
            await until(lambda: "session 1" in discord.answered(back))
            await discord.post(ANN, dm, "solve 3x = 6")
            await appears(discord, dm, "x = 2")
            await discord.press(ANN, dm, answer["id"], button(answer, "feedback", "good"))
            await until(lambda: "Noted, thank you." in discord.told_alone(ANN, dm))
        finally:
            await asyncio.to_thread(end, second)


async def test_a_kill_in_the_middle_loses_nothing_and_repeats_nothing(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord) | {"BOBBIN_INTRODUCE": "false"}
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        first = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, first, HEARD)
            before = await discord.post(ANN, MATHS, f"<@{BOT}> solve 2x = 4")
            await appears(discord, before, "x = 2")
            asked = [await discord.post(ANN, MATHS, f"<@{BOT}> {n}x = {3 * n}") for n in (2, 3)]
        finally:
            await asyncio.to_thread(kill, first)
        asked.append(await discord.post(ANN, MATHS, f"<@{BOT}> 5x = 15"))
        second = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, second, HEARD)
            for thread in asked:
                await appears(discord, thread, "x = 3")
            await asyncio.sleep(0.5)
        finally:
            await asyncio.to_thread(end, second)
        for thread in (before, *asked):
            assert len(discord.own(thread)) == 1, discord.said(thread)


async def test_a_rolling_restart_leaves_no_gap(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord) | {"BOBBIN_INTRODUCE": "false"}
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        first = bot.start("discord")
        asked: list[str] = []
        try:
            await asyncio.to_thread(read_until, first, HEARD)
            asked.append(await discord.post(ANN, MATHS, f"<@{BOT}> 2x = 6"))
            second = bot.start("discord")
            try:
                await asyncio.to_thread(read_until, second, HEARD)
                asked.append(await discord.post(ANN, MATHS, f"<@{BOT}> 3x = 9"))
                first.terminate()
                asked.append(await discord.post(ANN, MATHS, f"<@{BOT}> 4x = 12"))
                await asyncio.to_thread(first.wait)
                asked.append(await discord.post(ANN, MATHS, f"<@{BOT}> 5x = 15"))
                for thread in asked:
                    await appears(discord, thread, "x = 3")
            finally:
                await asyncio.to_thread(end, second)
        finally:
            await asyncio.to_thread(kill, first)
        for thread in asked:
            assert len(discord.own(thread)) == 1, discord.said(thread)


async def test_a_question_about_a_message_by_its_menu(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord)
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        process = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, process, HEARD)
            said = await discord.post(ANN, MATHS, "3x + 11 = 14")
            opened = await discord.menu(ANN, MATHS, "Ask about this message", said)
            await until(lambda: opened.acked)
            asked = await discord.submit(opened, question="Can you solve it?")
            await until(lambda: asked.original in discord.channels)
            await appears(discord, asked.original, "3*x + 11 = 14")
        finally:
            await asyncio.to_thread(end, process)


async def test_a_person_sees_what_they_used_and_has_it_all_forgotten(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord)
        dm = discord.dm(discord.person(ANN, "Ann"))
        first = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, first, HEARD)
            await discord.post(ANN, dm, "solve 2x = 6")
            await appears(discord, dm, "x = 3")
            used = await discord.slash(ANN, dm, "usage")
            await until(lambda: "Today: 1 answer" in discord.answered(used))
            asked = await discord.slash(ANN, dm, "forget")
            await until(lambda: "cannot be taken back" in discord.answered(asked))
        finally:
            await asyncio.to_thread(kill, first)
        second = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, second, HEARD)
            shown = discord.messages[f"{dm}/{ANN}"][asked.original]
            await discord.press(ANN, dm, shown["id"], button(shown, "forget"))
            await until(lambda: any("Forgotten" in one for one in discord.told_alone(ANN, dm)))
            listed = await discord.slash(ANN, dm, "sessions")
            await until(lambda: "no sessions yet" in discord.answered(listed))
        finally:
            await asyncio.to_thread(end, second)


async def test_a_wrong_token_is_named_and_nothing_hangs(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord) | {"DISCORD_TOKEN": "MTAwMA.wrong.token"}
        for verb in (["discord"], ["invite", "discord"]):
            done = await asyncio.to_thread(bot.run, *verb)
            assert done.returncode == 2
            assert "DISCORD_TOKEN" in done.stderr
            assert "Traceback" not in done.stderr


async def test_what_a_moderator_sets_holds_after_a_kill(bot: Bot) -> None:
    async with FakeDiscord.running() as discord:
        bot.variables |= _variables(discord)
        discord.person(ANN, "Ann")
        discord.add_channel(MATHS, "maths")
        first = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, first, HEARD)
            found = await discord.slash(ANN, MATHS, "settings", rights=1 << 4, mode="reply")
            await until(lambda: "`mode: reply`" in discord.answered(found))
        finally:
            await asyncio.to_thread(kill, first)
        second = bot.start("discord")
        try:
            await asyncio.to_thread(read_until, second, HEARD)
            await discord.post(ANN, MATHS, f"<@{BOT}> solve 2x = 6")
            await appears(discord, MATHS, "x = 3")
        finally:
            await asyncio.to_thread(end, second)
        assert not discord.pings


async def test_the_invitation_and_the_doctor_say_what_is_needed(bot: Bot) -> None:
    async with FakeDiscord.running(content_intent=False) as discord:
        bot.variables |= _variables(discord)
        done = await asyncio.to_thread(bot.run, "invite", "discord")
        assert done.stdout.startswith("https://discord.com/oauth2/authorize?client_id=")
        assert "permissions=309237746688" in done.stdout
        found = await asyncio.to_thread(bot.run, "doctor")
        lines = [line for line in found.stdout.splitlines() if " discord: " in line]
        assert any("Message Content Intent" in line for line in lines)
        assert any("commands" in line for line in lines)


def _variables(discord: FakeDiscord) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
    }
