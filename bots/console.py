"""A person, or a pipe, at a terminal: lines go in through the intake, the screen shows the feed.

The line is typed, stored, and only then waited for; whatever happens to this process after that,
the next start shows the answer first.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import getpass
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adapters.terminal.events import conversation, inbound
from adapters.terminal.screen import Screen
from core.chat.intake import Intake
from core.chat.messages import Author, Command, ConversationKey
from core.chat.ports import Feed, MailControl, Sessions
from core.clock import Clock
from core.errors import ConfigurationError, ModelUnavailable, StoreError
from core.ids import Ids

StdinKind = Literal["terminal", "lines", "nothing"]


def stdin_kind() -> StdinKind:
    """What stands behind standard input: a person, lines, or nobody (/dev/null, closed)."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return "nothing"
    if os.isatty(0):
        return "terminal"
    if stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
        return "lines"
    return "nothing"


def _read_some() -> bytes:
    try:
        return os.read(0, 65536)
    except OSError:
        return b""


async def stdin_lines() -> AsyncIterator[str]:
    """Lines of standard input as they come, without their ends, until it is closed."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def tell(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        # Not through sys.stdin: a thread that waits inside its lock breaks the interpreter's end.
        rest = b""
        while chunk := _read_some():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                tell(line.decode("utf-8", "replace").rstrip("\r"))
        if rest:
            tell(rest.decode("utf-8", "replace"))
        tell(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while True:
        line = await lines.get()
        if line is None:
            return
        yield line


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a console needs of the running bot."""

    intake: Intake
    feed: Feed
    control: MailControl
    sessions: Sessions
    watch: Callable[[ConversationKey], None]
    clock: Clock
    ids: Ids


@contextlib.contextmanager
def own_conversation(folder: Path) -> Iterator[ConversationKey]:
    """The terminal conversation of this user; a second terminal at the same time gets its own."""
    user = _user()
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        name = "chat" if number == 1 else f"chat-{number}"
        with (folder / f"{conversation(user, name)}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield conversation(user, name)
            return
    raise ConfigurationError("A thousand terminals of this user are open; close some.")


class Console:
    """One conversation at one terminal."""

    def __init__(
        self, parts: Parts, key: ConversationKey, write: Callable[[str], object], *, live: bool
    ) -> None:
        self._parts = parts
        self._key = key
        self._write = write
        self._live = live
        self.screen = Screen(parts.feed, key, write, live=live)
        self._showing: asyncio.Task[None]

    @contextlib.asynccontextmanager
    async def open(self, *, keep_session: bool) -> AsyncIterator[None]:
        """Show what was not seen yet, then follow the conversation until the block ends.

        Unless `keep_session`, what is said from now on belongs to a new session.
        """
        parts, key = self._parts, self._key
        pending = await parts.control.pending(key)
        for message in pending:
            self.screen.announce(message.id, message.text)
        session = await parts.sessions.current(key)
        if not keep_session and (session.thread_id or session.last or pending):
            await parts.sessions.start(key, parts.clock.now())
        showing = self._showing = asyncio.create_task(
            self.screen.run(await parts.feed.seen(key)), name="the screen"
        )
        try:
            for message in pending:
                parts.watch(key)
                trouble = await self._until_over(message.id)
                if trouble and not self._live:
                    raise ModelUnavailable(kept_for_later(trouble))
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    async def say(self, line: str) -> str | None:
        """Hand in one line and wait for its answer; the sentence of an outage, if there is one.

        Raises:
            StoreError: the line was not taken.
        """
        message_id = self._parts.ids.new("line_")
        self.screen.own(message_id)
        message = inbound(line, key=self._key, message_id=message_id, at=self._parts.clock.now())
        receipt = await self._parts.intake.deliver(message)
        if receipt == "ignored":
            return None
        if receipt in ("done", "refused"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.screen.answered(message_id)
            return None
        return await self._until_over(message_id)

    async def stop(self) -> None:
        """Ask to stop the answer that is being written."""
        user = self._key.parts[0]
        await self._parts.intake.deliver(
            Command(
                id=self._parts.ids.new("stop_"),
                conversation=self._key,
                author=Author(id=user, name=user, is_admin=True),
                name="stop",
            )
        )

    async def _until_over(self, message_id: str) -> str | None:
        answered = asyncio.create_task(self.screen.answered(message_id))
        troubled = asyncio.create_task(self.screen.troubled(message_id))
        try:
            waits: set[asyncio.Task[Any]] = {answered, troubled, self._showing}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if self._showing.done():
                self._showing.result()  # whoever read our output is gone
            return None if answered.done() else troubled.result()
        finally:
            for task in (answered, troubled):
                task.cancel()
            await asyncio.gather(answered, troubled, return_exceptions=True)


def kept_for_later(trouble: str) -> str:
    """The sentence of an outage for somebody who does not wait for its end."""
    return trouble.replace("and I try again", "and the next start answers it")


async def answer_lines(console: Console, lines: AsyncIterator[str]) -> int:
    """Answer each line before the next is taken; how many there were.

    Raises:
        ModelUnavailable: the model does not answer; what was taken stays taken.
    """
    count = 0
    async for line in lines:
        if not line.strip():
            continue
        count += 1
        trouble = await console.say(line)
        if trouble:
            raise ModelUnavailable(kept_for_later(trouble))
    return count


async def converse(console: Console) -> None:
    """A chat with a person, until Ctrl-D; Ctrl-C stops an answer, or leaves."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.patch_stdout import patch_stdout

    prompt: PromptSession[str] = PromptSession()
    waiting: set[asyncio.Task[None]] = set()

    async def say(line: str) -> None:
        try:
            await console.say(line)
        except StoreError as error:
            print(f"bobbin: your line was not taken: {error}")

    with patch_stdout(raw=True):
        while True:
            try:
                line = await prompt.prompt_async("› ")
            except EOFError:
                return
            except KeyboardInterrupt:
                if not waiting:
                    return
                await console.stop()
                continue
            if line.strip():
                task = asyncio.create_task(say(line))
                waiting.add(task)
                task.add_done_callback(waiting.discard)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
