"""What Discord says, on its way to the intake.

The gateway waits for no acknowledgement. So an event stays here until it is stored, the moment up
to which all is stored is written down (`Hearing.reach`), and whoever begins a new session asks for
what came after that moment.

Serial: what happens in one channel, in Discord's order; what is asked for goes in before what comes
live. Parallel: channels, and interactions, which have three seconds. What survives a crash: what is
stored; the rest comes again. Bounded: `MOST_WAITING` events; past that the connection is given up
until they are stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, cast

from adapters.discord.api import DiscordApi
from adapters.discord.asking import Deliver
from adapters.discord.backfill import Backfill
from adapters.discord.events import PLATFORM, Me, deleted, edited, heard, own_role, says_nothing
from adapters.discord.interactions import Interactions
from adapters.discord.origin import made_at
from adapters.discord.render import QUIET, nonce
from adapters.discord.rooms import Rooms
from core.chat.hearing import Hearing
from core.clock import Clock
from core.errors import BobbinError, PlatformError, StoreError

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

MOST_WAITING: Final = 10_000
MOST_MET: Final = 10_000
"""Direct messages of which this process knows that they are remembered."""
MARK_S: Final = 2.0
SWEEP_S: Final = 15.0
DRAIN_S: Final = 3.0
"""How long what was heard last may take when the process ends."""
_LONGEST_PAUSE_S: Final = 5.0
_TRIES: Final = 30

HINT: Final = (
    "I cannot read messages here that do not mention me (Discord has not given me the Message "
    "Content Intent). Please mention me, or use `/ask`."
)


class Ears:
    """The listener behind the gateway.

    Args:
        api: with the bot's token.
        me: who we are.
        rooms: what kind of places channels are.
        interactions: takes commands and presses.
        deliver: the intake.
        hearing: how far was heard.
        clock: for when it came.
        ear: the name of this share of Discord.
    """

    def __init__(
        self,
        api: DiscordApi,
        me: Me,
        rooms: Rooms,
        interactions: Interactions,
        deliver: Deliver,
        hearing: Hearing,
        clock: Clock,
        *,
        ear: str,
    ) -> None:
        self._api = api
        self._me = me
        self._rooms = rooms
        self._interactions = interactions
        self._deliver = deliver
        self._hearing = hearing
        self._clock = clock
        self._ear = ear
        self._backfill = Backfill(api, hearing, clock, ear=ear)
        self._lines: dict[str, deque[tuple[float, Callable[[], Awaitable[None]]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._alive = 0.0
        self._marked = 0.0
        self._met: set[str] = set()
        self._expected: set[str] = set()
        self._expected_until = 0.0
        self._contents = True
        """Whether we are told what messages say that do not mention us."""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Ears]:
        """Listen until the block ends."""
        tasks = [
            asyncio.create_task(self._keep_marking(), name="discord mark"),
            asyncio.create_task(self._keep_sweeping(), name="discord questions"),
        ]
        try:
            yield self
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DRAIN_S)
            for task in [*tasks, *self._tasks]:
                task.cancel()
            await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
            with contextlib.suppress(BobbinError):
                await self._mark()

    # ------------------------------------------------------------------- the listener

    def without_contents(self) -> None:
        """Messages that do not mention us come without what they say."""
        self._contents = False

    def alive(self) -> None:
        """All that came before now was heard."""
        self._alive = self._clock.now()

    @property
    def full(self) -> bool:
        """Too much waits to be stored."""
        return sum(len(line) for line in self._lines.values()) > MOST_WAITING

    def hear(self, name: str, data: dict[str, Any]) -> None:
        """An event of the gateway."""
        self._rooms.hear(name, data)
        match name:
            case "READY":
                self._begin(data)
            case "GUILD_CREATE":
                self._guild(data)
            case "MESSAGE_CREATE":
                if not _is_of_a_program(data):
                    self._queue(data, lambda: self._message(data))
            case "MESSAGE_UPDATE":
                if not _is_of_a_program(data):
                    self._queue(data, lambda: self._edited(data))
            case "MESSAGE_DELETE":
                self._queue(data, lambda: self._deleted(data))
            case "MESSAGE_DELETE_BULK":
                for one in cast("list[str]", data["ids"]):
                    self._queue_deleted({**data, "id": one})
            case "INTERACTION_CREATE":
                self._spawn(self._interactions.take(data))
            case _:
                return

    # ------------------------------------------------------------------- a new session

    def _begin(self, ready: Json) -> None:
        """A new session has begun: what came since the last one is asked for."""
        self._backfill.begin()
        self._expected = {str(one["id"]) for one in ready.get("guilds", ())}
        self._expected_until = self._clock.monotonic() + 60.0
        self._spawn(self._direct())

    async def _direct(self) -> None:
        for channel in await self._backfill.direct():
            self._queue({"channel_id": channel}, self._catching_up(channel, ""), at=0.0)

    def _guild(self, guild: Json) -> None:
        role = own_role(guild, self._me)
        if role:
            self._me.roles[str(guild["id"])] = role
        if str(guild["id"]) not in self._expected:
            return
        self._expected.discard(str(guild["id"]))
        for one in [*guild.get("channels", ()), *guild.get("threads", ())]:
            last = one.get("last_message_id")
            if last:
                catch_up = self._catching_up(str(one["id"]), str(guild["id"]), str(last))
                self._queue({"channel_id": one["id"]}, catch_up, at=0.0)

    def _catching_up(
        self, channel: str, guild: str, last: str = ""
    ) -> Callable[[], Awaitable[None]]:
        async def catch_up() -> None:
            async for message in self._backfill.missed(channel, last):
                if not _is_of_a_program(message):
                    await self._message({**message, **({"guild_id": guild} if guild else {})})

        return catch_up

    # ------------------------------------------------------------------- messages

    async def _message(self, message: Json) -> None:
        room = await self._room(message)
        inbound = heard(message, room, self._me, self._clock.now())
        if inbound is None:
            if room.owner == self._me.user and not self._contents and says_nothing(message):
                await self._hint(room.channel)
            return
        # Mail that comes twice is known by its mailbox; a command is carried out at once.
        if inbound.text.startswith("!") and not await self._hearing.first(inbound.id):
            return
        known = room.channel in self._met
        if room.kind == "direct" and not known:
            await self._meet(room.channel, inbound.message_id)
        await self._deliver(inbound)
        if known:
            await self._meet(room.channel, inbound.message_id)

    async def _meet(self, channel: str, message: str) -> None:
        """Remember direct messages, so that they are read when nobody has listened for a while;
        the first time before what is said there is stored."""
        await self._hearing.met(self._ear, channel, made_at(message))
        self._met.add(channel)
        while len(self._met) > MOST_MET:
            self._met.pop()

    async def _edited(self, message: Json) -> None:
        room = await self._room(message)
        found = edited(message, room, self._me, self._clock.now())
        if found is None or not await self._hearing.first(f"{found[1].name}@{found[1].revision}"):
            return
        inbound, edit = found
        named = inbound.setting.shared and inbound.setting.addressed
        # It may name us only now; if it did before, its mailbox knows it.
        if named and await self._deliver(inbound) != "duplicate":
            return
        await self._deliver(edit)

    async def _deleted(self, event: Json) -> None:
        found = deleted(event, await self._rooms.of(str(event["channel_id"])), self._me)
        if found is not None:
            await self._deliver(found)

    async def _room(self, message: Json) -> Any:
        channel = str(message["channel_id"])
        if "guild_id" not in message and "member" not in message:
            self._rooms.remember_direct(channel, str(message["author"]["id"]))
        return await self._rooms.of(channel)

    async def _hint(self, thread: str) -> None:
        """Say once in a thread of ours why its messages are not answered."""
        if not await self._hearing.first(f"{PLATFORM}:hint:{thread}"):
            return
        body = {
            "content": HINT,
            "allowed_mentions": QUIET,
            "nonce": nonce(f"hint:{thread}"),
            "enforce_nonce": True,
        }
        await self._api.write("POST", f"/channels/{thread}/messages", body)

    # ------------------------------------------------------------------- lines

    def _queue_deleted(self, event: Json) -> None:
        self._queue(event, lambda: self._deleted(event))

    def _queue(
        self, event: Json, job: Callable[[], Awaitable[None]], *, at: float | None = None
    ) -> None:
        """Put a job into the line of its channel; `at` is when it came."""
        channel = str(event["channel_id"])
        came = self._clock.now() if at is None else at
        line = self._lines.get(channel)
        if line is not None:
            line.append((came, job))
            return
        line = self._lines[channel] = deque([(came, job)])
        self._spawn(self._work(channel, line))

    async def _work(
        self, channel: str, line: deque[tuple[float, Callable[[], Awaitable[None]]]]
    ) -> None:
        while line:
            await self._until_done(line[0][1])
            line.popleft()
        del self._lines[channel]

    async def _until_done(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do it until it is stored; give up only what Discord does not let us look at."""
        pause, tries = 0.1, 0
        while True:
            try:
                await job()
            except StoreError as error:
                log.warning("an event could not be stored yet: %s", error)
            except PlatformError as error:
                tries += 1
                if not error.retryable or tries >= _TRIES:
                    log.warning("an event is left out: %s", error)
                    return
            except Exception:
                log.exception("an event could not be understood")
                return
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name="discord event")
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an event could not be taken", exc_info=error)

    # ------------------------------------------------------------------- how far

    async def _keep_marking(self) -> None:
        while True:
            await self._clock.sleep(MARK_S)
            try:
                await self._mark()
            except BobbinError as error:
                log.info("how far was heard cannot be written down: %s", error)

    async def _mark(self) -> None:
        """Write down the moment up to which everything is stored."""
        if self._expected and self._clock.monotonic() < self._expected_until:
            return  # what was missed in these guilds is not even asked for
        waiting = [line[0][0] for line in self._lines.values() if line]
        at = min([self._alive, *waiting])
        if at > self._marked and not self._backfill.asking:
            await self._hearing.reach(self._ear, at)
            self._marked = at

    async def _keep_sweeping(self) -> None:
        while True:
            try:
                await self._interactions.sweep()
            except BobbinError as error:
                log.info("questions cannot be looked for: %s", error)
            await self._clock.sleep(SWEEP_S)


def _is_of_a_program(message: Json) -> bool:
    """Written by a program, us included, or nobody: such messages never start a turn, so no two
    bots can talk to each other for ever."""
    author = message.get("author")
    if not isinstance(author, Mapping) or message.get("webhook_id"):
        return True
    return bool(cast("Json", author).get("bot"))
