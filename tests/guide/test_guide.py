"""docs/assistants-guide.md runs: its programs as they stand, in each language, against a process.

Only the environment says where the server is, as the page tells people to do. The answers come from
the offline tutor, and from a scripted endpoint that does what a capable model did in 2023.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.model_server import Call, ModelServer, Reply
from tests.guide import node
from tests.guide.serving import Running, bobbin_api
from tests.required import lacking
from tests.story.bot import ROOT, Bot

PAGE = ROOT / "docs" / "assistants-guide.md"
PREMIUM = "Please address the user as Jane Doe. The user has a premium account."
_BLOCK = re.compile(r"^```([^\n]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PATIENCE_S = 50.0

Program = Callable[[str, Path], Sequence[str]]
"""Makes the command that runs a program of this text, in this folder."""


def program_of(language: str) -> str:
    """All blocks of a language, in the order of the page."""
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return "\n".join(block for info, block in blocks if info == language)


def python(text: str, folder: Path) -> Sequence[str]:
    """With this Python and the official client beside it."""
    (folder / "guide.py").write_text(text, encoding="utf-8")
    return [sys.executable, str(folder / "guide.py")]


def nodejs(text: str, folder: Path, package: str = "openai") -> Sequence[str]:
    """With Node and the official client, which the program knows as `openai`."""
    program, packages = node.node(), node.packages()
    if program is None:
        lacking("node", f"there is no Node; {node.HOW} together with the client")
    if packages is None:
        lacking("node", f"the official client for Node is not installed; {node.HOW}")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "openai").symlink_to(packages / package)
    (folder / "guide.mjs").write_text(text, encoding="utf-8")
    return [str(program), str(folder / "guide.mjs")]


def nodejs_2023(text: str, folder: Path) -> Sequence[str]:
    """With the client of the guide's first weeks."""
    return nodejs(text, folder, "openai-2023")


