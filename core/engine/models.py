"""Which model a name means, what is known of it, and how many calls an endpoint takes at once.

Names outlive models: stored Assistants name models that were shut down years ago, so no name is an
error. A name is resolved in this order: one that the endpoint serves is itself; a retired one is
what the alias says; a fine-tuned one (`ft:...`) is itself; an unknown one is the default. Each
replacement is logged once.

Slots. Serial: nothing. Parallel: model calls up to the endpoint's limit; who comes first is served
first. Nothing survives a crash, and nothing needs to: a slot is a promise within one process.
Memory is bounded by the number of waiters.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Final, Literal

from core.clock import Clock
from core.engine.ports import ChatModel

log = logging.getLogger(__name__)

ToolMode = Literal["native", "json"]

UNKNOWN_WINDOW: Final = 8_192
"""Tokens of a model of which nothing is known: what the smallest common set-ups give."""

UNKNOWN_OUTPUT: Final = 4_096
"""Tokens kept free for an answer where the longest answer is not known."""

TUNED: Final = "ft:"
"""How names of fine-tuned models begin: `ft:<base model>:<organization>:<suffix>:<id>`."""

_LATEST: Final = ":latest"
"""What Ollama lists behind a name that is asked for without it."""

_NAMES_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of models with such a name; None is unknown. Prices: USD per million tokens.

    A model of which nobody says that it sees no `images` is shown them: an endpoint that takes none
    says so, and is asked again without them.
    """

    match: str
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    tool_mode: ToolMode = "native"
    images: bool = True
    sampling: bool = True
    input_price: float | None = None
    output_price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A retired name. `to` is a name or `default`; `starts` the day of its shut-down (UTC)."""

    match: str
    to: str
    starts: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedModel:
    """The model to call. `window` counts prompt and answer together, `max_output` the answer alone
    (tokens)."""

    name: str
    endpoint: str
    window: int
    max_output: int | None
    tool_mode: ToolMode
    images: bool
    sampling: bool

    def answer_room(self, wanted: int | None) -> int:
        """Tokens to keep free for the answer: at most a quarter of the window."""
        room = min(wanted or UNKNOWN_OUTPUT, self.max_output or UNKNOWN_OUTPUT)
        return min(room, self.window // 4)


class Catalogue:
    """Names of models and what they mean at one endpoint."""

    def __init__(
        self,
        *,
        endpoint: str,
        default: str,
        facts: Iterable[ModelFacts],
        aliases: Iterable[Alias],
        clock: Clock,
        official: bool = False,
        served: Iterable[str] | None = None,
        window: int | None = None,
    ) -> None:
        """
        Args:
            endpoint: its name; what slots and calls are looked up under.
            default: the model where no name is given or known.
            facts: the first match wins.
            aliases: the first match wins.
            clock: for aliases that start on a day.
            official: OpenAI's own endpoint. At others an alias holds from the start.
            served: all names that there are, where that is known from the start.
            window: what the operator says of the window (tokens); overrides all else.
        """
        self._endpoint = endpoint
        self.default = default
        self._facts = tuple(facts)
        self._aliases = tuple(aliases)
        self._clock = clock
        self._official = official
        self._served = frozenset(served) if served is not None else None
        self._complete = served is not None
        self._window = window
        self._windows: dict[str, int] = {}
        self._resolved: dict[str, ResolvedModel] = {}
        self._logged: set[str] = set()

    def resolve(self, name: str | None) -> ResolvedModel:
        """The model that `name` means now. Never fails."""
        target = self._target(name or self.default)
        found = self._resolved.get(target)
        if found is None:
            if len(self._resolved) >= _NAMES_KEPT:
                self._resolved.clear()
            found = self._resolved[target] = self._describe(target)
        return found

    def price(self, name: str) -> tuple[float, float] | None:
        """US dollars per million tokens read and written, where somebody set them."""
        fact = self._fact(self.resolve(name).name)
        if fact is None or fact.input_price is None or fact.output_price is None:
            return None
        return fact.input_price, fact.output_price

    def learn(self, served: Iterable[str], windows: Mapping[str, int] | None = None) -> None:
        """What the endpoint tells, once it has told it.

        Args:
            served: the names that it lists, if it lists any. Few list what was tuned.
            windows: of its models, by name (tokens); they override the facts.
        """
        names = frozenset(served)
        if names:
            self._served = names
        self._windows.update(windows or {})
        self._resolved.clear()

    def listed(self) -> tuple[str, ...]:
        """The default model, then all others that are known to be served, by name."""
        return self.default, *sorted((self._served or frozenset()) - {self.default})

    def knows(self, name: str) -> bool:
        """Whether the name is a model here, or a retired one that another stands in for."""
        return name == self.default or self._is_itself(name) or self._alias(name) is not None

    def _target(self, name: str) -> str:
        if name == self.default or self._is_served(name):
            return name
        alias = self._alias(name)
        if alias is not None:
            return self._replaced(name, self.default if alias.to == "default" else alias.to)
        return name if self._is_itself(name) else self._replaced(name, self.default)

    def _is_itself(self, name: str) -> bool:
        """Whether a name that no alias replaces is asked for as it is."""
        if self._is_served(name) or (name.startswith(TUNED) and not self._complete):
            return True
        return self._served is None and self._official and self._fact(name) is not None

    def _alias(self, name: str) -> Alias | None:
        return next(
            (one for one in self._aliases if fnmatchcase(name, one.match) and self._holds(one)),
            None,
        )

    def _is_served(self, name: str) -> bool:
        served = self._served or ()
        return name in served or f"{name}{_LATEST}" in served

    def _replaced(self, name: str, by: str) -> str:
        if name not in self._logged and len(self._logged) < _NAMES_KEPT:
            self._logged.add(name)
            log.warning("the model %r is not served at this endpoint; %r answers instead", name, by)
        return by

    def _holds(self, alias: Alias) -> bool:
        if alias.starts is None or not self._official:
            return True
        return datetime.fromtimestamp(self._clock.now(), UTC).date() >= alias.starts

    def _fact(self, name: str) -> ModelFacts | None:
        base = name.removeprefix(TUNED).partition(":")[0] if name.startswith(TUNED) else name
        return next((fact for fact in self._facts if fnmatchcase(base, fact.match)), None)

    def _describe(self, name: str) -> ResolvedModel:
        fact = self._fact(name) or ModelFacts(match=name)
        return ResolvedModel(
            name=name,
            endpoint=self._endpoint,
            window=(
                self._window
                or self._windows.get(name)
                or self._windows.get(f"{name}{_LATEST}")
                or fact.context_tokens
                or UNKNOWN_WINDOW
            ),
            max_output=fact.max_output_tokens,
            tool_mode=fact.tool_mode,
            images=fact.images,
            sampling=fact.sampling,
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where models of one place are called, and how many calls at once."""

    model: ChatModel
    slots: Slots


class Slots:
    """How many model calls one endpoint takes at the same time from this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._change = asyncio.Event()
        self._watchers: list[Callable[[], None]] = []

    def free(self) -> int:
        """Slots that nobody has or waits for."""
        return max(0, self._limit - self._taken - len(self._waiting))

    def watch(self, call: Callable[[], None]) -> None:
        """Call it whenever `free` may have grown."""
        self._watchers.append(call)

    async def changed(self, timeout_s: float) -> None:
        """Return when `free` may have grown, at the latest after `timeout_s` seconds."""
        self._change.clear()
        try:
            await asyncio.wait_for(self._change.wait(), timeout_s)
        except TimeoutError:
            return

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold one slot; wait for it in the order of asking."""
        if self._taken >= self._limit or self._waiting:
            await self._queue()
        else:
            self._taken += 1
        try:
            yield
        finally:
            self._give_back()

    async def _queue(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give_back()
            elif place in self._waiting:
                self._waiting.remove(place)
                self._grown()
            raise

    def _give_back(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)  # the slot changes hands
                return
        self._taken -= 1
        self._grown()

    def _grown(self) -> None:
        self._change.set()
        for call in self._watchers:
            call()
