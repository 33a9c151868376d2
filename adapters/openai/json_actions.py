"""The JSON action loop: how tools are put to a model that cannot call them; pure.

The model writes one JSON object a round: run code, call a function, or reply. It is told the rules
in the instructions and held to them by a JSON Schema, which llama.cpp, vLLM and Ollama turn into a
grammar. Calls and outputs of the conversation so far are retold in that form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.openai.wire import as_object
from core.engine.generation import (
    AssistantItem,
    InputItem,
    ModelRequest,
    Reasoning,
    TextPart,
    ToolCall,
    ToolOutput,
    ToolSpec,
    UserItem,
)

Json = dict[str, Any]

RUN_PYTHON = "run_python"
REPLY = "reply"
MOST_REPAIRS = 2
"""After so many failures of code in a row the model may also give up and reply."""

_FAILED = re.compile(
    r"^Traceback \(most recent call last\)|^\w*(Error|Exception|Interrupt)(: .*)?$", re.MULTILINE
)
_NOTE = re.compile(r"^\[(The|A|Files in|…) .*\]$")


@dataclass(frozen=True, slots=True)
class Action:
    """A tool as the model sees it: the action's name, and the field that carries its input."""

    name: str
    field: str
    tool: ToolSpec

    @property
    def is_code(self) -> bool:
        """Whether the field is source code, not an object of arguments."""
        return self.field == "code"

    @property
    def schema(self) -> Json:
        """The JSON Schema of the object that calls this tool."""
        value: Json = {"type": "string"} if self.is_code else self.tool.parameters
        return _branch(self.name, self.field, value)

    @property
    def rule(self) -> str:
        """One line of the instructions."""
        if self.is_code:
            return (
                f'{{"action": "{self.name}", "code": "..."}} runs Python code. Print what you '
                "need with print(). You are shown the output, and then you act again."
            )
        parameters = json.dumps(self.tool.parameters, ensure_ascii=False)
        return (
            f'{{"action": "{self.name}", "arguments": {{...}}}} calls this tool: '
            f"{self.tool.description} The arguments fit this JSON Schema: {parameters}"
        )


def _branch(action: str, field: str, value: Json) -> Json:
    return {
        "type": "object",
        "properties": {"action": {"const": action}, field: value},
        "required": ["action", field],
        "additionalProperties": False,
    }


def actions_of(tools: Sequence[ToolSpec]) -> tuple[Action, ...]:
    """The actions that stand for these tools. A tool whose only input is `code` runs Python."""
    actions: list[Action] = []
    for tool in tools:
        is_code = list(tool.parameters.get("properties", {})) == ["code"]
        taken = any(action.name == RUN_PYTHON for action in actions)
        name = RUN_PYTHON if is_code and not taken else tool.name
        actions.append(Action(name, "code" if is_code else "arguments", tool))
    return tuple(actions)


@dataclass(frozen=True, slots=True)
class Plan:
    """One round of the loop: what the inner model is asked, and what its answer may be."""

    request: ModelRequest
    actions: tuple[Action, ...]
    may_reply: bool
    shown: str
    """Output of the latest code of this Run that people are to see; empty where there is none."""

    def action(self, name: str) -> Action | None:
        """The action of that name, if it is one that calls a tool."""
        return next((action for action in self.actions if action.name == name), None)


def plan(request: ModelRequest) -> Plan:
    """Turn a round with tools into a round of JSON."""
    actions = actions_of(request.tools)
    failures = _failures_in_a_row(request.items)
    allowed, may_reply = actions, True
    if request.tool_choice == "none":
        allowed = ()
    elif request.tool_choice == "required":
        may_reply = False
    elif request.tool_choice != "auto":
        allowed = tuple(a for a in actions if a.tool.name == request.tool_choice)
        may_reply = not allowed
    elif 0 < failures <= MOST_REPAIRS and any(action.is_code for action in actions):
        allowed, may_reply = tuple(a for a in actions if a.is_code), False
    retold = _retold(request.items, {action.tool.name: action for action in actions})
    shown = _shown(request.items, {a.tool.name for a in actions if a.is_code})
    if not allowed:
        inner = replace(request, items=retold, tools=(), tool_choice="auto")
        return Plan(inner, (), True, shown)
    inner = replace(
        request,
        instructions=_instructions(request, allowed, may_reply=may_reply),
        items=retold,
        tools=(),
        tool_choice="auto",
        parallel_tool_calls=None,
        response_format=_format(request, allowed, may_reply=may_reply),
    )
    return Plan(inner, allowed, may_reply, shown)


