"""The work of one execution: prompt, model round, tools, and again, until there is an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from core.assistants import Json, Message, RunStep, StreamEvent
from core.clock import Clock
from core.engine import deltas
from core.engine.drafting import Draft
from core.engine.generation import (
    AssistantItem,
    Finished,
    InputItem,
    Reasoning,
    ToolCall,
    ToolOutput,
    Usage,
)
from core.engine.history import HistoryReader
from core.engine.journal import Journal
from core.engine.lifecycle import (
    COMPLETED,
    Ending,
    awaiting_outputs,
    failed,
    incomplete,
    started,
    status_event,
    step_completed,
    step_ended,
)
from core.engine.models import Catalogue, ResolvedModel
from core.engine.ports import RunEvents, ThreadStore
from core.engine.progress import NO_USAGE, Progress, RoundNote
from core.engine.prompting import (
    Exhausted,
    Limits,
    Prompt,
    check_spent,
    history_room,
    prompt,
    request,
)
from core.engine.records import RunRecord
from core.engine.resuming import Resumption, resumption
from core.engine.rounds import Rounds
from core.engine.stored import stored_run
from core.engine.tools import (
    CODE,
    CodeRunner,
    Toolbox,
    awaited_call,
    code_of,
    drawn_files,
    is_open,
    model_call,
    step_call,
    told_output,
    unknown_tool,
    with_output,
)
from core.ids import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What all executions of a process work with."""

    threads: ThreadStore
    events: RunEvents
    catalogue: Catalogue
    rounds: Rounds
    history: HistoryReader
    code: CodeRunner
    limits: Limits
    clock: Clock
    ids: Ids


