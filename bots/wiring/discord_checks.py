"""What `bobbin doctor` and `bobbin invite discord` ask Discord."""

from __future__ import annotations

from typing import Any, Final, cast

from adapters.discord import slash
from adapters.discord.api import DiscordApi, checked_token
from adapters.discord.choices import fitted
from adapters.discord.gateway import NO_CONTENT
from adapters.discord.http import PATH, verify_key
from adapters.discord.invite import PERMISSIONS, may_read_contents
from bots.wiring.roster import declared_roster
from config.settings import Settings
from core.clock import Clock
from core.errors import BobbinError, ConfigurationError

_ADMINISTRATOR: Final = 1 << 3
_MOST_NAMED: Final = 5
"""Servers that are named one by one."""


async def describe_discord(settings: Settings, clock: Clock) -> list[tuple[str, str]]:
    """What `bobbin doctor` says of Discord: `ok`, `note` or `bad`, and a sentence each."""
    token = settings.discord_token
    if token is None:
        return [("note", "not set up; docs/discord.md takes you there")]
    api = DiscordApi(token.get_secret_value(), settings.discord_api_url, clock)
    found: list[tuple[str, str]] = []
    try:
        who = await checked_token(api)
        guilds = who.get("approximate_guild_count")
        found.append(("ok", f"DISCORD_TOKEN is of {who.get('name')}, in {guilds} server(s)"))
        if may_read_contents(who):
            found.append(("ok", "message contents may be read"))
        else:
            found.append(("bad", NO_CONTENT))
        commands = fitted(slash.COMMANDS, declared_roster(settings))
        if await slash.in_step(api, str(who["id"]), commands):
            found.append(("ok", f"Discord knows all {len(slash.COMMANDS)} commands"))
        else:
            found.append(("note", "the commands changed; the next start tells Discord"))
        found += await _permissions(api)
        if settings.discord_public_key is not None:
            verify_key(settings.discord_public_key)
            found.append(("note", f"Discord has to reach {PATH} of this server by https"))
    except BobbinError as error:
        found.append(("bad", str(error)))
    finally:
        await api.aclose()
    return found


async def _permissions(api: DiscordApi) -> list[tuple[str, str]]:
    """A sentence for each server whose roles give the bot less than it needs; channels may differ.
    Of the first 200 servers."""
    guilds = cast("list[dict[str, Any]]", await api.read("/users/@me/guilds"))
    found: list[tuple[str, str]] = []
    for guild in guilds:
        given = int(guild.get("permissions") or 0)
        missing = [name for name, bit in PERMISSIONS.items() if not given & (bit | _ADMINISTRATOR)]
        if missing:
            sentence = f"in {guild.get('name')} I lack: {', '.join(missing)}"
            found.append(("bad", f"{sentence} (Server Settings > Roles, or invite me again)"))
    if len(found) > _MOST_NAMED:
        more = f"and in {len(found) - _MOST_NAMED} other servers something is missing too"
        found[_MOST_NAMED:] = [("bad", more)]
    return found or [("ok", "the servers' roles give every permission that I need")]


async def application(settings: Settings, clock: Clock) -> dict[str, Any]:
    """The application of DISCORD_TOKEN.

    Raises:
        ConfigurationError: the token is missing or wrong.
        PlatformUnavailable: Discord cannot be reached.
    """
    token = settings.discord_token
    if token is None:
        raise ConfigurationError("DISCORD_TOKEN is not set; docs/discord.md says how to get it.")
    api = DiscordApi(token.get_secret_value(), settings.discord_api_url, clock)
    try:
        return await checked_token(api)
    finally:
        await api.aclose()
