"""The code interpreter over several processes: none goes on with what is out of date."""

from __future__ import annotations

from core.assistants import Run
from core.engine.code_files import LARGEST, Placed, Tray
from core.engine.generation import ToolOutput
from core.engine.requests import MessageRequest, RunRequest, ThreadRequest
from tests.engine.world import CODE, Process, process
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import calls, says


async def turn(here: Process, before: Run | None, source: str) -> tuple[Run, str]:
    """A Run that runs this code in its process, and what the model was told of it."""
    here.model.then(*calls(("call_a", "code_interpreter", source)))
    here.model.then(*says("Done."))
    message = MessageRequest(content="Go on.")
    if before is None:
        assistant = await here.assistant(tools=(CODE,))
        thread = (await here.engine.threads.create(ThreadRequest(messages=(message,)))).id
        request = RunRequest(assistant_id=assistant.id)
    else:
        thread = before.thread_id
        request = RunRequest(assistant_id=before.assistant_id, additional_messages=(message,))
    run = await here.ended(await here.engine.runs.create(thread, request))
    told = here.model.requests[-1].items[-1]
    assert isinstance(told, ToolOutput)
    return run, told.output


async def test_a_process_does_not_go_on_with_what_another_one_changed() -> None:
    """A Thread's turns go to A, B and A again, whatever kept them from going home: A has variables
    of the first, and says so."""
    here, there = ScriptedInterpreter(), ScriptedInterpreter()
    here.leave("1", "sum.csv", b"1")
    there.leave("2", "sum.csv", b"2")
    async with process(interpreter=here) as a:
        run, told = await turn(a, None, "1")
        assert "gone" not in told
        async with process(store=a.store, interpreter=there, owner="w2") as b:
            a.store.homes.clear()
            _, told = await turn(b, run, "2")
            assert "variables of earlier calls are gone" in told
            a.store.homes.clear()
            _, told = await turn(a, run, "3")
            assert here.ran == [(run.thread_id, "1"), (run.thread_id, "3")]
            assert "variables of earlier calls are gone" in told
            assert here.files == {(run.thread_id, "sum.csv"): b"2"}
            _, told = await turn(a, run, "4")
            assert told == "ran 4", "and it goes on with its own"


async def test_what_was_lost_is_known_after_some_talk_without_code() -> None:
    interpreter = ScriptedInterpreter()
    async with process(interpreter=interpreter) as here:
        run, _ = await turn(here, None, "1")
        for _ in range(5):
            here.model.then(*says("You are welcome."))
            thanks = RunRequest(
                assistant_id=run.assistant_id,
                additional_messages=(MessageRequest(content="Thanks."),),
            )
            await here.ended(await here.engine.runs.create(run.thread_id, thanks))
        interpreter.forget(run.thread_id)
        _, told = await turn(here, run, "2")
        assert "variables of earlier calls are gone" in told


def test_a_file_that_is_too_large_is_not_said_to_be_there() -> None:
    files = (Placed("a.csv", "file-1", "ab", 4), Placed("b.csv", "file-2", "cd", LARGEST + 1))
    there, too_large = Tray(files).sentence.splitlines()
    assert there == "Files in /mnt/data, for code_interpreter: a.csv (4 bytes)."
    assert "too large" in too_large
    assert "b.csv" in too_large
    assert Tray(files[1:]).sentence == too_large
