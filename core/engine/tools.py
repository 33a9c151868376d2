"""The tools of a Run: what the model is offered, what it called, what it is told of the outcome.

Functions belong to whoever made the Run and go through a required action. The code interpreter is
ours and runs in between. What the model is told of a finished call is computed from the stored
Run Step alone, so a Run that changes its executor goes on with the same words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from core import ids as prefixes
from core.assistants import File, Json, Run
from core.clock import Clock
from core.engine.generation import ToolSpec
from core.engine.ports import Blobs, Interpreter, ObjectStore
from core.engine.records import Execution, Figure, ObjectRecord
from core.errors import BobbinError, InterpreterUnavailable
from core.ids import Ids

CODE: Final = "code_interpreter"

MOST_LOGS: Final = 20_000
"""Bytes of a call's logs that are kept and told to the model; the middle goes first."""

CODE_SPEC: Final = ToolSpec(
    name=CODE,
    description=(
        "Run Python code and see what it prints. Use it for every calculation that is more than "
        "mental arithmetic: algebra, equations, calculus, statistics, plots, and to check a result "
        "before you state it. sympy, numpy, pandas and matplotlib are installed. Variables and "
        "files in /mnt/data stay between calls. The value of the last expression is shown; print "
        "whatever else you want to see. Figures are shown to the user by themselves. There is no "
        "network, and nothing can be installed."
    ),
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "Python source code."}},
        "required": ["code"],
        "additionalProperties": False,
    },
)

_NO_PARAMETERS: Final[Json] = {"type": "object", "properties": {}}

_REDONE: Final = (
    "[The session was lost and a new one began: variables of earlier calls are gone. This code may "
    "have run once before.]\n"
)
_RESET: Final = "[The session was reset: variables are gone, files in /mnt/data are kept.]"


class Toolbox:
    """The tools of one Run."""

    def __init__(self, tools: Sequence[Json], *, code_runs: bool) -> None:
        """
        Args:
            tools: the Run's tools as the API has them.
            code_runs: whether this machine can run code; without, that tool is not offered.
        """
        functions = [tool["function"] for tool in tools if tool["type"] == "function"]
        self._functions = {function["name"] for function in functions}
        self._code = (
            code_runs
            and CODE not in self._functions
            and any(tool["type"] == CODE for tool in tools)
        )
        self.specs = (
            *((CODE_SPEC,) if self._code else ()),
            *(_function_spec(function) for function in functions),
        )

    def is_hosted(self, name: str) -> bool:
        """Whether the engine itself runs this tool."""
        return self._code and name == CODE

    def is_function(self, name: str) -> bool:
        """Whether whoever made the Run runs this tool."""
        return name in self._functions

    def choice(self, wanted: str | Json, *, first: bool) -> str:
        """The model's `tool_choice`. A forced choice holds for the first round only: it would
        never end otherwise."""
        if wanted == "none":
            return "none"
        if not first or not self.specs:
            return "auto"
        if isinstance(wanted, str):
            return wanted
        name: str = wanted["function"]["name"] if wanted["type"] == "function" else wanted["type"]
        return name if any(spec.name == name for spec in self.specs) else "auto"


def step_call(call_id: str, name: str, arguments: str, *, hosted: bool) -> Json:
    """A tool call as a Run Step has it, before anything came of it."""
    if hosted:
        body: Json = {"input": code_of(arguments), "outputs": []}
        return {"id": call_id, "type": CODE, CODE: body}
    function = {"name": name, "arguments": arguments, "output": None}
    return {"id": call_id, "type": "function", "function": function}


def awaited_call(call: Json) -> Json:
    """A function call of a Run Step as a required action has it."""
    function = call["function"]
    asked = {"name": function["name"], "arguments": function["arguments"]}
    return {"id": call["id"], "type": "function", "function": asked}


def is_open(call: Json) -> bool:
    """Whether nothing came of a Run Step's call yet. Code always leaves at least one output."""
    if call["type"] == "function":
        return call["function"]["output"] is None
    return not call[CODE]["outputs"]


def with_output(call: Json, output: str) -> Json:
    """A function call of a Run Step and what came of it."""
    return {**call, "function": {**call["function"], "output": output}}


def unknown_tool(name: str) -> str:
    """What the model is told when it calls something that it was not offered."""
    return f"There is no tool named {name!r}. Use only the tools that are offered."


