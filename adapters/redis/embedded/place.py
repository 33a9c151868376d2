"""The folder that a server lives in: is it fit, and where is its socket?"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from core.errors import BobbinError, ConfigurationError, StoreRefused

SOCKET_NAME = "valkey.sock"

LONGEST_SOCKET_PATH = 103
"""Bytes that fit into `sun_path` everywhere (104 on macOS, with the closing zero)."""

SHARED_FILE_SYSTEMS = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb", "smb2",
        "smb3", "smbfs", "sshfs", "vboxsf", "vmhgfs",
    }
)  # fmt: skip
"""Types, as in /proc/self/mountinfo, whose locks or fsync reach beyond this machine or fail to."""

_SHARED_FUSE = frozenset(
    {
        "blobfuse", "blobfuse2", "ceph", "ceph-fuse", "cifs", "davfs2", "gcsfuse", "glusterfs",
        "goofys", "juicefs", "moosefs", "mount-s3", "rclone", "s3fs", "seaweedfs", "smbnetfs",
        "sshfs", "vmhgfs-fuse",
    }
)  # fmt: skip

_PROBE_BYTES = 64 * 1024


def prepare(data_dir: Path, mountinfo: str | None = None) -> Path:
    """Make `<data_dir>/valkey` (mode 0700) and return it.

    Args:
        data_dir: the value of BOBBIN_DATA_DIR.
        mountinfo: text like /proc/self/mountinfo; `None` reads that file.

    Raises:
        ConfigurationError: shared with other machines, not ours, not writable.
        StoreRefused: the disk is full.
    """
    directory = (data_dir / "valkey").resolve()
    refuse_shared(directory, _mountinfo() if mountinfo is None else mountinfo)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.stat()
    except OSError as error:
        raise unusable(directory, error) from error
    if found.st_uid != os.geteuid():
        raise ConfigurationError(
            f"The folder {directory} belongs to another user (uid {found.st_uid}, not "
            f"{os.geteuid()}). Run Bobbin as that user, or choose another BOBBIN_DATA_DIR."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)
    return directory


def refuse_shared(path: Path, mountinfo: str) -> None:
    """Raise `ConfigurationError` if `path` is on a file system that machines share."""
    mount, kind = file_system(path, mountinfo)
    base, _, sub = kind.partition(".")
    if kind in SHARED_FILE_SYSTEMS or (base in {"fuse", "fuseblk"} and sub in _SHARED_FUSE):
        raise ConfigurationError(
            f"BOBBIN_DATA_DIR leads to {path}, on a file system that is shared with other machines "
            f"({kind}, mounted at {mount}), where neither locks nor fsync can be relied on. "
            "Choose a folder on a local disk, or name a server in REDIS_URL."
        )


def file_system(path: Path, mountinfo: str) -> tuple[str, str]:
    """Mount point and type of the file system that `path` is on (proc(5), mountinfo)."""
    best = ("", "")
    for line in mountinfo.splitlines():
        fields, found, rest = line.partition(" - ")
        columns = fields.split(" ")
        if not found or len(columns) < 5:
            continue
        mount = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), columns[4])
        # Of two mounts on one point the later one is on top.
        if path.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, rest.split(" ", 1)[0])
    return best


def probe(directory: Path) -> None:
    """Write and delete a small file.

    A server that fsyncs every write ends itself when the disk is full; starting it again would
    only end it again.

    Raises:
        StoreRefused: the disk is full.
        ConfigurationError: the folder cannot be written.
    """
    path = directory / f".probe-{os.getpid()}"
    try:
        path.write_bytes(b"\0" * _PROBE_BYTES)
    except OSError as error:
        raise unusable(directory, error) from error
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def unusable(path: Path, error: OSError) -> BobbinError:
    """One sentence for a folder that cannot be used."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StoreRefused(
            f"The disk under {path} is full ({error.strerror}). Make room there; Bobbin goes on "
            "by itself, and nothing that was acknowledged is lost."
        )
    if error.errno == errno.EROFS:
        return ConfigurationError(
            f"The folder {path} is on a read-only file system. Set BOBBIN_DATA_DIR to a folder "
            "that can be written, or name a server in REDIS_URL."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return ConfigurationError(
            f"The folder {path} may not be written by this user. Set BOBBIN_DATA_DIR to a folder "
            "that may, or name a server in REDIS_URL."
        )
    return ConfigurationError(
        f"The folder {path} cannot be used ({error.strerror or error}). Set BOBBIN_DATA_DIR to a "
        "folder that can, or name a server in REDIS_URL."
    )


class SocketAddress:
    """A path to the server's socket that is short enough to connect to.

    The server binds by a relative name inside its folder, which always fits. For whoever connects,
    a long path goes through something short that leads to the same folder and that only this
    process has: its own open descriptor on Linux, a private link elsewhere. So no process depends
    on a folder that others could make first or that could be swept away.
    """

    def __init__(self, directory: Path, descriptors: Path = Path("/proc/self/fd")) -> None:
        """Args: the server's folder; where this system shows a process its descriptors, if it does.

        Raises:
            OSError: no descriptor or no temporary folder to be had.
        """
        self._descriptor = -1
        self._link: Path | None = None
        path = directory / SOCKET_NAME
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            path = self._shorten(directory, descriptors) / SOCKET_NAME
        self.path = path

    def _shorten(self, directory: Path, descriptors: Path) -> Path:
        if descriptors.is_dir():
            self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            return descriptors / str(self._descriptor)
        # macOS: the default temporary folder is long itself, /tmp is not.
        self._link = Path(tempfile.mkdtemp(prefix="bobbin-", dir="/tmp")) / "d"
        self._link.symlink_to(directory)
        return self._link

    def close(self) -> None:
        """Give back what the short path needed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._link is not None:
            with suppress(OSError):
                self._link.unlink()
                self._link.parent.rmdir()
            self._link = None


def _mountinfo() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""  # not Linux: the machine file is what is left
