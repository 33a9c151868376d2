"""What people used, and having oneself forgotten, in channels and in direct messages."""

from __future__ import annotations

from tests.fakes.slack.looks import BOT_USER, Json, words
from tests.patience import until
from tests.slack.world import ANN, BOB, BOT, CHANNEL, DM, World

USAGE: Json = {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}


def _alone(world: World) -> list[Json]:
    """What was shown to one person alone."""
    return world.slack.called("chat.postEphemeral")


def _posts(world: World) -> list[Json]:
    """What the bot wrote in direct messages."""
    posts = world.slack.messages[DM].values()
    return [post for post in posts if post.get("user") == BOT_USER]


async def test_usage_in_a_channel_is_told_to_one_person_alone(world: World) -> None:
    world.assistants.usage = USAGE
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} what is 2 + 2?")
        await world.replied(CHANNEL, root)
        await world.idle()
        await world.slack.slash(ANN, CHANNEL, "usage")
        await world.slack.post(ANN, CHANNEL, "!usage", thread_ts=root)
        await until(lambda: len(_alone(world)) == 2)
        await world.slack.slash(BOB, CHANNEL, "usage")
        await until(lambda: len(_alone(world)) == 3)
    by_slash, in_thread, of_bob = _alone(world)
    for told in (by_slash, in_thread):
        assert told["user"] == ANN
        assert "Today: 1 answer, 120 tokens read and 7 written" in str(told["blocks"])
    assert "thread_ts" not in by_slash
    assert in_thread["thread_ts"] == root
    assert of_bob["user"] == BOB
    assert "Today: nothing" in str(of_bob["blocks"])
    assert len(world.own(CHANNEL, root)) == 1


async def test_sessions_in_a_channel_are_told_to_one_person_alone(world: World) -> None:
    async with world.process():
        await world.slack.slash(ANN, CHANNEL, "ask a secret?")
        await until(lambda: len(_alone(world)) == 1)
        await world.idle()
        await world.slack.slash(ANN, CHANNEL, "sessions")
        await until(lambda: len(_alone(world)) == 2)
    assert "1: a secret?" in str(_alone(world)[1]["blocks"])


async def test_a_button_with_a_dialog_forgets_all_that_was_said_alone(world: World) -> None:
    async with world.process():
        lesson = await world.slack.post(ANN, DM, "my secret")
        await world.replied(DM, lesson)
        await world.slack.slash(ANN, CHANNEL, "ask my other secret")
        await until(lambda: len(_alone(world)) == 1)
        shared = await world.slack.post(ANN, CHANNEL, f"{BOT} in public")
        await world.replied(CHANNEL, shared)
        await world.idle()
        assert len(world.assistants.threads) == 3
        await world.slack.slash(ANN, DM, "forget")
        await until(lambda: any("taken back" in words(post) for post in _posts(world)))
        question = _posts(world)[-1]
        button = question["blocks"][-1]["elements"][0]
        assert button["confirm"]["confirm"]["text"] == "Forget it"
        assert len(world.assistants.threads) == 3
        await world.slack.press(ANN, DM, question["ts"], button["action_id"], button["value"])
        await until(lambda: any("Forgotten" in words(post) for post in _posts(world)))
    (left,) = world.assistants.threads.values()
    assert "in public" in left[0].text


async def test_in_a_thread_ones_own_messages_go_and_nobody_else_can_press(world: World) -> None:
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} my secret")
        await world.replied(CHANNEL, root)
        await world.slack.post(BOB, CHANNEL, f"{BOT} his words", thread_ts=root)
        await world.replied(CHANNEL, root, 2)
        await world.idle()
        await world.slack.post(ANN, CHANNEL, "!forget", thread_ts=root)
        await until(lambda: len(_alone(world)) == 1)
        (asked,) = _alone(world)
        button = asked["blocks"][-1]["elements"][0]
        for who in (BOB, ANN):
            await world.slack.press(who, CHANNEL, "1.2", button["action_id"], button["value"])
        await until(lambda: len(_alone(world)) == 3)
    of_bob, done = _alone(world)[1:]
    assert (asked["user"], asked["thread_ts"]) == (ANN, root)
    assert of_bob["user"] == BOB
    assert "asked to confirm" in str(of_bob["blocks"])
    assert "Forgotten: what you wrote here" in str(done["blocks"])
    (thread,) = world.assistants.threads.values()
    said = [message.text for message in thread if message.role == "user"]
    assert len(said) == 1
    assert "his words" in said[0]


async def test_where_each_thread_is_a_lesson_usage_and_forget_are_still_about_the_person(
    world: World,
) -> None:
    world.settings["bobbin_slack_direct"] = "threads"
    async with world.process():
        for text in ("one", "two"):
            lesson = await world.slack.post(ANN, DM, text)
            await world.replied(DM, lesson)
        await world.idle()
        await world.slack.slash(ANN, DM, "forget")
        await until(lambda: any("press" in words(post).lower() for post in _posts(world)))
        await world.slack.slash(ANN, DM, "forget yes")
        await until(lambda: any("Forgotten" in words(post) for post in _posts(world)))
    assert world.assistants.threads == {}
