"""Beginnings and ends: what is started when, what goes when it is idle, and what survives whom."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from adapters.sandbox.pool import Policy
from core.engine.records import RESET
from core.errors import NotFound
from tests.sandbox.conftest import (
    CHECKOUT,
    PACKAGES,
    Jails,
    children,
    ended,
    only_child,
    said,
    setting,
    state_of,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class HandClock:
    """A clock that stands still until it is moved. `sleep` never returns by itself."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def test_nothing_is_started_before_the_first_call(tmp_path: Path) -> None:
    options = setting("namespaces").options()
    async with SandboxedInterpreter(state_dir=tmp_path / "state", **options) as interpreter:
        await interpreter.close("never seen")
        assert interpreter.pool.zygote_pid is None
        assert not (tmp_path / "state").exists()


async def test_the_probe_leaves_no_process(jails: Jails) -> None:
    async with jails.fresh() as interpreter:
        assert interpreter.pool.zygote_pid is None
        mine = Path(f"/proc/self/task/{os.getpid()}/children")
        before = set(mine.read_text().split())
        status = await interpreter.status()
        assert status.available
        assert set(mine.read_text().split()) <= before


async def test_nothing_is_left_behind(jails: Jails, tmp_path: Path) -> None:
    async with jails.fresh(state_dir=tmp_path / "state") as interpreter:
        await interpreter.put("s", "a", b"1")
        await interpreter.run("s", "1")
        processes = [interpreter.pool.zygote_pid or 0, *children(interpreter)]
        assert len(processes) == 2
        held = [entry.readlink() for entry in Path(f"/proc/{processes[0]}/fd").iterdir()]
        scratch = [path for path in held if path.name.startswith("bobbin-jail-")]
        assert scratch or jails.mode == "namespaces", "it makes a folder where it has no mounts"
    assert [state_of(pid) for pid in processes] == ["", ""]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["fonts"]
    assert not any(path.exists() for path in scratch)


async def test_an_idle_session_ends_and_keeps_its_files(jails: Jails) -> None:
    clock = HandClock()
    async with jails.fresh(clock=clock, policy=Policy(idle_s=100.0)) as interpreter:
        await interpreter.run("old", "x = 1\nopen('/mnt/data/a', 'w').write('1')")
        clock.time += 60
        await interpreter.run("young", "x = 2")
        clock.time += 60
        await interpreter.pool.sweep()
        assert interpreter.pool.live == 1
        await until(lambda: len(children(interpreter)) == 1)
        assert await interpreter.get("old", "a") == b"1"
        again = await interpreter.run("old", "print('x' in globals(), open('a').read())")
        assert again.state == "reset"
        assert said(again) == f"It had not been used for a while. {RESET}\nFalse 1\n"
        assert (await interpreter.run("old", "1")).state == "kept"
        assert said(await interpreter.run("young", "x")) == "2\n"


async def test_long_idle_files_go_as_well(jails: Jails) -> None:
    clock = HandClock()
    policy = Policy(idle_s=100.0, files_idle_s=1000.0)
    async with jails.fresh(clock=clock, policy=policy) as interpreter:
        await interpreter.put("s", "a", b"1")
        clock.time += 1001
        await interpreter.pool.sweep()
        with pytest.raises(NotFound):
            await interpreter.get("s", "a")


async def test_too_many_files_in_all_cost_the_oldest_theirs(jails: Jails) -> None:
    clock = HandClock()
    async with jails.fresh(clock=clock, policy=Policy(kept_bytes=250)) as interpreter:
        for name in ("one", "two", "three"):
            await interpreter.put(name, "a", bytes(100))
        await interpreter.pool.sweep()
        with pytest.raises(NotFound):
            await interpreter.get("one", "a")
        assert await interpreter.get("two", "a") == bytes(100)
        assert await interpreter.get("three", "a") == bytes(100)


async def test_the_least_recently_used_session_gives_way(jails: Jails) -> None:
    async with jails.fresh(policy=Policy(live=2)) as interpreter:
        await interpreter.run("a", "x = 1")
        await interpreter.run("b", "x = 2")
        await interpreter.run("a", "x")
        await interpreter.run("c", "x = 3")
        assert interpreter.pool.live == 2
        assert said(await interpreter.run("a", "x")) == "1\n"
        lost = await interpreter.run("b", "1")
        assert lost.state == "reset"
        assert "Others needed its place" in said(lost)


