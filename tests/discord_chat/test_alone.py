"""Answers that one person alone sees: what an interaction allows, and where the rest goes."""

from __future__ import annotations

from tests.discord_chat.world import ANN, LUNCH, MATHS, World
from tests.fakes.discord.looks import button
from tests.patience import until


async def test_what_a_press_may_not_say_any_more_comes_by_direct_message(world: World) -> None:
    async with world.process():
        asked = await world.discord.slash(ANN, LUNCH, "ask", personal=True, question="hello")
        await until(lambda: world.discord.answered(asked) == "You said: hello")
        await world.idle()
        answer = world.discord.messages[f"{LUNCH}/{ANN}"][asked.original]
        world.discord.fail("POST", "^/webhooks/", 400, code=40094)
        await world.discord.press(ANN, LUNCH, answer["id"], button(answer, "regenerate"))
        await world.appears(world.dm, "You said: hello")
        await world.idle()
    assert len(world.assistants.runs) == 2
    assert world.own(LUNCH) == []


async def test_a_file_comes_with_a_private_question(world: World) -> None:
    table = world.discord.add_file("data.csv", b"a,b\n1,2\n", "text/csv")
    async with world.process():
        asked = await world.discord.slash(
            ANN, MATHS, "ask", file=table, question="sum it up", private=True
        )
        await until(lambda: "sum it up" in world.discord.answered(asked))
        await world.idle()
    (document,) = world.assistants.sent[0].documents
    assert world.assistants.files[document.file_id] == ("data.csv", b"a,b\n1,2\n")
    assert world.own(MATHS) == []


async def test_an_acknowledgement_comes_before_anything_is_stored_or_asked(world: World) -> None:
    async with world.process():
        before = len(world.discord.calls)
        await world.break_store()
        asked = await world.discord.slash(ANN, MATHS, "ask", question="hello")
        await until(lambda: "cannot reach my memory" in str(world.discord.told_alone(ANN, MATHS)))
        await world.mend_store()
    assert asked.acked is not None
    assert world.discord.calls[before].path.endswith("/callback")
    assert not world.assistants.runs
