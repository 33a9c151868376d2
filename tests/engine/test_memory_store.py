"""The stores in memory keep the contracts of the real ones, or the tests on them prove nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from core.clock import SystemClock
from tests.contracts import (
    test_objects_store,
    test_pages,
    test_run_events,
    test_run_queue,
    test_threads_store,
)
from tests.contracts.engine_stores import Stores
from tests.fakes.memory_store import MemoryStore

MODULES = (test_threads_store, test_pages, test_objects_store, test_run_queue, test_run_events)


class AheadOfTime(SystemClock):
    """Real time, some of it skipped."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def contracts(*modules: ModuleType) -> Iterator[Any]:
    """The tests of these modules that need nothing but the stores."""
    for module in modules:
        for name, test in vars(module).items():
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["stores"]:
                yield pytest.param(test, id=f"{module.__name__.rpartition('.')[2]}-{name}")


@pytest.mark.parametrize("contract", list(contracts(*MODULES)))
async def test_the_contract(contract: Callable[[Stores], Any]) -> None:
    clock = AheadOfTime()
    store = MemoryStore(clock)

    async def run_out() -> None:
        clock.ahead_s += store.lease_s + 1

    ports = (store.threads, store.objects, store.queue, store.events)
    await contract(Stores(*ports, run_out, run_out))
