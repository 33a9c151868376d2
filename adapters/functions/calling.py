"""The operator's functions, called for a model: arguments checked, time limited, errors in words.

Serial: nothing. Parallel: all calls; async functions run in the process's own loop, others in
threads. Survives a crash: nothing here (the call log is the relay's). Bounded: the threads, the
time of a call, the length of an output.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from adapters.functions.schema import Json, Parameters
from adapters.functions.telling import Unspeakable, hidden, reason, told
from adapters.functions.threads import Threads
from core.chat.function_ports import Call, Caller, Traits

log = logging.getLogger(__name__)


class NotForSeveral(Exception):
    """A function wants the one who asked, and several people did. The text names them."""


Inject = Callable[[Caller], object]
"""Makes a value for a parameter; may raise `NotForSeveral`."""


def _nothing_injected() -> dict[str, Inject]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFunction:
    """One function as it was loaded. `injected` are the parameters that the model does not know."""

    name: str
    description: str
    parameters: Parameters
    function: Callable[..., Any]
    traits: Traits
    injected: Mapping[str, Inject] = field(default_factory=_nothing_injected)

    @property
    def tool(self) -> Json:
        """The function as an Assistant's tool (Assistants API, v2)."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters.schema,
        }
        return {"type": "function", "function": function}


class LoadedFunctions:
    """`OwnFunctions` of core/chat/function_ports.py."""

    def __init__(
        self, functions: Mapping[str, LoadedFunction], *, secrets: tuple[str, ...] = ()
    ) -> None:
        """
        Args:
            functions: by the name that the model uses.
            secrets: values that no error may tell.
        """
        self._functions = functions
        self._secrets = secrets
        self._threads = Threads()

    def traits(self, name: str) -> Traits | None:
        """See the port."""
        found = self._functions.get(name)
        return None if found is None else found.traits

    async def call(self, call: Call, caller: Caller) -> str:
        """See the port."""
        found = self._functions.get(call.name)
        if found is None:
            return f"There is no function named {call.name!r} here."
        try:
            given = found.parameters.read(call.arguments)
        except ValueError as error:
            return f"It was not run, the arguments do not fit: {hidden(str(error), self._secrets)}"
        try:
            given |= {name: inject(caller) for name, inject in found.injected.items()}
        except NotForSeveral as error:
            return str(error)
        return await self._timed(found, given)

    async def _timed(self, found: LoadedFunction, given: Json) -> str:
        begun = False

        def began() -> None:
            nonlocal begun
            begun = True

        limit = found.traits.timeout_s
        try:
            async with asyncio.timeout(limit) as timing:
                try:
                    return told(await self._run(found, given, began))
                except TimeoutError as error:
                    if timing.expired():
                        raise
                    return self._failed(found, error)
                except Unspeakable as error:
                    return f"It ran, and returned something that cannot be told ({error})."
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    if task is not None and task.cancelling():
                        raise
                    return self._failed(found, RuntimeError("it was cancelled"))
                except BaseException as error:  # noqa: BLE001  (whatever an operator's code raises)
                    return self._failed(found, error)
        except TimeoutError:
            log.warning("the function %s did not answer within %g s", found.name, limit)
            if not begun:
                return f"It was not run: too many other calls were at work for {limit:g} seconds."
            return f"It gave no answer within {limit:g} seconds. It may have taken effect."

    async def _run(self, found: LoadedFunction, given: Json, began: Callable[[], None]) -> object:
        if inspect.iscoroutinefunction(found.function):
            began()
            return await found.function(**given)
        result = await self._threads.run(partial(found.function, **given), began)
        return await result if inspect.isawaitable(result) else result

    def _failed(self, found: LoadedFunction, error: BaseException) -> str:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        log.warning("the function %s failed at %s: %s", found.name, where, type(error).__name__)
        log.debug("how %s failed", found.name, exc_info=error)
        return f"It failed: {reason(error, self._secrets)}"
