"""Slack: who we are there, the sending side for every process, and the ears of those that hear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from adapters.http.app import Mounted
from adapters.slack.api import SlackApi, checked_token
from adapters.slack.ears import Deliver, Ears
from adapters.slack.events import PLATFORM, PRIVATE, Me
from adapters.slack.http import PATH, http_app
from adapters.slack.noting import Noting
from adapters.slack.people import People
from adapters.slack.platform import SlackPlatform
from adapters.slack.presence import Presence
from adapters.slack.private import PrivatePlatform
from adapters.slack.prompting import Prompting
from adapters.slack.slash import Slash
from adapters.slack.sockets import Sockets
from adapters.slack.source import FILE_HOST, SlackSource
from adapters.slack.surfaces import Surfaces
from adapters.slack.views import Home
from config.settings import Settings
from core.chat.hearing import Kinds
from core.chat.messages import ConversationKey, Event
from core.chat.pacing import Pacer, Paces
from core.chat.people import Accounts
from core.chat.ports import ChatPlatform, Sessions
from core.chat.roster import Roster
from core.chat.using import Using
from core.chat.wording import ChatSource
from core.clock import Clock
from core.errors import ConfigurationError, StoreUnavailable

NO_EARS = (
    "SLACK_BOT_TOKEN is set, and neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET "
    "(HTTP) is: Bobbin could speak in Slack and not hear. See docs/slack.md."
)


@dataclass(slots=True)
class SlackSide:
    """Slack in this process.

    `sessions` and `accounts` are what Home tabs speak of; `kinds` keeps which kinds of events came.
    `asgi` answers Slack's calls by HTTP; it is there when SLACK_SIGNING_SECRET is set.
    """

    api: SlackApi
    me: Me
    name: str
    platforms: dict[str, ChatPlatform]
    sources: dict[str, ChatSource]
    people: People
    clock: Clock
    settings: Settings
    roster: Roster
    prompting: Prompting
    sessions: Sessions | None = None
    kinds: Kinds | None = None
    accounts: Accounts | None = None
    asgi: Any = None
    _ears: Ears | None = None
    _deliver: Deliver | None = None
    _surfaces: Surfaces | None = None
    _sockets: Sockets | None = None
    _noting: Noting | None = None

    def make_ears(self) -> Ears:
        """Prepare to hear; what comes before `hearing` is refused and comes again."""
        secret = self.settings.slack_signing_secret
        self._noting = Noting(self.kinds, self.me.team, self.clock)
        self._surfaces = Surfaces(self.api, self.me, self._known, self.clock, self.prompting)
        ears = self._ears = Ears(
            self.api,
            self.me,
            self._take,
            typed=Slash(self.me, self._take, self.clock).carry_out,
            met=self.people.met,
            surfaces=self._surfaces,
            clock=self.clock,
            noting=self._noting,
            signing_secret=secret.get_secret_value() if secret else "",
        )
        if secret:
            self.asgi = http_app(ears)
        return ears

    def mounts(self) -> tuple[Mounted, ...]:
        """What Slack calls on the one port, if it does."""
        self.make_ears()
        return (Mounted(PATH, self.asgi, guarded=False),) if self.asgi else ()

    @asynccontextmanager
    async def hearing(self, deliver: Deliver) -> AsyncIterator[str]:
        """Hear until the block ends; how, in words.

        Raises:
            ConfigurationError: Slack does not take the app token.
        """
        self._deliver = deliver
        token = self.settings.slack_app_token
        ears = self._ears or self.make_ears()
        if token is None:
            if self.asgi is None:
                raise ConfigurationError(NO_EARS)
            yield f"by HTTP at {PATH}"
            return
        sockets = self._sockets = Sockets(
            self.api,
            ears,
            token.get_secret_value(),
            self.clock,
            count=self.settings.bobbin_slack_sockets,
        )
        async with sockets.running():
            yield f"by {sockets.count} sockets"

    async def away(self) -> str:
        """Why Slack cannot be heard or spoken to just now; empty: it can."""
        if self.api.refused or self._sockets is None:
            return self.api.refused
        if await self._sockets.connected():
            return ""
        return self._sockets.refused or "Slack cannot be heard: none of its sockets is open"

    async def aclose(self) -> None:
        """Leave what nobody waits for."""
        for one in (self._surfaces, self._noting, self._ears):
            if one is not None:
                await one.aclose()

    async def _known(self, where: ConversationKey, user: str) -> Home:
        """What a person's Home tab says."""
        roster = self.roster
        if self.sessions is None:
            return Home(assistant=roster.name_of(roster.default), apart=self.me.apart)
        current = await self.sessions.current(where)
        earlier = await self.sessions.list(where, 1000)
        chosen = current.assistant or roster.default
        if roster.standing(chosen, where, (user,)) != "here":
            chosen = roster.default
        offer = roster.offer(chosen)
        there = roster.available(where, (user,))
        return Home(
            assistant=roster.name_of(chosen),
            chosen=chosen,
            choices=tuple((one.slug, one.name) for one in there),
            prompts=offer.prompts if offer is not None else (),
            apart=self.me.apart,
            session=current.ordinal,
            title=current.title,
            sessions=len({one.ordinal for one in (current, *earlier)}),
            usage=await self._used(where, user),
        )

    async def _used(self, where: ConversationKey, user: str) -> tuple[str, ...]:
        if self.accounts is None:
            return ()
        return tuple(await Using(self.accounts, self.platforms, self.clock).lines(where, user))

    async def _take(self, event: Event) -> object:
        if self._deliver is None:
            raise StoreUnavailable("this process is still starting")
        return await self._deliver(event)


