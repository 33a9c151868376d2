"""I ask for a refund; the bot asks me back before it runs one; whatever is killed, it runs once."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_server import Call, ModelServer, Reply
from tests.patience import until
from tests.story.bot import Bot, kill, read_until

SHOP = '''
import time
from pathlib import Path
from config.functions import User, function

BOOK = Path({book!r})

@function(approval=True)
def refund(order: str, user: User) -> str:
    """Give the money for an order back."""
    with BOOK.open("a") as book:
        book.write(order + " for " + user.platform + "\\n")
    return "Refunded " + order + "."

def ship(order: str) -> str:
    """Send an order off."""
    with BOOK.open("a") as book:
        book.write(order + "\\n")
    time.sleep(60)
    return "Sent."

@function(idempotent=True)
def track(order: str) -> str:
    """Say where an order is."""
    with BOOK.open("a") as book:
        book.write(order + "\\n")
    if BOOK.read_text().count("\\n") < 2:
        time.sleep(60)
    return "On its way."
'''

CLERK = """
name = "Clerk"
instructions = "Serve people."
functions = ["shop.refund", "shop.ship", "shop.track"]
"""


@dataclass(slots=True)
class Shop:
    """A bot of a shop, what its functions did, and what its model was told."""

    bot: Bot
    book: Path
    model: ModelServer

    @property
    def done(self) -> list[str]:
        """What was done, in the order in which it was."""
        return self.book.read_text().splitlines() if self.book.exists() else []

    @property
    def told(self) -> list[str]:
        """Outputs that the model was told."""
        (*_, last) = (one.body for one in self.model.requests if "messages" in one.body)
        return [row["content"] for row in last["messages"] if row["role"] == "tool"]

    async def run(self, *words: str, lines: str | None = None) -> str:
        """What a command shows until it ends."""
        ended = await asyncio.to_thread(self.bot.run, *words, lines=lines)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def answer(body: dict[str, Any]) -> Reply:
    """A model that calls for what is asked, and repeats what it is told."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return Reply(text=f"I heard: {last['content']}")
    words = str(last["content"])
    for name in ("refund", "ship", "track"):
        if name in words:
            return Reply(calls=(Call(name, '{"order": "A-17"}', "call_1"),))
    return Reply(text="Hello.")


@pytest.fixture
async def shop(bot: Bot, tmp_path: Path) -> AsyncIterator[Shop]:
    book = tmp_path / "book"
    for folder, name, text in (
        ("assistants", "clerk.toml", CLERK),
        ("functions", "shop.py", SHOP.format(book=str(book))),
    ):
        (tmp_path / "config" / folder).mkdir(parents=True)
        (tmp_path / "config" / folder / name).write_text(text)
    async with ModelServer(answer) as model:
        bot.variables = {
            "BOBBIN_CONFIG_DIR": str(tmp_path / "config"),
            "BOBBIN_ASSISTANT": "clerk",
            "BOBBIN_MODEL_API": "chat",
            "BOBBIN_MODEL": "m",
            "OPENAI_BASE_URL": model.base_url,
        }
        yield Shop(bot, book, model)


async def test_i_am_asked_and_say_yes_in_a_later_command(shop: Shop) -> None:
    """The process that asked has ended when I approve; the refund happens once."""
    asked = await shop.run("chat", "A refund of A-17, please")
    assert 'refund(order="A-17")' in asked
    assert "`!approve 1` or `!deny 1`" in asked
    assert shop.done == []
    answered = await shop.run("chat", "--continue", "!approve")
    assert "Approved by" in answered
    assert "I heard: Refunded A-17." in answered
    assert shop.done == ["A-17 for terminal"]
    assert shop.told == ["Refunded A-17."]
    assert "nothing here that waits" in await shop.run("chat", "--continue", "!approve")


async def test_i_am_asked_and_everything_is_killed_before_i_say_yes(shop: Shop) -> None:
    """kill -9 while my decision is waited for: the next start waits for it too."""
    process = shop.bot.start("run", stdin=subprocess.PIPE)
    try:
        await asyncio.to_thread(read_until, process, "ready in")
        assert process.stdin is not None
        process.stdin.write("A refund of A-17, please\n")
        process.stdin.flush()
        await asyncio.to_thread(_until_shown, process, "You have")
    finally:
        kill(process)
    answered = await shop.run("run", lines="!approve\n")
    assert "I heard: Refunded A-17." in answered
    assert shop.done == ["A-17 for terminal"]


async def test_i_say_no(shop: Shop) -> None:
    """Nothing happens, and the model knows."""
    shown = await shop.run("run", lines="A refund of A-17, please\n!deny\n")
    assert "denied this call, so it was not run" in shown
    assert shop.done == []


async def test_what_had_begun_when_all_was_killed_is_not_done_twice(shop: Shop) -> None:
    """The parcel may be off: I am told so, and no second one is sent."""
    process = shop.bot.start("chat", "Please ship A-17")
    try:
        await until(lambda: shop.done)
    finally:
        kill(process)
    shown = await shop.run("run", lines="Hello?\n")
    assert "I heard: The outcome of this call is unknown" in shown
    assert shop.done == ["A-17"]


async def test_what_may_be_done_twice_is(shop: Shop) -> None:
    """Tracking does no harm: the next start asks again, and has an answer."""
    process = shop.bot.start("chat", "Please track A-17")
    try:
        await until(lambda: shop.done)
    finally:
        kill(process)
    assert "I heard: On its way." in await shop.run("run", lines="Hello?\n")
    assert shop.done == ["A-17", "A-17"]


async def test_a_mistake_in_my_functions_is_a_sentence_at_start(shop: Shop) -> None:
    """No traceback: the file, the line, what to do."""
    broken = shop.book.parent / "config" / "functions" / "shop.py"
    broken.write_text("import nowhere\n")
    ended = await asyncio.to_thread(shop.bot.run, "chat", "Hello")
    assert ended.returncode == 2
    assert "shop.py cannot be loaded: line 1: ModuleNotFoundError" in ended.stderr
    assert "Traceback" not in ended.stderr
    doctor = await asyncio.to_thread(shop.bot.run, "doctor", "--offline")
    assert "✗ assistants" in doctor.stdout
    assert "shop.py cannot be loaded" in doctor.stdout


async def test_the_doctor_lists_my_functions(shop: Shop) -> None:
    """And what I said of them."""
    doctor = await asyncio.to_thread(shop.bot.run, "doctor", "--offline")
    assert "✓ function: shop.refund: 30 s, asks before it runs, at most once a call" in (
        doctor.stdout
    )
    assert "shop.track: 30 s, may run again after a crash" in doctor.stdout


def _until_shown(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"the bot never said {words!r}")
