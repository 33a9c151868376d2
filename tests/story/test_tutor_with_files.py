"""The tutor and files: I hand in a table and get a changed one back, with a plot; I ask about a
text and am told where it stands.

Store, engine, code interpreter and file search are the real ones; only the model (a script) and
the platform (in memory) are stand-ins.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.service import StandIns
from config.loading import AssistantFile
from config.settings import Settings
from core.assistants import Json, Message, RunStep
from core.chat.messages import Author, ConversationKey, Inbound, InFile, OutFile, Said
from core.engine.generation import (
    Finished,
    ImagePart,
    ModelEvent,
    ModelRequest,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolOutput,
    Usage,
    UserItem,
)
from core.engine.records import Cursor
from core.engine.requests import AssistantUpdate, FileRequest
from core.engine.service.engine import Engine
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE_S
from tests.servers import redis_server

ROOM = ConversationKey("fake", ("w", "room"))
MARKS = b"name,mark\nAnn,1\nBob,3\n"
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LOOK = "from PIL import Image\nprint(Image.open('/mnt/data/photo.png').size)"
DOUBLE = """
import pandas as pd
table = pd.read_csv("/mnt/data/marks.csv")
table["mark"] *= 2
table.to_csv("/mnt/data/marks.csv", index=False)
table.plot(x="name", y="mark").figure.savefig("/mnt/data/marks.png")
print(table["mark"].sum())
"""
NOTES = b"The derivative of a sum is the sum of the derivatives.\n\nMarks are given in July.\n"


class Tutor:
    """A model that doubles the marks of a table, and looks up whatever else it is asked."""

    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(request)
        last = request.items[-1]
        if isinstance(last, ToolOutput):
            yield TextDelta(self._answer(last.output))
        else:
            asked = getattr(last, "text", "")
            name, arguments = ("file_search", {"query": asked})
            for file, code in (("marks.csv", DOUBLE), ("photo.png", LOOK)):
                if file in request.instructions:
                    name, arguments = ("code_interpreter", {"code": code})
            yield ToolCallDelta(0, json.dumps(arguments), "call_1", name)
        yield Finished("stop", Usage(10, 5))

    def _answer(self, output: str) -> str:
        if "【" not in output:
            total = output.splitlines()[0]
            return f"Together {total} now: [your table](sandbox:/mnt/data/marks.csv)."
        found = output[output.index("【") :]
        return f"In July{found[: found.index('】') + 1]}."


class Uploads:
    """The reading side of the platform: it has the files that people sent."""

    async def before(self, inbound: Inbound, limit: int) -> tuple[Said, ...]:
        return ()

    async def fetch(self, inbound: Inbound, file: InFile, most_bytes: int) -> bytes:
        return {"marks.csv": MARKS, "notes.md": NOTES, "photo.png": PHOTO}[file.name]


@dataclass(slots=True)
class Home:
    """A whole bot with a tutor who has both tools."""

    bobbin: Bobbin
    engine: Engine
    model: Tutor
    platform: FakePlatform

    async def hears(self, text: str, file: str) -> None:
        """I write this and hand in that file."""
        assert self.bobbin.chat is not None
        message = Inbound(
            id=f"m-{file}",
            message_id=f"m-{file}",
            conversation=ROOM,
            author=Author(id="ann"),
            text=text,
            received_at=0.0,
            files=(InFile(ref="1", name=file),),
        )
        await self.bobbin.chat.intake.deliver(message)

    async def answer(self) -> str:
        """What I read, once the turn is over."""
        (text,) = await self.platform.until_answered(ROOM, 1)
        async with asyncio.timeout(PATIENCE_S):
            while await self.bobbin.stores.control.pending(ROOM):
                await asyncio.sleep(0.01)
        return text

    def files(self) -> dict[str, OutFile]:
        """What came with the answer."""
        posts = self.platform.conversations[ROOM]
        return {file.name: file for shown in posts for file in shown.post.files}

    async def said_and_done(self) -> tuple[Message, RunStep]:
        """The answer as the API has it, and the Step before it."""
        session = await self.bobbin.stores.sessions.current(ROOM)
        assert session.thread_id is not None
        assert session.last is not None
        run_id, order = session.last.run_id, Cursor(order="asc")
        steps = await self.engine.runs.steps(session.thread_id, run_id, order)
        messages = await self.engine.messages.list(session.thread_id, order)
        return messages.data[-1], steps.data[0]


@asynccontextmanager
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """Put the bot together."""
    model, platform = Tutor(), FakePlatform()
    tools = ("code_interpreter", "file_search")
    tutor = AssistantFile(slug="tutor", name="Tutor", instructions="Be kind.", tools=tools)
    stand_ins = StandIns(model=model, files={"tutor": tutor}, dispatcher={"sweep_s": 0.1})
    with redis_server(tmp_path, fsync="no") as server:
        settings = Settings.model_validate(
            {"redis_url": server.url, "bobbin_data_dir": tmp_path / "data"}
        )
        async with open_bobbin(
            settings,
            assistant="tutor",
            platforms={"fake": platform},
            sources={"fake": Uploads()},
            stand_ins=stand_ins,
        ) as bobbin:
            side = bobbin.service.side
            assert side is not None
            status = await side.interpreter.status()
            if not status.available:
                pytest.skip(status.sentence)
            yield Home(bobbin, side.engine, model, platform)


def annotation_of(message: Message) -> Json:
    """The one annotation of its one text; what it says must be where it says."""
    (part,) = [part for part in message.content if part["type"] == "text"]
    (annotation,) = part["text"]["annotations"]
    start, end = annotation["start_index"], annotation["end_index"]
    assert part["text"]["value"][start:end] == annotation["text"]
    return annotation


async def test_a_table_goes_in_and_a_changed_one_and_a_plot_come_out(tmp_path: Path) -> None:
    """I send marks.csv; code that ran (I can look at it) doubled the marks."""
    async with home(tmp_path) as bot:
        await bot.hears("Double the marks and plot them.", "marks.csv")
        assert await bot.answer() == "Together 8 now: your table (marks.csv)."
        assert sorted(bot.files()) == ["marks.csv", "marks.png"], "the plot comes once"
        table, plot = bot.files()["marks.csv"], bot.files()["marks.png"]
        assert table.data == b"name,mark\nAnn,2\nBob,6\n"
        assert table.media_type == "text/csv"
        assert plot.data.startswith(b"\x89PNG")

        message, step = await bot.said_and_done()
        made = annotation_of(message)["file_path"]["file_id"]
        assert await bot.engine.files.content(made) == table.data
        assert (await bot.engine.files.get(made)).purpose == "assistants_output"
        (call,) = step.step_details["tool_calls"]
        assert "read_csv" in call["code_interpreter"]["input"]
        outputs = call["code_interpreter"]["outputs"]
        assert [output["type"] for output in outputs] == ["logs", "image"]


async def test_a_picture_that_i_send_is_there_for_code(tmp_path: Path) -> None:
    """The model sees it, and code measures it."""
    async with home(tmp_path) as bot:
        await bot.hears("How large is this?", "photo.png")
        assert (await bot.answer()).startswith("Together (1, 1) now")
        (asked,) = [item for item in bot.model.requests[0].items if isinstance(item, UserItem)]
        assert [type(part) for part in asked.content] == [TextPart, ImagePart]


async def test_i_am_told_where_it_stands(tmp_path: Path) -> None:
    """I send notes.md; the answer is from it and says so."""
    async with home(tmp_path) as bot:
        await bot.hears("When are marks given?", "notes.md")
        assert await bot.answer() == "In July [1].\n\nSources: [1] notes.md"
        message, step = await bot.said_and_done()
        cited = annotation_of(message)["file_citation"]["file_id"]
        assert await bot.engine.files.content(cited) == NOTES
        (call,) = step.step_details["tool_calls"]
        assert call["file_search"]["results"][0]["file_name"] == "notes.md"


async def test_the_operators_files_are_at_hand_in_every_conversation(tmp_path: Path) -> None:
    """The tutor was given a table; I never sent one."""
    async with home(tmp_path) as bot:
        (tutor,) = (await bot.engine.assistants.list(Cursor())).data
        given = await bot.engine.files.create(
            FileRequest(filename="marks.csv", purpose="assistants", data=MARKS)
        )
        resources = {"code_interpreter": {"file_ids": [given.id]}}
        await bot.engine.assistants.update(tutor.id, AssistantUpdate(tool_resources=resources))
        await bot.hears("Double them.", "notes.md")
        assert (await bot.answer()).startswith("Together 8 now")
        assert await bot.engine.files.content(given.id) == MARKS, "what was given stays"
