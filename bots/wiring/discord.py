"""Discord: who we are there, the sending side for every process, and the ears of some."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.discord import slash
from adapters.discord.api import DiscordApi, checked_token
from adapters.discord.asking import Deliver
from adapters.discord.backfill import Backfill
from adapters.discord.choices import fitted
from adapters.discord.ears import Ears
from adapters.discord.events import PLATFORM, Me
from adapters.discord.gateway import DEAF_S, Gateway, Link
from adapters.discord.house import HouseRules
from adapters.discord.http import PATH, http_app, verify_key
from adapters.discord.incoming import Incoming
from adapters.discord.interactions import Interactions
from adapters.discord.platform import DiscordPlatform
from adapters.discord.presence import Presence
from adapters.discord.programs import Programs
from adapters.discord.responses import PRIVATE, PrivatePlatform, Responses
from adapters.discord.rooms import Rooms
from adapters.discord.rules import Rules
from adapters.discord.settings import SettingsCommand
from adapters.discord.source import FILE_HOSTS, DiscordSource
from adapters.discord.threads import Threads
from adapters.http.app import Mounted
from adapters.redis.connection import Client
from adapters.redis.customs import RedisCustoms
from adapters.redis.hearing import RedisHearing, RedisHomes, RedisKeeping, RedisLoops
from adapters.redis.places import RedisPlaces
from config.settings import Settings
from core.chat.customs import Customs, LocalCustoms
from core.chat.hearing import Hearing, Homes, Keeping, Loops
from core.chat.manners import LocalRulesOf, Places
from core.chat.messages import Event
from core.chat.pacing import Pace, Pacer, Paces
from core.chat.ports import ChatPlatform
from core.chat.roster import Roster
from core.chat.wording import ChatSource
from core.clock import Clock
from core.errors import (
    ConfigurationError,
    PlatformError,
    PlatformRateLimited,
    StoreUnavailable,
)

log = logging.getLogger(__name__)

_TELLING: Final = Pace(10_000)
"""One process at a time looks whether Discord knows the commands."""
_TELLING_PATIENCE_MS: Final = 600_000


@dataclass(slots=True)
class Door:
    """To the intake, once this process has one."""

    deliver: Deliver | None = None

    async def take(self, event: Event) -> object:
        """Deliver it. Raises StoreUnavailable as long as there is no intake."""
        if self.deliver is None:
            raise StoreUnavailable("this process is still starting")
        return await self.deliver(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordStores:
    """What Discord's side keeps in the store."""

    hearing: Hearing
    keeping: Keeping
    homes: Homes
    loops: Loops
    places: Places
    customs: Customs


def discord_stores(client: Client, partitions: int) -> DiscordStores:
    """On a connected client."""
    return DiscordStores(
        hearing=RedisHearing(client, partitions),
        keeping=RedisKeeping(client, partitions),
        homes=RedisHomes(client, partitions),
        loops=RedisLoops(client, partitions),
        places=RedisPlaces(client, partitions),
        customs=RedisCustoms(client, partitions),
    )


@dataclass(slots=True)
class DiscordSide:
    """Discord in this process.

    `asgi` answers Discord's calls by HTTP; it is there when DISCORD_PUBLIC_KEY is set. `deaf_s` is
    how long a connection may stay without a session.
    """

    api: DiscordApi
    me: Me
    name: str
    platforms: dict[str, ChatPlatform]
    sources: dict[str, ChatSource]
    interactions: Interactions
    house: HouseRules
    stores: DiscordStores
    pacer: Pacer
    clock: Clock
    settings: Settings
    door: Door
    roster: Roster
    asgi: Any = None
    deaf_s: float = DEAF_S
    _gateway: Gateway | None = None

    async def away(self) -> str:
        """Why Discord cannot be heard just now; empty: it can, or nobody listens."""
        if self._gateway is None or self._gateway.connected:
            return ""
        return "Discord cannot be heard: its gateway is away"

    @property
    def local(self) -> dict[str, LocalRulesOf]:
        """What moderators want, by platform."""
        return {PLATFORM: self.house.of}

    def mounts(self) -> tuple[Mounted, ...]:
        """What Discord calls on the one port, if it does."""
        key = self.settings.discord_public_key
        if key is None:
            return ()
        self.asgi = http_app(verify_key(key), self.interactions.take, self.clock)
        return (Mounted(PATH, self.asgi, guarded=False),)

    @asynccontextmanager
    async def hearing(self, deliver: Deliver) -> AsyncIterator[str]:
        """Hear until the block ends; how, in words.

        Raises:
            ConfigurationError: Discord does not take the token or the shard.
            PlatformUnavailable: Discord cannot be reached.
        """
        self.door.deliver = deliver
        token, settings = self.settings.discord_token, self.settings
        if token is None:
            raise ConfigurationError("DISCORD_TOKEN is not set (see docs/discord.md)")
        shard = (settings.bobbin_discord_shard, settings.bobbin_discord_shards)
        ear = _ear(self.me.application, *shard)
        stores, rooms = self.stores, Rooms(self.api)
        backfill = Backfill(self.api, stores.hearing, self.clock, ear=ear)
        incoming = Incoming(
            self.api,
            self.me,
            rooms,
            self.house,
            Programs(self.api, stores.loops),
            stores.homes,
            stores.hearing,
            stores.places,
            backfill,
            self.door.take,
            self.clock,
            ear=ear,
        )
        ears = Ears(
            self.me,
            rooms,
            incoming,
            self.interactions,
            backfill,
            stores.hearing,
            self.clock,
            ear=ear,
        )
        link = Link(
            token=token.get_secret_value(),
            api_url=settings.discord_api_url.rstrip("/"),
            gateway_url=await _gateway_url(self.api, settings),
            shard=shard,
            name=f"{PLATFORM}:{self.me.application}",
            deaf_s=self.deaf_s,
        )
        gateway = self._gateway = Gateway(link, ears, self.pacer, self.clock)
        async with self._commands_told(), ears.open(), gateway.running():
            share = f", shard {shard[0]} of {shard[1]}" if shard[1] > 1 else ""
            also = f" and by HTTP at {PATH}" if self.asgi is not None else ""
            yield f"over the gateway{share}{also}"

    @asynccontextmanager
    async def _commands_told(self) -> AsyncIterator[None]:
        """Discord knows the commands when this begins, if nobody else tells it just now. Of several
        processes that start together one tells it, and the others look afterwards."""
        name = f"{PLATFORM}:{self.me.application}:commands"
        wait_ms = await self.pacer.reserve(name, _TELLING, _TELLING_PATIENCE_MS)
        if wait_ms == 0:
            await self._tell_commands()
        later = asyncio.create_task(self._tell_commands_in(wait_ms or 0), name="discord commands")
        try:
            yield
        finally:
            later.cancel()
            await asyncio.gather(later, return_exceptions=True)

    async def _tell_commands_in(self, wait_ms: int) -> None:
        if wait_ms > 0:
            await self.clock.sleep(wait_ms / 1000)
            await self._tell_commands()

    async def _tell_commands(self) -> None:
        try:
            commands = fitted(slash.COMMANDS, self.roster)
            await slash.tell(self.api, self.me.application, commands)
        except PlatformError as error:
            log.warning("Discord could not be told of the commands: %s", error)


