"""The client library's errors, told as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as sdk

from core.errors import BobbinError, ConfigurationError, StoreError, StoreRefused, StoreUnavailable

_UNAVAILABLE = {
    "LOADING": "The store is reading its files and answers when it has.",
    "CLUSTERDOWN": "The store's cluster has no owner for a part of the keys just now.",
    "MASTERDOWN": "The store's primary is down.",
    "TRYAGAIN": "The store's cluster is moving these keys.",
    "BUSY": "The store is busy with a script.",
}
_REFUSED = {
    "OOM": "The store's memory is full (maxmemory): give it more, or delete old data.",
    "MISCONF": "The store cannot write to its disk: make room there, or see its log.",
    "READONLY": "The store is a replica and takes no writes: REDIS_URL must name the primary.",
    "NOREPLICAS": "The store has too few replicas to take writes (min-replicas-to-write).",
}
_CREDENTIALS = (
    "The server named in REDIS_URL does not accept the user name or password in it: correct "
    "them there."
)

ERRORS = (sdk.RedisError, sdk.RedisClusterException)
"""Everything that the client library raises on purpose."""


@contextmanager
def translate() -> Iterator[None]:
    """Raise our errors in place of the client library's.

    The texts name what is wrong and never quote a command: commands carry what people wrote.

    Raises:
        StoreUnavailable: no connection, time-out, loading, fail-over.
        StoreRefused: memory or disk full, read-only, too few replicas.
        ConfigurationError: the server refuses our credentials or rights.
        StoreError: it refuses the command itself.
    """
    try:
        yield
    except ERRORS as error:
        raise translated(error) from error


def translated(error: Exception) -> BobbinError:
    """Our error for one of the client library's."""
    if is_refusal(error):
        return ConfigurationError(_CREDENTIALS)
    code = code_of(error)
    if code == "NOPERM":
        return ConfigurationError(
            "The user in REDIS_URL may not do all that Bobbin needs: give it `+@all` on the keys "
            "and channels `bobbin:*` (ACL SETUSER)."
        )
    if code in _REFUSED:
        return StoreRefused(_REFUSED[code])
    if code in _UNAVAILABLE:
        return StoreUnavailable(_UNAVAILABLE[code])
    if isinstance(error, sdk.TimeoutError):
        return StoreUnavailable("The store did not answer in time.")
    if isinstance(error, sdk.ConnectionError | sdk.SlotNotCoveredError) or is_unreachable(error):
        return StoreUnavailable("The store cannot be reached.")
    return StoreError(f"The store refused a command ({code or type(error).__name__}).")


def is_refusal(error: BaseException) -> bool:
    """Whether the server rejected our credentials, also where a connect error is wrapped round."""
    kinds = (sdk.AuthenticationError, sdk.AuthorizationError)
    return isinstance(error, kinds) or isinstance(error.__cause__, kinds)


def is_unreachable(error: BaseException) -> bool:
    """Whether a cluster as a whole does not answer, or has keys without an owner."""
    return type(error) is sdk.RedisClusterException and str(error).startswith(
        ("Redis Cluster cannot be connected", "All slots are not covered")
    )


def code_of(error: Exception) -> str:
    """The server's error code (`OOM`, `WRONGTYPE`), or empty.

    The library strips the codes that it knows into `status_code`, leaves the others at the head of
    the text, and puts the command in front of both when the error comes out of a pipeline.
    """
    code = getattr(error, "status_code", None)
    if isinstance(code, str) and code:
        return code
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return name
    text = str(error.args[0]) if error.args else ""
    if text.startswith("Command # "):
        text = text.rpartition("of pipeline caused error: ")[2].lstrip("('\"")
    match = re.match(r"[A-Z]{2,}\b", text)
    return match[0] if match else ""


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (sdk.OutOfMemoryError, "OOM"),
    (sdk.ReadOnlyError, "READONLY"),
    (sdk.BusyLoadingError, "LOADING"),
    (sdk.MasterDownError, "MASTERDOWN"),
    (sdk.ClusterDownError, "CLUSTERDOWN"),
    (sdk.TryAgainError, "TRYAGAIN"),
    (sdk.NoPermissionError, "NOPERM"),
)
"""For releases of the library that do not set `status_code`."""
