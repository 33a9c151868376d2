"""What a session remembers of its newest turn: pure."""

from __future__ import annotations

from dataclasses import replace

from core.chat.messages import LastTurn, Session
from core.chat.starting import thread_of
from core.chat.turns import Turn


def answered(turn: Turn, thread_id: str, run_id: str) -> Session:
    """The session with this turn as its newest. The mailbox keeps edits that came meanwhile."""
    claim = turn.claim
    session = claim.session
    if claim.mail[0].kind == "regenerate" and session.last is not None:
        last = replace(session.last, run_id=run_id, parts=tuple(turn.progress.parts))
    else:
        last = _newest(turn, run_id)
    return replace(
        session,
        thread_id=thread_id,
        title=session.title or title(claim.mail[0].text),
        last=last,
        edits={name: text for name, text in session.edits.items() if name in last.message_ids},
    )


def refused(turn: Turn) -> Session:
    """The session after a turn that got no Run: Retry needs its words."""
    claim = turn.claim
    if claim.mail[0].kind == "regenerate":
        again = {row["name"]: row["text"] for row in turn.progress.again or ()}
        return replace(claim.session, edits=claim.session.edits | again)
    return replace(
        claim.session,
        thread_id=thread_of(turn),
        title=claim.session.title or title(claim.mail[0].text),
        last=_newest(turn, turn.progress.run_id or ""),
        edits={inbound.message_id: inbound.text for inbound in claim.mail},
    )


def title(text: str) -> str:
    """What a session is called after its first words."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59].rstrip() + "…"


def _newest(turn: Turn, run_id: str) -> LastTurn:
    mail = turn.claim.mail
    return LastTurn(
        turn_id=turn.claim.turn_id,
        run_id=run_id,
        inbounds=turn.inbound_ids,
        message_ids=tuple(inbound.message_id for inbound in mail),
        askers=tuple(sorted({inbound.author.id for inbound in mail})),
        parts=tuple(turn.progress.parts),
    )
