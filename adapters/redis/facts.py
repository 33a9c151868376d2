"""What the server is, and whether it keeps what we entrust to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from redis import exceptions as sdk
from redis.asyncio import RedisCluster

from adapters.redis.faults import translate
from adapters.redis.keys import PREFIX
from core.errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

OLDEST = (6, 2)

LAYOUT_KEY = f"{PREFIX}layout"

Fsync = Literal["always", "everysec", "no", "off", "unknown"]
"""`off`: no append-only file at all. `unknown`: the server does not say (CONFIG is denied)."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """For `bobbin doctor`: what a server is and how it is set. A cluster's weakest node counts."""

    version: str
    kind: Literal["redis", "valkey"]
    fsync: Fsync
    policy: str
    """`maxmemory-policy`."""
    cluster: bool
    warnings: tuple[str, ...] = ()
    """One sentence for each setting under which acknowledged messages may be lost."""


async def inspect(client: Redis | RedisCluster, *, embedded: bool = False) -> ServerFacts:
    """Ask the server what it is.

    Args:
        client: from `connect`.
        embedded: it is the one that we start ourselves, whose settings must hold.

    Raises:
        ConfigurationError: it is too old; or it is ours and has other settings than we gave it.
        StoreUnavailable: it cannot be reached.
    """
    with translate():
        if isinstance(client, RedisCluster):
            await client.initialize()
            nodes = [
                await _ask(client, target_nodes=node)
                for node in sorted(client.get_primaries(), key=lambda node: str(node.name))
            ]
        else:
            nodes = [await _ask(client)]
    for info, _ in nodes:
        require_version(info)
    oldest = min((info for info, _ in nodes), key=_version)
    levels: set[Fsync] = {_fsync(info, setting) for info, setting in nodes}
    fsync = _weakest(levels)
    policies = sorted({str(info.get("maxmemory_policy", "unknown")) for info, _ in nodes})
    policy = next((name for name in policies if name != "noeviction"), policies[0])
    facts = ServerFacts(
        version=_shown(oldest),
        kind="valkey" if "valkey_version" in oldest else "redis",
        fsync=fsync,
        policy=policy,
        cluster=isinstance(client, RedisCluster),
        warnings=tuple(_warnings(fsync, policy)),
    )
    if embedded and facts.warnings:
        raise ConfigurationError(
            f"Bobbin's own server runs with other settings than it was given (fsync {fsync}, "
            f"maxmemory-policy {policy}). Stop all Bobbin processes of this folder and start again."
        )
    return facts


async def ensure_layout(client: Redis | RedisCluster, partitions: int) -> None:
    """Write the number of partitions into an empty store, or check it against what is there.

    Raises:
        ConfigurationError: the store was laid out with another number.
    """
    with translate():
        await client.hsetnx(LAYOUT_KEY, "partitions", str(partitions))
        found = await client.hget(LAYOUT_KEY, "partitions")
    there = found.decode() if isinstance(found, bytes) else str(found)
    if there != str(partitions):
        raise ConfigurationError(
            f"The store was laid out with {there} partitions and BOBBIN_PARTITIONS says "
            f"{partitions}; what is stored would not be found again. Set BOBBIN_PARTITIONS="
            f"{there}, or use an empty store."
        )


def require_version(info: Mapping[str, Any]) -> None:
    """Raise `ConfigurationError` if INFO tells of a server before 6.2."""
    if _version(info) < OLDEST:
        raise ConfigurationError(
            f"The server named in REDIS_URL is Redis {_shown(info)}; Bobbin needs Redis 6.2 or "
            "later, or Valkey."
        )


async def _ask(client: Redis | RedisCluster, **target: Any) -> tuple[Mapping[str, Any], str | None]:
    """One node's INFO, and its `appendfsync` unless it refuses to tell."""
    asked: Any = client
    info: Mapping[str, Any] = await asked.info(**target)
    try:
        found: Mapping[Any, Any] = await asked.config_get("appendfsync", **target)
    except sdk.ResponseError:
        return info, None  # managed servers have no CONFIG
    for value in found.values():
        return info, value.decode() if isinstance(value, bytes) else str(value)
    return info, None


_WEAKEST: tuple[Fsync, ...] = ("off", "no", "unknown", "everysec", "always")


def _weakest(levels: set[Fsync]) -> Fsync:
    for level in _WEAKEST:
        if level in levels:
            return level
    return "unknown"


def _fsync(info: Mapping[str, Any], setting: str | None) -> Fsync:
    if not int(info.get("aof_enabled", 0)):
        return "off"
    for known in _WEAKEST:
        if known == setting:
            return known
    return "unknown"


def _warnings(fsync: Fsync, policy: str) -> list[str]:
    found: list[str] = []
    if fsync == "off":
        found.append(
            "The server keeps no append-only file: a restart loses every message since its last "
            "snapshot. Set appendonly yes and appendfsync always."
        )
    elif fsync != "always":
        say = (
            "does not say how often it fsyncs" if fsync == "unknown" else f"has appendfsync {fsync}"
        )
        found.append(
            f"The server {say}: a crash may lose messages that were acknowledged seconds before. "
            "Set appendfsync always."
        )
    if policy != "noeviction":
        found.append(
            f"The server has maxmemory-policy {policy}: when memory runs out it may delete "
            "messages that wait. Set maxmemory-policy noeviction."
        )
    return found


def _shown(info: Mapping[str, Any]) -> str:
    return str(info.get("valkey_version") or info.get("redis_version") or "unknown")


def _version(info: Mapping[str, Any]) -> tuple[int, ...]:
    """The version of the Redis that it is, or that it is compatible with (Valkey says 7.2.4)."""
    parts = str(info.get("redis_version", "")).split(".")
    return tuple(int(part) for part in parts if part.isdecimal())