async def said_by(command: Sequence[str], running: Running, folder: Path) -> str:
    """What a program prints; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"OPENAI_BASE_URL": running.url, "OPENAI_API_KEY": "any", "LANG": "C.UTF-8"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    return out.decode()


LANGUAGES = [
    pytest.param("python", python, id="python"),
    pytest.param("js", nodejs, id="node"),
]


@pytest.mark.parametrize(("language", "made"), LANGUAGES)
async def test_with_the_offline_tutor(tmp_path: Path, language: str, made: Program) -> None:
    """Mathematics is answered; what the tutor cannot do ends well and says so."""
    command = made(program_of(language), tmp_path)
    async with bobbin_api(Bot(tmp_path / "data")) as running:
        said = await said_by(command, running, tmp_path)
    assert "status: completed model: gpt-4-1106-preview" in said
    assert "user > I need to solve the equation `3x + 11 = 14`. Can you help me?" in said
    assert re.search(r"assistant > .*x = 1", said, re.DOTALL)
    assert "step: message_creation completed" in said
    assert re.search(r"assistant > .*x = 4", said, re.DOTALL), "as a stream"
    assert "weather: completed" in said
    assert "handbook: completed" in said
    if language == "python":
        assert "files: True" in said, "v1's fields in today's client"
        assert "azure: gpt-4-turbo" in said


@pytest.mark.parametrize(
    ("language", "made", "api"),
    [
        pytest.param("python", python, "chat", id="python"),
        pytest.param("js", nodejs, "responses", id="node"),
    ],
)
async def test_with_a_model(tmp_path: Path, language: str, made: Program, api: str) -> None:
    """Two Messages in one Run, the Steps, a stream, functions: all that the guide shows."""
    command = made(program_of(language), tmp_path)
    async with ModelServer(tutor) as server:
        variables = {
            "OPENAI_BASE_URL": server.base_url,
            "BOBBIN_MODEL_API": api,
            "BOBBIN_MODEL": "the-one",
        }
        async with bobbin_api(Bot(tmp_path / "data", variables)) as running:
            said = await said_by(command, running, tmp_path)
        asked = [one.body for one in server.requests if one.body.get("stream")]
    assert {body["model"] for body in asked} == {"the-one"}
    told = [json.dumps(body) for body in asked]
    assert PREMIUM in told[0]
    assert "personal math tutor" not in told[0], "a Run's instructions replace the Assistant's"
    one_run = r"assistant > Certainly, Jane Doe\. .*\nassistant > Jane Doe, x = 1\.\n"
    assert re.search(one_run, said), "two Messages"
    steps = ("message_creation", "tool_calls", "message_creation")
    assert re.search(".*".join(f"step: {one} completed" for one in steps), said, re.DOTALL)
    assert "code: print((14 - 11) / 3)" in said
    assert re.search(r"\nassistant > code_interpreter\n\nprint\(8 / 2\)", said), "a call's deltas"
    assert "\nassistant > Jane Doe, x = 4." in said
    assert "weather: completed 57 degrees, 0.06 of rain." in said
    assert re.search(r"handbook: completed 500 a day 【\d+:\d+†handbook\.md】\n", said)
    assert "source: handbook.md" in said


@pytest.mark.parametrize("model", ["offline", "scripted"])
async def test_as_it_was_written_in_2023(tmp_path: Path, model: str) -> None:
    """The client of those weeks, in its own shapes."""
    command = nodejs_2023(program_of("js 2023"), tmp_path)
    async with ModelServer(tutor) as server:
        address = {"OPENAI_BASE_URL": server.base_url, "BOBBIN_MODEL_API": "chat"}
        bot = Bot(tmp_path / "data", address if model == "scripted" else {})
        async with bobbin_api(bot) as running:
            said = await said_by(command, running, tmp_path)
    assert "status: completed model: gpt-4-1106-preview" in said
    assert "tools: code_interpreter retrieval" in said
    assert "files: 1 1 1" in said
    assert re.search(r"assistant > .*x = 1", said, re.DOTALL)
    if model == "scripted":
        assert "steps: message_creation tool_calls message_creation" in said


def tutor(body: dict[str, Any]) -> Reply:
    """What a capable model says: first words and code, then the result; functions where offered."""
    tools = json.dumps(body.get("tools", []))
    text, outputs = _last_turn(body)
    if "get_current_temperature" in tools:
        if outputs:
            temperature, rain = outputs
            return Reply(text=f"{temperature} degrees, {rain} of rain.")
        place = {"location": "San Francisco, CA"}
        first = Call("get_current_temperature", json.dumps({**place, "unit": "Fahrenheit"}))
        return Reply(calls=(first, Call("get_rain_probability", json.dumps(place))))
    if "questions may a premium" in text:
        if outputs:
            (marker,) = re.findall(r"【\d+:\d+†handbook\.md】", outputs[0])[:1]
            return Reply(text=f"500 a day {marker}")
        return Reply(calls=(Call("file_search", json.dumps({"query": "premium questions"})),))
    code, result = ("print(8 / 2)", 4) if "2x = 8" in text else ("print((14 - 11) / 3)", 1)
    if outputs:
        return Reply(text=f"Jane Doe, x = {result}.")
    call = Call("code_interpreter", json.dumps({"code": code}))
    return Reply(text="Certainly, Jane Doe. I will compute it.", calls=(call,))


def _last_turn(body: dict[str, Any]) -> tuple[str, list[str]]:
    """What the user said last, and the outputs of tools since, in either protocol."""
    text, outputs = "", list[str]()
    for item in body.get("messages") or body["input"]:
        if item.get("role") == "user":
            text, outputs = json.dumps(item["content"]), []
        elif item.get("role") == "tool":
            outputs.append(item["content"])
        elif item.get("type") == "function_call_output":
            outputs.append(item["output"])
    return text, outputs
