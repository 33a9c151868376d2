"""What people write and what they get back, the same for every platform."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from urllib.parse import quote, unquote

from core.chat.doing import Doing
from core.errors import InvalidRequest

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """The name of a place where one dialogue happens.

    Written `platform:part:part[:part...]`; the first three fields name the platform's channel
    (`slack:T1:C1`, `discord:G1:C1`, `discord:dm:<user id>`, `terminal:<OS user>:<name>`), and all
    conversations of a channel lie in one partition of the store.
    """

    platform: str
    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.platform or len(self.parts) < 2 or not all(self.parts):
            raise InvalidRequest(
                f"A conversation has a platform and at least two parts, got {self.parts!r}."
            )

    def __str__(self) -> str:
        return ":".join(quote(part, safe="@+ .-_") for part in (self.platform, *self.parts))

    @property
    def channel(self) -> str:
        """What decides the partition: the platform and the first two parts."""
        return ":".join(str(self).split(":")[:3])

    @classmethod
    def parse(cls, text: str) -> ConversationKey:
        """The key of its written form.

        Raises:
            InvalidRequest: not a written key.
        """
        platform, *parts = (unquote(part) for part in text.split(":"))
        return cls(platform, tuple(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote. `id` is the platform's; `name` is what people call them."""

    id: str
    name: str = ""
    is_bot: bool = False
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InFile:
    """A file that came with a message. `ref` is how the platform finds its bytes; `size` in bytes
    as the platform says, which may be wrong."""

    ref: str
    name: str
    media_type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said in a place: who (platform id, and name if known), and what."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """In what company a message was written.

    `addressed`: it is for us for certain (a direct message, or it names us). `to_others`: it names
    somebody else. `shared`: several people may write here, so the model is told who did.
    `called_in`: it stands in the middle of a talk that we may not have heard.
    """

    addressed: bool = True
    to_others: bool = False
    shared: bool = False
    called_in: bool = False


ALONE = Setting()
"""A person and Bobbin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message that shall be answered.

    `id` names the event, revision included: the same id is the same event, delivered again.
    `message_id` names the platform's post; edits and deletes refer to it.
    `kind` is `regenerate` for a press of Regenerate, which takes its place in the mailbox too; its
    `reply_to` names the answer that it replaces. `assistant` names the Assistant that is to answer
    here from this message on; empty where the writer did not say.
    """

    id: str
    message_id: str
    conversation: ConversationKey
    author: Author
    text: str
    received_at: float
    kind: Literal["message", "regenerate"] = "message"
    reply_to: str | None = None
    setting: Setting = ALONE
    files: tuple[InFile, ...] = ()
    assistant: str = ""

    def to_json(self) -> Json:
        """The form in which the mailbox keeps it."""
        return ({"assistant": self.assistant} if self.assistant else {}) | {
            "id": self.id,
            "message_id": self.message_id,
            "conversation": str(self.conversation),
            "author": {
                "id": self.author.id,
                "name": self.author.name,
                "is_bot": self.author.is_bot,
                "is_admin": self.author.is_admin,
            },
            "text": self.text,
            "received_at": self.received_at,
            "kind": self.kind,
            "reply_to": self.reply_to,
            "setting": asdict(self.setting),
            "files": [asdict(file) for file in self.files],
        }

    @classmethod
    def from_json(cls, body: Json) -> Inbound:
        """The inverse of `to_json`."""
        values = dict(body)
        values["conversation"] = ConversationKey.parse(body["conversation"])
        values["author"] = Author(**body["author"])
        values["setting"] = Setting(**body.get("setting", {}))
        values["files"] = tuple(InFile(**file) for file in body.get("files", ()))
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A post was changed. `revision` is the platform's stamp of the change, `name` what the id of
    the post's Inbound was, where a platform reads something from ids."""

    conversation: ConversationKey
    message_id: str
    revision: str
    author: Author
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A post was deleted."""

    conversation: ConversationKey
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A control: a button, a slash command, or `!name argument` in the text. Overtakes mail.

    `shared`: it was typed where several people may write. `alone`: whoever gave it is the only one
    who sees what answers it.
    """

    id: str
    conversation: ConversationKey
    author: Author
    name: str
    argument: str = ""
    received_at: float = 0.0
    shared: bool = False
    alone: bool = False


