"""What happens to code that takes too much, in each mode: it is stopped, and the session lives on
or is rebuilt, as the answer says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.sandbox.interpreter import SandboxedInterpreter
from adapters.sandbox.limits import Limits
from core.engine.records import RESET, Execution
from core.errors import InvalidRequest
from tests.sandbox.conftest import Jails, only_child, said, state_of, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = Limits(
    soft_s=8.0,
    grace_s=2.0,
    memory_bytes=400 << 20,
    disk_bytes=4 << 20,
    file_bytes=2 << 20,
    files=200,
    output_chars=1000,
)


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
        "while True:\n    try:\n        while True: pass\n    except: break\nwhile True: pass",
        "class Evil:\n    def __repr__(self):\n        while True: pass\nEvil()",
        "10 ** 10 ** 9",
    ],
)
async def test_code_that_does_not_end_is_stopped_and_keeps_its_variables(
    jails: Jails, session: str, code: str
) -> None:
    limits = Limits(soft_s=0.3, grace_s=30.0)
    async with jails(limits=limits) as interpreter:
        await run_through(interpreter, session, "kept = 1")
        execution = await interpreter.run(session, code)
        assert execution.failed
        assert execution.state == "kept"
        assert "TimeoutError: stopped after 0.3 s" in said(execution)
        assert said(await run_through(interpreter, session, "kept")) == "1\n"


@pytest.mark.parametrize(
    "code",
    [
        "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except: pass",
        "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
    ],
)
async def test_code_that_cannot_be_stopped_is_killed_and_keeps_its_files(
    jails: Jails, session: str, code: str
) -> None:
    async with jails(limits=Limits(soft_s=0.4, grace_s=4.0)) as interpreter:
        await interpreter.put(session, "in.txt", b"in")
        await run_through(interpreter, session, "x = 1\nopen('out.txt', 'w').write('out')")
        execution = await interpreter.run(session, code)
        assert execution.failed
        assert execution.state == "reset"
        assert RESET in said(execution)
        look = "import os\nprint('x' in globals(), sorted(os.listdir('/mnt/data')))"
        after = await run_through(interpreter, session, look)
        assert said(after) == "False ['in.txt', 'out.txt']\n"
        assert after.state == "kept"  # it has been said


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.abort()",
        "import os; os.kill(os.getpid(), 11)\nimport ctypes; ctypes.string_at(0)",
        "import os; os.close(3)",
    ],
)
async def test_a_process_that_dies_is_rebuilt(jails: Jails, session: str, code: str) -> None:
    async with jails() as interpreter:
        await interpreter.put(session, "a", b"1")
        execution = await interpreter.run(session, code)
        assert (execution.failed, execution.state) == (True, "reset")
        assert RESET in said(execution)
        assert said(await interpreter.run(session, "open('/mnt/data/a').read()")) == "'1'\n"


async def test_memory_is_limited_and_the_session_survives(jails: Jails, session: str) -> None:
    async with jails(limits=SMALL) as interpreter:
        await interpreter.run(session, "kept = 1")
        for code in (
            "b = bytearray(10 ** 11)",
            "l = []\nwhile True: l.append(bytearray(1 << 20))",
            "s = 'x'\nwhile True: s += s",
        ):
            execution = await interpreter.run(session, code)
            assert "MemoryError" in said(execution)
            assert "limited to 400 MB" in said(execution)
            assert execution.state == "kept"
        assert said(await interpreter.run(session, "del l, s\nkept")) == "1\n"


async def test_a_file_has_a_largest_size(jails: Jails, session: str) -> None:
    code = "f = open('/mnt/data/big', 'wb', 0)\nfor _ in range(4): f.write(bytes(1 << 20))"
    async with jails(limits=SMALL) as interpreter:
        execution = await interpreter.run(session, code)
        assert "File too large" in said(execution)
        assert "limited to 2 MB" in said(execution)
        assert execution.state == "kept"
        sparse = await interpreter.run(session, "open('sparse', 'wb').truncate(10 ** 13)")
        assert "File too large" in said(sparse)


async def test_the_disk_has_an_end(jails: Jails, session: str) -> None:
    """With namespaces the file system refuses; otherwise the watcher ends the session."""
    fill = (
        "import time\nfor n in range(8):\n    open(f'/tmp/{n}', 'wb').write(bytes(1 << 20))\n"
        "    time.sleep(0.1)\nwhile True: time.sleep(0.1)"
    )
    await the_disk_refuses(jails, session, fill)


async def test_files_have_an_end(jails: Jails, session: str) -> None:
    fill = (
        "import time\nfor n in range(400):\n    open(f'/mnt/data/{n}', 'w').close()\n"
        "while True: time.sleep(0.1)"
    )
    await the_disk_refuses(jails, session, fill)


async def test_folders_have_an_end(jails: Jails, session: str) -> None:
    fill = (
        "import os, time\nfor n in range(400):\n    os.mkdir('d'); os.chdir('d')\n"
        "while True: time.sleep(0.1)"
    )
    await the_disk_refuses(jails, session, fill)


async def test_what_is_deleted_and_still_open_counts(jails: Jails, session: str) -> None:
    fill = (
        "import os, time\nheld = []\nfor n in range(8):\n"
        "    f = open('/tmp/x', 'wb'); f.write(bytes(1 << 20)); f.flush(); os.unlink('/tmp/x')\n"
        "    held.append(f); time.sleep(0.1)\nwhile True: time.sleep(0.1)"
    )
    async with jails(limits=SMALL) as interpreter:
        layers = (await interpreter.status()).layers
        if "namespaces" not in layers and "uid nobody" in layers and not may_look_into_others():
            pytest.skip("another user's descriptors may be hidden; they are few (`open_files`)")
    await the_disk_refuses(jails, session, fill)


async def the_disk_refuses(jails: Jails, session: str, fill: str) -> None:
    async with jails(limits=SMALL) as interpreter:
        await interpreter.put(session, "kept", b"1")
        execution = await interpreter.run(session, fill)
        assert execution.failed
        if "namespaces" in (await interpreter.status()).layers:
            assert "No space left on device" in said(execution)
            assert "4 MB in 200 files" in said(execution)
            assert execution.state == "kept"
        else:
            assert "more than 4 MB or 200 files" in said(execution)
            assert execution.state == "reset"
        assert said(await interpreter.run(session, "open('/mnt/data/kept').read()")) == "'1'\n"


async def test_what_is_put_has_limits_too(jails: Jails, session: str) -> None:
    async with jails(limits=SMALL) as interpreter:
        with pytest.raises(InvalidRequest, match="may have"):
            await interpreter.put(session, "big", bytes((2 << 20) + 1))
        await interpreter.put(session, "a", bytes(2 << 20))
        await interpreter.put(session, "b", bytes(3 << 19))
        with pytest.raises(InvalidRequest, match="does not fit"):
            await interpreter.put(session, "c", bytes(1 << 20))
        # In place of what is there, it fits.
        await interpreter.put(session, "a", bytes(1 << 20))
        assert (
            said(await interpreter.run(session, "import os; sorted(os.listdir())"))
            == "['a', 'b']\n"
        )


async def test_files_with_holes_seem_larger_than_the_disk(jails: Jails, session: str) -> None:
    code = "for n in range(4): open(f'/mnt/data/{n}', 'wb').truncate(3 << 19)"
    async with jails(limits=SMALL) as interpreter:
        execution = await interpreter.run(session, code)
        assert (execution.state, execution.failed) == ("kept", False)
        assert [file.name for file in execution.files] == ["0", "1"]


async def test_a_folder_may_be_where_a_file_is_put(jails: Jails, session: str) -> None:
    async with jails(limits=SMALL) as interpreter:
        await interpreter.run(session, "import os; os.mkdir('/mnt/data/a'); kept = 1")
        await interpreter.put(session, "a", b"1")
        execution = await interpreter.run(session, "print(os.path.isdir('a'), kept)")
        assert (said(execution), execution.state) == ("True 1\n", "kept")


async def test_code_that_is_too_long_is_not_run(jails: Jails, session: str) -> None:
    async with jails(limits=Limits(code_chars=100)) as interpreter:
        execution = await interpreter.run(session, "x = 1 #" + "x" * 100)
        assert "longer than 100" in said(execution)
        assert (execution.failed, execution.state) == (True, "kept")


async def test_threads_are_limited(jails: Jails, session: str) -> None:
    code = (
        "import threading\nthreading.stack_size(65536)\ngo = threading.Event()\nn = 0\n"
        "try:\n    for n in range(3000): threading.Thread(target=go.wait).start()\n"
        "except RuntimeError: pass\ngo.set()\nn < 1000"
    )
    async with jails(limits=SMALL) as interpreter:
        assert said(await interpreter.run(session, code)) == "True\n"


async def test_what_is_left_running_stands_still_between_calls(jails: Jails, session: str) -> None:
    code = (
        "import threading\nn = 0\ndef count():\n    global n\n    while True: n += 1\n"
        "threading.Thread(target=count, daemon=True).start()"
    )
    async with jails.fresh() as interpreter:
        await interpreter.run(session, code)
        pid = only_child(interpreter)
        await until(lambda: state_of(pid) == "T")
        assert "True" in said(await interpreter.run(session, "n > 0"))
        await until(lambda: state_of(pid) == "T")


async def test_a_cancelled_call_leaves_a_session_that_works(jails: Jails, session: str) -> None:
    async with jails.fresh(limits=Limits(soft_s=60.0)) as interpreter:
        await interpreter.put(session, "a", b"1")
        await interpreter.run(session, "x = 1")
        pid = only_child(interpreter)
        await until(lambda: state_of(pid) == "T")
        running = asyncio.create_task(interpreter.run(session, "while True: pass"))
        await until(lambda: state_of(pid) == "R")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        execution = await interpreter.run(session, "print('x' in globals(), open('a').read())")
        assert execution.state == "reset"
        assert said(execution) == f"It was stopped while it ran. {RESET}\nFalse 1\n"
        await until(lambda: state_of(pid) == "")


async def run_through(interpreter: SandboxedInterpreter, session: str, code: str) -> Execution:
    """What code gives that takes no time: where the machine stood still for longer than code may
    take, it is run again."""
    while "TimeoutError" in said(execution := await interpreter.run(session, code)):
        pass
    return execution


def may_look_into_others() -> bool:
    """Whether this process has CAP_SYS_PTRACE, without which root cannot see nobody's files."""
    status = Path("/proc/self/status").read_text()
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(mask, 16) >> 19 & 1)
