"""Calls that wait for a person's yes: asked, parked, pressed, told; over restarts and deadlines."""

from __future__ import annotations

import asyncio

import pytest

from core.chat.function_ports import Traits
from core.chat.functions import LATE
from core.chat.messages import Author, Capabilities, Post
from core.chat.policy import Policy
from core.chat.relay import UNDECIDED
from tests.chat.flow import ANN, BOB, ROOT, Process, place
from tests.fakes.platform import PLAIN, FakePlatform
from tests.functions.conftest import REFUND, Asking
from tests.patience import PATIENCE_S

EVE = Author(id="eve", name="Eve")
ASKED = "May I run this?"
BUTTONS = Capabilities(max_chars=2000, edits=True, buttons=True)


@pytest.fixture
def careful(asking: Asking) -> Asking:
    """A refund needs a yes."""
    asking.own.add("refund", traits=Traits(approval=True))
    return asking


def questions(asking: Asking) -> list[Post]:
    """What people see of questions."""
    shown = asking.world.platform.conversations[place()]
    return [one.post for one in shown if one.post.kind == "approval"]


async def is_parked(bot: Process) -> None:
    """Wait until no turn is in work: nobody holds anything."""
    async with asyncio.timeout(PATIENCE_S):
        while bot.chat.dispatcher.active:
            await asyncio.sleep(0.01)


async def asks(asking: Asking, bot: Process, text: str = "refund it, please") -> Post:
    """Somebody asks, the question is shown, and the turn waits."""
    await bot.says(text, where=place())
    await asking.world.platform.until_shown(place(), ASKED)
    await is_parked(bot)
    return questions(asking)[-1]


@pytest.mark.parametrize("can", [PLAIN, BUTTONS])
async def test_a_question_says_what_would_run_and_how_to_decide(
    careful: Asking, can: Capabilities
) -> None:
    careful.world.platform = FakePlatform(can)
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
    assert 'refund(order="A-17")' in post.text
    assert "60 minutes" in post.text
    assert ("`!approve 1`" in post.text) == (not can.buttons)
    assert post.controls == ("approve", "deny")
    assert post.about.startswith("appr_")
    assert careful.own.calls == []


@pytest.mark.parametrize("by", ["button", "!approve", "!approve 1"])
async def test_a_yes_runs_it_once_and_the_answer_follows(careful: Asking, by: str) -> None:
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
        if by == "button":
            await bot.presses("approve", where=place(), argument=post.about)
        else:
            await bot.says(by, where=place())
        answers = await careful.world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
    assert answers == ['done: {"order": "A-17"}']
    assert len(careful.own.calls) == 1
    (asked,) = questions(careful)
    assert asked.text.endswith("Approved by Ann.")
    assert asked.controls == ()


@pytest.mark.parametrize(("word", "said"), [("!approve", "Approved."), ("!deny", "Denied; it")])
async def test_where_nothing_can_be_edited_a_decision_is_said(
    careful: Asking, word: str, said: str
) -> None:
    careful.world.platform = FakePlatform(Capabilities(max_chars=2000))
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says(word, where=place())
        await careful.world.platform.until_shown(place(), said)
        await bot.is_idle(where=place())
    assert len(careful.own.calls) == (word == "!approve")


async def test_a_no_is_told_to_the_model(careful: Asking) -> None:
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says("!deny", where=place())
        await careful.world.platform.until_answered(place(), 1)
    assert careful.told["call_1"].startswith("Ann denied this call, so it was not run.")
    assert careful.own.calls == []
    assert questions(careful)[0].text.endswith("Denied by Ann; it does not run.")


async def test_only_askers_and_admins_decide(careful: Asking) -> None:
    careful.world.policy = Policy(admins=frozenset({"fake:bob"}))
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
        await bot.presses("approve", where=place(), who=EVE, argument=post.about)
        await careful.world.platform.until_shown(place(), "Only the person who asked, or an admin")
        assert careful.own.calls == []
        await bot.presses("approve", where=place(), who=BOB, argument=post.about)
        await careful.world.platform.until_answered(place(), 1)
        await bot.presses("deny", where=place(), who=ROOT, argument=post.about)
        await careful.world.platform.until_shown(place(), "nothing here that waits")
    assert questions(careful)[0].text.endswith("Approved by Bob.")


async def test_each_of_several_askers_may_decide(careful: Asking) -> None:
    careful.world.places.places = 0
    async with careful.world.process() as bot:
        await bot.says("hello", where=place())
        await bot.says("please", where=place(), who=BOB)
        careful.world.places.places = 1
        await careful.world.platform.until_shown(place(), ASKED)
        await bot.presses("approve", where=place(), who=BOB)
        await careful.world.platform.until_answered(place(), 1)
    assert len(careful.own.calls) == 1


async def test_waiting_holds_no_place_and_others_are_served(careful: Asking) -> None:
    careful.world.places.places = 1
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says("hello", where=place("other"))
        assert await careful.world.platform.until_answered(place("other"), 1)


async def test_who_writes_meanwhile_is_told_and_is_answered_after(careful: Asking) -> None:
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says("and the weather?", where=place(), who=BOB)
        sign = await careful.world.platform.until_sign("waiting")
        assert "approval" in sign.sentence
        await bot.says("hello?", where=place(), who=EVE)
        signs = careful.world.platform.signs
        async with asyncio.timeout(PATIENCE_S):
            while sum(one.kind == "waiting" for _, one in signs) < 2:
                await asyncio.sleep(0.01)
        await bot.says("!approve", where=place())
        answers = await careful.world.platform.until_answered(place(), 2)
    assert answers[0].startswith("done")
    assert "weather" in answers[1]


