"""Sockets that stay open, and what becomes of them when Slack takes the token back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.slack.api import SlackApi
from adapters.slack.ears import Ears
from adapters.slack.events import Me
from adapters.slack.noting import Noting
from adapters.slack.prompting import Prompting
from adapters.slack.sockets import REFUSED_S, WATCH_S, Sockets
from adapters.slack.surfaces import Surfaces
from adapters.slack.views import Home
from core.chat.messages import ConversationKey, Event
from core.errors import PlatformRateLimited
from tests.fakes.clock import ManualClock
from tests.fakes.slack.looks import TEAM, Json
from tests.fakes.slack.people import FakeSlack
from tests.patience import PATIENCE_S

OPEN = "apps.connections.open"


async def _take(_: Event) -> None:
    return


async def _type(_: Json) -> str:
    return ""


async def _known(where: ConversationKey, user: str) -> Home:
    return Home(assistant="tutor")


@asynccontextmanager
async def sockets(slack: FakeSlack, clock: ManualClock, count: int = 2) -> AsyncIterator[Sockets]:
    """So many sockets of an app that takes everything and does nothing."""
    api = SlackApi(slack.bot_token, slack.url)
    me = Me(team=TEAM, user="U0BOT", bot="B0BOT", names={})
    surfaces = Surfaces(api, me, _known, clock, Prompting(api))
    ears = Ears(
        api,
        me,
        _take,
        typed=_type,
        met=lambda _: None,
        surfaces=surfaces,
        clock=clock,
        noting=Noting(None, TEAM, clock),
    )
    made = Sockets(api, ears, slack.app_token, clock, count=count)
    try:
        async with made.running():
            yield made
    finally:
        await surfaces.aclose()
        await api.aclose()


async def until_connected(made: Sockets, clock: ManualClock, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await made.connected() != count:
            await clock.advance(1)
            await asyncio.sleep(0.01)


async def test_all_of_them_are_opened_one_after_the_other() -> None:
    clock = ManualClock()
    async with FakeSlack.running() as slack, sockets(slack, clock) as made:
        assert await made.connected() == 1
        await until_connected(made, clock, 2)
        assert slack.sockets == 2


async def test_a_token_that_is_taken_back_closes_them_and_is_asked_about_seldom() -> None:
    clock = ManualClock()
    async with FakeSlack.running() as slack, sockets(slack, clock) as made:
        await until_connected(made, clock, 2)
        await slack.revoke()
        async with asyncio.timeout(PATIENCE_S):
            while not made.refused:
                await clock.advance(WATCH_S)
                await asyncio.sleep(0.01)
        assert "SLACK_APP_TOKEN: invalid_auth" in made.refused
        asked = len(slack.called(OPEN))
        for minute in range(1, 4):
            await clock.advance(REFUSED_S)
            async with asyncio.timeout(PATIENCE_S):
                while len(slack.called(OPEN)) < asked + minute:
                    await clock.advance(0.1)
                    await asyncio.sleep(0.01)
        assert len(slack.called(OPEN)) == asked + 3
        slack.revoked = False
        await until_connected(made, clock, 2)
        assert made.refused == ""


async def test_an_opening_for_which_slack_asks_patience_is_no_wrong_token() -> None:
    async with FakeSlack.running() as slack:
        slack.fail(OPEN, "ratelimited", status=429, retry_after=30)
        with pytest.raises(PlatformRateLimited):
            async with sockets(slack, ManualClock()):
                pass
