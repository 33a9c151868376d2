"""All services of the engine behind one name.

    engine.assistants   engine.threads   engine.messages   engine.runs (with Steps)   engine.files
    engine.vector_stores (with their files, batches and search)
    engine.models (their names)

Concurrency: calls may come from anywhere at any time; each is one or a few round trips to the
store, and what may not happen at the same time is refused by the store itself. Nothing is kept
in memory between calls but the channels of Runs that this process executes.
"""

from __future__ import annotations

from core.clock import Clock
from core.engine.following import Following
from core.engine.live import Live
from core.engine.models import Catalogue
from core.engine.ports import Blobs, Interpreter, ObjectStore, RunEvents, ThreadStore
from core.engine.service.assistants import Assistants
from core.engine.service.attaching import Attaching
from core.engine.service.file_search import StoresForRuns
from core.engine.service.files import Files
from core.engine.service.firstversion import FirstVersion
from core.engine.service.importing import Importing
from core.engine.service.launching import Executors, Launcher
from core.engine.service.messages import Messages
from core.engine.service.runs import Runs
from core.engine.service.starting import Starting
from core.engine.service.threads import Threads
from core.engine.service.vector_stores import VectorStores
from core.ids import Ids


class Engine:
    """The Assistants engine of one process."""

    def __init__(
        self,
        *,
        threads: ThreadStore,
        objects: ObjectStore,
        blobs: Blobs,
        events: RunEvents,
        live: Live,
        vector_stores: VectorStores,
        clock: Clock,
        ids: Ids,
        executors: Executors | None = None,
        interpreter: Interpreter | None = None,
        run_ttl_s: int = 600,
        look_again_s: float = 5.0,
        models: Catalogue | None = None,
    ) -> None:
        """
        Args:
            threads, objects, blobs, events: the stores.
            live: the Runs that this process executes; the same one that its executor has.
            vector_stores: operations on vector stores, which the executor has too.
            clock, ids: for everything new.
            executors: the worker of this process; without one, Runs wait for other processes.
            interpreter: where sessions of deleted Threads are to be closed.
            run_ttl_s: seconds from a Run's creation to its expiry.
            look_again_s: how long a follower trusts a silent log.
            models: what model names mean; None in a process that cannot know.
        """
        launcher = Launcher(threads, live, executors)
        attaching = Attaching(
            objects=objects,
            stores=vector_stores,
            search=StoresForRuns(vector_stores, clock),
            clock=clock,
        )
        starting = Starting(
            threads=threads,
            objects=objects,
            attaching=attaching,
            launcher=launcher,
            clock=clock,
            ids=ids,
            run_ttl_s=run_ttl_s,
        )
        following = Following(threads=threads, events=events, live=live, look_again_s=look_again_s)
        self.assistants = Assistants(objects, attaching, clock=clock, ids=ids)
        self.threads = Threads(
            threads=threads,
            attaching=attaching,
            events=events,
            interpreter=interpreter,
            clock=clock,
            ids=ids,
        )
        self.messages = Messages(threads=threads, attaching=attaching, clock=clock, ids=ids)
        self.runs = Runs(
            threads=threads,
            events=events,
            starting=starting,
            launcher=launcher,
            following=following,
            clock=clock,
        )
        self.models = models
        self.first_version = FirstVersion(self.assistants, vector_stores)
        self.importing = Importing(threads=threads, objects=objects)
        self.vector_stores = vector_stores
        self.files = Files(
            objects=objects, blobs=blobs, shelved=vector_stores.files, clock=clock, ids=ids
        )
