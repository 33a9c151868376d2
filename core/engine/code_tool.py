"""The code interpreter as a tool of a Run: what the model is offered, and what came of its code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from core.assistants import Json, Run
from core.engine.citing import MOUNT
from core.engine.code_files import MOST_LEFT, CodeFiles, Placing, Tray
from core.engine.generation import ToolSpec
from core.engine.ports import Blobs, Interpreter
from core.engine.records import RESET, Execution, Figure
from core.engine.resources import CODE
from core.errors import BobbinError, InterpreterUnavailable, StoreError

MOST_LOGS: Final = 20_000
"""Bytes of a call's logs that are kept and told to the model; the middle goes first."""

CODE_SPEC: Final = ToolSpec(
    name=CODE,
    description=(
        "Run Python code and see what it prints. Use it for every calculation that is more than "
        "mental arithmetic: algebra, equations, calculus, statistics, plots, and to check a result "
        "before you state it. sympy, numpy, pandas (Excel too), matplotlib, Pillow and pypdf are "
        "installed; DOCX and PPTX are ZIP files of XML. Variables and files in /mnt/data stay "
        "between calls. The value of the last expression is shown; print "
        "whatever else you want to see. Figures are shown to the user by themselves. Files that "
        "you save in /mnt/data, in no folder of it, reach the user; link one in your answer as "
        f"[NAME]({MOUNT}NAME). There is no network, and nothing can be installed."
    ),
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "Python source code."}},
        "required": ["code"],
        "additionalProperties": False,
    },
)

CODE_OFF: Final = (
    "The code interpreter is off: code cannot be isolated on this machine. You cannot run any, so "
    "do not claim that you did; where an answer would need it, say that it is off."
)
"""What the model is told instead of being offered the tool."""

_REDONE: Final = "[The code may have run once before.]"
_NEW: Final = "[The session was lost and a new one began: variables of earlier calls are gone.]"
_NOT_KEPT: Final = f"[Only {MOST_LEFT} files of a call reach the user; put more into one archive.]"


@dataclass(frozen=True, slots=True)
class CodeOutcome:
    """What came of a call: `outputs` as a Run Step has them, at least one, and the Files that the
    code left or changed, by name. `ran`: the Thread's session is here."""

    outputs: list[Json]
    left: dict[str, str]
    ran: bool = True


class CodeRunner:
    """Runs the code interpreter's calls and keeps what they draw and leave."""

    def __init__(
        self, *, interpreter: Interpreter, files: CodeFiles, blobs: Blobs, here: str
    ) -> None:
        """
        Args:
            here: a name of this process's interpreter that no other one ever has.
        """
        self.here = here
        self._interpreter = interpreter
        self._files = files
        self._blobs = blobs

    async def available(self) -> bool:
        """Whether code can be run safely here."""
        return (await self._interpreter.status()).available

    async def tray(self, file_ids: Sequence[str], left: dict[str, str], *, tenant: str) -> Tray:
        """The files of a Run; see `CodeFiles.tray`."""
        return await self._files.tray(file_ids, left, tenant=tenant)

    async def run(
        self, run: Run, code: str, tray: Tray, *, tenant: str, redone: bool, last_at: str
    ) -> CodeOutcome:
        """Place the Run's files and run the code.

        `redone`: it may have run before. `last_at`: where the Run's latest code ran, if any did.
        A session that another process went on from is out of date: it is built anew.
        """
        session = run.thread_id
        last_at = last_at or await self._files.code_at(session, run.id)
        try:
            if last_at not in ("", self.here):
                await self._interpreter.close(session)
            placing = await self._files.place(session, tray, tenant=tenant)
            execution = await self._interpreter.run(session, code)
        except InterpreterUnavailable as error:
            return CodeOutcome([_logs(str(error) or error.sentence)], {}, ran=False)
        except StoreError:
            raise
        except BobbinError as error:
            return CodeOutcome([_logs(error.sentence)], {}, ran=False)
        left = await self._files.keep(session, execution.files, tray, tenant=tenant)
        notes = _notes(placing, redone=redone, lost=placing.fresh and (redone or last_at != ""))
        text = _text(execution, notes)
        images = [output for output in execution.outputs if isinstance(output, Figure)]
        outputs = [_logs(capped(text))] if text or not images else []
        for figure in images:
            blob = await self._blobs.put(figure.png)
            file = await self._files.store("", blob, len(figure.png), tenant=tenant)
            outputs.append({"type": "image", "image": {"file_id": file.id}})
        return CodeOutcome(outputs, left)


def code_call(call_id: str, arguments: str) -> Json:
    """A call as a Run Step has it, before anything came of it."""
    return {"id": call_id, "type": CODE, CODE: {"input": code_of(arguments), "outputs": []}}


def with_outputs(call: Json, outputs: list[Json]) -> Json:
    """A call of a Run Step and what came of it."""
    return {**call, CODE: {**call[CODE], "outputs": outputs}}


def code_of(arguments: str) -> str:
    """The code of a call. Models that do not write JSON write the code itself: that is taken."""
    try:
        value: Any = json.loads(arguments)
    except ValueError:
        return arguments
    if isinstance(value, dict):
        value = cast("Json", value).get("code")
    return value if isinstance(value, str) else arguments


def told_outputs(call: Json) -> str:
    """What the model is told of a call that was carried out."""
    lines: list[str] = []
    for output in cast("list[Json]", call[CODE]["outputs"]):
        if output["type"] == "logs":
            lines.append(output["logs"])
        else:
            lines.append(f"[A figure was drawn and is shown to the user: {_file_of(output)}]")
    return "\n".join(line for line in lines if line) or "[The code ran and printed nothing.]"


def drawn_files(outputs: Sequence[Json]) -> tuple[str, ...]:
    """Ids of the Files among a call's outputs."""
    return tuple(_file_of(output) for output in outputs if output["type"] == "image")


def capped(text: str, most: int = MOST_LOGS) -> str:
    """The text in at most about `most` bytes: beginning and end stay, the middle goes."""
    data = text.encode(errors="replace")
    if len(data) <= most:
        return text
    head, tail = data[: most * 2 // 3], data[-most // 3 :]
    gap = f"\n[… {len(data) - len(head) - len(tail)} bytes left out …]\n"
    return head.decode(errors="ignore") + gap + tail.decode(errors="ignore")


def _notes(placing: Placing, *, redone: bool, lost: bool) -> list[str]:
    notes = [_NEW] if lost else []
    return [*notes, *([_REDONE] if redone else ()), *placing.notes]


def _text(execution: Execution, notes: list[str]) -> str:
    lines = [*notes]
    lines += [output.text for output in execution.outputs if not isinstance(output, Figure)]
    if execution.files:
        listed = execution.files[:MOST_LEFT]
        named = ", ".join(f"{file.name} ({file.size} bytes)" for file in listed)
        more = len(execution.files) - len(listed)
        lines.append(f"[Files in /mnt/data: {named}{f', and {more} more' if more else ''}]")
    if len(execution.files) > MOST_LEFT:
        lines.append(_NOT_KEPT)
    if execution.state == "reset" and not any(RESET in line for line in lines):
        lines.append(f"[{RESET}]")
    return "\n".join(line.rstrip("\n") for line in lines if line)


def _logs(text: str) -> Json:
    return {"type": "logs", "logs": text}


def _file_of(output: Json) -> str:
    return output["image"]["file_id"]
