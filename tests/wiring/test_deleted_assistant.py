"""An Assistant that was chosen, and then deleted by the API: the default answers, on the engine."""

from __future__ import annotations

from pathlib import Path

from bots.wiring.assistants import assistant_id
from bots.wiring.bobbin import open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from core.chat.messages import Author, ConversationKey, Inbound
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.platform import FakePlatform
from tests.fakes.scripted_model import ScriptedModel, says
from tests.servers import redis_server

ROOM = ConversationKey("fake", ("w", "room"))


async def test_a_deleted_assistant_is_stood_in_for_by_the_default(tmp_path: Path) -> None:
    (tmp_path / "assistants").mkdir()
    for slug in ("tutor", "physics"):
        text = f'name = "{slug.title()}"\ninstructions = "You are {slug}."\n'
        (tmp_path / "assistants" / f"{slug}.toml").write_text(text)
    model, platform = ScriptedModel(says("One."), says("Two.")), FakePlatform()
    with redis_server(tmp_path, fsync="no") as server:
        settings = Settings.model_validate(
            {
                "redis_url": server.url,
                "bobbin_data_dir": tmp_path / "data",
                "bobbin_config_dir": tmp_path,
                "bobbin_assistant": "tutor",
            }
        )
        stand_ins = StandIns(model=model, interpreter=ScriptedInterpreter())
        async with open_bobbin(
            settings, platforms={"fake": platform}, stand_ins=stand_ins
        ) as bobbin:
            assert bobbin.chat is not None
            assert bobbin.service.side is not None
            for name, text in (("1", "!assistant physics"), ("2", "why?"), ("3", "and why?")):
                if name == "3":
                    engine = bobbin.service.side.engine
                    await engine.assistants.delete(assistant_id("physics"))
                await bobbin.chat.intake.deliver(
                    Inbound(
                        id=name,
                        message_id=name,
                        conversation=ROOM,
                        author=Author(id="ann"),
                        text=text,
                        received_at=0.0,
                    )
                )
                if name != "1":
                    await platform.until_answered(ROOM, int(name) - 1)
    assert platform.texts(ROOM)[1:] == [
        "One.",
        "(Physics, which was chosen here, is not there any more: Tutor answers.)",
        "Two.",
    ]
    first, second = model.requests
    assert "You are physics." in str(first)
    assert "You are tutor." in str(second)
    assert "why?" in str(second.items)
