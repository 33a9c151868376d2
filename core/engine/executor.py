"""What executes Runs in one process: the parts, put together once, and the limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.budgets import RunCeiling
from core.clock import Clock
from core.engine.answering import Workbench
from core.engine.code_files import CodeFiles
from core.engine.code_tool import CodeRunner
from core.engine.context import Estimate, estimated_tokens
from core.engine.execution import Execution, Shared
from core.engine.history import HistoryReader
from core.engine.live import Channel, Live
from core.engine.models import Catalogue, Endpoint
from core.engine.ports import Blobs, Interpreter, ObjectStore, RunEvents, RunQueue, ThreadStore
from core.engine.prompting import Limits
from core.engine.pulse import Pace, Pulse
from core.engine.records import RunClaim, RunRecord
from core.engine.rounds import Rounds
from core.engine.search_tool import Searcher
from core.engine.searching import FileSearch
from core.engine.using import HostedTools
from core.errors import BobbinError
from core.ids import Ids

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """How Runs are executed.

    ceiling: what one Run may take.
    history_tokens: what a prompt takes of the Thread where the Run does not say (tokens).
    model_attempts: tries of one model round.
    takeovers: how often a Run whose executor was lost is taken over before it fails.
    delta_interval_s: how long deltas wait for company on their way to the log; None: they go only
        together with other changes (enough where every follower is in the executing process).
    unread_interval_s: the same while nobody reads the log.
    opening_interval_s: the same for a Message that begins: somebody waits for its first word, and
        an answer that comes at once is still one change.
    """

    ceiling: RunCeiling = field(default_factory=RunCeiling)
    history_tokens: int = 32_000
    model_attempts: int = 4
    takeovers: int = 3
    delta_interval_s: float | None = 0.03
    unread_interval_s: float = 0.25
    opening_interval_s: float = 0.005


class Executor:
    """What all executions of a process share."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        blobs: Blobs,
        events: RunEvents,
        queue: RunQueue,
        endpoints: Mapping[str, Endpoint],
        catalogue: Catalogue,
        interpreter: Interpreter,
        search: FileSearch | None = None,
        live: Live,
        clock: Clock,
        ids: Ids,
        options: ExecutorOptions | None = None,
        estimate: Estimate = estimated_tokens,
    ) -> None:
        """
        Args:
            threads, objects, blobs, events, queue: the stores.
            endpoints: by the names that the catalogue gives.
            catalogue: what model names mean.
            interpreter: where code runs.
            search: where files are searched; without it that tool is not offered.
            live: where followers of this process look.
            clock, ids: for everything new.
            options: limits.
            estimate: tokens of a text.
        """
        options = options or ExecutorOptions()
        files = CodeFiles(
            sessions=interpreter,
            threads=threads,
            objects=objects,
            blobs=blobs,
            ids=ids,
            clock=clock,
        )
        bench = Workbench(
            threads=threads,
            events=events,
            catalogue=catalogue,
            rounds=Rounds(endpoints, clock, attempts=options.model_attempts),
            history=HistoryReader(threads=threads, objects=objects, blobs=blobs, estimate=estimate),
            hosted=HostedTools(
                code=CodeRunner(
                    interpreter=interpreter, files=files, blobs=blobs, here=ids.new("code_")
                ),
                search=Searcher(search, estimate),
            ),
            limits=Limits(options.ceiling, options.history_tokens, estimate),
            clock=clock,
            ids=ids,
        )
        interval_s = options.delta_interval_s
        pace = (
            Pace(
                opening=Pulse(clock, options.opening_interval_s),
                read=Pulse(clock, interval_s),
                unread=Pulse(clock, options.unread_interval_s),
            )
            if interval_s is not None
            else None
        )
        self._interpreter = interpreter
        self._shared = Shared(
            bench=bench,
            queue=queue,
            live=live,
            pace=pace,
            takeovers=options.takeovers,
            seconds=options.ceiling.seconds,
        )

    def execution(
        self,
        claim: RunClaim,
        record: RunRecord | None = None,
        channel: Channel | None = None,
        *,
        on_placed: Callable[[], None] = lambda: None,
    ) -> Execution:
        """The execution of a claimed Run. `record` and `channel` come from whoever made the Run.

        `on_placed` is called when the Run holds a model slot, or waits for one, for the first time.
        """
        return Execution(self._shared, claim, record, channel, on_placed)

    async def close_code(self, thread_id: str) -> None:
        """Forget the Thread's code session, if it is here."""
        try:
            await self._interpreter.close(thread_id)
        except BobbinError as error:
            log.warning("the code session of %s was not closed: %s", thread_id, error)
