"""The sending side of a chat platform, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord import origin as on_discord
from adapters.discord.api import DiscordApi
from adapters.discord.platform import DiscordPlatform
from adapters.discord.presence import Presence as DiscordPresence
from adapters.discord.responses import Responses
from adapters.discord.rules import Rules, everywhere
from adapters.discord.threads import Threads
from adapters.slack import origin as on_slack
from adapters.slack.api import SlackApi
from adapters.slack.people import People
from adapters.slack.platform import SlackPlatform
from adapters.slack.presence import Presence as SlackPresence
from adapters.terminal.platform import TerminalPlatform
from adapters.terminal.screen import Screen
from core.chat.feeds import Feed
from core.chat.messages import Capabilities, ConversationKey, OutFile, Post, Sign
from core.chat.pacing import Paces
from core.chat.ports import ChatPlatform
from core.clock import SystemClock
from tests.contracts.chat import Chat, chat_on
from tests.fakes.discord.looks import BOT, GUILD
from tests.fakes.discord.people import FakeDiscord
from tests.fakes.hearing import FakeHomes, FakeKeeping
from tests.fakes.pacer import FakePacer
from tests.fakes.places import FakePlaces
from tests.fakes.platform import FakePlatform
from tests.fakes.slack.people import FakeSlack
from tests.servers import Server

HERE = ConversationKey("terminal", ("ann", "chat"))
THERE = ConversationKey("terminal", ("bob", "chat"))
CHANNELS = {HERE: "400000000000000001", THERE: "400000000000000002"}
ROOT = "1600000000.000001"


class Renamed:
    """A platform under the names of places and parts that these tests use. `place` and `origin`
    are its own names of a channel's conversation, and of what is answered there."""

    def __init__(
        self,
        platform: ChatPlatform,
        place: Callable[[str], ConversationKey],
        origin: Callable[[str], object],
    ) -> None:
        self._platform = platform
        self._place = place
        self._origin = origin

    @property
    def capabilities(self) -> Capabilities:
        return self._platform.capabilities

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        channel = CHANNELS[conversation]
        return await self._platform.send(self._place(channel), self._named(channel, post))

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        channel = CHANNELS[conversation]
        await self._platform.edit(self._place(channel), ref, self._named(channel, post))

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        channel = CHANNELS[conversation]
        return await self._platform.find(self._place(channel), self._name(channel, part_id))

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        channel = CHANNELS[conversation]
        turn = tuple(self._name(channel, one) for one in sign.turn)
        await self._platform.signal(self._place(channel), replace(sign, turn=turn))

    def _named(self, channel: str, post: Post) -> Post:
        return replace(post, part_id=self._name(channel, post.part_id))

    def _name(self, channel: str, name: str) -> str:
        return f"{self._origin(channel)}.{name}"


class Subject:
    """A platform, and what a person reads there."""

    def __init__(
        self,
        platform: ChatPlatform,
        feed: Feed | None = None,
        said: Callable[[str], list[str]] | None = None,
    ) -> None:
        self.platform = platform
        self._feed = feed
        self._said = said

    async def read(self, where: ConversationKey = HERE) -> str:
        """All that stands there, without what the screen says of its own."""
        if self._said is not None:
            return "\n".join(self._said(CHANNELS[where]))
        if self._feed is None:
            assert isinstance(self.platform, FakePlatform)
            return "\n".join(self.platform.texts(where))
        shown: list[str] = []
        screen = Screen(self._feed, where, shown.append, live=False)
        screen.own("q")
        entries = await self._feed.read(where, "0", 0)
        reading = asyncio.create_task(screen.run("0"))
        while entries and await self._feed.seen(where) != entries[-1].sequence:
            await asyncio.sleep(0.005)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return "".join(shown)


@pytest.fixture(params=["fake", "terminal", "slack", "discord"])
async def subject(
    request: pytest.FixtureRequest, chat_server: Server, tmp_path: Path
) -> AsyncIterator[Subject]:
    if request.param == "fake":
        yield Subject(FakePlatform(Capabilities(max_chars=500, edits=True)))
        return
    if request.param in ("slack", "discord"):
        async with _on_slack() if request.param == "slack" else _on_discord() as made:
            yield made
        return
    chat_server.ask("FLUSHALL")
    async with chat_on(chat_server.url, 1) as chat:
        yield Subject(TerminalPlatform(chat.feed, tmp_path), chat.feed)
        await _clean(chat)


@asynccontextmanager
async def _on_slack() -> AsyncIterator[Subject]:
    async with FakeSlack.running() as slack:
        for channel in CHANNELS.values():
            slack.messages[channel][ROOT] = {"user": "U0ANN", "ts": ROOT, "text": "?"}
        clock, api = SystemClock(), SlackApi(slack.bot_token, slack.url)
        presence = SlackPresence(api, clock)
        platform = SlackPlatform(
            api,
            Paces(FakePacer(clock), clock, "slack:T0FAKE"),
            clock,
            team="T0FAKE",
            bot_user="U0BOT",
            people=People(api),
            presence=presence,
        )
        renamed = Renamed(
            platform,
            lambda channel: ConversationKey("slack", ("T0FAKE", channel, ROOT)),
            lambda channel: on_slack.Origin(channel, ROOT, ROOT, "U0ANN"),
        )
        try:
            yield Subject(renamed, said=lambda channel: slack.replies(channel, ROOT))
        finally:
            await presence.aclose()
            await api.aclose()
        assert slack.wrong == []