@asynccontextmanager
async def open_discord(
    settings: Settings, pacer: Pacer, stores: DiscordStores, clock: Clock, *, roster: Roster
) -> AsyncIterator[DiscordSide]:
    """The sending side, ready to use. A ban of our address is waited out here. `roster` are the
    Assistants that commands offer.

    Raises:
        ConfigurationError: the token is missing or wrong; the text names it.
        PlatformUnavailable: Discord cannot be reached.
        StoreError: what moderators set is not known.
    """
    token = settings.discord_token
    if token is None:
        raise ConfigurationError("DISCORD_TOKEN is not set (see docs/discord.md)")
    if settings.discord_public_key is not None:
        verify_key(settings.discord_public_key)
    api = DiscordApi(token.get_secret_value(), settings.discord_api_url, clock, pacer=pacer)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(api.aclose)
        found = await _patiently(api, clock)
        user: dict[str, Any] = await api.read("/users/@me")
        customs = LocalCustoms(stores.customs, clock, f"{PLATFORM}:{found['id']}")
        await stack.enter_async_context(customs.kept_fresh())
        house = HouseRules(
            customs,
            Rules(
                mode=settings.bobbin_discord_mode,
                follow=settings.bobbin_follow,
                introduce=settings.bobbin_introduce,
                programs=settings.discord_bots,
            ),
        )
        me = Me(
            application=str(found["id"]),
            user=str(user["id"]),
            rules=house.at,
            open=settings.discord_open,
        )
        responses = Responses(api, stores.keeping, me.application)
        threads = Threads(api, house.at, stores.homes, stores.places, me.application)
        stack.push_async_callback(threads.aclose)
        presence = Presence(api, threads, clock)
        stack.push_async_callback(presence.aclose)
        platform = DiscordPlatform(
            api,
            Paces(pacer, clock, "discord"),
            bot_user=me.user,
            threads=threads,
            responses=responses,
            presence=presence,
            stream=settings.bobbin_discord_stream,
        )
        own = urlsplit(settings.discord_api_url)
        hosts = FILE_HOSTS
        if own.netloc != "discord.com":
            hosts = (f"{own.scheme}://{own.netloc}",)
        source = DiscordSource(api, bot_user=me.user, file_hosts=hosts)
        door = Door()
        yield DiscordSide(
            api=api,
            me=me,
            name=str(found.get("name") or user.get("username")),
            platforms={PLATFORM: platform, PRIVATE: PrivatePlatform(api, responses)},
            sources={PLATFORM: source, PRIVATE: source},
            interactions=Interactions(
                api,
                me,
                responses,
                stores.hearing,
                stores.keeping,
                stores.homes,
                SettingsCommand(house, stores.places, me.user),
                door.take,
                clock,
                roster=roster,
            ),
            house=house,
            stores=stores,
            pacer=pacer,
            clock=clock,
            settings=settings,
            door=door,
            roster=roster,
        )


async def _gateway_url(api: DiscordApi, settings: Settings) -> str:
    """Where DISCORD_GATEWAY_URL says; where DISCORD_API_URL alone is another one than Discord's, it
    is asked for its gateway."""
    given, where = settings.discord_gateway_url, settings.discord_api_url
    if (
        urlsplit(where).netloc == "discord.com"
        or "discord_gateway_url" in settings.model_fields_set
    ):
        return given
    try:
        return str((await api.read("/gateway/bot"))["url"])
    except (PlatformError, KeyError, TypeError) as error:
        log.warning("%s does not say where its gateway is: %r", where, error)
        return given


def _ear(application: str, shard: int, shards: int) -> str:
    return f"{PLATFORM}:{application}:{shard}/{shards}"


async def _patiently(api: DiscordApi, clock: Clock) -> dict[str, Any]:
    while True:
        try:
            return await checked_token(api)
        except PlatformRateLimited as error:
            log.warning("%s; waiting for %.0f s", error, error.retry_after_s)
            await clock.sleep(error.retry_after_s)
