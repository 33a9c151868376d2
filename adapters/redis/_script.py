"""Stand-in for the connection's `Script`, until that exists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redis import exceptions

from core.errors import StoreUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster


class Script:
    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(
        self, client: Redis | RedisCluster, keys: Sequence[str], args: Sequence[Any]
    ) -> Any:
        try:
            try:
                return await client.evalsha(self._sha, len(keys), *keys, *args)
            except exceptions.NoScriptError:
                return await client.eval(self._text, len(keys), *keys, *args)
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
            raise StoreUnavailable("the store does not answer") from error
