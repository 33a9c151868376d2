"""Files that people send: for the tools that whoever answers has, or left out with a sentence."""

from __future__ import annotations

import pytest

from core.chat.messages import Inbound, InFile, Said
from core.chat.wording import Worded, Wording
from core.errors import NotFound
from tests.chat.flow import ANN, place
from tests.fakes.assistants import FakeAssistants

CODE, SEARCH = "code_interpreter", "file_search"
PICTURE = b"\x89PNG\r\n\x1a\n..."


class Post:
    """The reading side of a platform: every file has its name as content, but for pictures."""

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        return ()

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        return PICTURE if file.name.endswith(".png") else file.name.encode()


async def worded(service: FakeAssistants, *names: str) -> Worded:
    """A message with these files, to be answered by `tutor`."""
    mail = Inbound(
        id="m1",
        message_id="m1",
        conversation=place(),
        author=ANN,
        text="Look at this.",
        received_at=1.0,
        files=tuple(InFile(ref=name, name=name) for name in names),
    )
    return await Wording(service, {"fake": Post()}).of((mail,), assistant="tutor", first=False)


@pytest.mark.parametrize(
    ("has", "notes", "table"),
    [
        ({CODE, SEARCH}, (SEARCH, CODE), (CODE,)),
        ({CODE}, (CODE,), (CODE,)),
        ({SEARCH, "function"}, (SEARCH,), (SEARCH,)),
    ],
)
async def test_a_file_is_for_the_tools_that_there_are(
    has: set[str], notes: tuple[str, ...], table: tuple[str, ...]
) -> None:
    service = FakeAssistants()
    service.hosted = frozenset(has)
    said = await worded(service, "notes.md", "table.csv")
    (message,) = said.messages
    assert [one.tools for one in message.documents] == [notes, table]
    assert said.left_out == ()


async def test_without_a_tool_that_reads_files_they_are_left_out_and_not_kept() -> None:
    service = FakeAssistants()
    service.hosted = frozenset({"function"})
    said = await worded(service, "notes.md", "plot.png")
    (message,) = said.messages
    assert message.documents == ()
    assert len(message.images) == 1, "a picture is for the model itself"
    assert list(service.files.values()) == [("plot.png", PICTURE)]
    (sentence,) = said.left_out
    assert sentence.startswith("I left out notes.md: I have no tool that reads files")


async def test_without_files_nobody_is_asked_for_tools() -> None:
    service = FakeAssistants()
    service.gone.add("tutor")
    assert len((await worded(service)).messages) == 1
    with pytest.raises(NotFound):
        await worded(service, "notes.md")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\nb\u202ecod.md", "abcod.md"),
        ("..\\..\\C:\\notes.md", "notes.md"),
        ("../../etc/passwd", "passwd"),
        ("/", "file"),
        ("ü ß 😀.csv", "ü ß 😀.csv"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
async def test_whatever_a_file_is_called_it_is_taken(sent: str, kept: str) -> None:
    service = FakeAssistants()
    said = await worded(service, sent)
    assert said.left_out == ()
    ((name, _),) = service.files.values()
    assert name == kept
