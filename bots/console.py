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
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from adapters.terminal.events import conversation, inbound
from adapters.terminal.files import TerminalFiles, given_paths
from adapters.terminal.screen import Screen
from core.chat.choosing import Bindings
from core.chat.commands import parse_command
from core.chat.feeds import Feed
from core.chat.function_ports import Approval, Approvals
from core.chat.intake import Intake
from core.chat.messages import Author, Command, ConversationKey, Inbound, InFile
from core.chat.ports import MailControl, Sessions
from core.clock import Clock
from core.errors import BobbinError, ConfigurationError, ModelUnavailable
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


LONGEST_LINE = 1_000_000
"""Bytes of a line that are kept; what is longer than this is refused for its length anyway."""


class Lines:
    """Lines out of chunks of bytes: pure. What a line holds beyond `longest` bytes is dropped."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that end in this chunk, without their ends."""
        *ends, rest = chunk.split(b"\n")
        lines: list[str] = []
        for end in ends:
            self._keep(end)
            lines.append(self.rest())
        self._keep(rest)
        return lines

    def rest(self) -> str:
        """The line that has no end yet."""
        whole = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return whole.decode("utf-8", "replace").rstrip("\r")

    def _keep(self, piece: bytes) -> None:
        piece = piece[: self._longest - self._size]
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)


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
        cutter = Lines()
        while chunk := _read_some():
            for line in cutter.feed(chunk):
                tell(line)
        if rest := cutter.rest():
            tell(rest)
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
    bindings: Bindings
    approvals: Approvals
    watch: Callable[[ConversationKey], None]
    files: TerminalFiles
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
        self._given: list[InFile] = []
        self.screen = Screen(parts.feed, key, write, live=live)
        self._showing: asyncio.Task[None]

    @contextlib.asynccontextmanager
    async def open(self, *, keep_session: bool, assistant: str = "") -> AsyncIterator[None]:
        """Show what was not seen yet, then follow the conversation until the block ends.

        Unless `keep_session`, what is said from now on belongs to a new session. `assistant`
        answers in it; default: the one that it has.

        Raises:
            OSError: nobody reads what is shown any more.
        """
        parts, key = self._parts, self._key
        pending = await parts.control.pending(key)
        for message in pending:
            self.screen.announce(message.id, message.text)
        session = await parts.sessions.current(key)
        used = session.thread_id or session.last or session.assistant or pending
        if used and not keep_session:
            await parts.sessions.start(key, parts.clock.now(), afresh=True)
        if assistant:
            await parts.bindings.bind(key, assistant)
        showing = self._showing = asyncio.create_task(
            self.screen.run(await parts.feed.seen(key)), name="the screen"
        )
        try:
            waiting = await self._questions()
            for one in waiting:
                self._write(f"[I wait for your decision: {one.shown}. {_how(one.number)}]\n")
            for message in () if waiting else pending:
                parts.watch(key)
                trouble = await self._until_over(message.id)
                if trouble and not self._live:
                    raise ModelUnavailable(kept_for_later(trouble))
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    async def give(self, path: str) -> InFile:
        """A file that goes with the next line.

        Raises:
            InvalidRequest: it is not taken; the text says why.
        """
        file = await self._parts.files.take(path)
        self._given.append(file)
        return file

    async def say(self, line: str) -> str | None:
        """Hand in one line and wait for its answer, or for what the bot asks before it goes on;
        the sentence of an outage, if there is one. A decision is followed by what it decides.

        Raises:
            StoreError: the line was not taken.
            OSError: nobody reads what is shown any more.
        """
        message_id = self._parts.ids.new("line_")
        self.screen.own(message_id)
        message = inbound(line, key=self._key, message_id=message_id, at=self._parts.clock.now())
        if self._given and parse_command(message) is None:
            message = replace(message, files=tuple(self._given))
            self._given = []
        receipt = await self._parts.intake.deliver(message)
        if receipt == "ignored":
            return None
        if receipt == "done" and _decides(message) and not await self._questions():
            self.screen.decided()
            for earlier in await self._parts.control.pending(self._key):
                trouble = await self._until_over(earlier.id)
                if trouble is not None:
                    return trouble
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

    @contextlib.contextmanager
    def writing(self, write: Callable[[str], object]) -> Iterator[None]:
        """Show there what comes while the block lasts."""
        self.screen.write_to(legible(write))
        try:
            yield
        finally:
            self.screen.write_to(legible(self._write))

    async def _until_over(self, message_id: str) -> str | None:
        answered = asyncio.create_task(self.screen.answered(message_id))
        troubled = asyncio.create_task(self.screen.troubled(message_id))
        asked = asyncio.create_task(self.screen.asked(message_id))
        try:
            waits: set[asyncio.Task[Any]] = {answered, troubled, asked, self._showing}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if self._showing.done():
                self._showing.result()  # whoever read our output is gone
            return troubled.result() if troubled.done() and not answered.done() else None
        finally:
            for task in (answered, troubled, asked):
                task.cancel()
            await asyncio.gather(answered, troubled, asked, return_exceptions=True)

    async def _questions(self) -> list[Approval]:
        """What waits for a decision here."""
        found = await self._parts.approvals.list(self._key)
        return [one for one in found if one.decision == "open"]


def _decides(message: Inbound) -> bool:
    command = parse_command(message)
    return command is not None and command.name in ("approve", "deny")


def _how(number: int) -> str:
    return f"!approve {number} or !deny {number}"


def write_at_once(text: str) -> None:
    """Write to standard output, whatever reads it, without waiting for more."""
    sys.stdout.write(text)
    sys.stdout.flush()


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
            await _hand_in(console, line)
        except BobbinError as error:
            print(f"bobbin: your line was not taken: {error}")

    async def stop() -> None:
        try:
            await console.stop()
        except BobbinError as error:
            print(f"bobbin: it could not be stopped: {error}")

    with patch_stdout(raw=True), console.writing(sys.stdout.write):
        try:
            while True:
                try:
                    line = await prompt.prompt_async("› ")
                except EOFError:
                    return
                except KeyboardInterrupt:
                    if not waiting:
                        return
                    await stop()
                    continue
                if line.strip():
                    task = asyncio.create_task(say(line))
                    waiting.add(task)
                    task.add_done_callback(waiting.discard)
        finally:
            if waiting:
                print("bobbin: what is not answered yet is kept; the next start shows it.")
            for task in list(waiting):
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def _hand_in(console: Console, line: str) -> None:
    """What a person typed: files for the next line, or a line to be answered."""
    paths = given_paths(line)
    if paths is None:
        await console.say(line)
    for path in paths or ():
        file = await console.give(path)
        print(f"bobbin: {file.name} ({file.size:,} bytes) goes with your next line.")


def legible(write: Callable[[str], object]) -> Callable[[str], object]:
    """`write`, with a question mark for what the encoding of the output cannot say."""

    def wrote(text: str) -> object:
        try:
            return write(text)
        except UnicodeEncodeError as error:
            return write(text.encode(error.encoding, "replace").decode(error.encoding))

    return wrote


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
