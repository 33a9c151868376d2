"""How much one session may use. Standard library only: both sides read this."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may use; each figure is enforced by the kernel or by a kill."""

    soft_s: float = 30.0
    """Seconds until the code is interrupted from within; its variables are kept."""
    grace_s: float = 5.0
    """Seconds after `soft_s` until the process is killed; its variables are lost."""
    memory_bytes: int = 1 << 30
    """Address space (RLIMIT_AS). Without fork this is the whole session's."""
    disk_bytes: int = 64 << 20
    """All files in `/mnt/data` and `/tmp` together."""
    files: int = 4096
    """Files and folders in `/mnt/data` and `/tmp` together."""
    file_bytes: int = 32 << 20
    """One file (RLIMIT_FSIZE)."""
    output_chars: int = 100_000
    """Printed text, value and traceback of one call; the rest is counted and dropped."""
    figures: int = 8
    """Pictures of one call."""
    figure_bytes: int = 4 << 20
    """One picture as PNG."""
    code_chars: int = 200_000
    """Source of one call."""
    threads: int = 64
    """Threads of a session (RLIMIT_NPROC); small stacks would otherwise fit by the thousand."""
    open_files: int = 64
    """Open files (RLIMIT_NOFILE). Small, because a deleted file that is still open is hidden
    from the disk poller of the mode without namespaces."""
    cpu_s: int = 3600
    """Processor seconds in a session's life; the last fence behind the time-outs of each call."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Limits:
        """The inverse of `as_json`; the zygote gets its limits this way."""
        if not isinstance(value, dict):
            raise ValueError("limits must be an object")
        known = {field.name for field in fields(cls)}
        return cls(**{str(name): number for name, number in value.items() if name in known})  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - from our own as_json
