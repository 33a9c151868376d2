"""Which Assistant answers: people choose one for a session, and each turn asks whether it may.

A choice stands beside the session's Thread, so that it outlives processes; the Thread stays when
another one answers. One that is not there, or not for all who ask, is stood in for by the default,
with one sentence: it is never an error, and the choice stays.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

from core.chat.manners import Places
from core.chat.messages import Command, ConversationKey, Session
from core.chat.roster import Offer, Roster, Standing
from core.chat.text.speakers import speaker_name
from core.chat.turns import Turn

_GOES_ON: Final = "{name} answers here from now on. We go on where we are: it knows what was said."
_NEWS: Final = "{name} answers here from now on: {by} chose it. What was said stays known."
_ALREADY: Final = "{name} answers here already."
_UNKNOWN: Final = "I know no Assistant {wanted} that you can choose here. There are: {names}."
_NONE: Final = "I know no Assistant {wanted}, and there is none here that you could choose."
_HOW: Final = "`!assistant {slug}` has that one answer from then on; what was said stays."
_ALONE: Final = "{name} answers here. There is no other one that you could choose."
_ABSENT: Final = "**{name}** was chosen here and is not there any more: **{instead}** answers."
_REFUSED: Final = "**{name}** was chosen here and is not yours to use: **{instead}** answers you."

_GONE: Final = "({name}, which was chosen here, is not there any more: {instead} answers.)"
_NOT_THEIRS: Final = (
    "({name}, which was chosen here, is not for all who asked this: {instead} answers.)"
)
_SWITCHED: Final = "({name} answers here from now on.)"
_NO_SUCH: Final = "(I know no Assistant {wanted} that you can choose here: {instead} answers.)"

_LONGEST: Final = 40
"""Characters of a wrong name that are said again."""
_MOST_ABOUT: Final = 150
"""Characters of a description that a list shows."""


class Bindings(Protocol):
    """Which Assistant a session of a conversation has."""

    async def bind(
        self, conversation: ConversationKey, assistant: str, *, ordinal: int | None = None
    ) -> Session:
        """Have that Assistant answer from the session's next Run on; the session, the current one
        unless `ordinal` names another. Turns that end meanwhile do not take it back.

        Raises:
            StoreError: nothing was stored.
        """
        ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is said to a command. `prompts` are what may be suggested from then on, `news` what
    everybody there should know."""

    text: str
    prompts: tuple[str, ...] = ()
    news: str = ""