Event = Inbound | Edit | Delete | Command

Control = Literal[
    "stop", "regenerate", "new", "work", "share", "feedback", "approve", "deny", "forget"
]
"""What can be pressed under a post. A press comes in as the `Command` of that name, with the
post's `about` as its argument (`feedback`: `good` or `bad` before it); whoever may not press is
told so by whoever carries it out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from a list: comes in as the `Command` with the post's `chooses` as its
    name and this argument. `label` is what a person reads."""

    argument: str
    label: str


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file that goes out with a post."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One part of a reply, in Markdown, never longer than the platform's limit.

    `part_id` is deterministic: the same part of the same reply has the same id in any process.
    `turn` names the Inbounds it answers. `final` says that the text will not grow any more.
    `controls` are what can be pressed; `about` is what a press names, and means nothing else to a
    platform. `notice` is a sentence of the bot's own instead of an answer; `approval` asks a
    person in the middle of a reply, which goes on once they have decided; `shared` is an answer
    that one person alone saw, for all who are there. `suggested` are questions that a platform
    which can suggest some suggests from then on.
    """

    part_id: str
    text: str
    turn: tuple[str, ...] = ()
    final: bool = True
    controls: tuple[Control, ...] = ()
    about: str = ""
    files: tuple[OutFile, ...] = ()
    doing: tuple[Doing, ...] = ()
    """The tools that were used before this text, for platforms that show it while it happens."""
    kind: Literal["answer", "notice", "approval", "shared"] = "answer"
    only_for: str = ""
    """The one person (an author's id) who is to see it, where the platform `whispers`."""
    suggested: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    """What can be chosen from a list, on platforms that have lists; the text says it too."""
    chooses: Literal["resume"] = "resume"


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that shows a person where their message is; never stored, best effort.

    `waiting` comes with how many conversations are `ahead`, or with a `sentence` about what it
    waits for instead; `troubled` with a `sentence`. `asking`: the reply asks a person and goes on
    once they have decided. `idle` ends what was shown: the turn is over, or put off.
    """

    kind: Literal["working", "waiting", "troubled", "asking", "idle"]
    ahead: int = 0
    sentence: str = ""
    turn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform can do, as data.

    `max_chars` bounds one post (in the platform's own count). `streams` says that partial text is
    shown, at most every `edit_interval_s` seconds. `idempotent_sends` says that a part sent twice
    appears once, so that nothing has to be read back. `buttons` says that `Post.controls` can be
    pressed; elsewhere a text names the command where one is needed. `pictures` says that a PNG
    attached to a post is seen with it. `mentions` names the platform's way of pinging people,
    which text must not reach. `draws_tables` is off where a Markdown table is shown as it was
    written. An answer that takes more than `max_parts` posts (0: any number) ends in one with a
    file of all of it.
    """

    max_chars: int
    edits: bool = False
    streams: bool = False
    edit_interval_s: float = 1.0
    idempotent_sends: bool = False
    buttons: bool = False
    pictures: bool = False
    shows_work: bool = False
    """Posts say which tools are being used (`Post.doing`), before there is any text too."""
    mentions: Literal["slack", "discord", "generic"] = "generic"
    whispers: bool = False
    """A post in a shared place can be for one person alone (`Post.only_for`)."""
    workspaces: bool = False
    """Ids of people mean something within a workspace, the first part of a conversation's name."""
    draws_tables: bool = True
    max_parts: int = 0


def _no_parts() -> tuple[Json, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTurn:
    """The newest answered turn of a session: what Regenerate and later edits act on."""

    turn_id: str
    run_id: str
    inbounds: tuple[str, ...]
    message_ids: tuple[str, ...]
    askers: tuple[str, ...]
    parts: tuple[Json, ...] = field(default_factory=_no_parts)

    @property
    def answer_id(self) -> str:
        """Names this answer of the turn; a Regenerate says with it which one it replaces."""
        return f"{self.turn_id}#{self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One Thread in the life of a conversation. `ordinal` counts from 1."""

    ordinal: int
    thread_id: str | None = None
    assistant: str | None = None
    title: str = ""
    created_at: float = 0.0
    last: LastTurn | None = None
    edits: dict[str, str] = field(default_factory=dict[str, str])
    """New texts of posts that were edited after their turn had begun, by message id."""
