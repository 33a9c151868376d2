"""Slack or Discord is away, at the start or later: everything else serves, and /readyz says it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.slack.api import SlackApi
from bots.wiring.bobbin import Bobbin, open_bobbin
from bots.wiring.service import StandIns
from config.settings import Settings
from core.errors import ConfigurationError, PlatformUnavailable
from tests.fakes.discord.people import FakeDiscord
from tests.fakes.interpreter import ScriptedInterpreter
from tests.fakes.scripted_model import ScriptedModel, says
from tests.fakes.slack.people import FakeSlack
from tests.patience import PATIENCE_S, until
from tests.servers import Server, redis_server

ANN, DM = "U0ANN", "D0ANN"
HURRY = {"sweep_s": 0.1, "drain_s": 0.3}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path, fsync="no") as running:
        yield running


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running() as workspace:
        yield workspace


@pytest.fixture
def values(server: Server, slack: FakeSlack, tmp_path: Path) -> dict[str, Any]:
    return {
        "redis_url": server.url,
        "bobbin_data_dir": tmp_path / "data",
        "bobbin_introduce": False,
        "bobbin_slack_sockets": 1,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.url,
    }


@asynccontextmanager
async def running(values: dict[str, Any]) -> AsyncIterator[Bobbin]:
    """A process that hears on all platforms that are set up."""
    model = ScriptedModel(says("Good morning."))
    stand_ins = StandIns(model=model, interpreter=ScriptedInterpreter(), dispatcher=HURRY)
    async with open_bobbin(
        Settings.model_validate(values),
        api=("127.0.0.1", 0),
        slack="hear",
        discord="hear",
        stand_ins=stand_ins,
    ) as bobbin:
        yield bobbin


async def asked(bobbin: Bobbin, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=False) as client:
        headers = {"openai-beta": "assistants=v2"}
        return await client.get(f"{bobbin.address}{path}", headers=headers, timeout=PATIENCE_S)


async def readiness(bobbin: Bobbin) -> tuple[int, str]:
    answer = await asked(bobbin, "/readyz")
    return answer.status_code, str(answer.json().get("reason", ""))


async def becomes(bobbin: Bobbin, status: int, reason: str = "") -> None:
    """Wait until /readyz answers so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await readiness(bobbin)
            if found[0] == status and reason in found[1]:
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["reset", "503", "429"])
async def test_slack_is_away_at_the_start_and_comes_back(
    values: dict[str, Any], slack: FakeSlack, how: str
) -> None:
    match how:
        case "reset":
            slack.away = True
        case "503":
            slack.fail("auth.test", "internal_error", status=503, times=1000)
        case _:
            slack.fail("auth.test", "ratelimited", status=429, retry_after=1, times=1000)
    async with running(values) as bobbin:
        assert bobbin.hears == ("Slack cannot be reached; it is tried again until it can",)
        assert (await asked(bobbin, "/healthz")).status_code == 200
        assert (await asked(bobbin, "/v1/assistants")).status_code == 200
        assert await readiness(bobbin) == (503, "Slack cannot be reached")
        slack.away = False
        slack.forgive()
        await becomes(bobbin, 200)
        ts = await slack.post(ANN, DM, "hello")
        await until(lambda: slack.replies(DM, ts) == ["Good morning."])


async def test_slack_by_http_is_refused_until_slack_was_reached(
    values: dict[str, Any], slack: FakeSlack
) -> None:
    values |= {"slack_app_token": None, "slack_signing_secret": slack.signing_secret}
    slack.away = True
    async with running(values) as bobbin:
        slack.request_url = f"{bobbin.address}/slack/events"
        posting = asyncio.create_task(slack.event({"type": "channel_rename"}))
        await posting
        assert slack.unacknowledged
        slack.away = False
        await becomes(bobbin, 200)
        ts = await slack.post(ANN, DM, "hello")
        await until(lambda: slack.replies(DM, ts) == ["Good morning."])


