"""The sending side of Slack, from any process: by the web API alone.

A reply goes into the thread of the message that it answers. Every part carries its id in the
message's metadata; after a crash the thread is read before anything is posted again. Files go into
the thread before the text that speaks of them.

Serial: the parts of one reply (the outbox sees to that). Parallel: replies.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Final, cast

from adapters.slack.api import NO_SUCH_METHOD, Json, SlackApi, SlackRefused, dict_of
from adapters.slack.events import place_of
from adapters.slack.origin import NO_THREAD, Origin
from adapters.slack.people import People
from adapters.slack.presence import Presence
from adapters.slack.prompting import Prompting
from adapters.slack.render import MOST_CHARS, blocks, message, notification, part_of
from adapters.slack.streams import Streams
from adapters.slack.words import escaped
from core.chat.doing import summary
from core.chat.messages import Capabilities, ConversationKey, OutFile, Post, Sign
from core.chat.pacing import PATIENCE_MS, Pace, Paces
from core.clock import Clock
from core.errors import ConversationGone, PlatformError, PlatformRateLimited, TooEarly

log = logging.getLogger(__name__)

CAPABILITIES: Final = Capabilities(
    max_chars=MOST_CHARS,
    edits=True,
    streams=True,
    edit_interval_s=1.0,
    buttons=True,
    pictures=True,
    shows_work=True,
    mentions="slack",
    whispers=True,
    workspaces=True,
)

_A_CHANNEL: Final = Pace(1000, 3)
"""New posts of a channel: one a second, a few at once after a pause."""
_UPDATES: Final = Pace(1300, 10)
"""chat.update (Tier 3: 50 a minute of a workspace)."""
_APPENDS: Final = Pace(600, 20)
"""chat.appendStream (Tier 4: 100 a minute of a workspace)."""
_STARTS: Final = Pace(3000, 10)
"""chat.startStream (Tier 2: 20 a minute of a workspace)."""

_PAGES: Final = 5
_NO_BLOCKS: Final = "invalid_blocks"
_TOO_LONG: Final = frozenset({"msg_too_long", "msg_blocks_too_long", _NO_BLOCKS})
_PLAIN_CHARS: Final = 3_900
_PARTS: Final = 1_000
_SKEW_S: Final = 60.0
"""How far this machine's clock may be from Slack's."""


class SlackPlatform:
    """`ChatPlatform` of one workspace."""

    def __init__(
        self,
        api: SlackApi,
        paces: Paces,
        clock: Clock,
        *,
        team: str,
        bot_user: str,
        people: People,
        presence: Presence,
        stream: bool = True,
        prompting: Prompting | None = None,
    ) -> None:
        """
        Args:
            api: with the workspace's bot token.
            paces: shared by all processes.
            clock: for how long a stream has lived.
            team, bot_user: ids of the workspace and of the bot's user there.
            people: who is of which team.
            presence: shows that Bobbin is at work.
            stream: use Slack's own streaming where the app may.
            prompting: suggests what may be asked, in direct messages.
        """
        self._api = api
        self._paces = paces
        self._clock = clock
        self._team = team
        self._bot_user = bot_user
        self._presence = presence
        self._prompting = prompting
        self._streams = Streams(
            api,
            clock,
            team_of=lambda user: people.team_of(user, team),
            has_session=presence.has_session,
            wanted=stream,
        )
        self._doing: dict[str, str] = {}
        """What signs say is being done, by part."""
        self._edits = True
        self._paid: dict[str, None] = {}
        """Posts whose last edit has its place in the pace already."""
        self._shared: dict[str, dict[int, str]] = {}
        """What became of the files of a part that is not shown yet: Slack shows a file in its
        thread some seconds after it has taken it."""

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def send(self, conversation: ConversationKey, post: Post) -> str:
        with _for_good():
            ref = await self._send(conversation, post)
        _, channel, _ = place_of(conversation)
        if self._prompting is not None and channel.startswith("D"):
            self._prompting.suggest(channel, post.suggested)
        return ref

    async def _send(self, conversation: ConversationKey, post: Post) -> str:
        origin, root = self._aim(conversation, post.part_id)
        if post.only_for:
            return await self._whisper(origin, root, post)
        post = await self._send_files(origin, root, post)
        grows = root != NO_THREAD and not post.final  # a stream needs a thread
        if grows and self._streams.may_begin(origin.channel, post):
            paced = await self._paces.may("startStream", _STARTS, 0)
            ts = await self._streams.begin(origin, root, post) if paced else None
            if ts is not None:
                return ts
        if not post.final and not post.text.strip():
            await self._say_doing(origin, post)
            raise TooEarly("there is no text yet, and no stream to show what is being done")
        if not post.final and not (self._edits and await self._paces.may("update", _UPDATES, 0)):
            # A beginning needs an edit later on, and there are few of these for a workspace.
            raise TooEarly("no edit is left for the rest of this answer")
        await self._paces.wait(f"post:{origin.channel}", _A_CHANNEL)
        body = {"channel": origin.channel, **_under(root), **_QUIET}
        answer = await self._say("chat.postMessage", body, post, origin, root)
        ts = str(answer.get("ts") or NO_THREAD)
        self._edits = self._edits and ts != NO_THREAD
        self._streams.ordinary(ts)
        if not post.final:
            self._paid[ts] = None
            if len(self._paid) > _PARTS:
                del self._paid[next(iter(self._paid))]
        self._shared.pop(post.part_id, None)
        return ts

    async def _say_doing(self, origin: Origin, post: Post) -> None:
        said = summary(post.doing)
        if self._doing.get(post.part_id) != said:
            self._doing[post.part_id] = said
            if len(self._doing) > _PARTS:
                del self._doing[next(iter(self._doing))]
            await self._presence.doing(origin, said)

    async def edit(self, conversation: ConversationKey, ref: str, post: Post) -> None:
        origin, root = self._aim(conversation, post.part_id)
        if ref == NO_THREAD:  # nobody said where it stands
            raise ConversationGone("Slack did not name the post")
        if not post.final and not await self._paces.may("appendStream", _APPENDS, 0):
            return  # the next one brings all of it
        with _for_good():
            post = await self._send_files(origin, root, post)
            if not await self._streams.go_on(ref, post):
                await self._update(origin, root, ref, post)
        self._shared.pop(post.part_id, None)

    async def find(self, conversation: ConversationKey, part_id: str) -> str | None:
        origin, root = self._aim(conversation, part_id)
        unmarked: str | None = None
        async for found in self._own_posts(origin, root):
            mark = part_of(dict_of(found.get("metadata")))
            if mark == part_id:
                return str(found["ts"])
            if mark is None and not found.get("files"):
                # A stream gets its metadata at its end: one without belongs to who died in it.
                unmarked = str(found["ts"])
        return unmarked

    async def signal(self, conversation: ConversationKey, sign: Sign) -> None:
        # Mail that is taken together may stand in several threads: each of them gets the sign.
        origins = list(filter(None, map(Origin.of, sign.turn)))
        by_post = any(self._presence.way(one.channel) == "reaction" for one in origins)
        places = {one.ts if by_post else one.root: one for one in origins}
        if sign.kind == "asking":
            await self._rest(conversation, sign.turn)
        for origin in places.values():
            match sign.kind:
                case "idle":
                    await self._presence.idle(origin)
                case "asking":
                    await self._presence.paused(origin)
                case "waiting" if sign.ahead:
                    await self._presence.working(origin, f"waits; {sign.ahead} before this")
                case _:
                    await self._presence.working(origin, sign.sentence)

    async def _rest(self, conversation: ConversationKey, turn: tuple[str, ...]) -> None:
        """A person is asked, perhaps for long. Slack would end the turn's streams meanwhile and
        draw what is open in them as failed: they are edited from now on."""
        for ref, post in self._streams.give_up(turn):
            origin, root = self._aim(conversation, post.part_id)
            try:
                await self._update(origin, root, ref, post)
            except PlatformError as error:
                log.info("a stream could not be made a message: %s", error)

    # ------------------------------------------------------------------- one post

    def _aim(self, conversation: ConversationKey, name: str) -> tuple[Origin, str]:
        """The message that is answered, and the thread that the answer goes into."""
        _, channel, root = place_of(conversation)
        origin = Origin.of(name)
        if origin is None or origin.channel != channel:
            raise ConversationGone(f"{name!r} names no post of {channel}")
        return origin, root or origin.root

    async def _whisper(self, origin: Origin, root: str, post: Post) -> str:
        """Show it to one person alone. Slack keeps no such post: it cannot be read back.
        Source: https://docs.slack.dev/reference/methods/chat.postEphemeral."""
        await self._paces.wait(f"post:{origin.channel}", _A_CHANNEL)
        shown = {"text": notification(post), "blocks": blocks(post)}
        answer = await self._api.write(
            "chat.postEphemeral",
            channel=origin.channel,
            user=post.only_for,
            **_under(root),
            **shown,
        )
        return str(answer.get("message_ts") or NO_THREAD)

    async def _update(self, origin: Origin, root: str, ref: str, post: Post) -> None:
        patience = PATIENCE_MS if post.final else 0
        paid = post.final and ref in self._paid
        if not paid and not await self._paces.may("update", _UPDATES, patience):
            if post.final:
                raise PlatformRateLimited("too many edits in this workspace", retry_after_s=5.0)
            return
        goes_on = not (post.final and post.controls)
        await self._streams.close(ref, origin.channel, goes_on=goes_on)
        body = {"channel": origin.channel, "ts": ref}
        await self._say("chat.update", body, post, origin, root)
        if paid:
            self._paid.pop(ref, None)

    async def _say(self, method: str, place: Json, post: Post, origin: Origin, root: str) -> Json:
        try:
            return await self._api.write(method, **place, **message(post, stoppable=not post.final))
        except SlackRefused as error:
            if error.code in NO_SUCH_METHOD and method == "chat.update":
                self._edits = False  # the outbox sends what cannot be edited as a post of its own
            if error.code not in _TOO_LONG:
                raise
            log.warning("Slack takes no post of %d characters: %s", len(post.text), error.code)
            whole_fits = error.code == _NO_BLOCKS and len(post.text) <= _PLAIN_CHARS
        # Slack counts in a way of its own: the beginning as plain text, all of it as a file.
        if post.final and not whole_fits:
            whole = OutFile("answer.md", "text/markdown", post.text.encode())
            await self._send_files(origin, root, replace(post, files=(whole,)))
        plain = post.text[:_PLAIN_CHARS]
        body = message(post) | {"text": escaped(plain)}
        del body["blocks"]
        return await self._api.write(method, **place, **body)

    # ------------------------------------------------------------------- files

    async def _send_files(self, origin: Origin, root: str, post: Post) -> Post:
        """Put the post's files into the thread; those that are there already are left. The post,
        with a sentence about each file that Slack did not take."""
        if not post.files:
            return post
        there: Counter[tuple[str, int]] = Counter()
        async for found in self._own_posts(origin, root):
            for file in cast("list[Json]", found.get("files") or []):
                there[str(file.get("title")), int(file.get("size") or 0)] += 1
        shared = self._shared.setdefault(post.part_id, {})
        if len(self._shared) > _PARTS:  # parts of turns that others took over
            del self._shared[next(iter(self._shared))]
        for number, file in enumerate(post.files):
            key = (file.name, len(file.data))
            if number not in shared and there[key] == 0:
                shared[number] = await self._upload(origin, root, file)
            there[key] -= 1
        words = "\n\n".join(sentence for _, sentence in sorted(shared.items()) if sentence)
        return replace(post, text=f"{post.text}\n\n{words}".strip()) if words else post

    async def _upload(self, origin: Origin, root: str, file: OutFile) -> str:
        """Share a file; the sentence that says why it is not there, if it is not."""
        try:
            where = await self._api.write(
                "files.getUploadURLExternal", filename=file.name, length=str(len(file.data))
            )
            await self._api.put(str(where["upload_url"]), file.data)
            await self._api.write(
                "files.completeUploadExternal",
                files=[{"id": where["file_id"], "title": file.name}],
                channel_id=origin.channel,
                **_under(root),
            )
        except SlackRefused as error:
            log.warning("Slack did not take the file %s: %s", file.name, error.code)
            return f"(Slack did not take the file {file.name}: {error.code})"
        return ""

    # ------------------------------------------------------------------- reading back

    async def _own_posts(self, origin: Origin, root: str) -> AsyncGenerator[Json, None]:
        """Our posts in the thread since the message, oldest first; outside of threads, those of
        direct messages since then, newest first."""
        cursor = ""
        query: Json = {"ts": root, "oldest": origin.ts}
        if root == NO_THREAD:  # its stamp is of our own clock
            query = {"oldest": f"{float(origin.ts) - _SKEW_S:.6f}"}
        for _ in range(_PAGES):
            try:
                answer = await self._api.read(
                    "conversations.history" if root == NO_THREAD else "conversations.replies",
                    channel=origin.channel,
                    **query,
                    include_all_metadata="true",
                    limit="200",
                    **({"cursor": cursor} if cursor else {}),
                )
            except (SlackRefused, ConversationGone) as error:
                # An answer that may stand there twice is better than none.
                log.warning("what was answered already cannot be read: %s", error)
                return
            for found in cast("list[Json]", answer.get("messages") or []):
                ours = found.get("user") == self._bot_user and found["ts"] != root
                if ours and float(found["ts"]) >= float(query["oldest"]):
                    yield found
            cursor = str(dict_of(answer.get("response_metadata")).get("next_cursor") or "")
            if not cursor:
                return


def _under(root: str) -> Json:
    return {} if root == NO_THREAD else {"thread_ts": root}


@contextlib.contextmanager
def _for_good() -> Iterator[None]:
    """What Slack refuses now it refuses later: nobody waits for it to change its mind."""
    try:
        yield
    except SlackRefused as error:
        raise ConversationGone(f"Slack takes no answer there: {error.code}") from error


_QUIET: Final[Json] = {"unfurl_links": False, "unfurl_media": False}
