"""That nothing is lost or answered twice on its way in, whatever the gateway does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.discord.api import BANNED_S, DiscordApi, DiscordRefused
from adapters.discord.backfill import Backfill
from adapters.discord.gateway import Gateway, Link
from core.clock import SystemClock
from core.errors import ConfigurationError, PlatformRateLimited
from tests.discord_chat.world import ANN, LUNCH, MATHS, MENTION, Budget, World
from tests.fakes.clock import ManualClock
from tests.fakes.discord.looks import APP, ROLE
from tests.fakes.hearing import FakeHearing
from tests.fakes.pacer import FakePacer
from tests.patience import until


class Deaf:
    """Whoever is told what the gateway says, and makes nothing of it."""

    full = False

    def hear(self, name: str, data: dict[str, Any]) -> None:
        return

    def without_contents(self) -> None:
        return

    def alive(self) -> None:
        return


async def test_every_message_three_times_is_one_answer(world: World) -> None:
    world.discord.deliveries = 3
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, thread, "!new")
        await world.appears(thread, "number 2")
        await world.discord.post(ANN, thread, "again")
        await world.replied(thread, 2)
        await world.idle()
    assert len(world.assistants.runs) == 2
    assert not any("number 3" in said for said in world.discord.said(thread))


async def test_two_processes_on_one_shard_answer_once(world: World) -> None:
    async with world.process(), world.process():
        await world.until(lambda: world.discord.listening == 2)
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.idle()
    assert len(world.own(thread)) == 1
    assert len(world.assistants.runs) == 1


async def test_a_broken_connection_is_resumed_and_nothing_is_missed(world: World) -> None:
    async with world.process():
        await world.discord.drop()
        await world.discord.post(ANN, world.dm, "while you were away")
        await world.replied(world.dm)
    assert (world.discord.identifies, world.discord.resumes) == (1, 1)


async def test_discord_asks_to_reconnect(world: World) -> None:
    async with world.process():
        await world.discord.ask_to_reconnect()
        await world.until(lambda: world.discord.resumes)
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)
    assert world.discord.identifies == 1


async def test_a_session_that_is_over_is_begun_anew_and_asks_for_the_rest(world: World) -> None:
    async with world.process():
        await world.discord.post(ANN, world.dm, "first")
        await world.replied(world.dm)
        await world.marked()
        await world.discord.invalidate()
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} in between")
        await world.discord.post(ANN, world.dm, "in between")
        await world.replied(thread)
        await world.replied(world.dm, 2)
        await world.idle()
    assert world.discord.identifies == 2
    assert len(world.assistants.runs) == 3


async def test_what_was_said_while_nobody_listened_is_answered_in_order(world: World) -> None:
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)
        await world.marked()
        await world.idle()
    for number in range(120):
        await world.discord.post(ANN, world.dm, f"question {number}")
    await world.discord.post(ANN, thread, "and now?")
    mention = await world.discord.post(ANN, MATHS, f"{MENTION} anybody there?")
    async with world.process():
        await world.replied(mention)
        await world.replied(thread, 2)
        await world.until(lambda: "question 119" in "".join(m.text for m in world.assistants.sent))
        await world.idle()
    said = "\n".join(message.text for message in world.assistants.sent)
    numbers = [int(line.split()[1]) for line in said.splitlines() if line.startswith("question")]
    assert numbers == list(range(120))


async def test_a_first_direct_message_that_nobody_heard_is_found_with_the_second(
    world: World,
) -> None:
    async with world.process():
        pass
    await world.discord.post(ANN, world.dm, "one")
    await world.discord.post(ANN, world.dm, "!new")
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello, is anybody there?")
        await world.until(lambda: "anybody" in "".join(m.text for m in world.assistants.sent))
        await world.idle()
    assert [m.text for m in world.assistants.sent] == ["one", "hello, is anybody there?"]


async def test_direct_messages_are_known_from_a_command_on(world: World) -> None:
    async with world.process():
        helped = await world.discord.slash(ANN, world.dm, "help")
        await world.until(lambda: world.discord.answered(helped))
    await world.discord.post(ANN, world.dm, "while you were away")
    async with world.process():
        await world.replied(world.dm)


async def test_a_command_finds_a_first_direct_message_that_nobody_heard(world: World) -> None:
    async with world.process():
        pass
    await world.discord.post(ANN, world.dm, "one")
    async with world.process():
        await world.discord.slash(ANN, world.dm, "help")
        assert await world.replied(world.dm) == ["You said: one"]


async def test_a_first_start_answers_nothing_old(world: World) -> None:
    await world.discord.post(ANN, MATHS, f"{MENTION} last year")
    await world.discord.post(ANN, world.dm, "last year")
    async with world.process():
        await world.discord.post(ANN, world.dm, "now")
        await world.replied(world.dm)
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} now")
        await world.replied(thread)
        await world.idle()
    assert len(world.assistants.runs) == 2


async def test_a_first_start_leaves_a_mark_at_once(world: World) -> None:
    hearing = FakeHearing()
    api = DiscordApi(world.discord.token, world.discord.url, SystemClock())
    backfill = Backfill(api, hearing, SystemClock(), ear="discord:1:0/1")
    backfill.begin()
    assert [message async for message in backfill.missed(MATHS)] == []
    assert await hearing.reached("discord:1:0/1") is not None
    await api.aclose()


async def test_a_connection_that_stays_deaf_is_made_anew(world: World) -> None:
    world.discord.swallow_resumes = True
    async with world.process(deaf_s=0.2):
        await world.discord.post(ANN, world.dm, "first")
        await world.replied(world.dm)
        await world.marked()
        await world.discord.drop()
        await world.discord.post(ANN, world.dm, "do you hear me?")
        await world.replied(world.dm, 2)
    assert world.discord.identifies >= 2  # a slow machine may find the second one deaf too


async def test_what_the_store_does_not_take_is_kept_until_it_does(world: World) -> None:
    async with world.process():
        await world.break_store()
        await world.discord.post(ANN, world.dm, "are you there?")
        await asyncio.sleep(0.3)
        await world.mend_store()
        assert await world.replied(world.dm) == ["You said: are you there?"]


async def test_a_question_whose_process_died_is_placed_by_the_next_one(world: World) -> None:
    world.discord.fail("PATCH", "/@original$", 503, times=1000)
    async with world.process():
        asked = await world.discord.slash(ANN, MATHS, "ask", question="do not forget me")
        await world.until(lambda: world.discord.called("PATCH", "/@original$"))
    assert not world.assistants.runs
    world.discord.faults.clear()
    await world.age_questions(f"discord:{APP}")
    async with world.process():
        await world.until(lambda: asked.original in world.discord.channels)
        await world.replied(asked.original)
        await world.idle()
    assert len(world.assistants.runs) == 1


async def test_without_message_contents_mentions_work_and_the_rest_is_hinted_once(
    world: World,
) -> None:
    world.discord.content_intent = False
    async with world.process():
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
        await world.discord.post(ANN, thread, "no mention")
        await world.appears(thread, "I cannot read messages here")
        await world.discord.post(ANN, thread, "still none")
        await world.discord.post(ANN, thread, f"{MENTION} but now")
        await world.replied(thread, 2)
        await world.discord.post(ANN, world.dm, "in private")
        await world.replied(world.dm)
    assert sum("I cannot read" in said for said in world.discord.said(thread)) == 1


async def test_without_message_contents_a_mention_of_the_role_is_hinted_at(world: World) -> None:
    world.discord.content_intent = False
    world.settings["bobbin_discord_open"] = LUNCH
    async with world.process():
        await world.discord.post(ANN, MATHS, "nobody is meant")
        await world.discord.post(ANN, MATHS, f"<@&{ROLE}> what is 2 + 2?")
        await world.appears(MATHS, "not by my role")
        await world.discord.post(ANN, LUNCH, "what is 3 + 3?")
        await world.appears(LUNCH, "I cannot read messages here")
    async with world.process():
        await world.discord.post(ANN, MATHS, f"<@&{ROLE}> hello?")
        thread = await world.discord.post(ANN, MATHS, f"{MENTION} hello")
        await world.replied(thread)
    assert len(world.own(MATHS)) == 1


async def test_sessions_of_the_gateway_have_a_budget_that_all_processes_share(
    world: World,
) -> None:
    world.pacer = budget = Budget()
    async with world.process():
        await world.discord.invalidate()
        await world.until(lambda: world.discord.identifies == 2)
    asked = [(name, pace) for name, pace in budget.asked if ":identify:" in name]
    assert [name.rsplit(":", 1)[1] for name, _ in asked] == ["each", "day"] * 2
    assert {name.split(":identify:")[0] for name, _ in asked} == {f"discord:{APP}"}
    each, day = (dict(asked)[f"discord:{APP}:identify:{name}"] for name in ("each", "day"))
    assert each.interval_ms >= 5_000
    assert day.burst + 86_400_000 / day.interval_ms < 1_000


async def test_a_ban_of_our_address_is_waited_out(world: World) -> None:
    world.discord.fail("GET", "/applications/@me$", 429, retry_after=1, via=False)
    async with world.process():
        await world.discord.post(ANN, world.dm, "hello")
        await world.replied(world.dm)


async def test_a_ban_at_the_gateway_is_waited_out_in_the_process(world: World) -> None:
    clock = ManualClock()
    world.discord.fail("GET", "^/users/@me$", 429, retry_after=1, via=False)
    link = Link(
        token=world.discord.token,
        api_url=world.discord.url,
        gateway_url=world.discord.gateway_url,
        shard=(0, 1),
        name="discord:1",
    )

    async def hear() -> None:
        async with Gateway(link, Deaf(), FakePacer(clock), clock).running():
            await asyncio.Event().wait()

    hearing = asyncio.create_task(hear())
    await clock.until_asleep()
    assert world.discord.called("GET", "^/users/@me$")
    assert world.discord.identifies == 0
    await clock.advance(BANNED_S)
    await until(lambda: world.discord.identifies == 1)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)


async def test_of_processes_that_start_together_one_tells_discord_the_commands(
    world: World,
) -> None:
    world.pacer = FakePacer(SystemClock())
    async with world.process():
        world.discord.commands[0]["description"] = "Something older"
        async with world.process():
            await world.discord.post(ANN, world.dm, "hello")
            await world.replied(world.dm)
    assert len(world.discord.called("PUT", "/commands$")) == 1


async def test_after_too_many_refusals_nothing_is_asked_for_a_while(world: World) -> None:
    api = DiscordApi(world.discord.token, world.discord.url, SystemClock(), most_refused=3)
    world.discord.fail("GET", "/channels/", 403, times=9, code=50001)
    for _ in range(3):
        with pytest.raises(DiscordRefused):
            await api.read(f"/channels/{MATHS}")
    with pytest.raises(PlatformRateLimited) as silent:
        await api.read(f"/channels/{MATHS}")
    assert 590 < silent.value.retry_after_s <= 600
    assert len(world.discord.called("GET", "/channels/")) == 3
    await api.aclose()


async def test_a_wrong_token_is_named(world: World) -> None:
    world.settings["discord_token"] = "MTAwMA.wrong.token"
    with pytest.raises(ConfigurationError, match="DISCORD_TOKEN"):
        async with world.process():
            pass


async def test_an_edit_that_adds_a_mention_starts_a_turn_once(world: World) -> None:
    async with world.process():
        asked = await world.discord.post(ANN, MATHS, "what is 2 + 2?")
        await world.discord.edit(MATHS, asked, f"{MENTION} what is 2 + 2?")
        await world.replied(asked)
        await world.discord.edit(MATHS, asked, "", embed=True)
        await world.idle()
    assert len(world.assistants.runs) == 1


async def test_a_later_edit_offers_to_answer_again(world: World) -> None:
    async with world.process():
        asked = await world.discord.post(ANN, world.dm, "what is 2 + 2?")
        await world.replied(world.dm)
        await world.idle()
        await world.discord.edit(world.dm, asked, "what is 2 + 3?")
        await world.appears(world.dm, "Regenerate")
        await world.discord.post(ANN, world.dm, "!regenerate")
        await world.until(lambda: len(world.assistants.runs) == 2)
        await world.idle()
    assert world.discord.said(world.dm)[0] == "You said: what is 2 + 3?"


async def test_a_deleted_message_leaves_the_conversation(world: World) -> None:
    async with world.process():
        secret = await world.discord.post(ANN, world.dm, "my password is 1234")
        await world.replied(world.dm)
        await world.idle()
        await world.discord.delete(world.dm, secret)

        def roles() -> list[str]:
            return [m.role for one in world.assistants.threads.values() for m in one]

        await world.until(lambda: roles() == ["assistant"])
