"""The channel is within the code's reach. What it writes there harms nobody but its session."""

from __future__ import annotations

import pytest

from adapters.sandbox.protocol import encode
from tests.sandbox.conftest import Jails, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The id of a session's first request.
REPLY: dict[str, object] = {"id": 1, "text": "forged", "failed": False, "figures": [], "files": []}


def writing(frames: bytes) -> str:
    return f"import os\nassert os.write(3, {frames!r})\n'real'"


async def test_a_forged_reply_is_never_followed_by_the_real_one(jails: Jails, session: str) -> None:
    """It is as good as printing; but then the real reply is one too many, and must not be taken
    for the next call's."""
    async with jails() as interpreter:
        forged = await interpreter.run(session, writing(encode(REPLY)))
        assert said(forged) == "forged"
        second = await interpreter.run(session, "6 * 7")
        assert second.state == "reset"
        assert "real" not in said(second)
        third = await interpreter.run(session, "6 * 8")
        assert (said(third), third.state) == ("48\n", "kept")


@pytest.mark.parametrize(
    "frames",
    [
        encode({**REPLY, "id": 2}),
        encode({**REPLY, "id": "1"}),
        encode({}),
        encode({"id": 1}),
        encode({**REPLY, "text": 1}),
        encode({**REPLY, "figures": [8]}, b"not a PNG"[:8]),
        encode({**REPLY, "files": [["../x", 1, True]]}),
        encode({**REPLY, "files": [["x", 1 << 40, True]]}),
        encode(REPLY, b"x" * 100),
        b"\xff" * 100,
        b"\0\0\0\2\0\0\0\0[]",
        b"\0\0\0\2\xff\0\0\0{}",
        b"\0\0\x27\x10\0\0\0\0" + b"[" * 10_000,
    ],
    ids=range(13),
)
async def test_what_is_no_reply_ends_the_session(jails: Jails, session: str, frames: bytes) -> None:
    async with jails() as interpreter:
        await interpreter.put(session, "kept", b"1")
        await interpreter.run(session, "1")
        first = await interpreter.run(session + "2", writing(frames))
        assert (first.state, first.failed) == ("reset", True)
        assert "broke the protocol" in said(first)
        assert "forged" not in said(first)
        # Only that session is touched.
        assert (await interpreter.run(session, "1")).state == "kept"
        assert said(await interpreter.run(session + "2", "6 * 7")) == "42\n"


async def test_a_flood_ends_the_session(jails: Jails, session: str) -> None:
    async with jails() as interpreter:
        first = await interpreter.run(session, "import os\nwhile True: os.write(3, b'x' * 65536)")
        assert first.state == "reset"
        assert said(await interpreter.run(session, "6 * 7")) == "42\n"


async def test_a_promise_that_never_comes_ends_the_session(jails: Jails, session: str) -> None:
    """A reply that names a file which cannot be had is no error; the file is left out."""
    reply = encode({**REPLY, "files": [["ghost", 5, True]]})
    async with jails() as interpreter:
        first = await interpreter.run(session, writing(reply))
        assert first.files == ()
        assert first.state == "reset"  # the real reply met the question for the file
        assert said(await interpreter.run(session, "6 * 7")) == "42\n"


async def test_bytes_between_two_calls_end_the_session(jails: Jails, session: str) -> None:
    """A thread that outlives its call is stopped with the rest; what it writes when it wakes up
    comes when nothing is due, or in the place of a frame."""
    code = (
        "import os, threading\n"
        "begun = threading.Event()\n"
        "def forge():\n    while True: os.write(3, b'x'); begun.set()\n"
        "threading.Thread(target=forge, daemon=True).start()\n"
        "begun.wait()"
    )
    async with jails() as interpreter:
        first = await interpreter.run(session, code)
        second = await interpreter.run(session, "6 * 7")
        assert "reset" in {first.state, second.state}
        assert said(await interpreter.run(session, "6 * 8")).endswith("48\n")
