"""Whatever is killed, what I typed is answered, once, and I see it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.story.bot import Bot, kill, read_until

SLOW = "Solve x^2 - 5x + 6 = 0"
ANSWER = "Solve x² - 5x + 6 = 0 for x"


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
def test_a_question_survives_kill_9_and_is_answered_by_the_next_start(
    bot: Bot, disaster: Callable[[Bot, subprocess.Popen[str]], None]
) -> None:
    """I press Enter, everything is killed before the answer; the next start shows it first."""
    process = bot.start("run", stdin=subprocess.PIPE)
    try:
        read_until(process, "ready in")
        assert process.stdin is not None
        process.stdin.write(SLOW + "\n")
        process.stdin.flush()
        _wait_until_taken(bot)
    finally:
        disaster(bot, process)
    done = bot.run("run", lines="Solve 2x = 8\n")
    assert done.returncode == 0, done.stderr
    assert "earlier" in done.stdout
    assert done.stdout.count(ANSWER) == 1, done.stdout
    assert done.stdout.index(ANSWER) < done.stdout.index("x = 4")
    third = bot.run("run", lines="Solve 3x = 9\n")
    assert ANSWER not in third.stdout


def _wait_until_taken(bot: Bot) -> None:
    """Until the store's log shows that the question is on disk."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for path in (bot.data / "valkey").glob("appendonlydir/*.aof"):
            if SLOW.encode() in path.read_bytes():
                return
        time.sleep(0.005)
    raise AssertionError("the question was never stored")


def test_the_server_dies_while_people_talk_and_nobody_notices(bot: Bot) -> None:
    """The embedded Valkey is killed between two questions; the second one is answered as well."""
    process = bot.start("run", stdin=subprocess.PIPE)
    try:
        read_until(process, "ready in")
        pid = bot.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        out, err = process.communicate("Solve 2x = 8\n", timeout=60)
    finally:
        kill(process)
    assert process.returncode == 0, err
    assert "x = 4" in out
