"""The work of one execution: prompt, model round, tools, and again, until there is an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.assistants import Json, Message, RunStep, StreamEvent
from core.clock import Clock
from core.engine import deltas
from core.engine.citing import MOUNT, next_search
from core.engine.context import History, size_of
from core.engine.drafting import Draft
from core.engine.generation import (
    NO_USAGE,
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
    failed,
    incomplete,
    started,
    status_event,
    step_ended,
)
from core.engine.models import Catalogue, ResolvedModel
from core.engine.ports import RunEvents, ThreadStore
from core.engine.progress import RoundNote
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
from core.engine.resources import SEARCH
from core.engine.resuming import Resumption, resumption
from core.engine.rounds import Rounds
from core.engine.stored import stored_run
from core.engine.tools import model_call, told_output
from core.engine.using import HostedTools, Using, tool_calls
from core.ids import Ids

LEAST_RESULTS: Final = 500
"""Tokens that a search's results get even where there is hardly any room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What all executions of a process work with."""

    threads: ThreadStore
    events: RunEvents
    catalogue: Catalogue
    rounds: Rounds
    history: HistoryReader
    hosted: HostedTools
    limits: Limits
    clock: Clock
    ids: Ids


class Answering:
    """One execution of a Run."""

    def __init__(self, bench: Workbench, journal: Journal, on_placed: Callable[[], None]) -> None:
        self._bench = bench
        self._journal = journal
        self._on_placed = on_placed
        self._using = Using(bench.hosted, journal, bench.clock)
        self._draft: Draft | None = None
        self._said: list[InputItem] = []
        self._call_ids: list[str] = []
        self._first_search = 0
        self._round_usage = NO_USAGE

    async def answer(self, record: RunRecord) -> Ending | None:
        """Work until the Run is to end, and how; None when it waits for tool outputs.

        Raises:
            ModelError: the model did not answer.
            StoreExpired: a vector store that was to be searched has expired.
            ClaimLost, RunCancelled: the Run is not ours any more, or not wanted.
        """
        journal, bench = self._journal, self._bench
        resumed = await self._resume(record)
        if journal.run.status == "queued":
            begun = started(journal.run, bench.clock.now())
            journal.later(run=begun, events=[status_event(begun)])
        model = bench.catalogue.resolve(journal.run.model)
        await self._using.open(lambda: self._room(model))
        self._using.remember(resumed.calls)
        if resumed.open_step is not None:
            self._using.step = resumed.open_step
            if not await self._use_tools(redone=True):
                return None
        try:
            return await self._rounds(model)
        except Exhausted as error:
            return error.ending

    async def end(self, ending: Ending) -> None:
        """Write the end of the Run and of what it left open.

        Raises:
            ClaimLost: it was not written.
        """
        put: list[Message | RunStep] = []
        events: list[StreamEvent] = []
        now = self._bench.clock.now()  # one stamp for all that ends
        if self._draft is not None:
            if ending is COMPLETED:
                put, events = self._draft.finished(self._round_usage, now)
            else:
                put, events = self._draft.cut(ending, self._round_usage, now)
        if self._using.step is not None:
            cut = step_ended(self._using.step, ending, now)
            put.append(cut)
            events.append(status_event(self._using.seen(cut)))
        await self._journal.end(ending, put, events, now)

    # ---------------------------------------------------------------- rounds

    async def _rounds(self, model: ResolvedModel) -> Ending | None:
        journal, bench = self._journal, self._bench
        run, tools = journal.run, self._using.tools
        room, last_messages = history_room(run, journal.progress, model, bench.limits)
        history = await bench.history.read(
            run.thread_id, room=room, last_messages=last_messages, run_id=run.id
        )
        self._heed_citations(history)
        note = self._using.note
        while True:
            progress = journal.progress
            check_spent(run, progress, bench.limits)
            chosen = prompt(run, progress, model, history, self._said, tools, bench.limits, note)
            pictures = {}
            if model.images:
                pictures = await bench.history.pictures(chosen.entries, tenant=progress.tenant)
            asked = request(run, progress, model, chosen, tools, pictures)
            draft, finished = await bench.rounds.play(model.endpoint, asked, self._new_draft)
            self._account(chosen, draft, finished)
            if not draft.calls or finished.reason in ("length", "content_filter"):
                return _ending(finished)
            self._note_round(draft)
            if not await self._use_tools(redone=False):
                return None

    def _new_draft(self) -> Draft:
        self._on_placed()
        self._draft = Draft(
            journal=self._journal,
            ids=self._bench.ids,
            clock=self._bench.clock,
            tools=self._using.tools,
            sources=self._using.sources,
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

    def _note_round(self, draft: Draft) -> None:
        """The round is finished and called tools: store what it said and wants."""
        draft.close_message()
        if draft.step is None:
            return
        calls: list[Json] = []
        searches = dict(self._journal.progress.searches)
        for drafted in draft.calls:
            call = self._using.tools.step_call(drafted.call_id, drafted.name, drafted.arguments)
            calls.append(call)
            if call["type"] == SEARCH:
                searches[drafted.call_id] = drafted.arguments
            if call["type"] != "function":
                opened = deltas.hosted_opened(draft.step.id, drafted.index, call)
                self._journal.channel.add(opened)
        self._call_ids += [call.call_id for call in draft.calls]
        step = self._using.step = replace(draft.step, step_details=tool_calls(calls))
        note = RoundNote(step.id, tuple(draft.order), self._round_usage)
        progress = replace(
            self._journal.progress.noted(note), searches=searches, first_search=self._first_search
        )
        self._draft = None
        self._journal.later(step, progress=progress)
        self._say(draft, {call["id"]: call for call in calls})

    def _say(self, draft: Draft, calls: dict[str, Json]) -> None:
        texts = iter(draft.said)
        for kind, value in draft.order:
            if kind == "reasoning":
                self._said.append(Reasoning(value))
            elif kind == "call":
                self._said.append(ToolCall(*model_call(calls[value], self._journal.progress)))
            elif text := next(texts, ""):
                self._said.append(AssistantItem(text))

    async def _use_tools(self, *, redone: bool) -> bool:
        """Carry out the calls of the tool Step; False when the Run waits for the rest of them."""
        calls = await self._using.carry_out(redone=redone)
        if calls is None:
            return False
        progress = self._journal.progress
        self._said += [ToolOutput(call["id"], told_output(call, progress)) for call in calls]
        return True

    def _room(self, model: ResolvedModel) -> int:
        """Tokens that the results of one more search may have: half of what is left."""
        limits = self._bench.limits
        room, _ = history_room(self._journal.run, self._journal.progress, model, limits)
        return max(
            LEAST_RESULTS, (room - sum(size_of(x, limits.estimate) for x in self._said)) // 2
        )

    def _heed_citations(self, history: History) -> None:
        """Earlier answers cite as this one may: their markers keep their meaning."""
        sources = self._using.sources
        entries = (*history.oldest, *history.newest)
        for entry in entries:
            sources.earlier |= entry.cited
            for text, file_id in entry.cited.items():
                if text.startswith(MOUNT):
                    sources.files.setdefault(text.removeprefix(MOUNT), file_id)
        said = (entry.item.text for entry in entries if isinstance(entry.item, AssistantItem))
        progress = self._journal.progress
        self._first_search = progress.first_search if progress.searches else next_search(said)

    # ---------------------------------------------------------------- going on

    async def _resume(self, record: RunRecord) -> Resumption:
        """Pick up what earlier executions left; a new Run reads nothing."""
        if record.run.status == "queued" and not self._journal.progress.rounds:
            return Resumption()
        bench = self._bench
        stored = await stored_run(bench.threads, record)
        resumed = await resumption(bench.events, stored, bench.clock.now())
        self._said += resumed.items
        self._call_ids += [call["id"] for call in resumed.calls]
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
