"""Files of the code interpreter: placed before code runs, kept and passed on when it left them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.assistants import Json, Run
from core.engine.code_files import plain_names
from core.engine.code_tool import CODE_OFF
from core.engine.generation import TextDelta, ToolOutput
from core.engine.requests import FileRequest, MessageRequest, RunRequest, ThreadRequest
from tests.engine.listening import Client
from tests.engine.world import CODE, WEATHER, Process, process
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls, says

NEVER = asyncio.Event
LINK = "sandbox:/mnt/data/"


def code(source: str, call_id: str = "call_a") -> tuple[str, str, str]:
    """A call of the code interpreter."""
    return call_id, "code_interpreter", f'{{"code": "{source}"}}'


async def file(here: Process, name: str, data: bytes = b"a,b\n1,2\n") -> str:
    """The id of a File."""
    request = FileRequest(filename=name, purpose="assistants", data=data)
    return (await here.engine.files.create(request)).id


async def start(
    here: Process, ours: tuple[str, ...] = (), theirs: tuple[str, ...] = (), **values: Any
) -> Run:
    """A Run whose Assistant has some files for code, and whose Thread has some."""
    tools = values.pop("tools", (CODE,))
    assistant = await here.assistant(tools=tools, tool_resources=files_for_code(*ours))
    thread = await here.engine.threads.create(
        ThreadRequest(
            messages=(MessageRequest(content="Add them up."),),
            tool_resources=files_for_code(*theirs),
        )
    )
    return await here.engine.runs.create(thread.id, RunRequest(assistant_id=assistant.id, **values))


async def again(here: Process, run: Run) -> Run:
    """The next Run on the same Thread, ended."""
    more = (MessageRequest(content="And now?"),)
    request = RunRequest(assistant_id=run.assistant_id, additional_messages=more)
    return await here.ended(await here.engine.runs.create(run.thread_id, request))


def files_for_code(*names: str) -> Json:
    return {"code_interpreter": {"file_ids": list(names)}}


def lying(interpreter: ScriptedInterpreter, run: Run) -> dict[str, bytes]:
    """What is in /mnt/data of the Thread's session."""
    return {
        name: data
        for (session, name), data in interpreter.files.items()
        if session == run.thread_id
    }


def told(here: Process, request: int = 1) -> str:
    """The output that the model was told last."""
    item = here.model.requests[request].items[-1]
    assert isinstance(item, ToolOutput)
    return item.output


async def attached(here: Process, run: Run) -> list[list[str]]:
    """Names of the Files that each of the Run's Messages carries."""
    return [
        [(await here.engine.files.get(one["file_id"])).filename for one in message.attachments]
        for message in await here.messages(run)
    ]


# ------------------------------------------------------------------------------ in


async def test_files_of_assistant_and_thread_lie_there_before_code_runs() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.hold = asyncio.Event()
    async with process(calls(code("1")), says("3."), interpreter=interpreter) as here:
        ours, theirs = await file(here, "rates.csv", b"r"), await file(here, "data.csv", b"d")
        run = await start(here, (ours,), (theirs,))
        await here.clock.advance(0.1)
        assert interpreter.ran, "it runs by now"
        assert lying(interpreter, run) == {"rates.csv": b"r", "data.csv": b"d"}
        interpreter.hold.set()
        await here.ended(run)
        instructions = here.model.requests[0].instructions
        assert instructions.startswith("Be brief.\n\n")
        assert "rates.csv (1 bytes), data.csv (1 bytes)" in instructions


async def test_nothing_is_placed_for_a_run_that_runs_no_code() -> None:
    interpreter = ScriptedInterpreter()
    async with process(says("Hello."), interpreter=interpreter) as here:
        await here.ended(await start(here, theirs=(await file(here, "a.csv"),)))
        assert interpreter.files == {}


async def test_where_no_code_can_run_nothing_is_said_of_files() -> None:
    interpreter = ScriptedInterpreter(available=False)
    async with process(says("Hello."), interpreter=interpreter) as here:
        await here.ended(await start(here, theirs=(await file(here, "a.csv"),)))
        assert here.model.requests[0].instructions == f"Be brief.\n\n{CODE_OFF}"