class Choosing:
    """Chooses. One instance serves all conversations of a process.

    Args:
        roster: the declared Assistants.
        bindings: where a choice is kept.
        places: for what is said once.
    """

    def __init__(self, roster: Roster, bindings: Bindings, places: Places) -> None:
        self._roster = roster
        self._bindings = bindings
        self._places = places

    async def carry_out(self, command: Command, session: Session) -> Chosen:
        """List, or choose what the command names; `session` is the current one.

        Raises:
            StoreError: nothing was chosen.
        """
        roster, where, people = self._roster, command.conversation, (command.author.id,)
        if not command.argument:
            return Chosen(self._listed(session, where, people))
        offer = roster.find(command.argument, where, people)
        if offer is None:
            return Chosen(_unknown(command.argument, roster.available(where, people)))
        if offer.slug != session.assistant:
            await self._bindings.bind(where, offer.slug)
        if offer.slug == (session.assistant or roster.default):
            return Chosen(_ALREADY.format(name=offer.name), offer.prompts)
        by = speaker_name(command.author.name or command.author.id)
        news = _NEWS.format(by=by, name=offer.name)
        return Chosen(_GOES_ON.format(name=offer.name), offer.prompts, news)

    def prompts(self, command: Command, session: Session) -> tuple[str, ...]:
        """What may be suggested to who gave a command, in a session of that place."""
        roster = self._roster
        chosen = session.assistant or roster.default
        if roster.standing(chosen, command.conversation, (command.author.id,)) != "here":
            chosen = roster.default
        offer = roster.offer(chosen)
        return offer.prompts if offer is not None else ()

    async def settle(self, turn: Turn) -> None:
        """Note in the turn who answers it, and what is to be said of that.

        A wish that came with the question binds the session first.

        Raises:
            StoreError: nothing was noted.
        """
        roster, claim = self._roster, turn.claim
        people = {inbound.author.id for inbound in claim.mail}
        chosen = claim.session.assistant or roster.default
        turn.assistant, turn.aside = chosen, ""
        wishes = [inbound.assistant for inbound in claim.mail if inbound.assistant]
        offer = roster.find(wishes[-1], turn.conversation, people) if wishes else None
        if offer is not None:
            turn.assistant = offer.slug
            # A later owner does not bind again what somebody may have changed since.
            if turn.progress.wish != offer.slug and chosen != offer.slug:
                await self._bindings.bind(
                    turn.conversation, offer.slug, ordinal=claim.session.ordinal
                )
                turn.progress.wish = offer.slug
            shared = any(inbound.setting.shared for inbound in claim.mail)
            if turn.progress.wish and claim.session.last is not None and shared:
                turn.aside = _SWITCHED.format(name=offer.name)
            return
        standing = roster.standing(chosen, turn.conversation, people)
        if standing != "here":
            turn.assistant = roster.default
            await self._explain(turn, chosen, standing)
        if wishes:
            instead = roster.name_of(turn.assistant)
            turn.aside = _NO_SUCH.format(wanted=_cited(wishes[-1]), instead=instead)

    async def falls_back(self, turn: Turn) -> bool:
        """The service does not know who was to answer: whether somebody else can.

        Raises:
            StoreError: nothing was noted.
        """
        missing, turn.assistant = turn.assistant, self._roster.default
        if missing == self._roster.default:
            return False
        await self._explain(turn, missing, "gone")
        return True

    async def _explain(self, turn: Turn, missing: str, standing: Standing) -> None:
        """Say who answers instead, once in a session."""
        claim, roster = turn.claim, self._roster
        told = f"{standing} {missing} {turn.conversation}#{claim.session.ordinal}"
        if await self._places.first_time(told, claim.turn_id):
            sentence = _GONE if standing == "gone" else _NOT_THEIRS
            turn.aside = sentence.format(
                name=roster.name_of(missing), instead=roster.name_of(roster.default)
            )

    def _listed(self, session: Session, where: ConversationKey, people: Collection[str]) -> str:
        roster = self._roster
        chosen = session.assistant or roster.default
        standing = roster.standing(chosen, where, people)
        there = roster.available(where, people)
        instead = roster.name_of(roster.default)
        lines: list[str] = []
        if standing != "here":
            sentence = _ABSENT if standing == "gone" else _REFUSED
            lines += [sentence.format(name=roster.name_of(chosen), instead=instead), ""]
            chosen = roster.default
        others = [offer for offer in there if offer.slug != chosen]
        if not others:
            return "\n".join([*lines, _ALONE.format(name=f"**{roster.name_of(chosen)}**")])
        lines += [_line(offer, present=offer.slug == chosen) for offer in there]
        return "\n".join([*lines, "", _HOW.format(slug=others[0].slug)])


def _line(offer: Offer, *, present: bool) -> str:
    words = " ".join(offer.description.split())
    about = f" – {_cut(words, _MOST_ABOUT)}" if words else ""
    mark = " **← answers here**" if present else ""
    return f"- **{offer.name}** (`{offer.slug}`){about}{mark}"


def _unknown(wanted: str, there: tuple[Offer, ...]) -> str:
    names = ", ".join(f"`{offer.slug}`" for offer in there)
    return (_UNKNOWN if names else _NONE).format(wanted=_cited(wanted), names=names)


def _cited(wanted: str) -> str:
    return "“" + " ".join(_cut(wanted, _LONGEST).split()).replace("`", "'") + "”"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