async def test_an_idle_zygote_ends_and_comes_back(jails: Jails) -> None:
    clock = HandClock()
    policy = Policy(idle_s=100.0, zygote_idle_s=50.0)
    async with jails.fresh(clock=clock, policy=policy) as interpreter:
        await interpreter.run("s", "1")
        zygote = interpreter.pool.zygote_pid or 0
        clock.time += 99
        await interpreter.pool.sweep()
        assert interpreter.pool.zygote_pid == zygote
        clock.time += 2
        await interpreter.pool.sweep()  # the session ends
        clock.time += 51
        await interpreter.pool.sweep()
        assert interpreter.pool.zygote_pid is None
        assert state_of(zygote) == ""
        assert said(await interpreter.run("s", "6 * 7")).endswith("42\n")


async def test_the_sweep_runs_by_itself(jails: Jails) -> None:
    class Hasty(HandClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(0.01)

    clock = Hasty()
    async with jails.fresh(clock=clock, policy=Policy(idle_s=100.0)) as interpreter:
        await interpreter.run("s", "1")
        clock.time += 101
        await until(lambda: interpreter.pool.live == 0)


async def test_only_so_many_run_at_once(jails: Jails) -> None:
    """Each call says when it began and ended, by the clock that all processes share."""
    code = "import time\nbegun = time.monotonic()\ntime.sleep({})\nprint(begun, time.monotonic())"
    most = 0
    async with jails.fresh(policy=Policy(running=2)) as interpreter:
        for seconds in (0.4, 4, 15):  # a machine that stands still may keep two from meeting
            running = (interpreter.run(name, code.format(seconds)) for name in "abcd")
            executions = await asyncio.gather(*running)
            spans = [[float(word) for word in said(one).split()] for one in executions]
            together = [sum(a <= span[0] < b for a, b in spans) for span in spans]
            assert max(together) <= 2
            if (most := max(together)) == 2:
                break
    assert most == 2


async def test_calls_of_one_session_take_turns(jails: Jails) -> None:
    async with jails.fresh() as interpreter:
        await interpreter.run("s", "seen = []")
        codes = [f"seen.append({n}); len(seen)" for n in range(5)]
        executions = await asyncio.gather(*(interpreter.run("s", code) for code in codes))
        assert [said(execution) for execution in executions] == [f"{n}\n" for n in range(1, 6)]


async def test_a_killed_session_is_rebuilt_by_the_next_call(jails: Jails) -> None:
    async with jails.fresh() as interpreter:
        await interpreter.put("s", "a", b"1")
        await interpreter.run("s", "x = 1")
        pid = only_child(interpreter)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: ended(pid))
        execution = await interpreter.run("s", "print('x' in globals(), open('a').read())")
        assert (execution.state, execution.failed) == ("reset", False)
        assert said(execution) == f"Its process ended unexpectedly. {RESET}\nFalse 1\n"


async def test_a_killed_zygote_takes_its_sessions_along_and_is_replaced(jails: Jails) -> None:
    async with jails.fresh() as interpreter:
        await interpreter.put("s", "a", b"1")
        await interpreter.run("s", "x = 1")
        session, zygote = only_child(interpreter), interpreter.pool.zygote_pid or 0
        os.kill(zygote, signal.SIGKILL)
        await until(lambda: ended(session))
        execution = await interpreter.run("s", "print('x' in globals(), open('a').read())")
        assert execution.state == "reset"
        assert said(execution).endswith(f"{RESET}\nFalse 1\n")
        assert interpreter.pool.zygote_pid != zygote


