"""Where the bytes of files lie: a folder of this machine, or a bucket that several share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.blobs.local import LocalBlobs
from config.settings import Settings
from core.clock import Clock
from core.ids import Ids

if TYPE_CHECKING:
    from adapters.blobs.bucket import BucketBlobs

    BlobStore = LocalBlobs | BucketBlobs


def blob_store(settings: Settings, clock: Clock, ids: Ids) -> BlobStore:
    """The bucket that BOBBIN_BLOBS_URL names, else `blobs/` in the data folder.

    Raises:
        ConfigurationError: the URL cannot be used.
    """
    if settings.bobbin_blobs_url is None:
        return LocalBlobs(settings.bobbin_data_dir / "blobs", clock, ids)
    from adapters.blobs.bucket import BucketBlobs

    return BucketBlobs(settings.bobbin_blobs_url, clock, ids)