class Answering:
    """One execution of a Run."""

    def __init__(self, bench: Workbench, journal: Journal, on_placed: Callable[[], None]) -> None:
        self._bench = bench
        self._journal = journal
        self._on_placed = on_placed
        self._draft: Draft | None = None
        self._step: RunStep | None = None
        """The tool Step whose calls are being carried out."""
        self._said: list[InputItem] = []
        self._call_ids: list[str] = []
        self._round_usage = NO_USAGE

    async def answer(self, record: RunRecord) -> Ending | None:
        """Work until the Run is to end, and how; None when it waits for tool outputs.

        Raises:
            ModelError: the model did not answer.
            ClaimLost, RunCancelled: the Run is not ours any more, or not wanted.
        """
        journal, bench = self._journal, self._bench
        resumed = await self._resume(record)
        if journal.run.status == "queued":
            begun = started(journal.run, bench.clock.now())
            journal.later(run=begun, events=[status_event(begun)])
        run = journal.run
        code_runs = any(tool["type"] == CODE for tool in run.tools) and await bench.code.available()
        tools = Toolbox(run.tools, code_runs=code_runs)
        model = bench.catalogue.resolve(run.model)
        if resumed.open_step is not None:
            self._step = resumed.open_step
            if not await self._use_tools(tools, redone=True):
                return None
        try:
            return await self._rounds(model, tools)
        except Exhausted as error:
            return error.ending

    async def end(self, ending: Ending) -> None:
        """Write the end of the Run and of what it left open.

        Raises:
            ClaimLost: it was not written.
        """
        put: list[Message | RunStep] = []
        events: list[StreamEvent] = []
        if self._draft is not None:
            if ending is COMPLETED:
                put, events = self._draft.finished(self._round_usage)
            else:
                put, events = self._draft.cut(ending)
        if self._step is not None:
            cut = step_ended(self._step, ending, self._bench.clock.now())
            put.append(cut)
            events.append(status_event(cut))
        await self._journal.end(ending, put, events)

    # ---------------------------------------------------------------- rounds

    async def _rounds(self, model: ResolvedModel, tools: Toolbox) -> Ending | None:
        journal, bench = self._journal, self._bench
        run = journal.run
        room, last_messages = history_room(run, journal.progress, model, bench.limits)
        history = await bench.history.read(
            run.thread_id, room=room, last_messages=last_messages, run_id=run.id
        )
        while True:
            progress = journal.progress
            check_spent(run, progress, bench.limits)
            chosen = prompt(run, progress, model, history, self._said, tools, bench.limits)
            pictures = {}
            if model.images:
                pictures = await bench.history.pictures(chosen.entries, tenant=progress.tenant)
            asked = request(run, progress, model, chosen, tools, pictures)
            draft, finished = await bench.rounds.play(
                model.endpoint, asked, lambda: self._new_draft(tools)
            )
            self._account(chosen, draft, finished)
            if not draft.calls or finished.reason in ("length", "content_filter"):
                return _ending(finished)
            self._note_round(draft, tools)
            if not await self._use_tools(tools, redone=False):
                return None

    def _new_draft(self, tools: Toolbox) -> Draft:
        self._on_placed()
        self._draft = Draft(
            journal=self._journal,
            ids=self._bench.ids,
            clock=self._bench.clock,
            tools=tools,
            images=self._journal.progress.images,
            taken=self._call_ids,
        )
        return self._draft

    def _account(self, chosen: Prompt, draft: Draft, finished: Finished) -> None:
        """Add what the round used; where the endpoint does not say, about what it must have."""
        usage = finished.usage
        if usage is None:
            written = self._bench.limits.estimate("x" * draft.characters)
            usage = Usage(chosen.tokens, written, estimated=True)
        self._round_usage = usage
        self._journal.progress = self._journal.progress.spent(usage)

    def _note_round(self, draft: Draft, tools: Toolbox) -> None:
        """The round is finished and called tools: store what it said and wants."""
        draft.close_message()
        if draft.step is None:
            return
        calls: list[Json] = []
        for call in draft.calls:
            hosted = tools.is_hosted(call.name)
            calls.append(step_call(call.call_id, call.name, call.arguments, hosted=hosted))
            if hosted:
                self._journal.channel.add(
                    deltas.code_opened(
                        draft.step.id, call.index, call.call_id, code_of(call.arguments)
                    )
                )
        self._call_ids += [call.call_id for call in draft.calls]
        self._step = replace(draft.step, step_details=_details(calls))
        note = RoundNote(self._step.id, tuple(draft.order), self._round_usage)
        self._say(draft, {call["id"]: call for call in calls})
        self._draft = None
        self._journal.later(self._step, progress=self._journal.progress.noted(note))

    def _say(self, draft: Draft, calls: dict[str, Json]) -> None:
        texts = iter(draft.said)
        for kind, value in draft.order:
            if kind == "reasoning":
                self._said.append(Reasoning(value))
            elif kind == "call":
                self._said.append(ToolCall(*model_call(calls[value])))
            elif text := next(texts, ""):
                self._said.append(AssistantItem(text))

    # ---------------------------------------------------------------- tools

    async def _use_tools(self, tools: Toolbox, *, redone: bool) -> bool:
        """Carry out the calls of the tool Step; False when the Run waits for the rest of them."""
        step = self._step
        if step is None:
            return True
        calls: list[Json] = list(step.step_details["tool_calls"])
        for index, call in enumerate(calls):
            if not is_open(call):
                continue
            if call["type"] == CODE:
                calls[index] = await self._run_code(call, index, redone=redone)
                redone = False
            elif not tools.is_function(call["function"]["name"]):
                calls[index] = with_output(call, unknown_tool(call["function"]["name"]))
            else:
                continue
            step = self._step = replace(step, step_details=_details(calls))
            if call["type"] == CODE:
                self._journal.later(step, progress=self._with_images(calls[index]))
        awaited = [awaited_call(call) for call in calls if is_open(call)]
        if awaited:
            await self._journal.park(step, awaiting_outputs(self._journal.run, awaited))
            return False
        usage = self._journal.progress.rounds[-1].usage
        done = step_completed(step, self._bench.clock.now(), usage)
        self._step = None
        self._journal.later(done, events=[status_event(done)])
        self._said += [ToolOutput(call["id"], told_output(call)) for call in calls]
        return True

    async def _run_code(self, call: Json, index: int, *, redone: bool) -> Json:
        journal = self._journal
        outputs = await self._bench.code.run(
            journal.run, call[CODE]["input"], tenant=journal.progress.tenant, redone=redone
        )
        if self._step is not None:
            journal.channel.add(deltas.code_outputs(self._step.id, index, outputs))
            journal.grow()
        return {**call, CODE: {**call[CODE], "outputs": outputs}}

    def _with_images(self, call: Json) -> Progress | None:
        """The progress with what the code drew, for the next Message to show."""
        drawn = drawn_files(call[CODE]["outputs"])
        progress = self._journal.progress
        return replace(progress, images=(*progress.images, *drawn)) if drawn else None

    # ---------------------------------------------------------------- going on

    async def _resume(self, record: RunRecord) -> Resumption:
        """Pick up what earlier executions left; a new Run reads nothing."""
        if record.run.status == "queued" and not self._journal.progress.rounds:
            return Resumption()
        bench = self._bench
        stored = await stored_run(bench.threads, record)
        resumed = await resumption(bench.events, stored, bench.clock.now())
        self._said += resumed.items
        self._call_ids += resumed.call_ids
        if resumed.put:
            self._journal.later(*resumed.put, events=resumed.events)
        return resumed


def _ending(finished: Finished) -> Ending:
    if finished.reason == "length":
        return incomplete("max_completion_tokens")
    if finished.reason == "content_filter":
        return failed(
            "The model's content filter stopped the answer.", "invalid_prompt", cut="content_filter"
        )
    return COMPLETED


def _details(calls: Iterable[Json]) -> Json:
    return {"type": "tool_calls", "tool_calls": list(calls)}
