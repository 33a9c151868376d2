"""One post in a channel: new or changed, and in another form where Discord does not take the first.

A text that Discord finds too long, or a file that it finds too large, is no reason to lose an
answer: the text goes as a file then, the files are left out with a sentence, and at last the
buttons too. An archived thread is opened again before a post in it is changed.

Parallel: posts. Survives a crash: the nonce of a part, by which it is there once.
Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from adapters.discord.api import DiscordApi, DiscordRefused, Json
from adapters.discord.render import change, files, message, nonce, says
from adapters.discord.threads import Target
from core.chat.messages import OutFile, Post
from core.errors import TooEarly

_UNKNOWN: Final = 10008
_ARCHIVED: Final = 50083
_INVALID_FORM: Final = 50035
_TOO_LARGE: Final = 40005
_NOT_TAKEN: Final = frozenset({_INVALID_FORM, _TOO_LARGE})


NO_FILES: Final = "(Discord did not take what is attached to this: {names})"
AS_A_FILE: Final = "(Discord did not take this as text, so it is in part.md.)"
_MOST_NAMES: Final = 60


class Posting:
    """Sends and changes posts."""

    def __init__(self, api: DiscordApi) -> None:
        self._api = api

    async def new(self, target: Target, post: Post) -> Json:
        """A message with this part; the one that is there if it was sent before.

        Raises:
            PlatformError: as `DiscordApi.write`.
            TooEarly: it still grows, and may be taken when it is complete.
        """
        *forms, last = _forms(post)
        for form in forms:
            try:
                return await self._new(target, form)
            except DiscordRefused as error:
                _mind(error, post)
        return await self._new(target, last)

    async def change(self, channel: str, name: str, post: Post) -> None:
        """Let a message say this. Raises as `new`."""
        *forms, last = _forms(post)
        for form in forms:
            try:
                return await self._change(channel, name, form, patient=post.final)
            except DiscordRefused as error:
                _mind(error, post)
        return await self._change(channel, name, last, patient=post.final)

    async def _new(self, target: Target, post: Post) -> Json:
        body = message(post, stoppable=not post.final)
        if target.reply_to:
            asked = {"message_id": target.reply_to, "fail_if_not_exists": False}
            body["message_reference"] = asked
        path = f"/channels/{target.channel}/messages"
        attached = files(post)
        found: Json = await self._api.write("POST", path, body, files=attached)
        if says(found, body, len(attached)):
            return found
        # It was there already, and may say what an earlier owner had of the text.
        try:
            await self._change(target.channel, str(found["id"]), post, patient=True)
        except DiscordRefused as error:
            if error.code != _UNKNOWN and found.get("content") == body["content"]:
                return found  # what people read is there
            if error.code != _UNKNOWN:
                raise
            body["nonce"] = nonce(f"{post.part_id}/{found['id']}")
            found = await self._api.write("POST", path, body, files=attached)
        return found

    async def _change(self, channel: str, name: str, post: Post, *, patient: bool) -> None:
        body = change(post, stoppable=not post.final)
        path = f"/channels/{channel}/messages/{name}"
        attached = files(post)
        try:
            await self._api.write("PATCH", path, body, files=attached, patient=patient)
        except DiscordRefused as error:
            if error.code != _ARCHIVED:
                raise
            await self._api.write("PATCH", f"/channels/{channel}", {"archived": False})
            await self._api.write("PATCH", path, body, files=attached, patient=patient)


def _mind(error: DiscordRefused, post: Post) -> None:
    """Raise what another form does not mend."""
    if error.code not in _NOT_TAKEN:
        raise error
    if not post.final:
        raise TooEarly("Discord does not take this as it is now") from error


def _forms(post: Post) -> Iterator[Post]:
    """The post, and what may stand in its place, the best first."""
    yield post
    if post.files:
        names = ", ".join(file.name for file in post.files)
        sentence = NO_FILES.format(names=names[:_MOST_NAMES])
        yield replace(post, text=f"{post.text}\n{sentence}".strip(), files=())
    if post.text:
        whole = OutFile("part.md", "text/markdown; charset=utf-8", post.text.encode())
        post = replace(post, text=AS_A_FILE, files=(whole,))
        yield post
    if post.controls:
        yield replace(post, controls=())