async def test_a_zygote_killed_during_calls_ends_them(jails: Jails) -> None:
    async with jails.fresh(limits=Limits(soft_s=600.0)) as interpreter:
        for name in "abc":
            await interpreter.run(name, "1")
        pids = children(interpreter)
        await until(lambda: all(state_of(pid) == "T" for pid in pids))
        calls = [asyncio.create_task(interpreter.run(n, "while True: pass")) for n in "ab"]
        await until(lambda: sum(state_of(pid) == "R" for pid in pids) == 2)
        os.kill(interpreter.pool.zygote_pid or 0, signal.SIGKILL)
        for execution in await asyncio.gather(*calls):
            assert (execution.state, execution.failed) == ("reset", True)
            assert RESET in said(execution)
        idle = await interpreter.run("c", "6 * 7")
        assert (idle.state, idle.failed) == ("reset", False)
        again = await asyncio.gather(*(interpreter.run(name, "6 * 7") for name in "abc"))
        assert [said(execution) for execution in again] == ["42\n"] * 3


async def test_closing_ends_calls_that_run(jails: Jails) -> None:
    async with jails.fresh(limits=Limits(soft_s=600.0)) as interpreter:
        await interpreter.run("s", "1")
        pid = only_child(interpreter)
        await until(lambda: state_of(pid) == "T")
        call = asyncio.create_task(interpreter.run("s", "while True: pass"))
        await until(lambda: state_of(pid) == "R")
    execution = await call
    assert (execution.state, execution.failed) == ("reset", True)
    assert ended(pid)


async def test_sessions_born_at_once_are_all_born(jails: Jails) -> None:
    async with jails.fresh(policy=Policy(running=8, live=4)) as interpreter:
        names = [f"s{n}" for n in range(12)]
        executions = await asyncio.gather(*(interpreter.run(name, "6 * 7") for name in names))
        assert [said(execution) for execution in executions] == ["42\n"] * 12
        await interpreter.pool.sweep()
        assert interpreter.pool.live == 4


HOST = """
import asyncio, sys
sys.path[:0] = {imports!r}
from pathlib import Path
from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from core.clock import SystemClock

async def main():
    interpreter = SandboxedInterpreter(
        state_dir=Path({state!r}), python=Path({python!r}), clock=SystemClock(), preload=(),
        libraries=(), namespaces={namespaces}, limits=Limits(soft_s=600.0))
    await interpreter.put('idle', 'a', b'1')
    await interpreter.run('idle', "open('b', 'w').write('2')")
    await interpreter.run('busy', '1')
    say = lambda: print(interpreter.pool.zygote_pid, flush=True)
    asyncio.get_running_loop().call_later(0.2, say)
    await interpreter.run('busy', 'while True: pass')

asyncio.run(main())
"""


async def test_everything_ends_with_a_host_that_is_killed(jails: Jails, tmp_path: Path) -> None:
    async with jails.fresh():
        pass  # skips where the mode cannot be had
    state = tmp_path / "state"
    code = HOST.format(
        imports=[str(CHECKOUT), str(PACKAGES)],
        state=str(state),
        python=str(jails.python),
        namespaces=jails.mode == "namespaces",
    )
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    zygote = int(await asyncio.to_thread(host.stdout.readline))
    listing = Path(f"/proc/{zygote}/task/{zygote}/children").read_text()
    sessions = [int(pid) for pid in listing.split()]
    assert len(sessions) == 2
    host.kill()
    host.wait()
    host.stdout.close()
    await until(lambda: all(ended(pid) for pid in (zygote, *sessions)))
    # The next one tidies up after it.
    leftovers = list(state.glob("sandbox-*"))
    assert len(leftovers) == 1
    async with jails.fresh(state_dir=state) as interpreter:
        await interpreter.run("s", "1")
        assert not leftovers[0].exists()


async def test_what_was_put_is_remembered_when_the_process_is_lost(jails: Jails) -> None:
    """And what code did to a file meanwhile: the session gets its own copy back."""
    async with jails.fresh() as interpreter:
        await interpreter.put("s", "a", b"1", key="file-1")
        await interpreter.run("s", "open('/mnt/data/a', 'w').write('2')")
        os.kill(only_child(interpreter), signal.SIGKILL)
        assert (await interpreter.run("s", "1")).state == "reset"
        assert said(await interpreter.run("s", "print(open('/mnt/data/a').read())")) == "2\n"
        assert await interpreter.placed("s") == {"a": "file-1"}