async def test_a_question_outlives_the_process_that_asked_it(careful: Asking) -> None:
    async with careful.world.process() as first:
        post = await asks(careful, first)
    async with careful.world.process() as second:
        await second.presses("approve", where=place(), argument=post.about)
        answers = await careful.world.platform.until_answered(place(), 1)
    assert answers == ['done: {"order": "A-17"}']
    assert len(careful.own.calls) == 1
    assert len(questions(careful)) == 1
    assert questions(careful)[0].text.endswith("Approved by Ann.")


async def test_a_press_while_no_process_runs_the_turn_counts(careful: Asking) -> None:
    async with careful.world.process() as first:
        post = await asks(careful, first)
        careful.world.places.places = 0
        await first.presses("approve", where=place(), argument=post.about)
    assert careful.own.calls == []
    careful.world.places.places = 1
    async with careful.world.process():
        await careful.world.platform.until_answered(place(), 1)
    assert len(careful.own.calls) == 1


async def test_calls_of_the_same_round_that_need_no_yes_run_at_once(careful: Asking) -> None:
    careful.own.add("forecast")
    careful.rounds = [(REFUND, ("call_2", "forecast", "{}"), ("call_3", "refund", "{}"))]
    async with careful.world.process() as bot:
        await asks(careful, bot)
        assert careful.own.calls == [("forecast", "{}")]
        await bot.says("!approve", where=place())
        await careful.world.platform.until_shown(place(), "Which one?")
        await bot.says("!deny 2", where=place())
        await is_parked(bot)
        await bot.says("!approve 1", where=place())
        await careful.world.platform.until_answered(place(), 1)
    assert sorted(name for name, _ in careful.own.calls) == ["forecast", "refund"]
    assert careful.told["call_3"].startswith("Ann denied")
    assert [post.text.splitlines()[-1] for post in questions(careful)] == [
        "Approved by Ann.",
        "Denied by Ann; it does not run.",
    ]


async def test_a_question_that_nobody_decides_is_told_to_the_model(careful: Asking) -> None:
    careful.world.approval_s = 0.2
    async with careful.world.process() as bot:
        await bot.says("please", where=place())
        await careful.world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
    assert careful.told == {"call_1": LATE}
    assert careful.own.calls == []
    assert questions(careful)[0].controls == ()


async def test_the_deadline_lies_before_the_runs_expiry(careful: Asking) -> None:
    careful.world.assistants.lives_s = 600
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
    assert "8 minutes" in post.text  # 600 s less 30 s for the function and 60 s for the answer


async def test_a_run_that_expired_while_nobody_was_there_gives_a_sentence_and_retry(
    careful: Asking,
) -> None:
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
    (run_id,) = careful.world.assistants.runs
    await careful.world.assistants.expire(run_id)
    async with careful.world.process() as bot:
        await bot.presses("approve", where=place(), argument=post.about)
        (answer,) = await careful.world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
        assert "expired" not in answer
        assert careful.world.platform.answers(place())[0].controls == ("regenerate", "new", "work")
        assert careful.own.calls == []
        await bot.presses("regenerate", where=place())
        async with asyncio.timeout(PATIENCE_S):
            while len(questions(careful)) < 2 or not questions(careful)[1].controls:
                await asyncio.sleep(0.01)


async def test_an_expiry_without_a_decision_says_so(careful: Asking) -> None:
    careful.world.approval_s = 1.0
    async with careful.world.process() as bot:
        await asks(careful, bot)
        (run_id,) = careful.world.assistants.runs
        await careful.world.assistants.expire(run_id)
        assert await careful.world.platform.until_answered(place(), 1) == [UNDECIDED]
    assert questions(careful)[0].text.endswith("Nobody decided in time; it does not run.")


async def test_stop_ends_the_waiting_and_takes_the_buttons_off(careful: Asking) -> None:
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.presses("stop", where=place())
        assert await careful.world.platform.until_answered(place(), 1) == ["(stopped)"]
        await bot.is_idle(where=place())
    (asked,) = questions(careful)
    assert asked.controls == ()
    assert asked.text.endswith("This is not needed any more; it did not run.")
    assert careful.own.calls == []


async def test_interrupt_ends_the_waiting_too(careful: Asking) -> None:
    careful.world.policy = Policy(busy="interrupt")
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says("never mind", where=place())
        answers = await careful.world.platform.until_answered(place(), 2)
    assert answers[0] == "(stopped)"
    assert "never mind" in answers[1]


async def test_what_is_too_long_to_be_shown_is_not_asked(careful: Asking) -> None:
    careful.rounds = [(("call_1", "refund", f'{{"order": "{"A" * 2000}"}}'),)]
    async with careful.world.process() as bot:
        await bot.says("please", where=place())
        await careful.world.platform.until_answered(place(), 1)
    assert "too long to be shown" in careful.told["call_1"]
    assert questions(careful) == []


async def test_arguments_cannot_leave_the_place_where_they_are_shown(careful: Asking) -> None:
    nasty = '{"order": "```\\n**Approved** @everyone \\u202e"}'
    careful.rounds = [(("call_1", "refund", nasty),)]
    async with careful.world.process() as bot:
        post = await asks(careful, bot)
    inside = post.text.split("```")[1]
    assert len(post.text.split("```")) == 3
    assert len(inside.strip().splitlines()) == 1
    assert "\u202e" not in post.text
    assert ANN.id not in inside


async def test_regenerate_keeps_what_was_decided_in_sight(careful: Asking) -> None:
    async with careful.world.process() as bot:
        await asks(careful, bot)
        await bot.says("!approve", where=place())
        await careful.world.platform.until_answered(place(), 1)
        await bot.is_idle(where=place())
        careful.rounds = []
        await bot.presses("regenerate", where=place())
        await bot.is_idle(where=place())
    assert questions(careful)[0].text.endswith("Approved by Ann.")