def model_call(call: Json) -> tuple[str, str, str]:
    """Id, name and arguments of a Run Step's call, as the model wrote them."""
    if call["type"] == "function":
        return call["id"], call["function"]["name"], call["function"]["arguments"]
    return call["id"], CODE, json.dumps({"code": call[CODE]["input"]}, ensure_ascii=False)


def told_output(call: Json) -> str:
    """What the model is told of a finished call of a Run Step."""
    if call["type"] == "function":
        return call["function"]["output"] or ""
    lines: list[str] = []
    for output in cast("list[Json]", call[CODE]["outputs"]):
        if output["type"] == "logs":
            lines.append(output["logs"])
        else:
            lines.append(f"[A figure was drawn and is shown to the user: {_file_of(output)}]")
    return "\n".join(line for line in lines if line) or "[The code ran and printed nothing.]"


def drawn_files(outputs: Sequence[Json]) -> tuple[str, ...]:
    """Ids of the Files among a code call's outputs."""
    return tuple(_file_of(output) for output in outputs if output["type"] == "image")


def code_of(arguments: str) -> str:
    """The code of a call. Models that do not write JSON write the code itself: that is taken."""
    try:
        value: Any = json.loads(arguments)
    except ValueError:
        return arguments
    if isinstance(value, dict):
        value = cast("Json", value).get("code")
    return value if isinstance(value, str) else arguments


def capped(text: str, most: int = MOST_LOGS) -> str:
    """The text in at most about `most` bytes: beginning and end stay, the middle goes."""
    data = text.encode(errors="replace")
    if len(data) <= most:
        return text
    head, tail = data[: most * 2 // 3], data[-most // 3 :]
    gap = f"\n[… {len(data) - len(head) - len(tail)} bytes left out …]\n"
    return head.decode(errors="ignore") + gap + tail.decode(errors="ignore")


class CodeRunner:
    """Runs the code interpreter's calls and keeps what they draw."""

    def __init__(
        self,
        *,
        interpreter: Interpreter,
        blobs: Blobs,
        objects: ObjectStore,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._interpreter = interpreter
        self._blobs = blobs
        self._objects = objects
        self._ids = ids
        self._clock = clock

    async def available(self) -> bool:
        """Whether code can be run safely here."""
        return (await self._interpreter.status()).available

    async def run(self, run: Run, code: str, *, tenant: str, redone: bool) -> list[Json]:
        """The outputs as a Run Step has them, at least one. `redone`: it may have run before."""
        try:
            execution = await self._interpreter.run(run.thread_id, code)
        except InterpreterUnavailable as error:
            return [_logs(str(error) or error.sentence)]
        except BobbinError as error:
            return [_logs(error.sentence)]
        text = _text(execution)
        if redone:
            text = _REDONE + text
        images = [output for output in execution.outputs if isinstance(output, Figure)]
        outputs = [_logs(capped(text))] if text or not images else []
        for figure in images:
            file_id = await self._keep(figure, tenant)
            outputs.append({"type": "image", "image": {"file_id": file_id}})
        return outputs

    async def _keep(self, figure: Figure, tenant: str) -> str:
        blob = await self._blobs.put(figure.png)
        file_id = self._ids.new(prefixes.FILE)
        file = File(
            id=file_id,
            bytes=len(figure.png),
            created_at=int(self._clock.now()),
            filename=f"{file_id}.png",
            purpose="assistants_output",
        )
        await self._objects.put(ObjectRecord(value=file, tenant=tenant, state={"blob": blob}))
        return file_id


def _text(execution: Execution) -> str:
    lines = [output.text for output in execution.outputs if not isinstance(output, Figure)]
    if execution.files:
        named = ", ".join(f"{file.name} ({file.size} bytes)" for file in execution.files)
        lines.append(f"[Files in /mnt/data: {named}]")
    if execution.state == "reset":
        lines.append(_RESET)
    return "\n".join(line.rstrip("\n") for line in lines if line)


def _logs(text: str) -> Json:
    return {"type": "logs", "logs": text}


def _file_of(output: Json) -> str:
    return output["image"]["file_id"]


def _function_spec(function: Json) -> ToolSpec:
    return ToolSpec(
        name=function["name"],
        description=function.get("description") or "",
        parameters=function.get("parameters") or _NO_PARAMETERS,
        strict=bool(function.get("strict")),
    )
