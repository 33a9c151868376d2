"""What the moderators of a place have set, known in every process without asking.

A home (a server, a workspace) has settings of its own and some for single places in it; only what
somebody changed is there. Each process holds a copy of all of it and looks every `EVERY_S` whether
something changed, so that reading costs nothing and waits for nothing (decision 19).

Serial: the looks. What survives a crash: everything is in the store. What bounds memory: only what
was set is held, `MOST` values a home.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from core.clock import Clock
from core.errors import BobbinError

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
"""How old what a process knows may be, while the store answers."""

MOST: Final = 2_000
"""Values of one home, those of its places included."""

_PAGE: Final = 200

Values = Mapping[str, Mapping[str, str]]
"""Value by name by place; the place "" is the whole home."""


@dataclass(frozen=True, slots=True)
class Changed:
    """All that is set in a home, as of a revision, which grows with each change of an account."""

    home: str
    revision: int
    values: Values


class Customs(Protocol):
    """The settings of an account's homes. An account is a bot on a platform."""

    async def put(
        self, account: str, home: str, place: str, values: Mapping[str, str | None]
    ) -> None:
        """Set these values of a place in a home (of the whole home where `place` is empty); None
        takes one back. All of it or nothing.

        Raises:
            InvalidRequest: the home has `MOST` values already; nothing was stored.
            StoreError: nothing is known to be stored.
        """
        ...

    async def since(self, account: str, revision: int, limit: int) -> tuple[int, list[Changed]]:
        """The newest revision of the account, and up to `limit` of the homes that were changed
        behind `revision`, those first that waited longest. Raises StoreError."""
        ...


class LocalCustoms:
    """This process's copy of the settings of one account.

    Args:
        customs: where they are kept.
        clock: for the time between two looks.
        account: whose homes.
    """

    def __init__(self, customs: Customs, clock: Clock, account: str) -> None:
        self._customs = customs
        self._clock = clock
        self._account = account
        self._homes: dict[str, Values] = {}
        self._revision = 0
        self._learnt = 0
        self._looking = asyncio.Lock()

    @property
    def learnt(self) -> int:
        """Grows with each change that this copy learns of."""
        return self._learnt

    def value(
        self, home: str, place: str, name: str
    ) -> tuple[str, Literal["place", "home"]] | None:
        """What is set, and for what: the place comes before the home; None where nobody set it."""
        known = self._homes.get(home)
        if known is None:
            return None
        found = known.get(place, {}).get(name) if place else None
        if found is not None:
            return found, "place"
        found = known.get("", {}).get(name)
        return None if found is None else (found, "home")

    def everywhere(self, name: str) -> list[str]:
        """All values under this name, of all homes and places."""
        places = (one for home in self._homes.values() for one in home.values())
        return [one[name] for one in places if name in one]

    async def put(self, home: str, place: str, values: Mapping[str, str | None]) -> None:
        """Set them; known here when this returns. Raises as `Customs.put`."""
        await self._customs.put(self._account, home, place, values)
        await self.refresh()

    async def refresh(self) -> None:
        """Learn what changed. Raises StoreError."""
        async with self._looking:  # an older answer must not come after a newer one
            while not await self._look():
                pass

    async def _look(self) -> bool:
        """Learn a page of changes; whether that was all."""
        newest, changed = await self._customs.since(self._account, self._revision, _PAGE)
        if newest < self._revision:  # another store, or an older state of it
            self._homes.clear()
            self._revision = 0
            self._learnt += 1
            return False
        self._learnt += len(changed)
        for one in changed:
            self._revision = max(self._revision, one.revision)
            if one.values:
                self._homes[one.home] = one.values
            else:
                self._homes.pop(one.home, None)
        return len(changed) < _PAGE

    @contextlib.asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Known when this begins, and looked after until the block ends. Raises StoreError."""
        await self.refresh()
        task = asyncio.create_task(self._keep_fresh(), name="customs")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep_fresh(self) -> None:
        while True:
            await self._clock.sleep(EVERY_S)
            try:
                await self.refresh()
            except BobbinError as error:
                log.info("whether settings changed is not known just now: %s", error)