async def test_a_file_is_placed_once_and_a_new_one_when_it_comes() -> None:
    interpreter = ScriptedInterpreter()
    rounds = [calls(code("1")), calls(code("2", "call_b")), says("3.")]
    async with process(*rounds, interpreter=interpreter) as here:
        first, second = await file(here, "a.csv", b"1"), await file(here, "b.csv", b"2")
        run = await here.ended(await start(here, theirs=(first,)))
        interpreter.files[run.thread_id, "a.csv"] = b"changed by code"
        for beats in (calls(code("3")), says("4.")):
            here.model.then(*beats)
        attachment = {"file_id": second, "tools": [CODE]}
        message = MessageRequest(content="This too.", attachments=(attachment,))
        request = RunRequest(assistant_id=run.assistant_id, additional_messages=(message,))
        await here.ended(await here.engine.runs.create(run.thread_id, request))
        assert lying(interpreter, run) == {"a.csv": b"changed by code", "b.csv": b"2"}


async def test_another_file_under_a_known_name_takes_its_place() -> None:
    """The first one was deleted and its name is free: code must not go on with the old bytes."""
    interpreter = ScriptedInterpreter()
    async with process(calls(code("1")), says("."), interpreter=interpreter) as here:
        old = await file(here, "a.csv", b"old")
        run = await here.ended(await start(here, theirs=(old,)))
        await here.engine.files.delete(old)
        new = await file(here, "a.csv", b"new")
        attachment = {"file_id": new, "tools": [CODE]}
        message = MessageRequest(content="Take this.", attachments=(attachment,))
        for beats in (calls(code("2")), says(".")):
            here.model.then(*beats)
        request = RunRequest(assistant_id=run.assistant_id, additional_messages=(message,))
        await here.ended(await here.engine.runs.create(run.thread_id, request))
        assert lying(interpreter, run)["a.csv"] == b"new"


async def test_two_files_of_one_name_lie_beside_each_other() -> None:
    interpreter = ScriptedInterpreter()
    async with process(calls(code("1")), says("."), interpreter=interpreter) as here:
        names = [await file(here, "a.csv", data) for data in (b"1", b"2")]
        run = await here.ended(await start(here, (names[0],), (names[1], names[0])))
        assert lying(interpreter, run) == {"a.csv": b"1", "a-2.csv": b"2"}


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (["a.csv", "b.csv"], ["a.csv", "b.csv"]),
        (["a.csv", "a.csv", "a.csv"], ["a.csv", "a-2.csv", "a-3.csv"]),
        (["a-2.csv", "a.csv", "a.csv"], ["a-2.csv", "a.csv", "a-3.csv"]),
        (["../../etc/passwd", "C:\\x\\y.txt"], ["passwd", "y.txt"]),
        (["", "..", "/", "a\x00b\nc.txt"], ["file", "file-2", "file-3", "a_b_c.txt"]),
        ([".env", "Übersicht 2024 (1).xlsx"], ["env", "Übersicht 2024 (1).xlsx"]),
    ],
)
def test_plain_names(given: list[str], plain: list[str]) -> None:
    assert plain_names(given) == plain


def test_long_names_are_cut_and_keep_their_end() -> None:
    (name,) = plain_names(["漢" * 300 + ".csv"])
    assert name.endswith(".csv")
    assert len(name.encode()) <= 180


async def test_a_file_that_is_gone_is_named_and_ends_nothing() -> None:
    interpreter = ScriptedInterpreter()
    async with process(calls(code("1")), says("."), interpreter=interpreter) as here:
        gone, there = await file(here, "gone.csv"), await file(here, "there.csv")
        assistant = await here.assistant(tools=(CODE,), tool_resources=files_for_code(gone, there))
        await here.engine.files.delete(gone)
        thread = await here.thread("Add them up.")
        request = RunRequest(assistant_id=assistant.id)
        run = await here.ended(await here.engine.runs.create(thread.id, request))
        assert run.status == "completed"
        assert list(lying(interpreter, run)) == ["there.csv"]
        said = here.model.requests[0].instructions
        assert f"deleted and cannot be read any more: {gone}." in said


async def test_a_file_that_is_too_large_is_told_in_the_output() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.most = 5
    rounds = [calls(code("1")), calls(code("2", "call_b")), says(".")]
    async with process(*rounds, interpreter=interpreter) as here:
        large = await file(here, "large.csv", b"123456")
        run = await here.ended(await start(here, theirs=(large,)))
        assert run.status == "completed"
        assert told(here).startswith("[The file large.csv is not in /mnt/data: large.csv has 6")
        assert told(here).endswith("ran 1")
        assert told(here, 2) == "ran 2", "it is said once"


