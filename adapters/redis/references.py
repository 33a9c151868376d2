"""Which blobs this store names: what may not be swept from a folder of blobs.

Serial: a sweep. Parallel: processes, of which one sweeps at a time. A crash loses a sweep; the next
one is due as if it had been done. Memory: the names in use, some hundred bytes each.

A blob is named by a File, by an entry of a vector store, or by what is remembered to be prepared.
Whoever names a blob that was not just put has found it in one of these places, so what is read
here before a sweep begins is what has to stay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, cast

import orjson

from adapters.redis.connection import Client, decode, translate
from adapters.redis.facts import LAYOUT_KEY
from adapters.redis.keys import PREFIX
from adapters.redis.vector_codec import blob_of
from core.ids import Ids

_SWEPT_KEY: Final = f"{PREFIX}swept"
_AT_ONCE: Final = 500


class BlobReferences:
    """What this store names, and whose turn it is to sweep.

    Args:
        client: from `connect`.
        ids: for the store's own id.
    """

    def __init__(self, client: Client, ids: Ids) -> None:
        self._commands: Any = client  # whose types are partly unknown
        self._ids = ids

    async def store_id(self) -> str:
        """Which store this is: an id that is written on first use and stays."""
        with translate():
            await self._commands.hsetnx(LAYOUT_KEY, "id", self._ids.new("store_"))
            return decode(await self._commands.hget(LAYOUT_KEY, "id"))

    async def my_turn(self, every_s: int) -> bool:
        """Whether nobody has had this turn within the last `every_s` seconds; then it is ours."""
        with translate():
            return bool(await self._commands.set(_SWEPT_KEY, "1", nx=True, ex=every_s))

    async def in_use(self) -> set[str]:
        """The names of all blobs that this store names at this moment."""
        names: set[str] = set()
        async for key in self._keys("{o:*}:file:*", "hash"):  # not their order, nor what is gone
            async for value in self._values(key):
                names.add(orjson.loads(value)["state"]["blob"])
        async for key in self._keys("{v:*}:store:*:files", "hash"):
            async for value in self._values(key):
                blob = blob_of(value)
                if blob is not None:
                    names.add(blob)
        async for key in self._keys("{v:*}:prepared:*", "string"):
            with translate():
                value = await self._commands.get(key)
            if value is not None:
                names.add(decode(value).partition(" ")[0])
        return names

    async def _keys(self, pattern: str, kind: str) -> AsyncIterator[str]:
        match = PREFIX + pattern
        with translate():
            async for key in self._commands.scan_iter(match=match, count=_AT_ONCE, _type=kind):
                yield decode(key)

    async def _values(self, key: str) -> AsyncIterator[bytes]:
        with translate():
            async for _, value in self._commands.hscan_iter(key, count=_AT_ONCE):
                yield cast("bytes", value)
