"""The sign that Bobbin is at work, as long as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.slack.api import SlackApi
from adapters.slack.origin import Origin
from adapters.slack.presence import Presence
from tests.fakes.clock import ManualClock
from tests.fakes.slack.people import FakeSlack

HERE = Origin("D0ANN", "1700000000.000001", "1700000000.000001", "U0ANN")


@asynccontextmanager
async def presence(slack: FakeSlack, clock: ManualClock) -> AsyncIterator[Presence]:
    api = SlackApi(slack.bot_token, slack.url)
    made = Presence(api, clock)
    try:
        yield made
    finally:
        await made.aclose()
        await api.aclose()


async def test_a_missing_stop_button_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        FakeSlack.running(stop_events=False) as slack,
        presence(slack, ManualClock()) as signs,
    ):
        for _ in range(3):
            await signs.working(HERE)
            await signs.idle(HERE)
    assert len([one for one in caplog.messages if "agent_session_stopped" in one]) == 1
