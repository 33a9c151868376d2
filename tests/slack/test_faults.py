"""What goes wrong between Bobbin and Slack: nothing is lost, nothing comes twice, nothing stays at
work."""

from __future__ import annotations

import asyncio

import pytest

from core.assistants import Message
from tests.fakes.slack.looks import words
from tests.patience import until
from tests.slack.world import ANN, BOB, BOT, CHANNEL, DM, World

PICTURE = ("plot.png", b"\x89PNG\r\n\x1a\n...")

READS = ("conversations.replies", "files.info", "users.info")
WRITES = (
    "agents.sessions.setStatus",
    "chat.appendStream",
    "chat.postMessage",
    "chat.startStream",
    "chat.stopStream",
    "chat.update",
    "files.completeUploadExternal",
    "files.getUploadURLExternal",
)


def shares_a_picture(world: World) -> None:
    """Every answer shows it, and comes in two halves and an end."""
    world.assistants.files["plot"] = PICTURE
    world.assistants.shows = ("plot",)
    world.assistants.before_last = asyncio.Event()
    world.assistants.before_end = asyncio.Event()


def goes_on(world: World) -> None:
    """The answer is written to its end."""
    for gate in (world.assistants.before_last, world.assistants.before_end):
        if gate is not None:
            gate.set()


async def asks(world: World) -> str:
    """Ann asks with a file, sees half of an answer, then all of it, then its end."""
    table = world.slack.add_file("data.csv", b"a,b\n", "text/csv")
    ts = await world.slack.post(ANN, DM, "one two three four", files=[table])
    await world.appears(DM, ts, "You said")
    assert world.assistants.before_last is not None
    world.assistants.before_last.set()
    await world.appears(DM, ts, "three")
    goes_on(world)
    await world.replied(DM, ts)
    await world.idle()
    await world.signs_off()
    return ts


def is_answered_once(world: World, ts: str) -> None:
    own = world.own(DM, ts)
    assert [words(m) for m in own if words(m)] == ["You said: one two three four"]
    assert [m["files"][0]["title"] for m in own if m.get("files")] == ["plot.png"]
    world.at_rest()


@pytest.mark.parametrize("streaming", [True, False])
async def test_every_method_asks_for_patience_once(world: World, *, streaming: bool) -> None:
    world.slack.streaming = streaming
    shares_a_picture(world)
    for method in (*READS, *WRITES):
        world.slack.fail(method, "ratelimited", status=429, retry_after=1)
    async with world.process():
        ts = await asks(world)
    is_answered_once(world, ts)
    assert len(world.assistants.runs) == 1


@pytest.mark.parametrize("method", WRITES)
async def test_what_slack_did_and_did_not_tell_is_not_done_twice(world: World, method: str) -> None:
    world.slack.streaming = method not in ("chat.postMessage", "chat.update")
    shares_a_picture(world)
    world.slack.lose_answer(method)
    async with world.process():
        ts = await asks(world)
    is_answered_once(world, ts)
    assert world.slack.called(method)


@pytest.mark.parametrize("streaming", [True, False])
async def test_errors_of_slacks_own_are_outlasted(world: World, *, streaming: bool) -> None:
    world.slack.streaming = streaming
    shares_a_picture(world)
    for method in (*READS, *WRITES, "upload"):
        world.slack.fail(method, "internal_error", status=500)
    async with world.process():
        ts = await asks(world)
    is_answered_once(world, ts)


async def test_an_answer_outlives_the_time_of_its_stream(world: World) -> None:
    world.slack.seconds = world.clock.monotonic
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        assert world.slack.streams == 1
        world.clock.ahead_s += 240
        world.assistants.before_last.set()
        assert await world.replied(DM, ts) == ["You said: one two three four"]
        await world.idle()
    assert len(world.own(DM, ts)) == 1
    assert not world.slack.called("chat.appendStream")
    world.at_rest()


