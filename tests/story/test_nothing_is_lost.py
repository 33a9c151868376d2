"""Whatever is killed, what I typed is answered, once, and I see it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.model_server import ModelServer, Reply
from tests.patience import PATIENCE_S, until
from tests.story.bot import Bot, kill, read_until

DEEP = "How deep is the sea?"


def _kill_bobbin(bot: Bot, process: subprocess.Popen[str]) -> None:
    kill(process)


def _kill_the_server(bot: Bot, process: subprocess.Popen[str]) -> None:
    pid = bot.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    kill(process)


def _kill_both(bot: Bot, process: subprocess.Popen[str]) -> None:
    kill(process)
    _kill_the_server(bot, process)


@pytest.mark.parametrize("disaster", [_kill_bobbin, _kill_the_server, _kill_both])
async def test_a_question_survives_kill_9_and_is_answered_by_the_next_start(
    bot: Bot, disaster: Callable[[Bot, subprocess.Popen[str]], None]
) -> None:
    """I press Enter, everything is killed before the answer; the next start shows it first."""
    killed = asyncio.Event()

    def answer(body: dict[str, Any]) -> Reply:
        """Nobody hears the end of it before everything is killed."""
        return Reply(text=f"Answer: {body['messages'][-1]['content']}", hold=killed)

    async with ModelServer(answer) as model:
        bot.variables = {
            "BOBBIN_MODEL_API": "chat",
            "BOBBIN_MODEL": "m",
            "OPENAI_BASE_URL": model.base_url,
        }
        process = bot.start("run", stdin=subprocess.PIPE)
        try:
            await asyncio.to_thread(read_until, process, "ready in")
            assert process.stdin is not None
            process.stdin.write(DEEP + "\n")
            process.stdin.flush()
            await until(lambda: _is_stored(bot, DEEP))
        finally:
            await asyncio.to_thread(disaster, bot, process)
        killed.set()
        done = await asyncio.to_thread(bot.run, "run", lines="And the sky?\n")
        assert done.returncode == 0, done.stderr
        assert "earlier" in done.stdout
        assert done.stdout.count(f"Answer: {DEEP}") == 1, done.stdout
        assert done.stdout.index(f"Answer: {DEEP}") < done.stdout.index("Answer: And the sky?")
        third = await asyncio.to_thread(bot.run, "run", lines="And the wood?\n")
        assert f"Answer: {DEEP}" not in third.stdout


def _is_stored(bot: Bot, words: str) -> bool:
    """Whether the store's log shows that they are on disk."""
    logs = (bot.data / "valkey").glob("appendonlydir/*.aof")
    return any(words.encode() in path.read_bytes() for path in logs)


def test_the_server_dies_while_people_talk_and_nobody_notices(bot: Bot) -> None:
    """The embedded Valkey is killed between two questions; the second one is answered as well."""
    process = bot.start("run", stdin=subprocess.PIPE)
    try:
        read_until(process, "ready in")
        pid = bot.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate("Solve 2x = 8\n", timeout=PATIENCE_S)
    finally:
        kill(process)
    assert process.returncode == 0, err
    assert "x = 4" in out
