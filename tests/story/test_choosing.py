"""Several Assistants: I choose one, it stays, and an operator's mistake is named."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_server import ModelServer, Reply
from tests.story.bot import Bot

TUTOR = 'name = "Math Tutor"\ninstructions = "Answer maths."\n'
PHYSICS = 'name = "Physics"\ninstructions = "Explain the world."\n'
MARK = "← answers here"


@pytest.fixture
def own(bot: Bot, tmp_path: Path) -> Bot:
    """A bot whose operator declared two Assistants."""
    folder = tmp_path / "config"
    (folder / "assistants").mkdir(parents=True)
    (folder / "assistants" / "tutor.toml").write_text(TUTOR)
    (folder / "assistants" / "physics.toml").write_text(PHYSICS)
    settings = {"BOBBIN_CONFIG_DIR": str(folder), "BOBBIN_ASSISTANT": "tutor"}
    return replace(bot, variables=bot.variables | settings)


def declare(bot: Bot, slug: str, text: str) -> None:
    """The operator writes a file."""
    (Path(bot.variables["BOBBIN_CONFIG_DIR"]) / "assistants" / f"{slug}.toml").write_text(text)


def present(shown: str) -> str:
    """The line of the one that answers."""
    lines = [line for line in shown.splitlines() if MARK in line]
    assert len(lines) == 1, shown
    return lines[0]


def test_i_choose_who_answers_and_it_stays(own: Bot) -> None:
    """`--assistant` and `!assistant` are the same choice; `--continue` goes on with it."""
    assert "Physics" in present(own.run("chat", "--assistant", "physics", "!assistant").stdout)
    assert "Physics" in present(own.run("chat", "--continue", "!assistant").stdout)
    switched = own.run("chat", "--continue", lines="!assistant math tutor\n!assistant\n").stdout
    assert "Math Tutor answers here from now on" in switched
    assert "Math Tutor" in present(switched)


def test_what_is_not_mine_is_refused_in_one_sentence(own: Bot) -> None:
    declare(own, "physics", PHYSICS + '[[available]]\nplatform = "slack"\n')
    done = own.run("chat", "--assistant", "physics", "why?")
    assert done.returncode == 2
    assert "at a terminal" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_rule_stops_apply_and_start_with_its_name(own: Bot) -> None:
    declare(own, "physics", PHYSICS + '[[available]]\nplatform = "slack"\nchannels = ["#maths"]\n')
    for words in (("assistants", "apply"), ("chat", "why?")):
        done = own.run(*words)
        assert done.returncode == 2
        assert "physics.toml: [[available]] number 1: '#maths' in `channels`" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_default_that_is_not_for_everybody_is_refused(own: Bot) -> None:
    declare(own, "tutor", TUTOR + '[[available]]\nplatform = "terminal"\n')
    done = own.run("assistants", "apply")
    assert done.returncode == 2
    assert "take [[available]] off tutor.toml" in done.stderr


async def test_the_other_one_knows_what_was_said(own: Bot) -> None:
    """One Thread, two Assistants: the second model request has the first question and answer, and
    the instructions of the one that was chosen."""

    def answer(body: dict[str, Any]) -> Reply:
        return Reply(text=f"Answer {len(body['messages'])}.")

    async with ModelServer(answer) as model:
        own.variables |= {
            "BOBBIN_MODEL_API": "chat",
            "BOBBIN_MODEL": "m",
            "OPENAI_BASE_URL": model.base_url,
        }
        await asyncio.to_thread(own.run, "chat", "What is a prime?")
        chosen = ("--continue", "--assistant", "physics", "And a quark?")
        await asyncio.to_thread(own.run, "chat", *chosen)
        asked = [one.body["messages"] for one in model.requests if "messages" in one.body]
    first, second = asked
    assert "Answer maths." in str(first[0])
    assert "Explain the world." in str(second[0])
    assert "Answer maths." not in str(second)
    said = [str(row["content"]) for row in second[1:]]
    assert len(said) == 3
    assert "What is a prime?" in said[0]
    assert "Answer" in said[1]
    assert "And a quark?" in said[2]
