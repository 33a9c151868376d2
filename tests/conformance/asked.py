"""What a model was asked, whichever protocol asked it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A model request. `messages` are (role, text); calls have the role `call` and their id as
    text, outputs the role `output` and id and output."""

    model: str
    instructions: str
    messages: tuple[tuple[str, str], ...]
    tools: tuple[str, ...]
    tool_choice: str
    max_output: int | None
    format: Json | None
    body: Json

    @property
    def texts(self) -> tuple[str, ...]:
        """What was said, without roles."""
        return tuple(text for _, text in self.messages)


def asked_in(body: Json) -> Asked:
    """The request in `body`, of Chat Completions or of Responses."""
    return _chat(body) if "messages" in body else _responses(body)


def _chat(body: Json) -> Asked:
    said: list[tuple[str, str]] = []
    instructions = ""
    for message in body["messages"]:
        role, text = message["role"], _text(message.get("content"))
        if role == "system":
            instructions = text
        elif role == "tool":
            said.append(("output", f"{message['tool_call_id']}: {text}"))
        else:
            said += [(role, text)] if text else []
            said += [("call", call["id"]) for call in message.get("tool_calls", ())]
    choice = body.get("tool_choice", "auto")
    return Asked(
        model=body["model"],
        instructions=instructions,
        messages=tuple(said),
        tools=tuple(tool["function"]["name"] for tool in body.get("tools", ())),
        tool_choice=choice if isinstance(choice, str) else choice["function"]["name"],
        max_output=body.get("max_tokens", body.get("max_completion_tokens")),
        format=body.get("response_format"),
        body=body,
    )


def _responses(body: Json) -> Asked:
    said: list[tuple[str, str]] = []
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind == "function_call":
            said.append(("call", item["call_id"]))
        elif kind == "function_call_output":
            said.append(("output", f"{item['call_id']}: {item['output']}"))
        elif kind == "message":
            said.append((item["role"], _text(item["content"])))
    choice = body.get("tool_choice", "auto")
    wanted = body.get("text", {}).get("format")
    if wanted and wanted["type"] == "json_schema":
        nested = {key: value for key, value in wanted.items() if key != "type"}
        wanted = {"type": "json_schema", "json_schema": nested}
    return Asked(
        model=body["model"],
        instructions=body.get("instructions", ""),
        messages=tuple(said),
        tools=tuple(tool["name"] for tool in body.get("tools", ())),
        tool_choice=choice if isinstance(choice, str) else choice["name"],
        max_output=body.get("max_output_tokens"),
        format=wanted,
        body=body,
    )


def _text(content: str | list[Json] | None) -> str:
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content or ""
