"""Forgetting what a person said: asked, confirmed, done, and only then called done.

Serial: one parting. Parallel: partings, of different people and of the same one; each step may be
done twice. Survives a crash: a confirmed parting is noted. A process that starts goes on with all
that is noted, and every process looks for what nobody finished. Bounded: whoever confirms waits
`SOON_S` at most; the rest goes on in the background.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from core.chat.erasing import Erasing
from core.chat.messages import Author, Command, Post
from core.chat.people import Accounts, Parting, Partings, Wish, day_of, home_of, person_of
from core.chat.ports import ChatPlatform
from core.chat.saying import Saying
from core.clock import Clock
from core.errors import BobbinError, StoreError

log = logging.getLogger(__name__)

SOON_S: Final = 2.0
"""How long whoever confirmed is waited with: platforms want to hear within three seconds."""

DRAIN_S: Final = 5.0
"""How long a process that ends waits for what it forgets; the next one goes on after that."""

SWEEP_S: Final = 30.0
"""How often is looked for what was not finished: by a process that died, or for a service that was
away."""

LONGEST_PAUSE_S: Final = 3600.0
"""A service that goes on refusing is asked this often."""

DAYS: Final = 32
"""For how many days back usage may be stored."""

YES: Final = "yes"

OWN: Final = (
    "I will forget everything that you and I said alone on {home}: our direct messages and what "
    "you asked me in private, all sessions, with the files that you gave me or that I made, and "
    "what is counted of your usage. It cannot be taken back.\n\nPosts stay where they are shown: "
    "those you delete yourself. What you said in places that others share stays too; "
    "`!forget` written there is about that."
)
SHARED: Final = (
    "I will forget what you wrote in this conversation, with the files that you attached. It "
    "cannot be taken back.\n\nWhat others wrote stays, and so do my answers, also those to you. "
    "Posts stay where they are shown."
)
CONFIRM: Final = "Write `!forget yes` within an hour if you want that."
PRESS: Final = "Press the button within an hour, or write `!forget yes`, if you want that."
NOTHING_ASKED: Final = (
    "There is nothing here that you were asked to confirm. Ask for `forget` first."
)
IN_WORK: Final = "I am forgetting it, and say so when it is done."
FAILED: Final = (
    "I could not forget everything yet: {why} I go on trying, and say so when it is done."
)
DONE_OWN: Final = (
    "Forgotten: all that you and I said alone, the files, and what was counted of your usage. What "
    "you write now is new to me."
)
DONE_SHARED: Final = (
    "Forgotten: what you wrote here, and the files that you attached. What others wrote and my "
    "answers are still there."
)


class Forgetting:
    """Carries wishes to be forgotten out. Close it with `aclose`."""

    def __init__(
        self,
        accounts: Accounts,
        partings: Partings,
        erasing: Erasing,
        platforms: dict[str, ChatPlatform],
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._partings = partings
        self._erasing = erasing
        self._platforms = platforms
        self._saying = Saying(platforms)
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self._failed: dict[str, tuple[int, float]] = {}
        """How often partings failed here, and from when on they are tried again (monotonic s)."""

    async def carry_out(self, command: Command) -> None:
        """Ask, or do what was asked and is confirmed.

        Raises:
            StoreError: nothing happened.
        """
        if command.argument.lower() == YES:
            await self._confirm(command)
        else:
            await self._ask(command)

    def start(self) -> None:
        """Go on with what others left, now and from time to time, until `aclose`."""
        self._sweeping = asyncio.create_task(self._sweep(), name="forgetting")

    async def aclose(self, drain_s: float = DRAIN_S) -> None:
        """Wait a little for what is being done, and leave the rest to the next process."""
        tasks = list(self._tasks.values())
        sweeping, self._sweeping = self._sweeping, None
        if sweeping is not None:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
        if tasks:
            await asyncio.wait(tasks, timeout=drain_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------- asking

    async def _ask(self, command: Command) -> None:
        where = command.conversation
        can = self._platforms[where.platform].capabilities
        wish = Wish(conversation=where, shared=command.shared)
        await self._partings.ask(self._person(command), wish)
        text = SHARED if command.shared else OWN.format(home=home_of(where).capitalize())
        # Where others see the question too, the yes is typed: a button might be anybody's.
        presses = can.buttons and (command.alone or can.whispers or not command.shared)
        post = Post(part_id="", text="", controls=("forget",) if presses else (), about=YES)
        await self._saying.say(
            command, f"{text}\n\n{PRESS if presses else CONFIRM}", post, alone=True
        )

    async def _confirm(self, command: Command) -> None:
        person = self._person(command)
        wish = await self._partings.asked(person)
        own = [] if wish is None or wish.shared else await self._accounts.own(person)
        known = [] if wish is None else [wish.conversation, *own]
        parting = Parting(
            name=command.id,
            person=person,
            author=Author(id=command.author.id, name=command.author.name),
            shared=wish is not None and wish.shared,
            conversations=tuple(dict.fromkeys(known)),
            reply_to=command.conversation,
            at=self._clock.now(),
        )
        if not await self._partings.begin(parting):
            await self._saying.say(command, NOTHING_ASKED, alone=True)
            return
        task = self._start(parting)
        await self._resume(person)
        await asyncio.wait({task}, timeout=SOON_S)
        if not task.done():
            await self._saying.say(command, IN_WORK, part="soon", alone=True)

    def _person(self, command: Command) -> str:
        where = command.conversation
        can = self._platforms[where.platform].capabilities
        return person_of(where, command.author.id, workspaces=can.workspaces)

    # ------------------------------------------------------------------- doing

    async def _sweep(self) -> None:
        since = 0.0
        while True:
            try:
                await self._resume(since=since)
            except StoreError as error:
                log.warning("what is to be forgotten is not known just now: %s", error)
            except Exception:
                log.exception("looking for what is to be forgotten failed; it goes on")
            await self._clock.sleep(SWEEP_S)
            # What is younger may be in somebody's work.
            since = SWEEP_S

    async def _resume(self, person: str = "", *, since: float = 0.0) -> None:
        """Go on with what is noted for so many seconds: everybody's, or one person's."""
        now = self._clock.now()
        for parting in await self._partings.begun():
            ours = parting.reply_to.platform in self._platforms  # others tell their own people
            due = person or (now - parting.at >= since and self._is_due(parting))
            if ours and due and person in ("", parting.person):
                self._start(parting)

    def _is_due(self, parting: Parting) -> bool:
        _, again = self._failed.get(parting.name, (0, 0.0))
        return self._clock.monotonic() >= again

    def _start(self, parting: Parting) -> asyncio.Task[None]:
        task = self._tasks.get(parting.name)
        if task is None:
            task = asyncio.create_task(self._do(parting), name=f"forgetting {parting.name}")
            self._tasks[parting.name] = task
            task.add_done_callback(lambda _: self._tasks.pop(parting.name, None))
        return task

    async def _do(self, parting: Parting) -> None:
        try:
            said = await self._done(parting)
        except StoreError as error:
            log.warning("what is to be forgotten is not yet: %s", error)
            said = FAILED.format(why=error.sentence)
        except BobbinError as error:
            log.warning("what is to be forgotten is not yet: %s", error)
            said = FAILED.format(why=error)
        except Exception:
            log.exception("forgetting failed for a reason nobody foresaw")
            said = FAILED.format(why="something went wrong on my side.")
        else:
            self._failed.pop(parting.name, None)
            await self._saying.say(_command_of(parting), said, alone=True)
            return
        count, _ = self._failed.get(parting.name, (0, 0.0))
        pause_s = min(SWEEP_S * 2 ** min(count, 10), LONGEST_PAUSE_S)
        self._failed[parting.name] = (count + 1, self._clock.monotonic() + pause_s)
        if not count:
            await self._saying.say(_command_of(parting), said, part="trouble", alone=True)

    async def _done(self, parting: Parting) -> str:
        """Do all of it; what is to be said then."""
        if parting.shared:
            await self._erasing.shared(parting)
        else:
            await self._erasing.own(parting)
            today = day_of(self._clock.now())
            days = range(today - DAYS, today + 2)  # clocks of processes may differ
            await self._accounts.forget(parting.person, days)
        await self._partings.done(parting)
        return DONE_SHARED if parting.shared else DONE_OWN


def _command_of(parting: Parting) -> Command:
    """The command that confirmed it, as far as an answer needs it."""
    return Command(
        id=parting.name,
        conversation=parting.reply_to,
        author=parting.author,
        name="forget",
        shared=parting.shared,
    )