@asynccontextmanager
async def open_slack(
    settings: Settings,
    pacer: Pacer,
    clock: Clock,
    sessions: Sessions | None = None,
    kinds: Kinds | None = None,
    accounts: Accounts | None = None,
    *,
    roster: Roster,
) -> AsyncIterator[SlackSide]:
    """The sending side, ready to use. `sessions` and `accounts` are what Home tabs speak of;
    `kinds` keeps which kinds of events came; `roster` are the Assistants that they offer.

    Raises:
        ConfigurationError: a token is missing or wrong; the text names it.
        PlatformUnavailable: Slack cannot be reached.
    """
    token = settings.slack_bot_token
    if token is None:
        raise ConfigurationError("SLACK_BOT_TOKEN is not set (see docs/slack.md)")
    api = SlackApi(token.get_secret_value(), settings.slack_api_url)
    people = People(api, strangers=settings.bobbin_slack_strangers)
    presence, prompting = Presence(api, clock), Prompting(api)
    try:
        found = await checked_token(api)
        team, user = str(found.get("team_id") or "T0"), str(found.get("user_id") or "")
        platform = SlackPlatform(
            api,
            Paces(pacer, clock, f"slack:{team}"),
            clock,
            team=team,
            bot_user=user,
            people=people,
            presence=presence,
            stream=settings.bobbin_slack_stream,
            prompting=prompting,
        )
        own_host = settings.slack_api_url.startswith("https://slack.com/")
        source = SlackSource(
            api,
            bot_user=user,
            names=people.names,
            clock=clock,
            file_host=f"https://{FILE_HOST}" if own_host else settings.slack_api_url,
        )
        me = Me(
            team=team,
            user=user,
            bot=str(found.get("bot_id") or ""),
            strangers=settings.bobbin_slack_strangers or "team_id" not in found,
            apart=settings.bobbin_slack_direct == "threads",
            names=people.names,
        )
        side = SlackSide(
            api,
            me,
            str(found.get("team") or team),
            {PLATFORM: platform, PRIVATE: PrivatePlatform(api)},
            {PLATFORM: source},
            people,
            clock,
            settings,
            roster,
            prompting,
            sessions,
            kinds,
            accounts,
        )
        try:
            yield side
        finally:
            await side.aclose()
    finally:
        await people.aclose()
        await prompting.aclose()
        await presence.aclose()
        await api.aclose()
