"""The process that serves local weights: started when needed, gone when not, never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.openai.connection import LocalConnection
from adapters.weights.child import SERVER, Child, ChildSettings
from adapters.weights.local import LocalWeights
from core.clock import SystemClock
from core.errors import ModelRefused, ModelUnavailable
from core.ids import RandomIds
from tests.fakes.rounds import ADD, asking, run
from tests.models.conftest import PatientClock
from tests.patience import PATIENCE_S

RUNTIME = Path(__file__).parents[1] / "fakes" / "weights_runtime.py"
Make = Callable[..., LocalWeights]


class StillClock(PatientClock):
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = asyncio.Condition()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        until = self.seconds + seconds
        async with self.moved:
            await self.moved.wait_for(lambda: self.seconds >= until)

    async def move(self, seconds: float) -> None:
        async with self.moved:
            self.seconds += seconds
            self.moved.notify_all()


def settings(weights: Path, behaviour: str, **fields: Any) -> ChildSettings:
    weights.write_text(behaviour)
    command = (sys.executable, "-I", str(RUNTIME))
    given: dict[str, Any] = {"weights": weights, "command": command, "farewell_s": 0.3, **fields}
    return ChildSettings(**given)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "tiny-model.gguf"


@pytest.fixture
async def make(weights: Path, clock: PatientClock) -> AsyncIterator[Make]:
    made: list[LocalWeights] = []

    def new(behaviour: str, clock: Any = clock, **fields: Any) -> LocalWeights:
        idle = {"idle_s": fields.pop("idle_s")} if "idle_s" in fields else {}
        local = LocalWeights(
            settings(weights, behaviour, **fields),
            lambda url, key: LocalConnection(url, key, clock=clock, ids=RandomIds()),
            clock=clock,
            **idle,
        )
        made.append(local)
        return local

    yield new
    for local in made:
        await local.close()


def starts(weights: Path) -> int:
    file = weights.with_suffix(".starts")
    return len(file.read_text()) if file.exists() else 0


async def gone(pid: int) -> None:
    """Wait until there is no such process (or only its shell, waiting to be collected)."""
    while True:
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return
        except FileNotFoundError:
            return
        await asyncio.sleep(0.02)


async def test_nothing_starts_before_the_first_call_and_one_child_serves_all(
    make: Make, weights: Path
) -> None:
    local = make("fine", clock=StillClock())
    assert starts(weights) == 0
    answers = await asyncio.gather(*(run(local, asking(str(n), tools=(ADD,))) for n in range(5)))
    said = [json.loads(answer.text) for answer in answers]
    assert [answer["asked"] for answer in said] == ["0", "1", "2", "3", "4"]
    assert len({answer["pid"] for answer in said}) == 1
    assert starts(weights) == 1


async def test_an_idle_child_is_stopped_and_the_next_call_starts_another(
    make: Make, weights: Path
) -> None:
    clock = StillClock()
    local = make("fine", clock=clock, idle_s=600)
    await run(local, asking(tools=(ADD,)))
    assert local.child is not None
    pid = local.child.pid
    await clock.move(400)
    await run(local, asking(tools=(ADD,)))
    await clock.move(300)
    while 300.0 not in clock.waits:
        await asyncio.sleep(0.01)
    assert local.child is not None, "used 300 s ago"
    await clock.move(300)
    await asyncio.wait_for(gone(pid), PATIENCE_S)
    await run(local, asking(tools=(ADD,)))
    assert starts(weights) == 2


async def test_a_child_that_dies_breaks_the_round_off_and_is_replaced_after_growing_pauses(
    make: Make, weights: Path
) -> None:
    clock = PausesOnly()
    local = make("dies", clock=clock)
    for _ in range(3):
        with pytest.raises(ModelUnavailable):
            await run(local, asking(tools=(ADD,)))
        assert local.child is not None
        await asyncio.wait_for(gone(local.child.pid), PATIENCE_S)
        while local.child.alive:
            await asyncio.sleep(0.01)
    assert starts(weights) == 3
    assert clock.pauses == [1.0, 2.0]
    weights.write_text("fine")
    await run(local, asking(tools=(ADD,)))
    assert clock.pauses == [1.0, 2.0, 4.0]


class PausesOnly(StillClock):
    """A clock in which pauses before a start pass at once, and idleness never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if seconds >= 100:
            await super().sleep(seconds)
        elif seconds >= 1:
            self.pauses.append(seconds)


async def test_a_child_that_does_not_start_says_why(make: Make) -> None:
    with pytest.raises(ModelUnavailable, match=r"not enough memory.*2 GB"):
        await run(make("no-start"), asking(tools=(ADD,)))


async def test_a_missing_runtime_or_file_asks_for_a_pull(make: Make, weights: Path) -> None:
    with pytest.raises(ModelRefused, match=r"runtime.*bobbin model pull"):
        await run(make("no-runtime"), asking(tools=(ADD,)))
    local = make("fine")
    weights.unlink()
    with pytest.raises(ModelRefused, match=r"tiny-model.gguf is gone.*bobbin model pull"):
        await run(local, asking(tools=(ADD,)))


async def test_a_child_that_never_reports_is_given_up_and_ended(make: Make) -> None:
    local = make("silent", start_timeout_s=0.5)
    with pytest.raises(ModelUnavailable, match="not loaded in time"):
        await run(local, asking(tools=(ADD,)))


