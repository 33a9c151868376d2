"""Blobs in a bucket (S3, Google Cloud Storage, Azure) that several machines share.

    <prefix>/id              which store this is, written once
    <prefix>/named-by/<id>   each Redis store that names blobs of this one
    <prefix>/ab/cd/<sha256>  the bytes; never changed

An object of a bucket is there whole or not at all, and durable once `put` has returned; that is the
service's own promise. Who we are there comes from the environment variables of the service's own
tools (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT`, ...; https://developmentseed.org/obstore).

A sweep asks for an object's age again right before it removes it. A blob that is put again in the
moment in between is lost; the grace of a day is what keeps the two apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import obstore
from obstore import exceptions as sdk
from obstore.store import from_url

from core.errors import ConfigurationError, NotFound, StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    from core.clock import Clock
    from core.engine.requests import Readable
    from core.ids import Ids

_NAME = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 200
_PART = 1024 * 1024

_GONE = (sdk.NotFoundError, FileNotFoundError)
"""Which of the two it is depends on the service."""

_sdk: Any = obstore  # whose types are partly unknown


class BucketBlobs:
    """`Blobs` behind a URL such as `s3://bucket/prefix`.

    Args:
        url: `s3://`, `gs://`, `az://`, or `file://` for a folder that something else shares.
        clock: for the age of what a sweep finds.
        ids: for the store's own id.

    Raises:
        ConfigurationError: the URL is none of these; the text says so.
    """

    def __init__(self, url: str, clock: Clock, ids: Ids) -> None:
        options: Any = {"mkdir": True} if url.startswith("file://") else {}
        try:
            self._store: Any = from_url(url, **options)
        except (sdk.BaseError, ValueError, TypeError) as error:
            raise ConfigurationError(
                f"BOBBIN_BLOBS_URL cannot be used: {error}. Write s3://bucket/prefix, "
                "gs://bucket/prefix or az://container/prefix."
            ) from error
        self._clock = clock
        self._ids = ids

    async def put(self, data: bytes | Readable) -> str:
        name = await asyncio.to_thread(_digest, data)
        with _bucket():
            await _sdk.put_async(self._store, _path(name), data)
        return name

    async def parts(self, name: str) -> AsyncIterator[bytes]:
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        with _bucket(name):
            found: Any = await obstore.get_async(self._store, _path(name))
            async for part in found.stream(min_chunk_size=_PART):
                yield bytes(part)

    async def get(self, name: str) -> bytes:
        if not _NAME.fullmatch(name):
            raise _unknown(name)
        with _bucket(name):
            found: Any = await obstore.get_async(self._store, _path(name))
            return bytes(await found.bytes_async())

    async def delete(self, name: str) -> None:
        """Remove; a name that is not there is fine."""
        if _NAME.fullmatch(name):
            with _bucket(), contextlib.suppress(*_GONE):
                await obstore.delete_async(self._store, _path(name))

    async def sweep(
        self,
        referenced: Callable[[Sequence[str]], Awaitable[Collection[str]]],
        grace_s: float,
    ) -> int:
        """Remove blobs that nobody refers to; how many. See `LocalBlobs.sweep`."""
        before = self._clock.now() - grace_s
        old: list[str] = []
        with _bucket():
            async for page in _sdk.list(self._store):
                for entry in page:
                    name = str(entry["path"]).rpartition("/")[2]
                    if _NAME.fullmatch(name) and entry["last_modified"].timestamp() < before:
                        old.append(name)
        removed = 0
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            kept = await referenced(some)
            for name in some:
                if name not in kept:
                    removed += await self._remove_old(name, before)
        return removed

    async def store_id(self) -> str:
        """Which store this is: an id that is written on first use and stays."""
        fresh = self._ids.new("blobs_").encode()
        with _bucket(), contextlib.suppress(sdk.AlreadyExistsError, sdk.PreconditionError):
            await obstore.put_async(self._store, "id", fresh, mode="create")
        with _bucket():
            found: Any = await obstore.get_async(self._store, "id")
            return bytes(await found.bytes_async()).decode()

    async def refer(self, store: str) -> bool:
        """Note that the store of this id names blobs of this one; whether it is the only one."""
        with _bucket():
            await obstore.put_async(self._store, f"named-by/{store}", b"-")
            names: list[str] = []
            async for page in _sdk.list(self._store, prefix="named-by"):
                names += [str(entry["path"]).rpartition("/")[2] for entry in page]
        return names == [store]

    async def _remove_old(self, name: str, before: float) -> bool:
        with _bucket():
            try:
                found = await obstore.head_async(self._store, _path(name))
            except _GONE:
                return False
            if found["last_modified"].timestamp() >= before:
                return False
            await obstore.delete_async(self._store, _path(name))
        return True


def _digest(data: bytes | Readable) -> str:
    """The name of these bytes; a file is at its beginning again afterwards."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    found = hashlib.sha256()
    data.seek(0)
    while part := data.read(_PART):
        found.update(part)
    data.seek(0)
    return found.hexdigest()


def _path(name: str) -> str:
    return f"{name[:2]}/{name[2:4]}/{name}"


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no blob {name!r}.")


@contextlib.contextmanager
def _bucket(name: str = "") -> Iterator[None]:
    """A bucket's failures as ours."""
    try:
        yield
    except _GONE as error:
        raise _unknown(name) from error
    except (sdk.PermissionDeniedError, sdk.UnauthenticatedError) as error:
        raise StoreRefused(f"the bucket of BOBBIN_BLOBS_URL refuses: {error}") from error
    except (sdk.BaseError, OSError) as error:
        raise StoreUnavailable(f"the bucket of BOBBIN_BLOBS_URL failed: {error}") from error
