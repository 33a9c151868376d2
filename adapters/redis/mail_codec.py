"""Mail, sessions and claims as the bytes that Redis holds, and back.

A session is up to four fields of the hash `sessions:<conversation>`, `n` being its ordinal: `n` is
what belongs to turns (`{"thread_id", "created_at", "last"}`); `n:title`, `n:assistant` and
`n:edits` (a JSON object) may be saved while a turn runs. Missing fields have their defaults.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from adapters.redis.connection import decode
from core.chat.messages import ConversationKey, Inbound, Json, LastTurn, Session
from core.chat.ports import TurnClaim

KINDS = {"message": "m", "regenerate": "r"}


def dump(value: Json) -> bytes:
    """JSON with sorted names. Half surrogate pairs become U+FFFD."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return whole(text)


def whole(text: str) -> bytes:
    """UTF-8; half surrogate pairs become U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def mail_of(value: bytes) -> Inbound:
    """The Inbound of its bytes."""
    return Inbound.from_json(orjson.loads(value))


def event_name(conversation: ConversationKey, event_id: str) -> str:
    """What stands behind `seen:`: delivered twice in a channel is the same event."""
    return f"{conversation.channel}:{event_id}"


def post_name(conversation: ConversationKey, message_id: str) -> str:
    """What stands behind `post:` and `tomb:`; one to one, whatever is in the message id."""
    return f"{conversation}:{quote(message_id, safe='')}"


def body_of(session: Session) -> bytes:
    """The field `n`: what only turns change."""
    last = session.last
    return dump(
        {
            "thread_id": session.thread_id,
            "created_at": session.created_at,
            "last": last
            and {
                "turn_id": last.turn_id,
                "run_id": last.run_id,
                "inbounds": last.inbounds,
                "message_ids": last.message_ids,
                "askers": last.askers,
                "parts": last.parts,
            },
        }
    )


def session_of(ordinal: int, row: Sequence[bytes | None], created_at: float = 0.0) -> Session:
    """The session of its four fields; `created_at` is for one that nobody has stored yet."""
    body, title, assistant, edits = row
    kept: Json = orjson.loads(body) if body else {"created_at": created_at}
    last: Json | None = kept.get("last")
    return Session(
        ordinal=ordinal,
        thread_id=kept.get("thread_id"),
        assistant=decode(assistant) if assistant else None,
        title=decode(title) if title else "",
        created_at=kept["created_at"],
        last=None if last is None else _last_of(last),
        edits=orjson.loads(edits) if edits else {},
    )


def _last_of(body: Json) -> LastTurn:
    return LastTurn(
        turn_id=body["turn_id"],
        run_id=body["run_id"],
        inbounds=tuple(body["inbounds"]),
        message_ids=tuple(body["message_ids"]),
        askers=tuple(body["askers"]),
        parts=tuple(body["parts"]),
    )


def claim_of(conversation: ConversationKey, row: Sequence[Any]) -> TurnClaim:
    """The claim of what `begin` tells: epoch, lost, attempts, checkpoint, stop, ordinal, session,
    mails."""
    epoch, lost, attempts, checkpoint, stop, ordinal, session, mails = row
    mail = tuple(mail_of(value) for value in mails if value is not None)
    return TurnClaim(
        conversation=conversation,
        epoch=int(epoch),
        mail=mail,
        session=session_of(int(ordinal), session, mail[0].received_at),
        lost=lost,
        attempts=int(attempts or 0),
        checkpoint=orjson.loads(checkpoint) if checkpoint else {},
        stop=stop is not None,
    )
