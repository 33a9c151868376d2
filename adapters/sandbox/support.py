"""On which platforms code runs, and how far that was tried: the table of docs/operations.md.

`tested`: the attack suite (tests/sandbox) runs there. `experimental`: the layers are there and were
probed when the process started, but the suite was never run on such a machine. `off`: no code runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

State = Literal["tested", "experimental", "off"]

_MARKS: Final = ("/.dockerenv", "/run/.containerenv")
"""Files that Docker and Podman put into a container."""


@dataclass(frozen=True, slots=True)
class Support:
    """A row: a platform, how far it was tried, and what is to be known of it."""

    platform: str
    state: State
    remark: str


BOTH: Final = Support(
    "Linux x86-64 with user namespaces",
    "tested",
    "as root and as an ordinary user; with Landlock as a second layer where the kernel has it",
)
LANDLOCK: Final = Support(
    "Linux x86-64 with Landlock alone",
    "tested",
    "kernels from 5.13 on that deny user namespaces, such as recent Ubuntu's",
)
CONTAINER: Final = Support(
    "Linux x86-64 in a container with the default seccomp profile",
    "experimental",
    "it leaves Landlock alone; that mode is tested, Docker and Podman themselves are not",
)
AARCH64: Final = Support(
    "Linux aarch64",
    "experimental",
    "its filter is checked against the kernel's numbers and run by an interpreter of filters",
)
NO_LAYER: Final = Support(
    "Linux without seccomp, or with neither user namespaces nor Landlock",
    "off",
    "a newer kernel, or a container that is allowed more",
)
OTHER_MACHINE: Final = Support(
    "Linux on other processors", "off", "no filter of system calls was written for them"
)
MACOS: Final = Support("macOS", "off", "run the worker in a Linux virtual machine or container")
OTHER_SYSTEM: Final = Support(
    "Windows and others", "off", "run the worker in a Linux virtual machine or container"
)

MATRIX: Final = (
    BOTH, LANDLOCK, CONTAINER, AARCH64, NO_LAYER, OTHER_MACHINE, MACOS, OTHER_SYSTEM
)  # fmt: skip


def support(system: str, machine: str, layers: Sequence[str], *, container: bool) -> Support:
    """The row of this machine.

    Args:
        system: as `sys.platform` has it.
        machine: as `platform.machine` has it.
        layers: those that a probe got on; none where no code runs.
        container: whether this is the inside of one.
    """
    if system != "linux":
        return MACOS if system == "darwin" else OTHER_SYSTEM
    if machine.lower() not in ("x86_64", "amd64", "aarch64", "arm64"):
        return OTHER_MACHINE
    if not layers:
        return NO_LAYER
    if machine.lower() in ("aarch64", "arm64"):
        return AARCH64
    if "namespaces" in layers:
        return BOTH
    return CONTAINER if container else LANDLOCK


def in_a_container(marks: Sequence[str] = _MARKS) -> bool:
    """Whether this process sees the marks of Docker or Podman."""
    return any(Path(mark).exists() for mark in marks)
