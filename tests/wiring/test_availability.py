"""Who may use which Assistant where: what can be declared, and what it means for real places."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.wiring.roster import check_choice, roster_of, whereabouts
from config.loading import AssistantFile, load_assistants
from core.chat.messages import ConversationKey
from core.chat.roster import Roster, Rule, Whereabouts
from core.errors import ConfigurationError

CHANNEL = "slack:T1:C1:1700.1"


def declared(tmp_path: Path, rules: str) -> Roster:
    """The roster of two files: `tutor` for everybody, and `physics` with these rules."""
    (tmp_path / "tutor.toml").write_text('name = "Tutor"')
    (tmp_path / "physics.toml").write_text(f'name = "Physics"\n{rules}')
    return roster_of(load_assistants(tmp_path), "tutor")


def may(roster: Roster, key: str, *people: str) -> bool:
    """Whether they may use `physics` there."""
    found = roster.find("physics", ConversationKey.parse(key), people or ("U1",))
    return found is not None


def test_without_rules_everybody_may_everywhere(tmp_path: Path) -> None:
    roster = declared(tmp_path, "")
    assert may(roster, CHANNEL)
    assert may(roster, "discord:dm:5")
    assert may(roster, "terminal:ann:chat", "ann")


def test_a_workspace(tmp_path: Path) -> None:
    roster = declared(tmp_path, '[[available]]\nplatform = "slack"\nworkspace = "T1"')
    assert may(roster, CHANNEL)
    assert may(roster, "slack-private:T1:C9:U1")
    assert may(roster, "slack:T1:D1")
    assert not may(roster, "slack:T2:C1:1700.1")
    assert not may(roster, "terminal:T1:chat")


def test_channels_and_direct_messages(tmp_path: Path) -> None:
    rules = '[[available]]\nplatform = "slack"\nchannels = ["C1", "direct"]'
    roster = declared(tmp_path, rules)
    assert may(roster, CHANNEL)
    assert may(roster, "slack:T1:D7")
    assert may(roster, "slack:T1:D7:1700.1")
    assert not may(roster, "slack:T1:C2:1700.1")


def test_a_server_of_discord_and_its_threads(tmp_path: Path) -> None:
    rules = '[[available]]\nplatform = "discord"\nserver = "9"\nchannels = ["40"]'
    roster = declared(tmp_path, rules)
    assert may(roster, "discord:9:40:41")
    assert may(roster, "discord:9:40:by:5")
    assert not may(roster, "discord:9:42:43")
    assert not may(roster, "discord:dm:40")
    assert not may(roster, "discord-private:9:40")


def test_direct_messages_on_discord(tmp_path: Path) -> None:
    roster = declared(tmp_path, '[[available]]\nplatform = "discord"\nchannels = ["direct"]')
    assert may(roster, "discord:dm:5")
    assert not may(roster, "discord:9:40:41")


def test_people(tmp_path: Path) -> None:
    roster = declared(tmp_path, '[[available]]\nplatform = "slack"\npeople = ["U1", "U2"]')
    assert may(roster, CHANNEL, "U1")
    assert may(roster, CHANNEL, "U1", "U2")
    assert not may(roster, CHANNEL, "U1", "U3")
    assert not may(roster, "terminal:ann:chat", "U1")


def test_of_several_rules_one_is_enough_for_each_person(tmp_path: Path) -> None:
    rules = (
        '[[available]]\nplatform = "slack"\npeople = ["U1"]\n'
        '[[available]]\nplatform = "slack"\nchannels = ["C1"]\npeople = ["U2"]\n'
        '[[available]]\nplatform = "terminal"\n'
    )
    roster = declared(tmp_path, rules)
    assert may(roster, CHANNEL, "U1", "U2")
    assert not may(roster, "slack:T1:C2:1700.1", "U1", "U2")
    assert may(roster, "slack:T1:C2:1700.1", "U1")
    assert may(roster, "terminal:ann:chat", "ann")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ('available = "slack"', ("`available`", "[[available]]")),
        ('available = ["slack"]', ("`available`", "[[available]]")),
        ("[[available]]", ("number 1", "`platform`", "slack, discord, terminal")),
        ('[[available]]\nplatform = "irc"', ("number 1", "`platform`")),
        (
            '[[available]]\nplatform = "slack"\n[[available]]\nplatform = "slack"\nserver = "1"',
            ("number 2", "'server'", "workspace"),
        ),
        (
            '[[available]]\nplatform = "slack"\nsuggested_prompts = ["Why?"]',
            ("'suggested_prompts'", "above the first [[available]]"),
        ),
        ('[[available]]\nplatform = "terminal"\nchannels = ["C1"]', ("'channels'",)),
        (
            '[[available]]\nplatform = "slack"\nchannels = ["#general"]',
            ("'#general'", "`channels`", "C0123ABCD", '"direct"'),
        ),
        (
            '[[available]]\nplatform = "slack"\nworkspace = "Acme Ltd"',
            ("'Acme Ltd'", "`workspace`"),
        ),
        ('[[available]]\nplatform = "discord"\nserver = 5', ("5 in `server`", "1180000")),
        ('[[available]]\nplatform = "discord"\npeople = ["ann"]', ("'ann'", "`people`")),
        ('[[available]]\nplatform = "slack"\npeople = []', ("`people`", "leave it out")),
        ('[[available]]\nplatform = "slack"\npeople = "U1"', ("`people`", "list")),
    ],
)
def test_a_broken_rule_is_named_with_its_mistake(
    tmp_path: Path, rules: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        declared(tmp_path, rules)
    text = str(caught.value)
    assert all(word in text for word in ("physics.toml", *words)), text
    assert "\n" not in text


def test_the_default_is_for_everybody() -> None:
    rules = (Rule(platform="slack"),)
    files = {"tutor": AssistantFile(slug="tutor", name="T", instructions="", available=rules)}
    with pytest.raises(ConfigurationError, match=r"\[\[available\]\] off tutor\.toml"):
        roster_of(files, "tutor")


def test_the_default_may_be_an_assistant_that_no_file_declares() -> None:
    assert roster_of({}, "asst_abc").name_of("asst_abc") == "asst_abc"
    with pytest.raises(ConfigurationError, match="no assistant 'abc'"):
        roster_of({}, "abc")


def test_an_operator_chooses_what_is_theirs_by_name_or_id(tmp_path: Path) -> None:
    roster = declared(tmp_path, '[[available]]\nplatform = "slack"')
    here = ConversationKey("terminal", ("ann", "chat"))
    check_choice(roster, "tutor", here)
    check_choice(roster, "asst_abc", here)
    with pytest.raises(ConfigurationError, match="physics is not for ann at a terminal"):
        check_choice(roster, "physics", here)
    with pytest.raises(ConfigurationError, match=r"no assistant 'nobody'.*physics, tutor"):
        check_choice(roster, "nobody", here)


@pytest.mark.parametrize(
    ("key", "spot"),
    [
        ("slack:T1:C1:1700.1", Whereabouts(platform="slack", workspace="T1", channel="C1")),
        ("slack:T1:D1", Whereabouts(platform="slack", workspace="T1", channel="direct")),
        ("discord:9:40", Whereabouts(platform="discord", workspace="9", channel="40")),
        ("discord-private:1:5", Whereabouts(platform="discord")),
        ("terminal:ann:chat", Whereabouts(platform="terminal")),
    ],
)
def test_where_a_conversation_lies(key: str, spot: Whereabouts) -> None:
    assert whereabouts(ConversationKey.parse(key)) == spot