async def test_bytes_that_went_with_the_file_are_told_in_the_output() -> None:
    """It was deleted while the Run was going on."""
    interpreter = ScriptedInterpreter()
    async with process(calls(code("1")), says("."), interpreter=interpreter) as here:
        here.store.blobs.data.clear()
        name = await file(here, "a.csv")
        here.store.blobs.data.clear()
        run = await here.ended(await start(here, theirs=(name,)))
        assert run.status == "completed"
        assert told(here).startswith("[The file a.csv is not in /mnt/data: it was deleted.]")


# ------------------------------------------------------------------------------ out


async def test_what_code_leaves_is_a_file_that_the_answer_links() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "sum.csv", b"3")
    text = f"𝔸ll done: [sum]({LINK}sum.csv)."
    answer = says(*(text[at : at + 4] for at in range(0, len(text), 4)))
    async with process(calls(code("1")), answer, interpreter=interpreter) as here:
        run = await start(here)
        client = Client(await here.events(run))
        assert client.text() == text
        (message,) = await here.messages(run)
        (attachment,) = message.attachments
        assert attachment["tools"] == [CODE]
        made = await here.engine.files.get(attachment["file_id"])
        assert (made.purpose, made.filename, made.bytes) == ("assistants_output", "sum.csv", 1)
        assert await here.engine.files.content(made.id) == b"3"
        (annotation,) = message.content[0]["text"]["annotations"]
        assert annotation == {
            "type": "file_path",
            "text": f"{LINK}sum.csv",
            "start_index": text.index(LINK),
            "end_index": text.index(LINK) + len(f"{LINK}sum.csv"),
            "file_path": {"file_id": made.id},
        }
        assert "[Files in /mnt/data: sum.csv (1 bytes)]" in told(here)


async def test_a_file_that_nobody_mentions_is_carried_by_the_next_message() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "a.csv", b"1")
    interpreter.leave("2", "b.csv", b"2")
    rounds = [calls(code("1")), calls(code("2", "call_b"), text="Look."), says("Done.")]
    async with process(*rounds, interpreter=interpreter) as here:
        run = await here.ended(await start(here))
        assert await attached(here, run) == [["a.csv"], ["b.csv"]]


async def test_a_file_without_any_words_gets_a_message_of_its_own() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "a.csv", b"1")
    async with process(calls(code("1")), says(""), interpreter=interpreter) as here:
        run = await start(here)
        client = Client(await here.events(run))
        assert client.short()[-1] == "run.completed"
        assert await attached(here, run) == [["a.csv"]]


async def test_a_changed_file_is_another_one_and_an_unchanged_one_is_not() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "data.csv", b"changed")
    interpreter.leave("2", "data.csv", b"changed")
    interpreter.leave("3", "data.csv", b"changed again")
    interpreter.leave("4", "other.csv", b"as it was")
    rounds = [
        calls(code(str(number), f"call_{number}")) for number in range(1, 5)
    ]  # fmt: skip
    async with process(*rounds, says(f"{LINK}data.csv"), interpreter=interpreter) as here:
        data, other = await file(here, "data.csv"), await file(here, "other.csv", b"as it was")
        run = await here.ended(await start(here, theirs=(data, other)))
        (message,) = await here.messages(run)
        (attachment,) = message.attachments
        assert await here.engine.files.content(attachment["file_id"]) == b"changed again"
        (annotation,) = message.content[0]["text"]["annotations"]
        assert annotation["file_path"]["file_id"] == attachment["file_id"]
        assert await here.engine.files.content(data) == b"a,b\n1,2\n", "what was given stays"


async def test_a_file_that_was_given_can_be_linked_as_well() -> None:
    async with process(says(f"It is {LINK}data.csv.")) as here:
        data = await file(here, "data.csv")
        run = await here.ended(await start(here, theirs=(data,)))
        (message,) = await here.messages(run)
        (annotation,) = message.content[0]["text"]["annotations"]
        assert annotation["file_path"]["file_id"] == data


