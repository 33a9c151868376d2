"""`bobbin doctor` on Slack: what is missing is named."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.redis.kinds import RedisKinds
from adapters.slack.manifest import SCOPES
from adapters.slack.noting import ear_of, kind_of
from bots.wiring.slack_checks import describe_slack, heard
from config.settings import Settings
from tests.fakes.slack.looks import TEAM
from tests.patience import PATIENCE_S
from tests.slack.world import ANN, BOT, CHANNEL, DM, World


async def findings(world: World, **changed: Any) -> dict[str, str]:
    """Sentences, each with how it is marked."""
    values: dict[str, Any] = {
        "slack_bot_token": world.slack.bot_token,
        "slack_app_token": world.slack.app_token,
        "slack_api_url": world.slack.url,
    }
    settings = Settings(**(values | changed))
    found = await describe_slack(settings, RedisKinds(world.client, 1))
    return {sentence: kind for kind, sentence in found}


def marked(found: dict[str, str], part: str) -> str:
    (kind,) = [kind for sentence, kind in found.items() if part in sentence]
    return kind


async def came(world: World, wanted: set[str]) -> None:
    """Wait until these kinds are noted."""
    async with asyncio.timeout(PATIENCE_S):
        while not wanted <= set(await RedisKinds(world.client, 1).kinds(ear_of(TEAM))):
            await asyncio.sleep(0.01)


async def test_a_bot_that_is_set_up_well_has_nothing_bad(world: World) -> None:
    world.slack.member_of[CHANNEL] = "maths"
    async with world.process():
        root = await world.slack.post(ANN, CHANNEL, f"{BOT} hello")
        await world.replied(CHANNEL, root)
        await world.replied(DM, await world.slack.post(ANN, DM, "hello"))
        await world.idle()
        await came(world, {"app_mention", "message.channels", "message.im"})
    found = await findings(world)
    assert "bad" not in found.values()
    assert marked(found, "in 1 channel(s): #maths") == "ok"
    assert marked(found, "app_mention, message.channels, message.im") == "ok"
    assert marked(found, f"all {len(SCOPES)} scopes") == "ok"


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_missing_scope_is_named(world: World, scope: str) -> None:
    world.slack.scopes = tuple(one for one in world.slack.scopes if one != scope)
    assert marked(await findings(world), f"lacks the scopes {scope}:") == "bad"


async def test_wrong_tokens_are_named(world: World) -> None:
    found = await findings(world, slack_bot_token="xoxb-other")
    assert marked(found, "SLACK_BOT_TOKEN: invalid_auth") == "bad"
    found = await findings(world, slack_app_token="xapp-other")
    assert marked(found, "SLACK_APP_TOKEN: invalid_auth") == "bad"
    found = await findings(world, slack_app_token=None)
    assert marked(found, "could speak in Slack and not hear") == "bad"
    found = await findings(world, slack_app_token=None, slack_signing_secret="xoxb-1")
    assert marked(found, "SLACK_SIGNING_SECRET") == "note"


async def test_tokens_of_two_apps_are_told_apart(world: World) -> None:
    world.slack.app_token = "xapp-1-A0OTHER-1-abc"
    found = await findings(world)
    assert marked(found, "SLACK_APP_TOKEN is of app A0OTHER, SLACK_BOT_TOKEN of A0APP") == "bad"
    world.slack.app_token = "xapp-1-A0APP-1-abc"
    assert marked(await findings(world), "SLACK_APP_TOKEN opens sockets") == "ok"


async def test_a_bot_in_no_channel_is_told_how_to_be_invited(world: World) -> None:
    assert marked(await findings(world), "/invite @bobbin") == "note"
    world.slack.scopes = SCOPES
    assert marked(await findings(world), "channels:read and groups:read") == "note"


async def test_events_that_never_come_are_named(world: World) -> None:
    assert marked(await findings(world), "no event came in 30 days") == "note"
    mention = {"type": "app_mention", "user": ANN, "channel": CHANNEL, "text": f"{BOT} hello"}
    async with world.process():
        await world.slack.event({**mention, "ts": "1700000000.000900"})
        await world.idle()
        await came(world, {"app_mention"})
    found = await findings(world)
    assert marked(found, "Subscribe to message.channels and message.groups") == "bad"
    assert marked(found, "is message.im subscribed") == "note"


def test_what_did_not_come_is_judged_by_what_came() -> None:
    whole = {"app_mention": 1.0, "message.groups": 1.0, "message.im": 1.0}
    assert [kind for kind, _ in heard(whole, agent=False)] == ["ok"]
    assert "agent_session_stopped" in heard(whole, agent=True)[1][1]
    assert "app_mention" in heard({"message.channels": 1.0, "message.im": 1.0}, agent=False)[1][1]


def test_kinds_are_named_as_an_app_subscribes_to_them() -> None:
    def event(**fields: str) -> str:
        return kind_of({"type": "event_callback", "event": fields})

    assert event(type="message", channel_type="mpim") == "message.mpim"
    assert event(type="message") == ""
    assert event(type="app_home_opened") == "app_home_opened"
    assert kind_of({"command": "/bobbin"}) == "commands"
    assert kind_of({"type": "block_actions"}) == "interactivity"
    assert kind_of({"type": "event_callback"}) == ""
