"""How answers stand in Slack, also when Slack is in a bad mood."""

from __future__ import annotations

import asyncio

from adapters.slack.render import has_table
from core.assistants import Message
from tests.fakes.slack.looks import buttons, words
from tests.slack.world import ANN, BOB, BOT, CHANNEL, DM, World


async def test_a_long_answer_comes_in_parts_and_loses_nothing(world: World) -> None:
    lines = [f"Line {number} of a long answer, with some words in it." for number in range(600)]

    async def reply(_: list[Message]) -> list[str]:
        return ["\n\n".join(lines)]

    world.assistants.reply = reply
    async with world.process():
        ts = await world.slack.post(ANN, DM, "tell me all")
        said = await world.replied(DM, ts, 4)
        await world.idle()
    said = [words(message) for message in world.own(DM, ts)]
    assert "\n\n".join(lines) == "\n\n".join(part.strip() for part in said)
    assert "bobbin:regenerate" in buttons(world.own(DM, ts)[-1])
    assert buttons(world.own(DM, ts)[0]) == []


async def test_text_is_shown_while_it_is_written(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        assert world.slack.called("chat.startStream")
        world.assistants.before_last.set()
        assert await world.replied(DM, ts) == ["You said: one two three four"]
    assert len(world.own(DM, ts)) == 1
    assert world.slack.called("chat.stopStream")


async def test_where_the_app_may_not_stream_the_post_is_edited(world: World) -> None:
    world.slack.streaming = False
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        assert "bobbin:stop" in buttons(world.own(DM, ts)[0])
        world.assistants.before_last.set()
        await world.appears(DM, ts, "four")
    (message,) = world.own(DM, ts)
    assert words(message) == "You said: one two three four"
    assert "bobbin:stop" not in buttons(message)


async def test_an_answer_outlives_its_stream(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        world.slack.end_streams()
        world.assistants.before_last.set()
        assert await world.replied(DM, ts) == ["You said: one two three four"]
    assert len(world.own(DM, ts)) == 1


async def test_a_lost_answer_of_slack_makes_no_second_post(world: World) -> None:
    world.slack.streaming = False
    world.slack.lose_answer("chat.postMessage")
    async with world.process():
        ts = await world.slack.post(ANN, DM, "once")
        await world.replied(DM, ts)
        await world.idle()
    assert [words(message) for message in world.own(DM, ts)] == ["You said: once"]


async def test_a_lost_stream_is_found_again(world: World) -> None:
    world.slack.lose_answer("chat.startStream")
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "one two three four")
        await world.appears(DM, ts, "You said")
        world.assistants.before_last.set()
        assert await world.replied(DM, ts) == ["You said: one two three four"]
        await world.idle()
    assert len(world.own(DM, ts)) == 1


async def test_slack_asks_for_patience_and_gets_it(world: World) -> None:
    for method in ("chat.postMessage", "chat.startStream", "chat.stopStream", "chat.update"):
        world.slack.fail(method, "ratelimited", status=429, retry_after=1)
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        assert await world.replied(DM, ts) == ["You said: hello"]
        await world.idle()
    assert len(world.own(DM, ts)) == 1


async def test_what_slack_finds_too_long_comes_as_a_file(world: World) -> None:
    world.slack.streaming = False
    world.slack.fail("chat.postMessage", "msg_too_long")
    world.slack.fail("chat.update", "msg_too_long")
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
    shared = [m for m in world.own(DM, ts) if m.get("files")]
    assert shared[0]["files"][0]["title"] == "answer.md"
    assert world.slack.files[shared[0]["files"][0]["id"]]["data"] == b"You said: hello"


async def test_what_slack_refuses_for_good_goes_to_the_dead_letters(world: World) -> None:
    world.slack.streaming = False
    world.slack.fail("chat.postMessage", "restricted_action_non_threadable_channel", times=9)
    async with world.process():
        await world.slack.post(ANN, DM, "hello")
        await world.idle()
    (letter,) = await world.dead_letters()
    assert "restricted_action_non_threadable_channel" in letter.reason


async def test_stop_ends_the_answer_and_only_the_asker_may(world: World) -> None:
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} one two three four")
        await world.appears(CHANNEL, root, "You said")
        await world.slack.event(_stop(BOB, CHANNEL, root, world.slack.stamp()))
        await world.appears(CHANNEL, root, "Only the person who asked")
        await world.slack.event(_stop(ANN, CHANNEL, root, world.slack.stamp()))
        await world.idle()
    said = "\n".join(words(m) for m in world.own(CHANNEL, root))
    assert "stopped" in said
    assert "four" not in said