async def test_a_later_run_links_what_an_earlier_one_left() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "sum.csv", b"3")
    answer = says(f"Here: {LINK}sum.csv")
    async with process(calls(code("1")), answer, interpreter=interpreter) as here:
        run = await here.ended(await start(here))
        here.model.then(*says(f"Again: {LINK}sum.csv"))
        second = await again(here, run)
        first, later = [(await here.messages(one))[0] for one in (run, second)]
        ids = [one.content[0]["text"]["annotations"][0]["file_path"] for one in (first, later)]
        assert ids[0] == ids[1]
        assert later.attachments == (), "it was carried before"


async def test_more_files_than_are_kept() -> None:
    interpreter = ScriptedInterpreter()
    for number in range(30):
        interpreter.leave("1", f"{number:02}.txt", b"%d" % number)
    async with process(calls(code("1")), says("Many."), interpreter=interpreter) as here:
        run = await here.ended(await start(here))
        (names,) = await attached(here, run)
        assert len(names) == 20
        assert "19.txt (2 bytes), and 10 more]" in told(here)
        assert "[Only 20 files of a call reach the user" in told(here)


async def test_files_survive_a_required_action() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "a.csv", b"1")
    rounds = [calls(code("1"), ("call_w", "weather", "{}")), says(f"{LINK}a.csv")]
    async with process(*rounds, interpreter=interpreter) as here:
        run = await here.ended(await start(here, tools=(CODE, WEATHER)))
        assert run.status == "requires_action"
        await here.submit(run, call_w="sun")
        await here.ended(run)
        (message,) = await here.messages(run)
        assert len(message.attachments) == len(message.content[0]["text"]["annotations"]) == 1


# ------------------------------------------------------------------------------ other sessions


async def test_a_session_that_was_rebuilt_gets_files_and_what_code_left() -> None:
    """The next Run is done by a process that knows nothing of the Thread's session."""
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "data.csv", b"changed")
    interpreter.leave("1", "sum.csv", b"3")
    rounds = [calls(code("1")), says("Done."), calls(code("2")), says("Again.")]
    async with process(*rounds, interpreter=interpreter) as here:
        data = await file(here, "data.csv")
        run = await here.ended(await start(here, theirs=(data,)))
        interpreter.forget(run.thread_id)
        await again(here, run)
        assert lying(interpreter, run) == {"data.csv": b"changed", "sum.csv": b"3"}
        for beats in (calls(code("3")), says(".")):
            here.model.then(*beats)
        interpreter.files[run.thread_id, "sum.csv"] = b"by code"
        await again(here, run)
        assert lying(interpreter, run) == {"data.csv": b"changed", "sum.csv": b"by code"}


async def test_a_run_is_told_that_variables_of_earlier_ones_are_gone() -> None:
    """Not before code ran: the first Run runs none, and the second one has lost nothing."""
    interpreter = ScriptedInterpreter()
    rounds = [says("Hello."), calls(code("x = 1")), says("Done."), calls(code("x")), says("Gone.")]
    async with process(*rounds, interpreter=interpreter) as here:
        run = await here.ended(await start(here))
        await again(here, run)
        assert told(here, 2) == "ran x = 1"
        interpreter.forget(run.thread_id)
        await again(here, run)
        lost, ran = told(here, 4).split("\n")
        assert ("variables of earlier calls are gone" in lost, ran) == (True, "ran x")


async def test_another_process_goes_on_with_the_files_of_the_run() -> None:
    interpreter = ScriptedInterpreter()
    interpreter.leave("1", "sum.csv", b"3")
    rounds = [calls(code("1")), [TextDelta(f"{LINK}s"), NEVER()]]
    async with process(*rounds, interpreter=interpreter) as first:
        data = await file(first, "data.csv")
        run = await start(first, theirs=(data,))
        await first.clock.advance(0.1)
        before = first.model.requests[-1]
        await first.dies()
        fresh = ScriptedInterpreter()
        answers = [calls(code("2", "call_b")), says(f"See {LINK}sum.csv")]
        async with process(*answers, store=first.store, interpreter=fresh, owner="w2") as second:
            assert (await second.ended(run)).status == "completed"
            asked = second.model.requests[0]
            assert (asked.items, asked.instructions) == (before.items, before.instructions)
            assert lying(fresh, run) == {"data.csv": b"a,b\n1,2\n", "sum.csv": b"3"}
            assert told(second, 1).startswith("[The session was lost and a new one began:")
            half, whole = await second.messages(run)
            assert half.status == "incomplete"
            assert len(whole.attachments) == 1
            assert whole.content[0]["text"]["annotations"]
            Client(await second.events(run))
