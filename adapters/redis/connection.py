"""A client for the server that REDIS_URL names, or for our own.

What is set here and why (redis-py 8.1, read in its source and measured):

* RESP2. Under RESP3, the library's default since 8, replies to the same command are dicts or
  lists depending on two more options, and every TCP connection asks for maintenance notices.
* A pool that waits. The plain pool raises at once when all connections are in use.
* `Patience` instead of the library's retry, which starts over inside itself: with eight tries, a
  command whose connection broke while the server was away took nine times the time of one that
  came later, and a wrong password was tried eight times.
* A cluster client gets the same patience around it: the library's own repeats a command without
  any pause, and is through long before a replica has taken over.

Whatever is sent may be sent twice: when a connection breaks after a command was written, nobody
knows whether the server carried it out, and the client repeats it. Every script must bear that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import exceptions as sdk
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from adapters.redis.facts import ServerFacts, ensure_layout, inspect, require_version
from adapters.redis.faults import translate
from adapters.redis.patience import Patience, PatientCluster
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from core.clock import Clock

__all__ = [
    "LONGEST_BLOCK_S",
    "Client",
    "Script",
    "ServerFacts",
    "connect",
    "decode",
    "ensure_layout",
    "inspect",
    "shown",
    "translate",
]

Client = Redis | RedisCluster

LONGEST_BLOCK_S = 5.0
"""No command may block longer than this: the socket's time-out is twice that."""

_SOCKET_TIMEOUT_S = 2 * LONGEST_BLOCK_S
_CONNECT_TIMEOUT_S = 5.0
_HEALTH_CHECK_S = 30
"""A connection idle for longer is tried with a PING before it is used."""
_LOADING_POLL_S = 0.25

_OURS = frozenset(
    {"protocol", "decode_responses", "socket_timeout", "health_check_interval", "encoding"}
)
"""What a URL must not set: the code relies on these."""


async def connect(
    url: str, clock: Clock, *, cluster: bool | None = None, max_connections: int = 64
) -> Client:
    """A client that is connected, to a server that is new enough and has loaded its data.

    Close it with `aclose`. It may be used by any number of tasks; one that blocks keeps a
    connection for as long.

    Args:
        url: `redis://`, `rediss://` or `unix://`; `?cluster=true` says that it names a cluster.
        clock: for waiting while the server loads.
        cluster: the same as an argument; `None` asks the URL, then the server.
        max_connections: at most so many at once (to each node); who needs one more waits.

    Raises:
        ConfigurationError: the URL is wrong, the credentials are refused, the server is too old.
        StoreUnavailable: it cannot be reached.
    """
    url, asked = _split_cluster(url)
    cluster = asked if cluster is None else cluster
    if cluster is not True:
        client: Client = _standalone(url, max_connections)
        try:
            info = await _first_answer(client, clock)
            require_version(info)
            if cluster is False or not info.get("cluster_enabled"):
                return client
        except BaseException:
            await client.aclose()
            raise
        await client.aclose()
    client = _cluster(url, max_connections)
    try:
        require_version(await _first_answer(client, clock))
    except BaseException:
        await client.aclose()
        raise
    return client


def decode(value: bytes | str) -> str:
    """The text of a reply, which the client library types as either."""
    return value if isinstance(value, str) else value.decode()


class Script:
    """A Lua script, sent by its digest; its text follows only where a server does not know it.

    All keys must lie in one slot. A script may be carried out twice (see above).
    """

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(
        self,
        client: Client,
        keys: Sequence[str],
        args: Sequence[str | bytes | int | float] = (),
    ) -> Any:
        """Run it and return its reply: `bytes`, `int`, `None`, or a list of these.

        Raises:
            StoreUnavailable, StoreRefused, StoreError: as `translate` does.
        """
        with translate():
            try:
                return await client.evalsha(self.sha, len(keys), *keys, *args)
            except sdk.NoScriptError:
                return await client.eval(self.text, len(keys), *keys, *args)


def _standalone(url: str, max_connections: int) -> Redis:
    options: dict[str, Any] = {} if url.startswith("unix:") else {"socket_keepalive": True}
    try:
        made: Any = BlockingConnectionPool
        pool: BlockingConnectionPool = made.from_url(
            url,
            max_connections=max_connections,
            timeout=_SOCKET_TIMEOUT_S,
            retry=Patience(),
            # The name may lead to the new primary by now: a fresh connection finds it.
            retry_on_error=[sdk.ReadOnlyError],
            socket_connect_timeout=_CONNECT_TIMEOUT_S,
            **_common(),
            **options,
        )
        pool.connection_class(**pool.connection_kwargs)  # refuses what a URL may not say
        return Redis.from_pool(pool)
    except (ValueError, TypeError, AttributeError, sdk.RedisError) as error:
        raise _wrong_url(url) from error


def _cluster(url: str, max_connections: int) -> RedisCluster:
    try:
        return PatientCluster.from_url(
            url,
            max_connections=max_connections,
            retry=Retry(NoBackoff(), 2),  # to find a moved slot; the patience stands around it
            socket_connect_timeout=_CONNECT_TIMEOUT_S,
            socket_keepalive=True,
            **_common(),
        )
    except sdk.RedisClusterException as error:
        raise ConfigurationError(
            f"REDIS_URL ({shown(url)}) names a cluster, which has no unix socket and only "
            "database 0: use redis://host:port."
        ) from error
    except (ValueError, TypeError, AttributeError, sdk.RedisError) as error:
        raise _wrong_url(url) from error


def _common() -> dict[str, Any]:
    return {
        "protocol": 2,
        "decode_responses": False,
        "socket_timeout": _SOCKET_TIMEOUT_S,
        "health_check_interval": _HEALTH_CHECK_S,
    }


async def _first_answer(client: Client, clock: Clock) -> dict[str, Any]:
    """INFO, as soon as the server has loaded its data."""
    asked: Any = client
    while True:
        with translate():
            try:
                if isinstance(client, RedisCluster):
                    await client.initialize()
                    return await asked.info(target_nodes=client.get_default_node())
                return await asked.info()
            except (sdk.BusyLoadingError, sdk.RedisClusterException) as error:
                if not isinstance(error.__cause__ or error, sdk.BusyLoadingError):
                    raise
        await clock.sleep(_LOADING_POLL_S)


def _split_cluster(url: str) -> tuple[str, bool | None]:
    """The URL without `cluster=...`, which is ours, and what that said."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _wrong_url(url) from error
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in sorted(_OURS & query.keys()):
        raise ConfigurationError(f"REDIS_URL ({shown(url)}) must not set {name!r}: take it out.")
    said = query.pop("cluster", None)
    if said is None:
        return url, None
    if said.lower() not in {"true", "false", "1", "0", "yes", "no"}:
        raise ConfigurationError(f"REDIS_URL ({shown(url)}): cluster must be true or false.")
    return urlunsplit(parts._replace(query=urlencode(query))), said.lower() in {"true", "1", "yes"}


def shown(url: str) -> str:
    """The URL without user name, password and options, for people to read."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "it"
    return f"{parts.scheme}://{host}{port}{parts.path}" if parts.scheme else "it"


def _wrong_url(url: str) -> ConfigurationError:
    return ConfigurationError(
        f"REDIS_URL ({shown(url)}) is not a Redis URL: write redis://[user:password@]host:port/0, "
        "rediss:// for TLS, or unix:///path/to/socket."
    )
