"""The Run queue in Redis: leases of family `t`, and the Runs that may expire.

An item is `<thread id>/<run id>`; what a lease is and how it moves stands in `leases.py`, what is
kept for whom in `homes.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adapters.redis import homes, keys
from adapters.redis.claims import Claims, Held
from adapters.redis.connection import Client, Script, decode, translate
from core.engine.records import RunClaim

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLAIM = Script(homes.CLAIM)


class RedisRunQueue:
    """`RunQueue` on the Redis protocol. Close it with `aclose` before the client.

    Args:
        client: from `connect`.
        partitions: as written into the store by `ensure_layout`.
        lease_ms: how long a claim lasts without `renew`.
        is_gone: whether an owner certainly lives no more: nothing is kept for it.
    """

    def __init__(
        self,
        client: Client,
        partitions: int,
        *,
        lease_ms: int,
        is_gone: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._commands: Any = client  # whose types are partly unknown
        self._bases = [keys.base("t", number) for number in range(partitions)]
        self._claims = Claims(client, "t", partitions, lease_ms=lease_ms, is_gone=is_gone)

    async def claim(self, owner: str, limit: int) -> list[RunClaim]:
        """Up to `limit` Runs; see `RunQueue.claim`. With a limit of 0 nothing is asked unless
        something is kept for the owner.

        Let it finish when stopping: what a cancelled claim took comes back only with its lease.

        Raises:
            StoreError: a partition could not be asked, and nothing was taken before it.
        """
        taken = await self._claims.claim(owner, limit, script=_CLAIM)
        claims: list[RunClaim] = []
        for one in taken:
            thread_id, _, run_id = one.item.partition("/")
            claims.append(RunClaim(thread_id, run_id, one.epoch, one.takeovers))
        return claims

    async def renew(self, claims: Sequence[RunClaim]) -> list[bool]:
        return await self._claims.renew([self._held(claim) for claim in claims])

    async def release(self, claim: RunClaim, *, again: bool) -> None:
        await self._claims.release(self._held(claim), again=again)

    async def recover(self, owner_is_gone: Callable[[str], bool]) -> int:
        """Let the leases of owners that are known to be gone run out at once; how many.

        For the start of a process: Runs of a worker that died on this machine are not waited for.
        """
        return await self._claims.recover(owner_is_gone)

    async def expired(self, now: int, limit: int) -> list[tuple[str, str]]:
        """(thread id, run id) of Runs with `expires_at` at or before `now`, oldest first."""

        async def ask(base: str) -> Iterable[tuple[Any, float]]:
            with translate():
                return await self._commands.zrangebyscore(
                    f"{base}expiry", "-inf", now, start=0, num=limit, withscores=True
                )

        parts = await asyncio.gather(*map(ask, self._bases))
        oldest = sorted((score, decode(item)) for part in parts for item, score in part)
        return [
            (thread_id, run_id)
            for _, item in oldest[:limit]
            for thread_id, _, run_id in (item.partition("/"),)
        ]

    async def wait(self, timeout_s: float, *, owner: str = "", kept_only: bool = False) -> None:
        await self._claims.wait(timeout_s, kept_for=owner if kept_only else None)

    async def aclose(self) -> None:
        """End the doorbell's connection. The client stays open."""
        await self._claims.aclose()

    def _held(self, claim: RunClaim) -> Held:
        item = f"{claim.thread_id}/{claim.run_id}"
        return Held(self._claims.base(claim.thread_id), item, claim.epoch)
