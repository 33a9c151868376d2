"""What is said of platforms: the same in the documentation and by the program."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.support import (
    AARCH64,
    BOTH,
    CONTAINER,
    LANDLOCK,
    MACOS,
    MATRIX,
    NO_LAYER,
    OTHER_MACHINE,
    OTHER_SYSTEM,
    Support,
    in_a_container,
    support,
)
from core.clock import SystemClock
from tests.sandbox.conftest import CHECKOUT

ALL = ("namespaces", "landlock (ABI 7)", "seccomp", "limits")
FEW = ("landlock (ABI 1)", "seccomp", "limits", "uid nobody")


def test_the_documentation_has_the_same_table() -> None:
    page = (CHECKOUT / "docs/operations.md").read_text()
    for row in MATRIX:
        assert f"| {row.platform} | {row.state} | {row.remark} |" in page
    head = "| platform | code | |\n|---|---|---|\n"
    table = page.partition(head)[2].partition("\n\n")[0]
    assert len(table.strip().splitlines()) == len(MATRIX)


@pytest.mark.parametrize(
    ("machine", "row"),
    [
        (("linux", "x86_64", ALL, False), BOTH),
        (("linux", "x86_64", ALL, True), BOTH),
        (("linux", "x86_64", FEW, False), LANDLOCK),
        (("linux", "x86_64", FEW, True), CONTAINER),
        (("linux", "aarch64", ALL, False), AARCH64),
        (("linux", "x86_64", (), True), NO_LAYER),
        (("linux", "riscv64", (), False), OTHER_MACHINE),
        (("darwin", "arm64", (), False), MACOS),
        (("win32", "AMD64", (), False), OTHER_SYSTEM),
    ],
)
def test_the_row_of_a_machine(machine: Any, row: Support) -> None:
    system, name, layers, container = machine
    assert support(system, name, layers, container=container) == row


def test_containers_are_known_by_their_marks(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert not in_a_container([str(mark)])
    mark.touch()
    assert in_a_container([str(mark)])


async def test_this_machine_runs_code_exactly_where_the_table_says_so(tmp_path: Path) -> None:
    async with SandboxedInterpreter(
        state_dir=tmp_path, python=Path(sys.executable), clock=SystemClock(), preload=()
    ) as interpreter:
        status = await interpreter.status()
    row = support(sys.platform, platform.machine(), status.layers, container=in_a_container())
    assert (row.state != "off") == status.available
