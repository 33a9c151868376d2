"""Repeating what failed because the server was away for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis import exceptions as sdk
from redis.asyncio import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from adapters.redis.faults import is_refusal, is_unreachable

_RETRIES = 8
_BACKOFF_BASE_S = 0.02
_BACKOFF_CAP_S = 0.5
"""Pauses of 40, 80, 160, 320, 500, 500, 500, 500 ms: 2.6 s in all."""

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
        outermost = task not in self._inside
        self._inside.add(task)

        async def attempt() -> _T:
            try:
                return await do()
            except self._supported_errors as error:
                if outermost and not is_refusal(error):
                    raise
                raise _Final(error) from None

        try:
            return await super().call_with_retry(attempt, fail, *args, **kwargs)
        except _Final as final:
            error = final.error
        finally:
            if outermost:
                self._inside.discard(task)
        raise error  # here, where nothing is being handled, it keeps its own cause


class PatientCluster(RedisCluster):
    """A cluster client that waits for a fail-over as the standalone one waits for a restart."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As in the base class; raises its last error when the patience is over."""
        attempt = super().execute_command

        async def once() -> Any:
            try:
                return await attempt(*args, **dict(kwargs))
            except sdk.RedisClusterException as error:
                if is_unreachable(error):
                    raise sdk.ConnectionError(str(error)) from error
                raise

        async def ignore(error: Exception) -> None:
            del error

        return await Patience((*_AWAY, sdk.ClusterDownError)).call_with_retry(once, ignore)


class _Final(Exception):
    """Carries an error past a retry that would repeat it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error
