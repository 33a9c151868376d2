"""The tools of a Run: what the model is offered, what it called, what it is told of the outcome.

Functions belong to whoever made the Run and go through a required action. The code interpreter and
file search are ours and run in between. What the model is told of a finished call is computed from
the stored Run Step and the Run's progress, so a Run that changes its executor goes on with the same
words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from core.assistants import Json
from core.engine.code_tool import CODE_SPEC, code_call, told_outputs
from core.engine.generation import ToolSpec
from core.engine.progress import Progress
from core.engine.resources import CODE, SEARCH
from core.engine.search_tool import SEARCH_SPEC, results_of, search_call, told_results

HOSTED: Final[Mapping[str, ToolSpec]] = {CODE: CODE_SPEC, SEARCH: SEARCH_SPEC}
"""The tools that the engine carries out itself, by the type that they have in the API."""

_NO_PARAMETERS: Final[Json] = {"type": "object", "properties": {}}


class Toolbox:
    """The tools of one Run."""

    def __init__(self, tools: Sequence[Json], *, hosted: Sequence[str]) -> None:
        """
        Args:
            tools: the Run's tools as the API has them.
            hosted: which hosted tools this process can carry out; others are not offered.
        """
        functions = [tool["function"] for tool in tools if tool["type"] == "function"]
        self._functions = {function["name"] for function in functions}
        asked = {tool["type"] for tool in tools}
        self._hosted = {
            name
            for name in HOSTED
            if name in asked and name in hosted and name not in self._functions
        }
        self.specs = (
            *(spec for name, spec in HOSTED.items() if name in self._hosted),
            *(_function_spec(function) for function in functions),
        )

    def is_hosted(self, name: str) -> bool:
        """Whether the engine itself runs this tool."""
        return name in self._hosted

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

    def step_call(self, call_id: str, name: str, arguments: str) -> Json:
        """A tool call as a Run Step has it, before anything came of it."""
        if not self.is_hosted(name):
            function = {"name": name, "arguments": arguments, "output": None}
            return {"id": call_id, "type": "function", "function": function}
        return code_call(call_id, arguments) if name == CODE else search_call(call_id)


def awaited_call(call: Json) -> Json:
    """A function call of a Run Step as a required action has it."""
    function = call["function"]
    asked = {"name": function["name"], "arguments": function["arguments"]}
    return {"id": call["id"], "type": "function", "function": asked}


def is_open(call: Json) -> bool:
    """Whether nothing came of a Run Step's call yet. Code always leaves at least one output."""
    if call["type"] == "function":
        return call["function"]["output"] is None
    return not call[CODE]["outputs"] if call["type"] == CODE else results_of(call) is None


def with_output(call: Json, output: str) -> Json:
    """A function call of a Run Step and what came of it."""
    return {**call, "function": {**call["function"], "output": output}}


def unknown_tool(name: str) -> str:
    """What the model is told when it calls something that it was not offered."""
    return f"There is no tool named {name!r}. Use only the tools that are offered."


def model_call(call: Json, progress: Progress) -> tuple[str, str, str]:
    """Id, name and arguments of a Run Step's call, as the model wrote them."""
    call_id: str = call["id"]
    if call["type"] == "function":
        return call_id, call["function"]["name"], call["function"]["arguments"]
    if call["type"] == SEARCH:
        return call_id, SEARCH, progress.searches[call_id]
    return call_id, CODE, json.dumps({"code": call[CODE]["input"]}, ensure_ascii=False)


def told_output(call: Json, progress: Progress) -> str:
    """What the model is told of a finished call of a Run Step."""
    if call["type"] == "function":
        return call["function"]["output"] or ""
    if call["type"] == SEARCH:
        number = progress.search_number(call["id"])
        return told_results(call, number, progress.remarks.get(call["id"], ""))
    return told_outputs(call)


def _function_spec(function: Json) -> ToolSpec:
    return ToolSpec(
        name=function["name"],
        description=function.get("description") or "",
        parameters=function.get("parameters") or _NO_PARAMETERS,
        strict=bool(function.get("strict")),
    )
