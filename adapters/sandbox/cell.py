"""Runs one cell after another in the same variables, as a notebook does. Runs inside.

Nothing here is a wall: the jail is around the process. This file makes the inside pleasant, and
keeps one call's mishap from costing the session its variables.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import io
import math
import mmap
import os
import signal
import sys
import traceback
import warnings
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

from adapters.sandbox.limits import Limits
from adapters.sandbox.source import NotPython, compile_cell
from adapters.sandbox.transcript import Transcript

_PIXELS = 16_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = 12
_BALLAST = 8 << 20
_HINTS = (
    ('File "multiprocessing/', "no other program can be started here; threads can"),
    (
        "[Errno 1] ",
        "there is no network here, and no other program can be started, linked or ended",
    ),
    ("[Errno -3] ", "there is no network here"),
    ("[Errno 24] ", "at most {open_files} files can be open at a time; close them"),
    ("can't start new thread", "at most {threads} threads can run here"),
    ("[Errno 13] ", "only /mnt/data and /tmp can be read and written"),
    ("[Errno 27] ", "a single file is limited to {file_mb} MB"),
    ("[Errno 28] ", "the disk here holds {disk_mb} MB in {files} files"),
    (
        "MemoryError",
        "the memory here is limited to {memory_mb} MB, with all variables; `del` large ones",
    ),
    ("ModuleNotFoundError", "no package can be installed here"),
)


class CellTimeout(BaseException):
    """Not an `Exception`, so that `except Exception` in a loop does not swallow it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    text: str
    failed: bool
    figures: tuple[bytes, ...]


