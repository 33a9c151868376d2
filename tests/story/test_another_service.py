"""My conversations are answered by another service: here a second Bobbin on another machine."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.story.bot import Bot, kill, read_until

KEY = "sk-of-the-other-one"


@contextmanager
def another_bobbin(folder: Path) -> Iterator[str]:
    """An API in a process and a folder of its own; its base URL."""
    process = Bot(folder, {"BOBBIN_API_KEYS": KEY}).start("api")
    try:
        said = read_until(process, "Assistants API at")
        yield said.rpartition("Assistants API at ")[2].strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        kill(process)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    with another_bobbin(tmp_path / "elsewhere") as url:
        yield url


def test_it_answers_my_chat_and_remembers_it(bot: Bot, elsewhere: str) -> None:
    """Two processes: what I ask here is answered there, in one Thread, by my own assistant."""
    bot.variables = {"ASSISTANTS_BASE_URL": elsewhere, "ASSISTANTS_API_KEY": KEY}
    done = bot.run("run", lines="Solve 3x + 11 = 14\nNow 2x = 8.\n")
    assert done.returncode == 0, done.stderr
    assert "no engine here" in done.stderr
    assert done.stdout.index("x = 1") < done.stdout.index("x = 4")
    there = bot.run("assistants", "list").stdout
    assert there.count("Math Tutor") == 2  # its own, and mine


def test_it_is_away_and_my_question_is_kept_until_it_is_back(bot: Bot, tmp_path: Path) -> None:
    """The service comes later than my question; the next start shows the answer first."""
    bot.variables = {"ASSISTANTS_BASE_URL": "http://127.0.0.1:9/v1"}
    away = bot.run("chat", "Solve 2x = 8")
    assert away.returncode == 1
    assert "cannot be reached" in away.stderr
    assert "Traceback" not in away.stderr
    with another_bobbin(tmp_path / "elsewhere") as url:
        bot.variables = {"ASSISTANTS_BASE_URL": url, "ASSISTANTS_API_KEY": KEY}
        back = bot.run("chat", "--continue", "!sessions")
        assert "x = 4" in back.stdout, back.stderr


@pytest.mark.parametrize(
    ("variables", "words", "sentence"),
    [
        ({"ASSISTANTS_BASE_URL": "localhost:1"}, ("chat", "x"), "ASSISTANTS_BASE_URL"),
        ({"ASSISTANTS_BASE_URL": "http://127.0.0.1:8765/v1", "BOBBIN_PORT": "8765"},
         ("chat", "x"), "is Bobbin itself"),
        ({"ASSISTANTS_BASE_URL": "http://example.org/v1"}, ("api",), "`bobbin api` serves"),
    ],
)  # fmt: skip
def test_a_wrong_address_gives_one_sentence(
    bot: Bot, variables: dict[str, str], words: tuple[str, ...], sentence: str
) -> None:
    bot.variables = variables
    done: subprocess.CompletedProcess[str] = bot.run(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
