"""The first minutes with Bobbin: nothing configured, nothing installed, a question."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.patience import PATIENCE_S
from tests.story.bot import Bot, kill, read_until

EQUATION = "I need to solve the equation 3x + 11 = 14. Can you help me?"
MARK = "offline tutor, no AI model"


def test_i_ask_one_question_and_get_an_answer(bot: Bot) -> None:
    """I type a question behind the command; the answer comes, says that no AI gave it, and ends."""
    done = bot.run("chat", EQUATION)
    assert done.returncode == 0, done.stderr
    assert "x = 1" in done.stdout
    assert MARK in done.stdout
    assert "Traceback" not in done.stderr


def test_i_pipe_two_questions_into_it_and_the_second_knows_the_first(bot: Bot) -> None:
    """Both are answered, in order, from one Thread; the process ends with 0."""
    done = bot.run("run", lines=f"{EQUATION}\nNow 2x = 8.\n")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.index("x = 1"), done.stdout.index("x = 4")
    assert first < second
    assert done.stdout.count(MARK) == 2


def test_without_input_it_serves_until_it_is_told_to_end(bot: Bot) -> None:
    """Under systemd standard input is /dev/null: the bot stays until SIGTERM and ends with 0."""
    process = bot.start("run")
    try:
        said = read_until(process, "ready in")
        assert "/v1" in said
        assert "offline" in said
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        kill(process)
    assert bot.server_pid() is None


def test_empty_input_is_no_reason_to_end(bot: Bot) -> None:
    """A pipe that closes without a word is not somebody who wants an answer."""
    process = bot.start("run", stdin=subprocess.PIPE)
    try:
        assert process.stdin is not None
        process.stdin.close()
        read_until(process, "ready in")
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.stdin = None
        kill(process)


def test_a_new_chat_is_a_new_session_unless_i_continue(bot: Bot) -> None:
    """`--continue` goes on where the last chat ended; without it the tutor knows nothing of it."""
    bot.run("chat", "Solve 3x + 11 = 14")
    again = bot.run("chat", "--continue", "!sessions")
    assert "1: Solve 3x + 11 = 14" in again.stdout
    bot.run("chat", "Solve 2x = 8")
    listed = bot.run("chat", "--continue", "!sessions")
    assert "2: Solve 2x = 8" in listed.stdout


@pytest.mark.parametrize(
    ("variables", "words", "sentence"),
    [
        ({"OPENAI_BASE_URL": "localhost:1"}, ("chat", "x"), "OPENAI_BASE_URL"),
        ({"REDIS_URL": "http://x"}, ("chat", "x"), "REDIS_URL"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, ("chat", "x"), "REDIS_URL"),
        ({"BOBBIN_PORT": "many"}, ("run",), "BOBBIN_PORT"),
        ({"BOBBIN_DATA_DIR": "/proc/nowhere"}, ("chat", "x"), "BOBBIN_DATA_DIR"),
        ({}, ("chat", "--assistant", "nobody", "x"), "no assistant 'nobody'"),
        (
            {"BOBBIN_MODEL_API": "chat", "OPENAI_BASE_URL": "http://127.0.0.1:8765/v1",
             "BOBBIN_PORT": "8765"},
            ("chat", "x"),
            "is Bobbin itself",
        ),
        ({"BOBBIN_MODEL_API": "local"}, ("chat", "x"), "bobbin model pull"),
    ],
)  # fmt: skip
def test_a_wrong_setting_gives_one_sentence_that_names_it(
    bot: Bot, variables: dict[str, str], words: tuple[str, ...], sentence: str
) -> None:
    """No traceback: what is wrong, where, and what to do."""
    bot.variables = variables
    done = bot.run(*words)
    assert done.returncode in (1, 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
