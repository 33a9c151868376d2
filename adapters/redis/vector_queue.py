"""Files that wait to be indexed: leases of family `v`, ended in the step that settles the entry.

An item is `<store id>/<file id>`; what a lease is and how it moves stands in `leases.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from adapters.redis import vector_codec as codec
from adapters.redis import vector_queue_scripts as scripts
from adapters.redis.claims import Claims, Held
from adapters.redis.connection import Client, Script, decode
from core.engine.vectors.records import (
    FileGone,
    HandedOver,
    IndexClaim,
    Indexed,
    NotIndexed,
    Outcome,
    PutOff,
)

_CLAIM = Script(scripts.CLAIM)
_END = Script(scripts.END)
_ROW: Final = 6
"""Values of an item that was claimed."""


class RedisIndexQueue:
    """`IndexQueue` on the Redis protocol. Close it with `aclose` before the client.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
        lease_ms: how long a claim lasts without `renew`.
    """

    def __init__(self, client: Client, partitions: int, *, lease_ms: int) -> None:
        self._client = client
        self._claims = Claims(client, "v", partitions, lease_ms=lease_ms)

    async def claim(self, owner: str, limit: int) -> list[IndexClaim]:
        """Up to `limit` files that nobody has. Let it finish when stopping.

        Raises:
            StoreError: a partition could not be asked, and nothing was taken before it.
        """
        taken = await self._claims.claim(owner, limit, script=_CLAIM, row=_ROW)
        claims: list[IndexClaim] = []
        for one in taken:
            store_id, _, file_id = one.item.partition("/")
            tries, tenant, cut = map(decode, one.extra)
            claims.append(
                IndexClaim(
                    store_id=store_id,
                    file_id=file_id,
                    epoch=one.epoch,
                    takeovers=one.takeovers,
                    tries=int(tries),
                    tenant=unquote(tenant),
                    chunking=codec.decode_cut(cut),
                )
            )
        return claims

    async def renew(self, claims: Sequence[IndexClaim]) -> list[bool]:
        return await self._claims.renew([self._held(claim) for claim in claims])

    async def end(self, claim: IndexClaim, outcome: Outcome) -> bool:
        base = self._claims.base(claim.store_id)
        args: list[Any] = [claim.store_id, claim.file_id, claim.epoch, *_told(outcome)]
        return await _END(self._client, [base], args) == 1

    async def recover(self, owner_is_gone: Callable[[str], bool]) -> int:
        """Let the leases of owners that are known to be gone run out at once; how many."""
        return await self._claims.recover(owner_is_gone)

    async def wait(self, timeout_s: float) -> None:
        await self._claims.wait(timeout_s)

    async def aclose(self) -> None:
        """End the doorbell's connection. The client stays open."""
        await self._claims.aclose()

    def _held(self, claim: IndexClaim) -> Held:
        item = f"{claim.store_id}/{claim.file_id}"
        return Held(self._claims.base(claim.store_id), item, claim.epoch)


def _told(outcome: Outcome) -> list[str | int | bytes]:
    match outcome:
        case Indexed():
            return ["completed", outcome.size, codec.encode_outcome(outcome)]
        case NotIndexed():
            return ["failed", 0, codec.encode_outcome(outcome)]
        case PutOff(delay_s):
            return ["later", round(delay_s * 1000)]
        case HandedOver():
            return ["again"]
        case FileGone():
            return ["gone"]
