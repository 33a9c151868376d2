"""What the tests of the offline tutor share: a conversation with it, and its code run elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.offline import OfflineTutor
from core.engine.generation import (
    AssistantItem,
    Finished,
    InputItem,
    ModelEvent,
    ModelRequest,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolOutput,
    ToolSpec,
    UserItem,
)

INTERPRETER = ToolSpec("code_interpreter", "Runs Python.", {"type": "object"})

_RUNNER = """
import contextlib, io, json, os, signal, sys, warnings
os.environ["MPLBACKEND"] = "Agg"
warnings.simplefilter("ignore")

def stop(*_):
    raise TimeoutError("too slow")

signal.signal(signal.SIGALRM, stop)
outputs = []
for code in json.load(sys.stdin):
    text = io.StringIO()
    signal.alarm(120)
    try:
        with contextlib.redirect_stdout(text):
            exec(compile(code, "<cell>", "exec"), {})
    except BaseException as error:
        text.write(f"\\n{type(error).__name__}: {error}")
    signal.alarm(0)
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    outputs.append(text.getvalue())
json.dump(outputs, sys.stdout)
"""


def run_all(codes: Sequence[str]) -> list[str]:
    """Run each piece in one fresh, isolated interpreter; the text that each printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUNNER],
        input=json.dumps(list(codes)),
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    outputs: list[str] = json.loads(done.stdout)
    return outputs


@dataclass
class Round:
    """What one round of the model gave."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    chunks: list[str] = field(default_factory=list[str])
    finished: Finished | None = None


def request(items: Sequence[InputItem], *, tools: bool = True, **more: Any) -> ModelRequest:
    """A request as the engine makes it."""
    return ModelRequest(
        model="offline",
        instructions="You are a math tutor.",
        items=tuple(items),
        tools=(INTERPRETER,) if tools else (),
        **more,
    )


async def one_round(asked: ModelRequest) -> Round:
    """All events of a round, joined; checks that `Finished` comes last and once."""
    out = Round()
    pending: dict[int, list[str]] = {}
    events: list[ModelEvent] = [event async for event in OfflineTutor().stream(asked)]
    assert [type(event) for event in events].count(Finished) == 1
    for event in events:
        if isinstance(event, TextDelta):
            out.chunks.append(event.text)
        elif isinstance(event, ToolCallDelta):
            call = pending.setdefault(event.index, ["", "", ""])
            call[0] = event.call_id or call[0]
            call[1] = event.name or call[1]
            call[2] += event.arguments
    last = events[-1]
    assert isinstance(last, Finished)
    out.finished = last
    out.text = "".join(out.chunks)
    out.calls = [ToolCall(*call) for _, call in sorted(pending.items())]
    return out


def user(text: str) -> UserItem:
    """What a person said."""
    return UserItem((TextPart(text),))


def code_of(call: ToolCall) -> str:
    """The Python in a call."""
    code: str = json.loads(call.arguments)["code"]
    return code


async def answer(items: Sequence[InputItem], **more: Any) -> str:
    """The whole turn: rounds until there is text, with the code run in a subprocess."""
    history = list(items)
    for _ in range(10):
        got = await one_round(request(history, **more))
        if not got.calls:
            return got.text
        outputs = run_all([code_of(call) for call in got.calls])
        history += got.calls
        history += [
            ToolOutput(call.call_id, output)
            for call, output in zip(got.calls, outputs, strict=True)
        ]
    pytest.fail("the tutor never answered")


async def answers_to(texts: Sequence[str]) -> dict[str, str]:
    """Answers to many single messages, with the code of all of them run in one subprocess."""
    firsts = [await one_round(request([user(text)])) for text in texts]
    codes = [code_of(call) for got in firsts for call in got.calls]
    outputs = iter(run_all(codes))
    out: dict[str, str] = {}
    for text, first in zip(texts, firsts, strict=True):
        results = [ToolOutput(call.call_id, next(outputs)) for call in first.calls]
        second = await one_round(request([user(text), *first.calls, *results]))
        out[text] = (second if first.calls else first).text
    return out


async def talk(*messages: str) -> list[str]:
    """A conversation: each message, then the answer to it, which the next one may lean on."""
    items: list[InputItem] = []
    out: list[str] = []
    for message in messages:
        items.append(user(message))
        said = await answer(items)
        items.append(AssistantItem(said))
        out.append(said)
    return out
