"""What a Run did to come to its answer, for people: its calls, their code and what came of them.

Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from core.assistants import Json, RunStep
from core.chat.messages import LastTurn, Session

NOTHING_DONE: Final = "I used no tools for this answer."

MOST_SHOWN: Final = 6_000
"""Characters of one code or output."""

_LONGEST_NAME: Final = 64
"""Characters of an answer's name: buttons of the smallest platform have room for it."""

_TICKS: Final = re.compile(r"`{3,}")


def answer_name(thread_id: str, run_id: str) -> str:
    """What a control under an answer names it by; empty where that would be too long."""
    name = f"{thread_id} {run_id}"
    return name if len(name) <= _LONGEST_NAME else ""


def answer_of(name: str, sessions: Iterable[Session]) -> tuple[str, str] | None:
    """Thread and Run of an answer of one of these sessions. Without a name, the newest answer of
    the first session; None where there is none, or where it is somebody else's."""
    known = list(sessions)
    thread_id, _, run_id = name.partition(" ")
    if thread_id and run_id:
        return (thread_id, run_id) if thread_id in {one.thread_id for one in known} else None
    last: LastTurn | None = known[0].last if known else None
    if last is None or not last.run_id or known[0].thread_id is None:
        return None
    return known[0].thread_id, last.run_id


def shown_work(steps: Iterable[RunStep]) -> str:
    """The tool calls of a Run in order, as Markdown."""
    parts: list[str] = []
    for step in steps:
        calls = cast("list[Json]", step.step_details.get("tool_calls") or [])
        for call in calls:
            parts.append(f"**{len(parts) + 1}.** {_call(call)}")
        if calls and step.status not in ("completed", "in_progress"):
            reason = str((step.last_error or {}).get("message") or "").strip()
            parts.append(f"(This step {step.status}. {reason})".replace(". )", ".)"))
    return "\n\n".join(parts) or NOTHING_DONE


def _call(call: Json) -> str:
    kind = str(call.get("type") or "")
    about = cast("Json", call.get(kind) or {})
    match kind:
        case "code_interpreter":
            return _code(about)
        case "file_search":
            return _search(about)
        case "function":
            output = about.get("output")
            told = _fenced(str(output)) if output is not None else "(no output)"
            asked = f"{about.get('name')}({_arguments(about.get('arguments'))})"
            return f"Called a function:\n\n{_fenced(asked)}\n\nIt gave:\n\n{told}"
        case _:
            return f"Used {kind or 'a tool'}."


def _code(about: Json) -> str:
    parts = [f"Ran code:\n\n{_fenced(str(about.get('input') or ''), 'python')}"]
    for output in cast("list[Json]", about.get("outputs") or []):
        if output.get("type") == "logs":
            parts.append(f"It said:\n\n{_fenced(str(output.get('logs') or ''))}")
        else:
            parts.append("It drew a picture.")
    return "\n\n".join(parts)


def _search(about: Json) -> str:
    results = cast("list[Json]", about.get("results") or [])
    if not results:
        return "Searched the files."
    found = [
        f"- {one.get('file_name') or one.get('file_id')} (score {float(one.get('score') or 0):.2f})"
        for one in results
    ]
    return "\n".join(["Searched the files and found passages in:", "", *dict.fromkeys(found)])


def _arguments(arguments: Any) -> str:
    try:
        pairs = json.loads(str(arguments or "{}"))
    except ValueError:
        return str(arguments)
    if not isinstance(pairs, dict):
        return str(arguments)
    named = cast("Json", pairs).items()
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in named)


def _fenced(text: str, language: str = "") -> str:
    """A block of code that its text cannot end."""
    if len(text) > MOST_SHOWN:
        text = f"{text[:MOST_SHOWN]}\n… ({len(text) - MOST_SHOWN:,} more characters)"
    ticks = max((len(found) for found in _TICKS.findall(text)), default=2) + 1
    fence = "`" * ticks
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
