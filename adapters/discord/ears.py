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

from adapters.discord.backfill import Backfill
from adapters.discord.events import Me, own_role
from adapters.discord.incoming import Incoming
from adapters.discord.interactions import Interactions
from adapters.discord.rooms import Rooms
from core.chat.hearing import Hearing
from core.clock import Clock
from core.errors import BobbinError, PlatformError, StoreError

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

MOST_WAITING: Final = 10_000
MARK_S: Final = 2.0
SWEEP_S: Final = 15.0
DRAIN_S: Final = 3.0
"""How long what was heard last may take when the process ends."""
_LONGEST_PAUSE_S: Final = 5.0
_TRIES: Final = 30
_DIRECT: Final = 1
"""Context of an interaction."""


class Ears:
    """The listener behind the gateway.

    Args:
        me: who we are.
        rooms: what kind of places channels are.
        incoming: takes messages.
        interactions: takes commands and presses.
        backfill: asks for what was missed.
        hearing: how far was heard.
        clock: for when it came.
        ear: the name of this share of Discord.
    """

    def __init__(
        self,
        me: Me,
        rooms: Rooms,
        incoming: Incoming,
        interactions: Interactions,
        backfill: Backfill,
        hearing: Hearing,
        clock: Clock,
        *,
        ear: str,
    ) -> None:
        self._me = me
        self._rooms = rooms
        self._incoming = incoming
        self._interactions = interactions
        self._backfill = backfill
        self._hearing = hearing
        self._clock = clock
        self._ear = ear
        self._lines: dict[str, deque[tuple[float, Callable[[], Awaitable[None]]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._alive = 0.0
        self._marked = 0.0
        self._expected: set[str] = set()
        self._expected_until = 0.0

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
        self._incoming.contents = False

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
                if not self._incoming.passes_over(data):
                    self._queue(data, lambda: self._incoming.message(data))
            case "MESSAGE_UPDATE":
                if not self._incoming.passes_over(data):
                    self._queue(data, lambda: self._incoming.edited(data))
            case "MESSAGE_DELETE":
                self._queue(data, lambda: self._incoming.deleted(data))
            case "MESSAGE_DELETE_BULK":
                for one in cast("list[str]", data["ids"]):
                    self._queue_deleted({**data, "id": one})
            case "INTERACTION_CREATE":
                self._spawn(self._interactions.take(data))
                if _is_direct(data):
                    self._queue(data, lambda: self._incoming.visited(data))
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
                if not self._incoming.passes_over(message):
                    whole = {**message, **({"guild_id": guild} if guild else {})}
                    await self._incoming.message(whole)

        return catch_up

    # ------------------------------------------------------------------- lines

    def _queue_deleted(self, event: Json) -> None:
        self._queue(event, lambda: self._incoming.deleted(event))

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


def _is_direct(interaction: Json) -> bool:
    """Whether somebody did it in their direct messages with us."""
    in_guild = "guild_id" in interaction or "user" not in interaction
    return not in_guild and interaction.get("context") == _DIRECT and "channel_id" in interaction
