"""Carrying out the calls of a tool Step: code and searches here, functions by whoever made the Run.

Serial: the calls of a Step, hosted ones in their order; what came of each is stored before the
next one begins. A crash repeats at most the call that was being carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.assistants import Json, RunStep
from core.clock import Clock
from core.engine import deltas
from core.engine.citing import Sources
from core.engine.code_files import Tray
from core.engine.code_tool import CODE_OFF, CodeRunner, drawn_files, with_outputs
from core.engine.journal import Journal
from core.engine.lifecycle import awaiting_outputs, status_event, step_completed
from core.engine.resources import CODE, SEARCH
from core.engine.search_tool import (
    BUDGET,
    Searcher,
    Settings,
    results_of,
    with_results,
    without_content,
)
from core.engine.tools import Toolbox, awaited_call, is_open, unknown_tool, with_output


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedTools:
    """What carries out the tools of a process that are ours."""

    code: CodeRunner
    search: Searcher

    async def offered(self, tools: Sequence[Json]) -> list[str]:
        """Which of a Run's hosted tools can be carried out here."""
        asked = {tool["type"] for tool in tools}
        code = CODE in asked and await self.code.available()
        search = SEARCH in asked and self.search.available
        return [*([CODE] if code else ()), *([SEARCH] if search else ())]


class Using:
    """The tool calls of one execution of a Run."""

    def __init__(self, hosted: HostedTools, journal: Journal, clock: Clock) -> None:
        self._hosted = hosted
        self._journal = journal
        self._clock = clock
        self._tray = Tray()
        self._room: Callable[[], int] = lambda: BUDGET
        self._off = ""
        self._at_home = False
        self.tools = Toolbox((), hosted=())
        self.sources = Sources()
        """What an answer may refer to by now."""
        self.step: RunStep | None = None
        """The Step whose calls are being carried out."""

    async def open(self, room: Callable[[], int]) -> None:
        """See what there is to use; `room` says how many tokens a search's results may have."""
        run, progress = self._journal.run, self._journal.progress
        offered = await self._hosted.offered(run.tools)
        self.tools = Toolbox(run.tools, hosted=offered)
        self._room = room
        if CODE in {tool["type"] for tool in run.tools} and CODE not in offered:
            self._off = CODE_OFF
        files = progress.resources.files
        if self.tools.is_hosted(CODE) and (files or progress.left):
            self._tray = await self._hosted.code.tray(files, progress.left, tenant=progress.tenant)
            self._note_files()

    def remember(self, calls: Iterable[Json]) -> None:
        """These calls were carried out before."""
        for call in calls:
            self._note_results(call)

    @property
    def note(self) -> str:
        """What the model is told of its tools and files; empty where there is nothing to tell."""
        return self._off or self._tray.sentence

    async def carry_out(self, *, redone: bool) -> list[Json] | None:
        """Carry out the calls of the Step; None when the Run waits for the rest of them.

        Raises:
            StoreExpired: a vector store that is to be searched has expired.
            ClaimLost, RunCancelled: the Run is not ours any more, or not wanted.
        """
        step = self.step
        if step is None:
            return []
        calls: list[Json] = list(step.step_details["tool_calls"])
        for index, call in enumerate(calls):
            if not is_open(call):
                continue
            hosted = call["type"] != "function"
            if call["type"] == CODE:
                calls[index] = await self._run_code(step, call, index, redone=redone)
                redone = False
            elif hosted:
                calls[index] = await self._search(call)
            elif not self.tools.is_function(call["function"]["name"]):
                calls[index] = with_output(call, unknown_tool(call["function"]["name"]))
            else:
                continue
            step = self.step = replace(step, step_details=tool_calls(calls))
            if hosted:
                self._journal.later(step, progress=self._journal.progress, home=self._at_home)
        awaited = [awaited_call(call) for call in calls if is_open(call)]
        if awaited:
            await self._journal.park(step, awaiting_outputs(self._journal.run, awaited))
            return None
        usage = self._journal.progress.rounds[-1].usage
        done = step_completed(step, self._clock.now(), usage)
        self.step = None
        self._journal.later(done, events=[status_event(self.seen(done))])
        return calls

    def seen(self, step: RunStep) -> RunStep:
        """The Step as the Run's followers see it."""
        return step if self._journal.progress.included else without_content(step)

    async def _run_code(self, step: RunStep, call: Json, index: int, *, redone: bool) -> Json:
        journal, tenant = self._journal, self._journal.progress.tenant
        outcome = await self._hosted.code.run(
            journal.run,
            call[CODE]["input"],
            self._tray,
            tenant=tenant,
            redone=redone,
            last_at=journal.progress.code_at,
        )
        journal.channel.add(deltas.code_outputs(step.id, index, outcome.outputs))
        journal.grow()
        progress = journal.progress
        journal.progress = replace(
            progress,
            images=(*progress.images, *drawn_files(outcome.outputs)),
            files=_newest(progress.files, progress.left, outcome.left),
            left=progress.left | outcome.left,
            code_at=self._hosted.code.here if outcome.ran else progress.code_at,
        )
        self._at_home = self._at_home or outcome.ran
        self._note_files()
        return with_outputs(call, outcome.outputs)

    async def _search(self, call: Json) -> Json:
        journal = self._journal
        progress = journal.progress
        body, remark = await self._hosted.search.run(
            progress.searches[call["id"]],
            Settings.of(journal.run.tools),
            progress.resources,
            tenant=progress.tenant,
            budget=min(BUDGET, self._room()),
        )
        if remark:
            remarks = journal.progress.remarks | {call["id"]: remark}
            journal.progress = replace(journal.progress, remarks=remarks)
        done = with_results(call, body)
        self._note_results(done)
        return done

    def _note_results(self, call: Json) -> None:
        if call["type"] == SEARCH and (found := results_of(call)):
            number = self._journal.progress.search_number(call["id"])
            self.sources.add_search(number, found)

    def _note_files(self) -> None:
        known = {file.name: file.file_id for file in self._tray.known.values()}
        self.sources.files |= known


def tool_calls(calls: Iterable[Json]) -> Json:
    """The details of a tool Step."""
    return {"type": "tool_calls", "tool_calls": list(calls)}


def _newest(
    waiting: tuple[str, ...], before: dict[str, str], left: dict[str, str]
) -> tuple[str, ...]:
    """Files that a Message is still to carry: of each name the newest one."""
    replaced = {before[name] for name in left if name in before}
    return (*(file_id for file_id in waiting if file_id not in replaced), *left.values())
