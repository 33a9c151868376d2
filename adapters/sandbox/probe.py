"""Which layers this machine gives, found out by trying them in a throw-away process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.sandbox.jail import Mode
from adapters.sandbox.nursery import BirthFailed, Nursery, Plan, ZygoteGone
from adapters.sandbox.sessions import Session, SessionLost

_SAMPLES = 20
_ADVICE = (
    "Code needs Linux 5.13 or later on x86_64 or aarch64, with seccomp and either Landlock or user "
    "namespaces."
)
_ADVICE_FOR_ROOT = (
    "Root's code runs as nobody where there are no namespaces: run the bot as an ordinary user, or "
    "keep its Python where every user may read it."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The best mode that held, or why none did."""

    mode: Mode | None
    layers: tuple[str, ...]
    sentence: str


def candidates(*, root: bool, namespaces: bool, landlock: bool) -> tuple[Mode, ...]:
    """The modes to try, best first. `namespaces` and `landlock` can only take modes away."""
    modes: list[Mode] = []
    if namespaces:
        drops = (True, False) if root else (False,)
        modes += [Mode(namespaces=True, landlock=landlock, drop_root=drop) for drop in drops]
    if landlock:
        modes.append(Mode(namespaces=False, landlock=True, drop_root=root))
    return tuple(modes)


async def probe(plan: Plan, modes: Sequence[Mode]) -> Finding:
    """Try `modes` in order and return the first whose walls hold from within."""
    if sys.platform != "linux":
        return Finding(None, (), f"Code cannot be isolated on {sys.platform}. {_ADVICE}")
    try:
        # No imports of size: the layers are the same, and this process lives for milliseconds.
        nursery = await Nursery.start(replace(plan, preload=()))
    except ZygoteGone as error:
        return Finding(None, (), f"The interpreter does not start: {error}.")
    reasons: list[str] = []
    try:
        for mode in modes:
            able = replace(mode, landlock=mode.landlock and nursery.landlock_abi > 0)
            reason = await _try(nursery, plan, able)
            if reason is None:
                return _holds(able, nursery)
            reasons.append(f"{_label(mode)}: {reason}")
    except ZygoteGone as error:
        reasons.append(str(error))
    finally:
        await nursery.close()
    why = "; ".join(dict.fromkeys(reasons))
    advice = f"{_ADVICE} {_ADVICE_FOR_ROOT}" if os.geteuid() == 0 else _ADVICE
    return Finding(None, (), f"Code cannot be isolated here ({why}). {advice}")


async def _try(nursery: Nursery, plan: Plan, mode: Mode) -> str | None:
    """None when the mode holds, otherwise what is wrong with it."""
    if not (mode.namespaces or mode.landlock):
        return "not in this kernel"
    try:
        number, channel = await nursery.fork(mode)
    except BirthFailed as error:
        return str(error)
    session = Session(nursery, number, channel, plan.limits)
    try:
        hidden = tuple(_samples((*plan.hidden, plan.folder), nursery.readable))
        found = await session.check(nursery.readable, hidden)
    except SessionLost as error:
        return error.why
    await session.kill()
    return ", ".join(found) or None


def _samples(hidden: Iterable[Path], readable: Iterable[str]) -> Iterable[str]:
    """Some files and folders in `hidden` that a session must not be able to open.

    Folders on the way to what it may read are left out: they exist in its root, with nothing else
    in them.
    """
    allowed = [Path(path) for path in readable]
    on_the_way = {*allowed, *(parent for path in allowed for parent in path.parents)}
    for path in hidden:
        real = path.resolve()
        inner = real.iterdir() if real.is_dir() else [real]
        yield from [str(found) for found in inner if found not in on_the_way][:_SAMPLES]


def _label(mode: Mode) -> str:
    return "namespaces" if mode.namespaces else "Landlock alone"


def _holds(mode: Mode, nursery: Nursery) -> Finding:
    layers: list[str] = []
    if mode.namespaces:
        layers.append("namespaces")
    if mode.landlock:
        layers.append(f"landlock (ABI {nursery.landlock_abi})")
    layers.append("seccomp")
    layers.append("limits")
    if mode.drop_root:
        layers.append("uid nobody")
    sentence = f"Code runs in a jail of {', '.join(layers)}."
    if not mode.namespaces:
        sentence += " Without namespaces the disk is watched, not limited by the kernel."
    if os.geteuid() == 0 and not mode.drop_root:
        sentence += " Outside its namespace the code's user is root; an ordinary user is better."
    return Finding(mode, tuple(layers), sentence)