async def test_regenerate_edits_the_same_post(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
        (answer,) = world.own(DM, ts)
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:regenerate", "regenerate")
        await world.idle()
    assert len(world.own(DM, ts)) == 1
    assert len(world.assistants.runs) == 2


async def test_feedback_is_kept_with_the_run(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
        (answer,) = world.own(DM, ts)
        await world.slack.press(ANN, DM, answer["ts"], "bobbin:feedback", "good")
    (run,) = world.assistants.runs.values()
    assert run.metadata["bobbin_feedback"] == f"good by {ANN}"


async def test_whoever_waits_sees_a_sign_and_it_goes_away(world: World) -> None:
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
    statuses = [status for *_, status in world.slack.statuses]
    assert statuses[0] == "processing"
    assert statuses[-1] == "active"


async def test_an_app_without_the_agents_feature_has_the_older_sign(world: World) -> None:
    world.slack.agent = False
    async with world.process():
        ts = await world.slack.post(ANN, DM, "hello")
        await world.replied(DM, ts)
        await world.idle()
    assert world.slack.statuses[0][2] == "is thinking…"
    assert world.slack.statuses[-1][2] == ""


async def test_what_a_model_writes_pings_nobody(world: World) -> None:
    async def reply(_: list[Message]) -> list[str]:
        return ["<!channel> and <@U0BOB>, look"]

    world.assistants.reply = reply
    async with world.process():
        ts = await world.slack.post(ANN, DM, "ping them")
        await world.replied(DM, ts)
    for call in world.slack.calls:
        assert "<!channel>" not in str(call.arguments)
        assert "<@U0BOB>" not in str(call.arguments)


def _stop(user: str, channel: str, root: str, stamp: str) -> dict[str, object]:
    return {
        "type": "agent_session_stopped",
        "channel": channel,
        "thread_ts": root,
        "user": user,
        "streaming_message_ts": [],
        "event_ts": stamp,
    }


async def test_where_no_edit_is_left_answers_come_whole_and_at_once(world: World) -> None:
    world.slack.streaming = False
    roots: list[str] = []
    async with world.process():
        for number in range(16):
            root = await world.slack.post(ANN, f"C{number}", f"{BOT} one two three {number}")
            roots.append(root)
        for number, root in enumerate(roots):
            await world.appears(f"C{number}", root, f"three {number}")
        await world.idle()
    assert len(world.slack.called("chat.update")) <= 11
    assert len(world.slack.called("chat.postMessage")) == 16


async def test_a_table_stands_in_a_block_that_draws_it(world: World) -> None:
    table = "Here:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThat is all there is to say."

    async def reply(_: list[Message]) -> list[str]:
        return [table]

    world.assistants.reply = reply
    world.assistants.before_last = asyncio.Event()
    async with world.process():
        ts = await world.slack.post(ANN, DM, "a table")
        await world.appears(DM, ts, "Here")
        world.assistants.before_last.set()
        assert await world.replied(DM, ts) == [table]
        await world.idle()
    assert world.slack.called("chat.startStream")
    last = world.slack.called("chat.update")[-1]
    assert last["blocks"][0] == {"type": "markdown", "text": table}
    assert world.slack.streams == 0


def test_a_line_of_dashes_is_no_table() -> None:
    assert not has_table("one | two\n\n---\n\nthree")
    assert not has_table("- a\n- b | c")
    assert has_table("a | b\n--- | ---\n1 | 2")
    assert has_table("x\n\n|a|\n|:-:|\n|1|")