class Cells:
    """The variables of one session, and the code that runs in them."""

    def __init__(self, limits: Limits, folders: Mapping[str, str]) -> None:
        self._limits = limits
        self._folders = folders
        self._transcript = Transcript(limits.output_chars)
        self._figures: list[bytes] = []
        self._saved: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self._count = 0
        self._armed = False
        self._adopted = False
        # Given back on MemoryError, so that there is room to report it.
        # Mapped, not allocated: it takes address space, which is what is limited, and no memory.
        self._ballast: mmap.mmap | None = mmap.mmap(-1, _BALLAST)
        self._module = ModuleType("__main__")
        self._module.__dict__.update(__builtins__=builtins, display=self._display)
        sys.modules["__main__"] = self._module
        sys.stdout = sys.stderr = self._transcript
        builtins.input = _no_input
        os.system = _no_program
        warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown.*")
        signal.signal(signal.SIGALRM, self._alarm)

    def run(self, text: str, soft_s: float) -> Outcome:
        """Run one cell. Whatever it does, short of ending the process, this returns."""
        self._count += 1
        self._figures = []
        if self._ballast is None:
            with contextlib.suppress(OSError, MemoryError):
                self._ballast = mmap.mmap(-1, _BALLAST)
        failed = True
        try:
            try:
                self._arm(soft_s)
                failed = self._execute(text)
            finally:
                self._armed = False
        except CellTimeout:
            self._armed = False
            self._transcript.write(
                f"\nTimeoutError: stopped after {soft_s:g} s, the most that one call may take; do "
                "less in one. Variables are kept.\n"
            )
        signal.setitimer(signal.ITIMER_REAL, 0)
        return Outcome(self._text(), failed, tuple(self._figures))

    def _arm(self, soft_s: float) -> None:
        self._armed = True
        # Again every second: the first may be caught by a bare `except:`.
        signal.setitimer(signal.ITIMER_REAL, soft_s, 1.0)

    def _alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise CellTimeout

    def _execute(self, text: str) -> bool:
        """Run the cell, its last value, its figures; returns whether it failed."""
        failed = False
        try:
            self._adopt_pyplot()
            cell = compile_cell(text, f"<cell {self._count}>", self._folders)
            exec(cell.statements, self._module.__dict__)  # noqa: S102 - this is what the jail is for
            if cell.last is not None:
                value: object = eval(cell.last, self._module.__dict__)  # noqa: S307 - likewise
                if value is not None:
                    self._module.__dict__["_"] = value
                    self._display(value)
        except CellTimeout:
            raise
        except NotPython as error:
            self._transcript.write(f"{error}\n")
            failed = True
        except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt, too
            self._report(error)
            failed = True
        try:
            self._capture()
        except Exception as error:  # noqa: BLE001 - a figure that cannot be drawn
            self._report(error)
            failed = True
        return failed

    def _display(self, *values: object) -> None:
        for value in values:
            self._transcript.write(f"{value!r}\n")

    def _report(self, error: BaseException) -> None:
        if isinstance(error, MemoryError) and self._ballast is not None:
            self._ballast.close()
            self._ballast = None
        text = _trimmed(error)
        self._transcript.write(text)
        for mark, hint in _HINTS:
            if mark in text[-2000:]:
                self._transcript.write(f"({self._filled(hint)})\n")
                break

    def _filled(self, hint: str) -> str:
        limits = self._limits
        return hint.format(
            file_mb=limits.file_bytes >> 20,
            disk_mb=limits.disk_bytes >> 20,
            memory_mb=limits.memory_bytes >> 20,
            files=limits.files,
            open_files=limits.open_files,
            threads=limits.threads,
        )

    def _text(self) -> str:
        text = self._transcript.take()
        for known, real in self._folders.items():
            text = text.replace(real, known)
        return text

    def _adopt_pyplot(self) -> None:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None and not self._adopted:
            self._adopted = True

            def show(*_args: object, **_kwargs: object) -> None:
                self._capture()

            # A plain function: pyplot sets attributes on it.
            pyplot.show = show
            self._watch_saving(pyplot.Figure)

    def _watch_saving(self, kind: Any) -> None:
        """Remember of each figure where it was saved, and whether it was changed since."""
        saves = kind.savefig

        @functools.wraps(saves)
        def savefig(figure: Any, fname: Any, *args: Any, **kwargs: Any) -> None:
            saves(figure, fname, *args, **kwargs)
            with contextlib.suppress(TypeError):  # an open file, which nobody gets
                self._saved[figure] = str(Path(fname).absolute())
                figure.stale = False

        kind.savefig = savefig

    def _capture(self) -> None:
        """Turn the open figures into PNGs and close them."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        try:
            for number in pyplot.get_fignums():
                if len(self._figures) >= self._limits.figures:
                    most = self._limits.figures
                    self._transcript.write(f"(only {most} figures are shown in one call)\n")
                    break
                self._draw(pyplot.figure(number))
        finally:
            pyplot.close("all")

    def _as_saved(self, figure: Any) -> bytes | None:
        """The PNG that the figure was saved as, unless it is another picture by now.

        Shown with the same bytes, whoever gets both knows that they are one picture.
        """
        path = self._saved.get(figure)
        if path is None or figure.stale:
            return None
        for name in (path, f"{path}.png"):
            with contextlib.suppress(OSError), Path(name).open("rb") as file:
                png = file.read(self._limits.figure_bytes + 1)
                width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
                fits = len(png) <= self._limits.figure_bytes and width * height <= _PIXELS
                if png.startswith(_PNG) and fits:
                    return png
        return None

    def _draw(self, figure: Any) -> None:
        saved = self._as_saved(figure)
        if saved is not None:
            self._figures.append(saved)
            return
        width, height = figure.get_size_inches()
        dpi = min(float(figure.dpi), math.sqrt(_PIXELS / max(width * height, 0.01)))
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=dpi, bbox_inches="tight")
        if png.tell() > self._limits.figure_bytes:
            self._transcript.write("(a figure was too large to show)\n")
        else:
            self._figures.append(png.getvalue())


def _no_input(_prompt: object = "", /) -> NoReturn:
    raise RuntimeError("input() cannot ask anybody here; put the value into the code")


def _no_program(_command: object, /) -> NoReturn:
    raise PermissionError(1, "Operation not permitted")


def _trimmed(error: BaseException) -> str:
    """The traceback without our own frames and without the depths of libraries."""
    report = traceback.TracebackException.from_exception(error)
    seen: set[int] = set()
    waiting: list[traceback.TracebackException | None] = [report]
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_own_frames(part.stack))
        waiting += [part.__cause__, part.__context__]
    text = "".join(report.format())
    for folder in sys.path:
        text = text.replace(f'File "{folder}/', 'File "')
    return text


def _own_frames(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    """Those of cells, and the innermost of a library below them."""
    frames = [f for f in stack if f.filename.startswith("<cell ")]
    if frames and stack[-1].filename not in {frames[-1].filename, __file__}:
        frames.append(stack[-1])
    if len(frames) > _FRAMES:
        frames = frames[: _FRAMES // 2] + frames[-_FRAMES // 2 :]
    return frames
