"""Repeating what failed because the server was away for a moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from redis import exceptions as sdk
from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterPipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from adapters.redis.faults import is_refusal, is_unreachable

_RETRIES = 8
_BACKOFF_BASE_S = 0.02
_BACKOFF_CAP_S = 0.5
"""Pauses of 40, 80, 160, 320, 500, 500, 500, 500 ms: 2.6 s in all."""
_LONGEST_S = 10.0
"""A server that hangs costs a time-out at each try: after so long there is no further one."""

_T = TypeVar("_T")
_AWAY = (sdk.ConnectionError, sdk.TimeoutError)


class Patience(Retry):
    """Repeats what failed for want of a connection, with growing pauses, once per call.

    The library asks a connection's retry anew at every level: around the command, inside it around
    the connect. Only the outermost call of a task repeats here; credentials that were refused are
    not tried again.
    """

    def __init__(self, errors: tuple[type[sdk.RedisError], ...] = _AWAY) -> None:
        super().__init__(ExponentialBackoff(_BACKOFF_CAP_S, _BACKOFF_BASE_S), _RETRIES, errors)
        self._inside: set[asyncio.Task[Any] | None] = set()

    async def call_with_retry(
        self, do: Callable[[], Awaitable[_T]], fail: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> _T:
        """Await `do()`, and again after errors that may pass; `fail` is told of each."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _LONGEST_S
        outermost = task not in self._inside
        self._inside.add(task)
        cancels = task.cancelling() if task else 0

        async def attempt() -> _T:
            try:
                return await do()
            except self._supported_errors as error:
                if outermost and not is_refusal(error) and loop.time() < give_up_at:
                    raise
                raise _Final(error) from None

        try:
            answer = await super().call_with_retry(attempt, fail, *args, **kwargs)
            if task and task.cancelling() > cancels:
                # The library sends through `asyncio.wait_for`, which before Python 3.12 swallows
                # a cancellation that comes as the sending ends: its caller would wait for ever.
                raise asyncio.CancelledError
            return answer
        except _Final as final:
            error = final.error
        finally:
            if outermost:
                self._inside.discard(task)
        raise error  # here, where nothing is being handled, it keeps its own cause


class PatientCluster(RedisCluster):
    """A cluster client that waits: for a connection as a pool does, for a fail-over as `Patience`.

    The library's own raises at once when a node's connections are all in use.
    """

    def __init__(self, *args: Any, max_connections: int = 64, **kwargs: Any) -> None:
        # Everything in flight has a place; what a command does beside itself (asking for the
        # layout, following a move) has connections to spare.
        untyped: Any = super()
        untyped.__init__(*args, max_connections=2 * max_connections + 8, **kwargs)
        self._places = asyncio.Semaphore(max_connections)
        self._placed: set[asyncio.Task[Any] | None] = set()

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As in the base class; raises its last error when the patience is over."""
        attempt = super().execute_command

        async def once() -> Any:
            try:
                async with self.place():
                    return await attempt(*args, **dict(kwargs))
            except sdk.RedisClusterException as error:
                if is_unreachable(error):
                    raise sdk.ConnectionError(str(error)) from error
                raise
            except (AttributeError, RuntimeError) as error:
                # redis-py 8.1 closes a node's connection while another task still connects it;
                # that task then writes to None. The connection is gone, and that is all.
                raise sdk.ConnectionError("the connection was closed by another task") from error

        async def ignore(error: Exception) -> None:
            del error

        return await Patience((*_AWAY, sdk.ClusterDownError)).call_with_retry(once, ignore)

    def pipeline(
        self, transaction: Any | None = None, shard_hint: Any | None = None
    ) -> ClusterPipeline:
        """As in the base class; its commands share one place."""
        if shard_hint is not None:
            raise sdk.RedisClusterException("there are no shard hints in a cluster")
        untyped: Any = _WaitingPipeline
        return untyped(self, transaction)

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place; inside a place that this task has already, go on at once."""
        task = asyncio.current_task()
        if task in self._placed:
            yield
            return
        async with self._places:
            self._placed.add(task)
            try:
                yield
            finally:
                self._placed.discard(task)


class _WaitingPipeline(ClusterPipeline):
    """A pipeline that waits for a place before it is sent."""

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        client = self.cluster_client
        if not isinstance(client, PatientCluster):
            return await super().execute(raise_on_error, allow_redirections)
        async with client.place():
            return await super().execute(raise_on_error, allow_redirections)


class _Final(Exception):
    """Carries an error past a retry that would repeat it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