def _format(request: ModelRequest, allowed: Sequence[Action], *, may_reply: bool) -> Json:
    branches = [action.schema for action in allowed]
    if may_reply:
        branches.append(_branch(REPLY, REPLY, _reply_schema(request)))
    schema: Json = branches[0] if len(branches) == 1 else {"anyOf": branches}
    # References within a tool's parameters are to definitions at the root of the schema.
    for place in ("$defs", "definitions"):
        named = {k: v for a in allowed for k, v in as_object(a.tool.parameters.get(place)).items()}
        if named:
            schema[place] = named
    return {"type": "json_schema", "json_schema": {"name": "action", "schema": schema}}


def _reply_schema(request: ModelRequest) -> Json:
    """A string, or what the caller's own response format asks for."""
    wanted = request.response_format or {}
    if wanted.get("type") == "json_schema":
        return wanted.get("json_schema", {}).get("schema") or {"type": "object"}
    return {"type": "object"} if wanted.get("type") == "json_object" else {"type": "string"}


def _instructions(request: ModelRequest, allowed: Sequence[Action], *, may_reply: bool) -> str:
    rules = [action.rule for action in allowed]
    if may_reply:
        rules.append(
            f'{{"action": "{REPLY}", "{REPLY}": "..."}} is your answer to the person, '
            "in their language. It ends your turn."
        )
    kinds = "It is one of these" if len(rules) > 1 else "It is this"
    parts = [
        request.instructions,
        f"Answer with one JSON object and nothing else. {kinds}:\n" + "\n".join(rules),
    ]
    if any(action.is_code for action in allowed):
        parts.append(
            "sympy, numpy, pandas and matplotlib are installed. Never calculate in your head: "
            "run code first, then reply with the numbers of its output. Talk needs no code."
        )
    return "\n\n".join(part for part in parts if part)


def _retold(items: Sequence[InputItem], actions: dict[str, Action]) -> tuple[InputItem, ...]:
    """The conversation with calls and outputs in the form of the loop."""
    retold: list[InputItem] = []
    names: dict[str, str] = {}
    for item in items:
        if isinstance(item, ToolCall):
            names[item.call_id] = item.name
            retold.append(AssistantItem(_call_retold(item, actions.get(item.name))))
        elif isinstance(item, ToolOutput):
            action = actions.get(names.get(item.call_id, ""))
            text = _output_retold(item.output, is_code=action is None or action.is_code)
            retold.append(UserItem((TextPart(text),)))
        elif not isinstance(item, Reasoning):
            retold.append(item)
    return tuple(retold)


def _call_retold(call: ToolCall, action: Action | None) -> str:
    try:
        arguments: Any = json.loads(call.arguments)
    except ValueError:
        arguments = call.arguments
    fields: Json = {"action": action.name if action else call.name}
    if action is not None and action.is_code:
        # Whoever runs the code takes arguments that are no object for the code itself.
        fields["code"] = as_object(arguments).get("code", call.arguments)
    else:
        fields["arguments"] = arguments
    return json.dumps(fields, ensure_ascii=False)


def _output_retold(output: str, *, is_code: bool) -> str:
    if not is_code:
        return f"What the tool answered:\n{output}\n\nNow act again."
    if _FAILED.search(output):
        return f"The code failed:\n{output}\n\nCorrect it and run it again."
    return (
        f"Output of the code:\n{output}\n\n"
        "Now reply to the person with this result, or run more code if you need it."
    )


def _this_run(items: Sequence[InputItem]) -> list[InputItem]:
    """What came after the last words of a person."""
    last = max((n for n, item in enumerate(items) if isinstance(item, UserItem)), default=-1)
    return list(items[last + 1 :])


def _failures_in_a_row(items: Sequence[InputItem]) -> int:
    count = 0
    for item in reversed(_this_run(items)):
        if isinstance(item, ToolOutput):
            if not _FAILED.search(item.output):
                break
            count += 1
    return count


def _shown(items: Sequence[InputItem], code_tools: set[str]) -> str:
    """The output of the last code that ran without failing since a person spoke."""
    code_calls: set[str] = set()
    latest = ""
    for item in _this_run(items):
        if isinstance(item, ToolCall) and item.name in code_tools:
            code_calls.add(item.call_id)
        elif isinstance(item, ToolOutput) and item.call_id in code_calls:
            latest = "" if _FAILED.search(item.output) else item.output
    return "\n".join(line for line in latest.splitlines() if not _NOTE.match(line)).strip("\n")
