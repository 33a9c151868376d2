"""The declared Assistants as conversations know them, and where a conversation lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.discord.events import DIRECT as DISCORD_DIRECT
from adapters.discord.events import PLATFORM as DISCORD
from adapters.slack.events import PLATFORM as SLACK
from adapters.slack.events import PRIVATE as SLACK_PRIVATE
from config.loading import AssistantFile, load_assistants
from config.settings import Settings
from core.chat.messages import ConversationKey
from core.chat.roster import DIRECT, ID_PREFIX, Offer, Roster, Whereabouts
from core.errors import ConfigurationError


def roster_of(files: Mapping[str, AssistantFile], default: str) -> Roster:
    """The declared Assistants by slug, the `default` among them.

    Raises:
        ConfigurationError: there is no such default, or not everybody may use it.
    """
    _check_name(tuple(files), default)
    if default in files and files[default].available:
        raise ConfigurationError(
            f"BOBBIN_ASSISTANT is {default}, which answers where nobody chose, so it must be "
            f"for everybody: take [[available]] off {default}.toml, or name another one."
        )
    offers = tuple(
        Offer(
            slug=slug,
            name=file.name,
            description=file.description or "",
            prompts=file.suggested_prompts,
            rules=file.available,
        )
        for slug, file in files.items()
    )
    return Roster(offers, default, whereabouts)


def declared_roster(settings: Settings) -> Roster:
    """What the files declare, for who needs no functions of theirs.

    Raises:
        ConfigurationError: a file is broken; the text names it and the field.
    """
    return roster_of(
        load_assistants(settings.bobbin_config_dir / "assistants"), settings.bobbin_assistant
    )


def check_choice(roster: Roster, name: str, conversation: ConversationKey) -> None:
    """Whether an operator may choose that Assistant for a conversation at their terminal.

    Raises:
        ConfigurationError: there is none, or it is not for them.
    """
    _check_name(tuple(offer.slug for offer in roster.offers), name)
    if roster.standing(name, conversation, (conversation.parts[0],)) != "here":
        raise ConfigurationError(
            f"{name} is not for {conversation.parts[0]} at a terminal: its [[available]] in "
            f"config/assistants/{name}.toml says who may use it where."
        )


def _check_name(known: Collection[str], name: str) -> None:
    if name not in known and not name.startswith(ID_PREFIX):
        raise ConfigurationError(
            f"there is no assistant {name!r} in config/assistants/. "
            f"Known: {', '.join(sorted(known))}."
        )


def whereabouts(conversation: ConversationKey) -> Whereabouts:
    """Where a conversation lies, of what its platform says in its name.

    What somebody asks in private on Discord lies in no server: it is one conversation, wherever
    they ask.
    """
    first, second = conversation.parts[:2]
    platform = conversation.platform
    if platform in (SLACK, SLACK_PRIVATE):
        channel = DIRECT if second.startswith("D") else second
        return Whereabouts(platform=SLACK, workspace=first, channel=channel)
    if platform == DISCORD and first == DISCORD_DIRECT:
        return Whereabouts(platform=DISCORD, channel=DIRECT)
    if platform == DISCORD:
        return Whereabouts(platform=DISCORD, workspace=first, channel=second)
    return Whereabouts(platform=platform.removesuffix("-private"))