@asynccontextmanager
async def _on_discord() -> AsyncIterator[Subject]:
    async with FakeDiscord.running() as discord, AsyncExitStack() as stack:
        ann = discord.person("300000000000000002", "Ann")
        asked = {
            channel: discord.add_message(
                discord.add_channel(channel, "maths"), discord.people[ann], content="?"
            )
            for channel in CHANNELS.values()
        }
        clock = SystemClock()
        pacer = FakePacer(clock)
        api = DiscordApi(discord.token, discord.url, clock, pacer=pacer)
        stack.push_async_callback(api.aclose)
        rules = everywhere(Rules(mode="reply"))
        threads = Threads(api, rules, FakeHomes(), FakePlaces(), "1")
        stack.push_async_callback(threads.aclose)
        presence = DiscordPresence(api, threads, clock)
        stack.push_async_callback(presence.aclose)
        platform = DiscordPlatform(
            api,
            Paces(pacer, clock, "discord"),
            bot_user=BOT,
            threads=threads,
            responses=Responses(api, FakeKeeping(), "1"),
            presence=presence,
        )
        renamed = Renamed(
            platform,
            lambda channel: ConversationKey("discord", (GUILD, channel, asked[channel]["id"])),
            lambda channel: on_discord.Origin(channel, asked[channel]["id"], ann),
        )
        yield Subject(renamed, said=discord.said)
        assert discord.pings == []


async def _clean(chat: Chat) -> None:
    await chat.check_keys()


def _post(text: str, part: str = "q.0.0") -> Post:
    return Post(part_id=part, text=text, turn=("q",), controls=("new",))


async def test_a_post_is_shown_where_it_was_sent_and_nowhere_else(subject: Subject) -> None:
    assert await subject.platform.send(HERE, _post("hello"))
    assert "hello" in await subject.read()
    assert "hello" not in await subject.read(THERE)


async def test_parts_stand_in_the_order_in_which_they_were_sent(subject: Subject) -> None:
    for number in range(3):
        await subject.platform.send(HERE, _post(f"part {number}", f"q.0.{number}"))
    text = await subject.read()
    assert text.index("part 0") < text.index("part 1") < text.index("part 2")


async def test_an_edit_shows_the_new_text(subject: Subject) -> None:
    assert subject.platform.capabilities.edits
    ref = await subject.platform.send(HERE, _post("old"))
    await subject.platform.edit(HERE, ref, _post("new"))
    assert (await subject.read()).rstrip().endswith("new")


async def test_a_part_is_found_by_its_id_once_it_is_shown(subject: Subject) -> None:
    assert await subject.platform.find(HERE, "q.0.0") is None
    ref = await subject.platform.send(HERE, _post("hello"))
    await subject.platform.send(HERE, _post("more", "q.0.1"))
    assert await subject.platform.find(HERE, "q.0.0") == ref
    assert await subject.platform.find(THERE, "q.0.0") is None


async def test_where_sends_are_idempotent_a_part_sent_twice_appears_once(
    subject: Subject,
) -> None:
    if not subject.platform.capabilities.idempotent_sends:
        return  # it is read back instead: `find` has its own test
    refs = {await subject.platform.send(HERE, _post("hello")) for _ in range(3)}
    assert len(refs) == 1
    assert (await subject.read()).count("hello") == 1


async def test_where_sends_are_idempotent_the_newest_text_of_a_part_counts(
    subject: Subject,
) -> None:
    """Who takes over sends the same part again, and may know more of it."""
    if not subject.platform.capabilities.idempotent_sends:
        return  # it is read back instead: `find` has its own test
    await subject.platform.send(HERE, replace(_post("half"), final=False, controls=()))
    await subject.platform.send(HERE, _post("half and whole"))
    assert "half and whole" in await subject.read()


async def test_a_post_may_have_files_of_any_name_or_no_text(subject: Subject) -> None:
    file = OutFile("../../x/\x1b]0;t\x07.png", "image/png", b"1")
    await subject.platform.send(HERE, replace(_post(""), files=(file,)))
    await subject.platform.send(HERE, _post("after", "q.0.1"))
    text = await subject.read()
    assert "after" in text
    assert "\x1b]" not in text


async def test_a_sign_never_fails_and_leaves_no_post(subject: Subject) -> None:
    for kind in ("working", "waiting", "troubled", "asking", "idle"):
        await subject.platform.signal(HERE, Sign(kind, sentence="x", turn=("q",)))
    assert (await subject.read()).strip() == ""


async def test_the_longest_post_that_is_allowed_is_shown_whole(subject: Subject) -> None:
    """Also of characters that take two units each where a platform counts these."""
    text = "𝒙 " * (subject.platform.capabilities.max_chars // 2 - 1) + "."
    await subject.platform.send(HERE, _post(text))
    assert text in await subject.read()


async def test_a_text_that_grows_is_followed_to_its_end(subject: Subject) -> None:
    ref = await subject.platform.send(HERE, replace(_post("one"), final=False, controls=()))
    for text in ("one two", "one two three"):
        await subject.platform.edit(HERE, ref, replace(_post(text), final=False, controls=()))
    await subject.platform.edit(HERE, ref, _post("one two three four"))
    assert (await subject.read()).rstrip().endswith("one two three four")
