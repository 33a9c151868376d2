"""One pub/sub connection that finds its way back.

Serial: the messages of one connection, in the order of the server. What survives a crash: nothing,
pub/sub is never the truth here, it only shortens waiting. What bounds memory: nothing is kept;
`on_message` is called at once and must not block.

After every subscription, the first and each one after a lost connection, `on_gap` is called:
messages may have been missed, whoever waits looks for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from adapters.redis.connection import Client, decode

_PING_S = 15.0
"""After this long without a message the server is asked whether it is still there."""

_LONGEST_PAUSE_S = 1.0
"""Between two attempts to connect. A restart of the embedded server takes less than 0.2 s."""


class Listener:
    """Subscribes to `channels` and `patterns` and hands on what comes, until `aclose`."""

    def __init__(
        self,
        client: Client,
        *,
        channels: tuple[str, ...] = (),
        patterns: tuple[str, ...] = (),
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._client = client
        self._channels = channels
        self._patterns = patterns
        self._on_message = on_message
        self._on_gap = on_gap
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; once begun, this does nothing. Needs a running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="redis listener")

    async def aclose(self) -> None:
        """Stop listening and close the connection."""
        task, self._task = self._task, None
        while task is not None and not task.done():
            # Sending goes through `asyncio.wait_for`, which before Python 3.12 may swallow this.
            task.cancel()
            await asyncio.wait([task], timeout=0.05)

    async def _listen(self) -> None:
        pause = 0.02
        while True:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    pubsub = await self._subscribed(stack)
                    while await self._next(pubsub):
                        pause = 0.02
            except (RedisError, OSError):
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _subscribed(self, stack: contextlib.AsyncExitStack) -> PubSub:
        pool, own = await _pool_of(self._client)
        if own:
            stack.push_async_callback(pool.disconnect)
        pubsub = PubSub(pool)
        stack.push_async_callback(pubsub.aclose)
        if self._channels:
            await pubsub.subscribe(*self._channels)
        if self._patterns:
            await pubsub.psubscribe(*self._patterns)
        return pubsub

    async def _next(self, pubsub: PubSub) -> bool:
        """Hand on one message; False when the server gave no sign of life."""
        message = cast("dict[str, Any] | None", await pubsub.get_message(timeout=_PING_S))
        if message is None:
            await cast("Callable[[], Awaitable[bool]]", pubsub.ping)()
            message = cast("dict[str, Any] | None", await pubsub.get_message(timeout=_PING_S))
            if message is None:
                return False
        if message["type"] in ("message", "pmessage"):
            self._on_message(decode(message["channel"]), _bytes(message["data"]))
        elif message["type"] in ("subscribe", "psubscribe"):
            self._on_gap()
        return True


async def _pool_of(client: Client) -> tuple[ConnectionPool, bool]:
    """Where a connection for pub/sub comes from, and whether it is ours to close.

    In a cluster every node hears every (unsharded) message, so any node will do; a different one
    is drawn after each failure.
    """
    if isinstance(client, Redis):
        return client.connection_pool, False
    await client.initialize()
    node = client.get_random_node()
    kwargs = {**node.connection_kwargs}
    return ConnectionPool(connection_class=node.connection_class, max_connections=1, **kwargs), True


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