async def test_code_that_is_cut_is_closed_and_opened_again(world: World) -> None:
    code = "\n".join(f"print({number})  # a line of a long program" for number in range(600))

    async def reply(_: list[Message]) -> list[str]:
        return [f"Here it is:\n\n```python\n{code}\n```\n\nThat was all."]

    world.assistants.reply = reply
    async with world.process():
        ts = await world.slack.post(ANN, DM, "a program, please")
        await world.replied(DM, ts, 3)
        await world.idle()
    parts = [words(m) for m in world.own(DM, ts)]
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert all(part.startswith("```python") for part in parts[1:])
    lines = [line for part in parts for line in part.split("\n") if line.startswith("print(")]
    assert "\n".join(lines) == code
    world.at_rest()


async def test_letters_of_several_bytes_fill_a_stream_earlier(world: World) -> None:
    text = "漢字 " * 2_900

    async def reply(_: list[Message]) -> list[str]:
        return [text]

    world.assistants.reply = reply
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "all of them")
        await world.appears(DM, ts, "漢")
        world.assistants.before_last.set()
        await world.replied(DM, ts)
        await world.idle()
    assert "".join(words(m) for m in world.own(DM, ts)).strip() == text.strip()
    world.at_rest()


async def test_a_process_dies_with_a_stream_open(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
    assert world.slack.streams == 1
    world.assistants.before_last.set()
    async with world.process():
        assert await world.replied(DM, ts) == ["You said: one two three four"]
        await world.idle()
    assert len(world.own(DM, ts)) == 1
    world.at_rest()


async def test_two_processes_hear_one_app_and_answer_once(world: World) -> None:
    world.slack.deliveries = 3
    async with world.process(), world.process():
        roots = [await world.slack.post(ANN, CHANNEL, f"{BOT} {n}") for n in range(6)]
        for root in roots:
            await world.replied(CHANNEL, root)
        await world.idle()
    assert [len(world.own(CHANNEL, root)) for root in roots] == [1] * 6
    assert len(world.assistants.runs) == 6
    world.at_rest()


async def test_sockets_that_are_refused_come_back(world: World) -> None:
    async with world.process():
        world.slack.refusing = True
        await world.slack.drop_sockets()
        writing = asyncio.create_task(world.slack.post(ANN, DM, "hello"))
        await asyncio.sleep(0.3)
        world.slack.refusing = False
        ts = await writing
        assert await world.replied(DM, ts) == ["You said: hello"]


async def test_a_token_that_is_taken_away_loses_nothing(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        world.slack.bot_token = "xoxb-2"
        world.assistants.before_last.set()
        await asyncio.sleep(0.5)
    async with world.process():
        assert await world.replied(DM, ts) == ["You said: one two three four"]
        await world.idle()
    assert len(world.own(DM, ts)) == 1
    world.at_rest()


async def test_no_event_is_lost_because_slack_does_not_say_who_we_are(world: World) -> None:
    async with world.process():
        world.slack.fail("auth.test", "internal_error", status=500, times=100)
        ts = await world.slack.post(ANN, DM, "hello")
        assert await world.replied(DM, ts) == ["You said: hello"]


async def test_a_file_that_slack_refuses_is_named(world: World) -> None:
    shares_a_picture(world)
    world.slack.fail("files.getUploadURLExternal", "file_uploads_disabled", times=9)
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        goes_on(world)
        (said,) = await world.replied(DM, ts)
        await world.idle()
    assert "You said: one two three four" in said
    assert "plot.png: file_uploads_disabled" in said


async def test_a_new_answer_brings_its_own_picture(world: World) -> None:
    shares_a_picture(world)
    goes_on(world)
    async with world.process():
        ts = await world.slack.post(ANN, DM, "plot")
        await world.replied(DM, ts)
        await world.idle()
        world.assistants.files["plot"] = ("plot.png", PICTURE[1] + b"another")
        (answer,) = [m for m in world.own(DM, ts) if words(m)]
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:regenerate", "regenerate")
        await world.idle()
    shared = [m["files"][0]["id"] for m in world.own(DM, ts) if m.get("files")]
    assert [world.slack.files[one]["data"][-7:] == b"another" for one in shared] == [False, True]


async def test_mail_that_is_taken_together_leaves_no_sign_behind(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        first = await world.slack.post(ANN, DM, "first question")
        await world.appears(DM, first, "You said")
        others = [await world.slack.post(ANN, DM, f"another {n}") for n in range(2)]
        await until(lambda: set(others) <= {root for _, root, _ in world.slack.statuses})
        world.assistants.before_last.set()
        await world.replied(DM, others[0])
        await world.idle()
    world.at_rest()


async def test_what_is_put_off_or_given_up_leaves_no_sign_behind(world: World) -> None:
    world.slack.streaming = False
    world.slack.fail("chat.postMessage", "restricted_action_non_threadable_channel", times=9)
    async with world.process():
        await world.slack.post(ANN, DM, "hello")
        await world.idle()
    assert world.slack.statuses
    world.at_rest()


async def test_a_stop_where_nothing_is_written_takes_the_sign_back(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
        world.slack.statuses.append((DM, ts, "processing"))  # as if somebody had died with it
        stamp = world.slack.stamp()
        stop = {"type": "agent_session_stopped", "channel": DM, "thread_ts": ts, "user": ANN}
        await world.slack.event({**stop, "streaming_message_ts": [], "event_ts": stamp})
        await world.appears(DM, ts, "not writing")
        await world.signs_off()
    world.at_rest()


@pytest.mark.parametrize("agent", [True, False])
async def test_the_oldest_sign_is_taken_back_too(world: World, *, agent: bool) -> None:
    world.slack.agent = agent
    if not agent:
        world.slack.fail("assistant.threads.setStatus", "not_allowed_token_type", times=9)
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
    assert bool(world.slack.called("reactions.add")) != agent
    world.at_rest()


async def test_patience_is_given_wherever_people_look(world: World) -> None:
    once = {"status": 429, "retry_after": 1}
    for method in ("chat.postEphemeral", "conversations.open", "views.open", "views.publish"):
        world.slack.fail(method, "ratelimited", **once)
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask what is 2 + 2?")
        await until(lambda: len(world.slack.called("chat.postEphemeral")) == 2)
        await world.slack.open_tab(ANN, DM, "home")
        await until(lambda: ANN in world.slack.views)
        root = await world.slack.post(BOB, CHANNEL, "the pump is broken")
        await world.slack.ask_about(ANN, CHANNEL, root, "why?", where="thread")
        await world.replied(CHANNEL, root)
        await world.idle()
    assert len(world.assistants.runs) == 2


@pytest.mark.parametrize("agent", [True, False])
async def test_a_sign_for_which_slack_asks_patience_is_taken_back(
    world: World, *, agent: bool
) -> None:
    world.slack.agent = agent
    if not agent:
        world.slack.fail("assistant.threads.setStatus", "not_allowed_token_type", times=9)
    async with world.process():
        first = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, first)
        await world.idle()
        for method in ("agents.sessions.setStatus", "reactions.add", "reactions.remove"):
            world.slack.fail(method, "ratelimited", status=429, retry_after=1)
        await world.replied(DM, await world.slack.post(ANN, DM, "hello again"))
        await world.idle()
        await until(lambda: not any(world.slack.reactions.values()))
        if agent:
            await world.signs_off()
    world.at_rest()


async def test_somebody_who_is_turned_away_is_told_so_once(world: World) -> None:
    world.slack.deliveries = 3
    async with world.process():
        await world.slack.post(ANN, CHANNEL, f"{BOT} hello", user_team="T9OTHER")
        await until(lambda: world.slack.called("chat.postEphemeral"))
        await world.idle()
    assert len(world.slack.called("chat.postEphemeral")) == 1
