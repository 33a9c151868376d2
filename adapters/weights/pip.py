"""Running pip, which knows its own index, mirrors and proxies, and reading why it failed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from enum import Enum, auto

_CONNECTION = re.compile(r"connection broken|Connection|timed out|Temporary failure|resolve")


class Trouble(Enum):
    """Why pip failed."""

    NO_PIP = auto()
    NO_SPACE = auto()
    UNREACHABLE = auto()
    NOT_THERE = auto()
    """The index has no such thing, or none that fits this machine."""
    OTHER = auto()


def run_pip(
    python: str, arguments: Sequence[str], environment: Mapping[str, str] | None
) -> str | None:
    """Run `python -m pip` with wheels only; None if it went well, else what it complained of.

    `environment` is pip's; None is our own, where its index and proxy may be set.
    """
    verb, *rest = arguments
    common = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
    done = subprocess.run(
        [python, "-m", "pip", verb, *common, *rest],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    return done.stderr if done.returncode else None


def trouble_in(complaint: str) -> Trouble:
    """What a complaint of pip comes down to."""
    if "No module named pip" in complaint:
        return Trouble.NO_PIP
    if "No space left" in complaint:
        return Trouble.NO_SPACE
    if _CONNECTION.search(complaint):
        return Trouble.UNREACHABLE
    if "No matching distribution" in complaint or "not a supported wheel" in complaint:
        return Trouble.NOT_THERE
    return Trouble.OTHER


def last_words(complaint: str) -> str:
    """pip's own last sentence of it, shortened."""
    errors = [line for line in complaint.splitlines() if line.startswith("ERROR")]
    return (errors or ["no reason given"])[-1].removeprefix("ERROR: ")[:300]
