"""One key function for messages, commands and buttons."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.discord.asked import where_of
from adapters.discord.events import Me, Room, heard, place, room_of
from adapters.discord.rules import Mode, Rules, everywhere
from tests.discord_chat.world import ANN, BOB, MATHS, MENTION
from tests.fakes.discord.looks import APP, BOT, GUILD, channel, direct, thread, user

ROOT = "1180000000000000001"
ROOMS = {
    "direct": direct("500000000000000001", user(ANN, "Ann")),
    "thread": thread(ROOT, MATHS, "A thread", BOT),
    "channel": channel(MATHS, "maths"),
}


def message(text: str, where: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A message of Ann's."""
    ann = user(ANN, "Ann")
    body = {"id": ROOT, "channel_id": where["id"], "author": ann, "content": text, "type": 0}
    return {**body, "mentions": [user(BOT, "Bobbin", bot=True)], **values}


@pytest.mark.parametrize("kind", ["direct", "thread", "channel"])
@pytest.mark.parametrize("mode", ["thread", "reply", "channel", "user"])
def test_a_message_and_a_command_of_a_place_are_one_conversation(kind: str, mode: Mode) -> None:
    where = ROOMS[kind]
    me = Me(application=APP, user=BOT, rules=everywhere(Rules(mode=mode)))
    said = heard(message(f"{MENTION} hello", where), room_of(where), me, 1.0)
    assert said is not None
    data: dict[str, Any] = {"id": "7", "token": "t", "type": 2, "channel": where}
    data |= {"user": user(ANN, "Ann")} if kind == "direct" else {"guild_id": GUILD}
    if kind != "direct":
        data["member"] = {"user": user(ANN, "Ann"), "permissions": "0"}
    found = where_of(data)
    assert place(found.room, found.user, ROOT, mode) == said.conversation


def test_all_that_is_asked_in_a_channel_lies_in_one_partition() -> None:
    rooms = (Room("channel", MATHS, GUILD), room_of(ROOMS["thread"]))
    modes: tuple[Mode, ...] = ("thread", "reply", "channel", "user")
    keys = {place(room, ANN, ROOT, mode).channel for room in rooms for mode in modes}
    assert keys == {f"discord:{GUILD}:{MATHS}"}


def test_two_people_have_two_conversations_only_where_that_is_wanted() -> None:
    room = Room("channel", MATHS, GUILD)
    assert place(room, ANN, ROOT, "user") != place(room, BOB, ROOT, "user")
    assert place(room, ANN, ROOT, "channel") == place(room, BOB, ROOT, "channel")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{MENTION} hello", "hello"),
        (f"hello {MENTION}", "hello"),
        (f"{MENTION}, {MENTION}: what is <#{MATHS}>?", f"what is #{MATHS}?"),
        (f"{MENTION} ask <@{BOT}> twice", "ask @bobbin twice"),
        (f"{MENTION} <:smile:123> </ask:1>", ":smile: /ask"),
    ],
)
def test_markup_becomes_words(text: str, words: str) -> None:
    me = Me(application=APP, user=BOT, rules=everywhere(Rules()))
    said = heard(message(text, ROOMS["channel"]), room_of(ROOMS["channel"]), me, 1.0)
    assert said is not None
    assert said.text == words