async def test_a_wrong_token_still_ends_the_start(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN"):
        async with running(values | {"slack_bot_token": "xoxb-other"}):
            pass
    with pytest.raises(ConfigurationError, match="SLACK_APP_TOKEN"):
        async with running(values | {"slack_app_token": "xapp-other"}):
            pass


async def test_sockets_that_slack_does_not_open_are_named(
    values: dict[str, Any], slack: FakeSlack
) -> None:
    async with running(values) as bobbin:
        await becomes(bobbin, 200)
        slack.refusing = True
        await slack.drop_sockets()
        await becomes(bobbin, 503, "none of its sockets is open")
        slack.refusing = False
        await becomes(bobbin, 200)


async def test_a_token_that_is_taken_back_is_named_and_nothing_is_lost(
    values: dict[str, Any], slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(values) as bobbin:
        await becomes(bobbin, 200)
        slack.fail("chat.startStream", "token_revoked", times=99)
        slack.fail("chat.postMessage", "token_revoked", times=99)
        ts = await slack.post(ANN, DM, "hello")
        slack.revoked = True
        await slack.event({"type": "app_uninstalled"})
        await becomes(bobbin, 503, "SLACK_BOT_TOKEN: token_revoked")
        await slack.revoke()
        await becomes(bobbin, 503, "SLACK_BOT_TOKEN: token_revoked")
        said = [one for one in caplog.messages if "does not take SLACK_BOT_TOKEN" in one]
        assert len([one for one in said if "is kept" in one]) == 1
        assert slack.replies(DM, ts) == []
    async with FakeSlack.running() as installed_again:
        installed_again.messages[DM].update(slack.messages[DM])
        values["slack_api_url"] = installed_again.url
        async with running(values):
            await until(lambda: installed_again.replies(DM, ts) == ["Good morning."])


async def test_a_role_that_serves_nothing_says_how_it_is(
    values: dict[str, Any], slack: FakeSlack, server: Server
) -> None:
    values |= {"bobbin_health_port": 0}
    settings = Settings.model_validate(values)
    stand_ins = StandIns(model=ScriptedModel(), interpreter=ScriptedInterpreter())
    async with (
        open_bobbin(
            settings, health=settings.health_place, slack="hear", stand_ins=stand_ins
        ) as bobbin,
        httpx2.AsyncClient(verify=False, timeout=PATIENCE_S) as client,
    ):
        assert (await client.get(f"{bobbin.health}/readyz")).status_code == 200
        assert (await client.get(f"{bobbin.health}/v1/models")).status_code == 404
        slack.refusing = True
        await slack.drop_sockets()
        while (answer := await client.get(f"{bobbin.health}/readyz")).status_code == 200:
            await asyncio.sleep(0.05)
        assert "none of its sockets is open" in answer.text
        server.kill()
        assert "store" in (await client.get(f"{bobbin.health}/readyz")).text
        assert (await client.get(f"{bobbin.health}/healthz")).status_code == 200
        await asyncio.to_thread(server.start)


def test_where_health_is_served() -> None:
    assert Settings(port=None).health_place is None
    assert Settings(port=8080).health_place == ("0.0.0.0", 8080)
    assert Settings(bobbin_health_port=9).health_place == ("127.0.0.1", 9)


async def test_discord_is_away_at_the_start_and_slack_answers(
    values: dict[str, Any], slack: FakeSlack
) -> None:
    async with FakeDiscord.running() as discord:
        discord.fail("GET", "/applications/@me$", 503, times=99)
        values |= {
            "discord_token": discord.token,
            "discord_api_url": discord.url,
            "discord_gateway_url": discord.gateway_url,
        }
        async with running(values) as bobbin:
            assert await readiness(bobbin) == (503, "Discord cannot be reached")
            ts = await slack.post(ANN, DM, "hello")
            await until(lambda: slack.replies(DM, ts) == ["Good morning."])


async def test_a_machine_that_nobody_answers_on_is_away() -> None:
    api = SlackApi("xoxb-1", "http://127.0.0.1:9/api/")
    with pytest.raises(PlatformUnavailable, match="cannot be reached"):
        await api.read("auth.test")
    await api.aclose()
