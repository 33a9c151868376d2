"""Where code cannot be kept in, none runs; and the answer says what is missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.jail import Mode
from adapters.sandbox.probe import candidates
from core.engine.ports import Interpreter
from core.errors import InterpreterUnavailable
from tests.sandbox.conftest import Jails, setting, skip_without


def interpreter(state: Path, **options: Any) -> SandboxedInterpreter:
    settled: dict[str, Any] = {**setting("namespaces").options(), "preload": (), **options}
    return SandboxedInterpreter(state_dir=state, **settled)


async def test_without_a_file_layer_every_call_refuses(tmp_path: Path) -> None:
    async with interpreter(tmp_path, namespaces=False, landlock=False) as nothing:
        status = await nothing.status()
        assert not status.available
        assert status.layers == ()
        assert "cannot be isolated" in status.sentence
        for call in (
            nothing.run("s", "open('/tmp/bobbin-was-here', 'w')"),
            nothing.put("s", "a", b""),
            nothing.get("s", "a"),
        ):
            with pytest.raises(InterpreterUnavailable, match="cannot be isolated"):
                await call
        assert nothing.pool.zygote_pid is None


async def test_a_python_that_does_not_start_refuses(tmp_path: Path) -> None:
    for python in (tmp_path / "missing", Path("/bin/true")):
        async with interpreter(tmp_path, python=python) as broken:
            status = await broken.status()
            assert not status.available
            assert "does not start" in status.sentence or "ended" in status.sentence
            with pytest.raises(InterpreterUnavailable):
                await broken.run("s", "1")


async def test_a_library_that_cannot_be_hidden_from_is_not_readable(tmp_path: Path) -> None:
    """An import path that contains the bot's own folder does not open that folder."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/secret.py").write_text("SECRET = 1")
    options: dict[str, Any] = {"libraries": (tmp_path / "lib",), "hidden": (tmp_path / "lib",)}
    async with interpreter(tmp_path / "state", **options) as jail:
        await skip_without(jail, "namespaces")
        execution = await jail.run("s", "import secret")
        assert execution.failed


def test_it_is_an_interpreter(tmp_path: Path) -> None:
    """For the type checker: the port's methods, with their types."""
    port: Interpreter = interpreter(tmp_path)
    assert port.run


def test_the_rule() -> None:
    """No file layer: no. Root with nothing but Landlock around it: no."""
    with pytest.raises(PermissionError):
        Mode(namespaces=False, landlock=False, drop_root=True).check()
    bare = Mode(namespaces=False, landlock=True, drop_root=False)
    if os.geteuid() == 0:
        with pytest.raises(PermissionError):
            bare.check()
    else:
        bare.check()
    Mode(namespaces=True, landlock=False, drop_root=False).check()


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("namespaces", [True, False])
@pytest.mark.parametrize("landlock", [True, False])
def test_candidates_only_ever_lose_layers(root: bool, namespaces: bool, landlock: bool) -> None:
    for mode in candidates(root=root, namespaces=namespaces, landlock=landlock):
        assert mode.namespaces or mode.landlock
        assert namespaces or not mode.namespaces
        assert landlock or not mode.landlock
        assert mode.drop_root <= root
        assert mode.namespaces or mode.drop_root == root


async def test_namespaces_alone_are_enough(tmp_path: Path) -> None:
    """As on a kernel without Landlock."""
    async with interpreter(tmp_path, landlock=False) as jail:
        await skip_without(jail, "namespaces")
        status = await jail.status()
        assert "namespaces" in status.layers
        assert not any("landlock" in layer for layer in status.layers)
        execution = await jail.run("s", "open('/etc/shadow')")
        assert "No such file" in "".join(str(output) for output in execution.outputs)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_status_names_the_layers_and_is_asked_once(jails: Jails) -> None:
    async with jails.fresh() as jail:
        first, second = await jail.status(), await jail.status()
        assert first == second
        assert "seccomp" in first.sentence
        assert ("namespaces" in first.layers) == (jails.mode == "namespaces")