async def test_a_child_that_ignores_the_end_is_killed(weights: Path) -> None:
    child = await Child.start(settings(weights, "stuck"), "key")
    await child.stop()
    assert not child.alive


async def test_a_child_ends_by_itself_when_it_is_asked_to(weights: Path) -> None:
    child = await Child.start(settings(weights, "fine", farewell_s=30), "key")
    await child.stop()
    assert not child.alive
    assert weights.with_suffix(".ended").exists()


async def test_closing_breaks_a_round_off_and_no_further_one_begins(
    make: Make, weights: Path
) -> None:
    local = make("fine")
    await run(local, asking(tools=(ADD,)))
    assert local.child is not None
    pid = local.child.pid
    await local.close()
    await asyncio.wait_for(gone(pid), PATIENCE_S)
    with pytest.raises(ModelUnavailable, match="stopped"):
        await run(local, asking(tools=(ADD,)))
    assert starts(weights) == 1


_PARENT = """
    import asyncio, sys
    from pathlib import Path
    from adapters.weights.child import Child, ChildSettings

    async def main(weights, runtime):
        command = (sys.executable, "-I", runtime)
        child = await Child.start(ChildSettings(weights=Path(weights), command=command), "key")
        print(child.pid, flush=True)
        await asyncio.sleep(3600)

    asyncio.run(main(*sys.argv[1:]))
"""


async def test_the_child_dies_with_its_parent(weights: Path) -> None:
    weights.write_text("fine")
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(_PARENT), str(weights), str(RUNTIME)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await asyncio.wait_for(gone(pid), PATIENCE_S)


_FAKE_XLLAMACPP = """
    import json, sys, types

    class CommonParams:
        def __init__(self):
            self.model = types.SimpleNamespace()
            self.sampling = types.SimpleNamespace()
            self.cpuparams = types.SimpleNamespace()
            self.cpuparams_batch = types.SimpleNamespace()

    class Server:
        def __init__(self, params):
            print("noise on standard output")
            if params.model.path.endswith("bad.gguf"):
                raise RuntimeError("failed to load the model")
            seen = {k: v for k, v in vars(params).items() if isinstance(v, (int, list, bool))}
            self.listening_address = json.dumps({**seen, "threads": vars(params.cpuparams)})
"""


def real_program(folder: Path, runtime: str = _FAKE_XLLAMACPP) -> tuple[str, ...]:
    """The child's real program, with a runtime that only shows what it was given."""
    folder.mkdir(exist_ok=True)
    (folder / "xllamacpp.py").write_text(textwrap.dedent(runtime))
    start = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); "
        "runpy.run_path(sys.argv[2], run_name='__main__')"
    )
    return (sys.executable, "-I", "-c", start, str(folder), str(SERVER))


async def test_the_program_itself_serves_on_loopback_with_one_slot_and_a_key(
    weights: Path, tmp_path: Path
) -> None:
    how = settings(weights, "", command=real_program(tmp_path), threads=2)
    child = await Child.start(how, "key")
    given = json.loads(child.address)
    assert given["hostnames"] == ["127.0.0.1"]
    assert given["api_keys"] == ["key"]
    assert (given["port"], given["n_parallel"], given["use_jinja"]) == (0, 1, True)
    assert (given["n_ctx"], given["n_predict"], given["cache_ram_mib"]) == (8192, 1024, 256)
    assert given["threads"] == {"n_threads": 2}
    await child.stop()
    assert not child.alive


async def test_the_program_itself_says_what_is_wrong(weights: Path, tmp_path: Path) -> None:
    bad = weights.with_name("bad.gguf")
    with pytest.raises(ModelUnavailable, match="failed to load the model"):
        await Child.start(settings(bad, "", command=real_program(tmp_path)), "key")
    broken = real_program(tmp_path / "broken", "raise ImportError('wrong glibc')")
    with pytest.raises(ModelRefused, match="bobbin model pull"):
        await Child.start(settings(weights, "", command=broken), "key")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own signal is Linux's")
async def test_the_program_itself_dies_with_its_parent_even_if_its_input_stays_open(
    weights: Path, tmp_path: Path
) -> None:
    weights.write_text("")
    keeper, ours = os.pipe()
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(_KEEPING), str(keeper), *real_program(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        pass_fds=(keeper,),
    )
    assert parent.stdout is not None
    pids = [int(n) for n in (await parent.stdout.readline()).split()]
    said = {
        "weights": str(weights),
        "model": "m",
        "api_key": "k",
        "context_tokens": 1,
        "max_output_tokens": 1,
        "temperature": 0,
        "threads": None,
        "prompt_cache_mib": 1,
        "parent": pids[0],
    }
    os.write(ours, json.dumps(said).encode() + b"\n")
    assert b"address" in await parent.stdout.readline()
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await asyncio.wait_for(gone(pids[1]), PATIENCE_S)
    os.close(ours)
    os.close(keeper)


_KEEPING = """
    import os, subprocess, sys, time
    child = subprocess.Popen(sys.argv[2:], stdin=int(sys.argv[1]))
    print(os.getpid(), child.pid, flush=True)
    time.sleep(3600)
"""


async def test_a_real_clock_works_too(weights: Path) -> None:
    clock = SystemClock()
    local = LocalWeights(
        settings(weights, "fine"),
        lambda url, key: LocalConnection(url, key, clock=clock, ids=RandomIds()),
        clock=clock,
        idle_s=0.05,
    )
    await run(local, asking(tools=(ADD,)))
    while local.child is not None:
        await asyncio.sleep(0.02)
    await local.close()
