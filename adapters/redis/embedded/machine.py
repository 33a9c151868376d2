"""One machine at a time: a file that says which one, kept fresh while it is used.

A flock says nothing to another kernel. File systems that are known to be shared are refused by
their type (`place.py`); this file is for those that are not known. A machine that finds another
one's name does not compare clocks: it watches whether the file is still being touched.
"""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.clock import Clock
from core.errors import ConfigurationError

_PATIENCE = 2.5
"""Beats without a touch after which the other machine is gone."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Who we are: the running kernel, the installed system, and its name on the network.

    Containers share the first with their host; a reboot changes only the first.
    """

    boot: str
    installation: str
    host: str

    @classmethod
    def read(cls, root: Path = Path("/")) -> Machine:
        """This machine, from the files below `root`."""
        return cls(
            boot=_line(root / "proc/sys/kernel/random/boot_id"),
            installation=_line(root / "etc/machine-id"),
            host=platform.node(),
        )

    def same_as(self, other: Machine) -> bool:
        """The same kernel, or the same system after a reboot."""
        if self.boot and self.boot == other.boot:
            return True
        return self.host == other.host and self.installation == other.installation


class MachineFile:
    """The claim of one machine on a folder; every process that uses it touches it each `beat_s`."""

    def __init__(self, path: Path, machine: Machine, clock: Clock, beat_s: float) -> None:
        self._path = path
        self._machine = machine
        self._clock = clock
        self._beat_s = beat_s

    async def check(self) -> None:
        """Return when no other machine uses the folder.

        Takes no time when the last user was this machine or left properly; otherwise as long as
        it takes to see that the other one is silent.

        Raises:
            ConfigurationError: another machine uses it now.
        """
        found = self._read()
        if found is None or found[0].same_as(self._machine):
            return
        other, beat_s, touched = found
        waited = 0.0
        while waited < beat_s * _PATIENCE:
            await self._clock.sleep(beat_s / 4)
            waited += beat_s / 4
            now = self._read()
            if now is None or now[0].same_as(self._machine):
                return
            if now[2] != touched:
                raise ConfigurationError(
                    f"The folder {self._path.parent} is in use by another machine "
                    f"({other.host or other.boot}). Stop Bobbin there, give BOBBIN_DATA_DIR "
                    "another folder here, or let both use one server named in REDIS_URL."
                )

    def write(self) -> None:
        """Put our name on the folder."""
        text = json.dumps({**asdict(self._machine), "beat_s": self._beat_s})
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(self._path)

    async def keep_fresh(self) -> None:
        """Touch the file every beat, for ever."""
        while True:
            await self._clock.sleep(self._beat_s)
            with suppress(OSError):  # a full disk is reported by whoever needs to write
                try:
                    os.utime(self._path)
                except FileNotFoundError:
                    self.write()

    def remove(self) -> None:
        """Take our name off: the last user here has left."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[Machine, float, int] | None:
        """Whose it is, how often that one touches it, and when it last did (ns)."""
        try:
            with self._path.open(encoding="utf-8") as file:
                found = json.load(file)
                touched = os.fstat(file.fileno()).st_mtime_ns
            machine = Machine(str(found["boot"]), str(found["installation"]), str(found["host"]))
            return machine, float(found["beat_s"]), touched
        except (OSError, ValueError, KeyError, TypeError):
            return None  # none, or torn by a crash: nobody's


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
