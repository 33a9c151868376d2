"""Slack as a person meets it: the real command, against a workspace on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fakes.slack.looks import BOT_USER, Json, cards, words
from tests.fakes.slack.people import FakeSlack
from tests.patience import until
from tests.story.bot import Bot, end, kill, read_until

ANN, CHANNEL, DM = "U0ANN", "C0MATHS", "D0ANN"


async def appears(slack: FakeSlack, channel: str, root: str, text: str) -> None:
    await until(lambda: any(text in reply for reply in slack.replies(channel, root)))


async def test_a_mention_a_follow_up_and_a_private_lesson_with_a_plot(tmp_path: Path) -> None:
    async with FakeSlack.running() as slack:
        bot = Bot(tmp_path / "data", _variables(slack))
        process = bot.start("slack")
        try:
            await asyncio.to_thread(read_until, process, "Slack: Fake, heard by 2 sockets")
            question = f"<@{BOT_USER}> I need to solve the equation `3x + 11 = 14`. Can you help?"
            root = await slack.post(ANN, CHANNEL, question)
            await appears(slack, CHANNEL, root, "x = 1")
            await appears(slack, CHANNEL, root, "first answer in this channel")
            await slack.post(ANN, CHANNEL, "Now 2x = 8", thread_ts=root)
            await appears(slack, CHANNEL, root, "x = 4")
            lesson = await slack.post(ANN, DM, "plot x^2")
            await appears(slack, DM, lesson, "x²")
            await until(lambda: any(m.get("files") for m in slack.thread(DM, lesson)))
            done = [card for m in slack.thread(DM, lesson) for card in cards(m)]
            assert ("Ran code", "complete") in done
        finally:
            await asyncio.to_thread(end, process)
        assert not slack.unacknowledged


async def test_a_restart_in_the_middle_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    async with FakeSlack.running() as slack:
        bot = Bot(tmp_path / "data", _variables(slack) | {"BOBBIN_INTRODUCE": "false"})
        first = bot.start("slack")
        try:
            await asyncio.to_thread(read_until, first, "Slack: Fake")
            roots = [
                await slack.post(ANN, f"C{n}", f"<@{BOT_USER}> {n}x = {2 * n}") for n in (2, 3)
            ]
        finally:
            await asyncio.to_thread(kill, first)
        second = bot.start("slack")
        try:
            await asyncio.to_thread(read_until, second, "Slack: Fake")
            for number, root in zip((2, 3), roots, strict=True):
                await appears(slack, f"C{number}", root, "x = 2")
            await asyncio.sleep(0.5)
        finally:
            await asyncio.to_thread(end, second)
        for number, root in zip((2, 3), roots, strict=True):
            replies = [m for m in slack.thread(f"C{number}", root) if m.get("user") == BOT_USER]
            assert len(replies) == 1, [words(one) for one in replies]


async def test_a_person_sees_what_they_used_and_has_it_all_forgotten(tmp_path: Path) -> None:
    async with FakeSlack.running() as slack:
        bot = Bot(tmp_path / "data", _variables(slack))
        first = bot.start("slack")
        try:
            await asyncio.to_thread(read_until, first, "Slack: Fake")
            lesson = await slack.post(ANN, DM, "solve 2x = 6")
            await appears(slack, DM, lesson, "x = 3")
            await slack.slash(ANN, CHANNEL, "usage")
            await until(lambda: "Today: 1 answer" in str(slack.called("chat.postEphemeral")))
            await slack.slash(ANN, DM, "forget")
            asked = await _says(slack, "cannot be taken back")
            button = asked["blocks"][-1]["elements"][0]
        finally:
            await asyncio.to_thread(kill, first)
        second = bot.start("slack")
        try:
            await asyncio.to_thread(read_until, second, "Slack: Fake")
            await slack.press(ANN, DM, asked["ts"], button["action_id"], button["value"])
            await _says(slack, "Forgotten")
            await slack.slash(ANN, DM, "sessions")
            await _says(slack, "There are no sessions yet.")
            await slack.slash(ANN, CHANNEL, "usage")
            await until(lambda: "Today: nothing" in str(slack.called("chat.postEphemeral")))
        finally:
            await asyncio.to_thread(end, second)


async def _says(slack: FakeSlack, text: str) -> Json:
    """The bot's post with these words in direct messages, once it is there."""

    def found() -> list[Json]:
        return [post for post in slack.messages[DM].values() if text in words(post)]

    await until(found)
    return found()[-1]


async def test_a_wrong_token_is_named_and_nothing_hangs(tmp_path: Path) -> None:
    async with FakeSlack.running() as slack:
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
            bot = Bot(tmp_path / "data", _variables(slack) | {name: "xoxb-wrong"})
            done = await asyncio.to_thread(bot.run, "slack")
            assert done.returncode == 2
            assert name in done.stderr
            assert "Traceback" not in done.stderr


def _variables(slack: FakeSlack) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
    }
