"""From a Run's events to the posts that people shall see: pure, no I/O, no waiting.

The composer is fed with events and can say at any moment what should stand in the conversation
now. Part ids depend only on the turn and the place of the part in the reply, so a second process
that composes the same reply names the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from core.assistants import TERMINAL_RUN_STATUSES, Message, MessageDelta, Run, RunStep, StreamEvent
from core.chat.doing import Doing, Doings
from core.chat.messages import Capabilities, Control, Json, OutFile, Post
from core.chat.text.math import Formula
from core.chat.text.outgoing import Outgoing, outgoing
from core.chat.text.references import named
from core.chat.text.split import split
from core.chat.work import answer_name

NOTHING_SAID = "(The Assistant had nothing to say.)"

IN_A_FILE = "(This answer is long: all of it is in %s.)"
THERE_IS_MORE = "(This answer is long: the rest comes when it is complete.)"

ENDINGS: dict[str, str] = {
    "cancelled": "(stopped)",
    "expired": "(This took longer than I may take, so it was ended.)",
    "incomplete": "(The answer was cut off: it reached its token limit.)",
}


@dataclass(slots=True)
class _Draft:
    """One Message as far as it has come."""

    texts: dict[int, str] = field(default_factory=dict[int, str])
    files: list[str] = field(default_factory=list[str])
    done: bool = False
    cut: bool = False
    """It was broken off; what follows, if anything does, says it again."""
    settled: str = ""
    """What was shown of it while it grew."""

    @property
    def text(self) -> str:
        return "\n\n".join(self.texts[index] for index in sorted(self.texts) if self.texts[index])

    def grown(self, text: str, settled: int) -> str:
        """As much of `text` as can be shown now: never less than before while that is its start.

        What is settled may shrink (a dollar sign that might open a formula after all), though the
        text that was settled once stays what it is.
        """
        if len(self.settled) < settled or not text.startswith(self.settled):
            self.settled = text[:settled]
        return self.settled


def sentence_of(run: Run) -> str:
    """What people are told about the way a Run ended; empty for a completed one."""
    if run.status == "failed":
        reason = str((run.last_error or {}).get("message") or "").strip()
        return f"I could not answer this. {reason}".strip()
    return ENDINGS.get(run.status, "")


class Composer:
    """What the reply to one turn looks like so far."""

    def __init__(self, reply_id: str, turn: tuple[str, ...], capabilities: Capabilities) -> None:
        self._reply_id = reply_id
        self._turn = turn
        self._capabilities = capabilities
        self._drafts: dict[str, _Draft] = {}
        self._ended: Run | None = None
        self._has_work = False
        self._doings = Doings()

    def feed(self, event: StreamEvent) -> None:
        """Take in one event of the Run."""
        data = event.data
        if self._capabilities.shows_work:
            self._doings.feed(data, len(self._drafts))
        if isinstance(data, MessageDelta):
            self._grow(data)
        elif isinstance(data, Message) and data.role == "assistant":
            self._place(event.name, data)
        elif isinstance(data, Run) and data.status in TERMINAL_RUN_STATUSES:
            self._ended = data
        elif isinstance(data, RunStep | Run):
            asks = isinstance(data, Run) and data.status == "requires_action"
            self._has_work |= asks or (isinstance(data, RunStep) and data.type == "tool_calls")

    def _grow(self, delta: MessageDelta) -> None:
        self._begin(delta.id)
        draft = self._drafts[delta.id]
        for part in delta.delta.get("content", []):
            index = int(part["index"])
            if part["type"] == "text":
                more = str(part.get("text", {}).get("value") or "")
            elif part["type"] == "refusal":
                more = str(part.get("refusal") or "")
            else:
                more = ""
                _remember_file(draft, part)
            draft.texts[index] = draft.texts.get(index, "") + more

    def _place(self, name: str, message: Message) -> None:
        self._begin(message.id)
        draft = self._drafts[message.id]
        if name in ("thread.message.completed", "thread.message.incomplete"):
            draft.texts = {index: _words(part) for index, part in enumerate(message.content)}
            draft.files = []
            for part in message.content:
                _remember_file(draft, part)
            draft.files += [
                str(one["file_id"])
                for one in message.attachments
                if one.get("file_id") and one["file_id"] not in draft.files
            ]
            reason = (message.incomplete_details or {}).get("reason")
            # A worker that dies leaves `run_failed` behind, and so does a Run that fails.
            draft.cut = reason == "run_failed"
            draft.done = not draft.cut

    def _begin(self, message_id: str) -> None:
        """A Message that begins takes the place of those that were broken off before it."""
        if message_id not in self._drafts:
            kept = {name: one for name, one in self._drafts.items() if not one.cut}
            self._doings.drop(len(self._drafts) - len(kept))
            self._drafts = kept
            self._drafts[message_id] = _Draft()

    @property
    def wanted_files(self) -> tuple[str, ...]:
        """Ids of the files that the reply shows."""
        return tuple(name for draft in self._drafts.values() for name in draft.files)

    @property
    def wanted_formulas(self) -> tuple[str, ...]:
        """LaTeX of the formulas that a picture would show better, each once."""
        if not self._capabilities.pictures:
            return ()
        found = (self._outgoing(draft.text).images for draft in self._drafts.values())
        return tuple(dict.fromkeys(formula.latex for some in found for formula in some))

    @property
    def has_text(self) -> bool:
        """Whether there is anything to show yet."""
        shown = any(draft.text.strip() or draft.files for draft in self._drafts.values())
        return shown or bool(self._doings.behind(0))

    def posts(
        self,
        files: dict[str, OutFile],
        pictures: dict[str, OutFile] | None = None,
        *,
        stopped: str = "",
    ) -> list[Post]:
        """What should stand in the conversation now, in order.

        `files` by their ids, `pictures` by the LaTeX of the formulas that they show.

        While the Run goes on, a platform that shows partial text gets all of it, another one only
        Messages that are complete. `stopped` replaces the sentence about the Run's end.
        """
        posts: list[Post] = []
        drafts = list(self._drafts.values())
        if self._ended is not None and self._ended.status == "completed":
            drafts = [draft for draft in drafts if not draft.cut]
        ending = stopped or (sentence_of(self._ended) if self._ended else "")
        over = bool(stopped) or self._ended is not None
        if self._doings.behind(len(drafts)):  # it works, and has not said anything since
            nothing = NOTHING_SAID if over and not drafts and not ending else ""
            drafts.append(_Draft({0: nothing}, done=over))
        for number, draft in enumerate(drafts):
            last = number == len(drafts) - 1
            if not over and not self._may_show(draft, last=last):
                continue
            text = draft.text
            if over and last and ending:
                text = f"{text}\n\n{ending}" if text.strip() else ending
            posts += self._parts(
                number,
                text,
                draft,
                files,
                pictures or {},
                final=over or draft.done,
                doing=self._doings.behind(number) if last else self._doings.at(number),
            )
        if over and not posts:
            posts = self._parts(0, ending or NOTHING_SAID, _Draft(done=True), files, {}, final=True)
        if over:
            posts[-1] = _with_controls(posts[-1], self._ended, has_work=self._has_work)
        return posts

    def _may_show(self, draft: _Draft, *, last: bool) -> bool:
        """Whether this may stand there while the Run goes on.

        What cannot be edited has to wait until nothing will be added: the last Message gets the
        controls, and perhaps a sentence about the Run's end.
        """
        if self._capabilities.streams and self._capabilities.edits:
            return True
        return draft.done and (self._capabilities.edits or not last)

    def _outgoing(self, text: str) -> Outgoing:
        limits = self._capabilities
        return outgoing(text, limits.mentions, draws_tables=limits.draws_tables)

    def _parts(
        self,
        number: int,
        text: str,
        draft: _Draft,
        files: dict[str, OutFile],
        pictures: dict[str, OutFile],
        *,
        final: bool,
        doing: tuple[Doing, ...] = (),
    ) -> list[Post]:
        limits = self._capabilities
        whole = named(text, final=final)
        seen = self._outgoing(whole)
        # What is not settled yet may still turn into something else: a formula, a mention.
        shown = seen.text if final else draft.grown(seen.text, seen.settled)
        pieces = [part.text for part in split(shown, limits.max_chars)] if shown.strip() else []
        attached = tuple(files[name] for name in draft.files if name in files) if final else ()
        if not pieces and (attached or doing):
            pieces = [""]
        if limits.max_parts and len(pieces) >= limits.max_parts + final:
            name = f"answer-{number + 1}.md" if number else "answer.md"
            pieces = [*pieces[: limits.max_parts - 1], IN_A_FILE % name if final else THERE_IS_MORE]
            document = OutFile(name, "text/markdown; charset=utf-8", whole.encode())
            attached = (document, *attached) if final else ()
        count = len(pieces)
        drawn = _places(seen.images, pictures, pieces) if final else {}
        return [
            Post(
                part_id=f"{self._reply_id}.{number}.{index}",
                text=piece,
                turn=self._turn,
                final=final or index < count - 1,
                files=(*drawn.get(index, ()), *(attached if index == count - 1 else ())),
                doing=doing if index == 0 else (),
            )
            for index, piece in enumerate(pieces)
        ]


def _places(
    formulas: tuple[Formula, ...], pictures: dict[str, OutFile], pieces: list[str]
) -> dict[int, tuple[OutFile, ...]]:
    """Which pictures go with which piece: those whose formulas stand there, each picture once."""
    places: dict[int, tuple[OutFile, ...]] = {}
    at, left = 0, dict(pictures)
    for formula in formulas:
        picture = left.pop(formula.latex, None)
        if picture is None:
            continue
        behind = range(at, len(pieces))
        # Its text may be cut in two or have got a break in a mention: then where one has come to.
        at = next((index for index in behind if formula.text in pieces[index]), at)
        places[at] = (*places.get(at, ()), picture)
    return places


def _words(part: Json) -> str:
    if part["type"] == "text":
        return str(part["text"]["value"])
    return str(part.get("refusal") or "")


def _remember_file(draft: _Draft, part: Any) -> None:
    if part["type"] == "image_file":
        name = str(part.get("image_file", {}).get("file_id") or "")
        if name and name not in draft.files:
            draft.files.append(name)


def _with_controls(post: Post, run: Run | None, *, has_work: bool) -> Post:
    retry = run is not None and run.status not in ("completed", "cancelled")
    controls: tuple[Control, ...] = ("regenerate", "new")
    if run is not None and has_work:
        controls += ("work",)
    return replace(
        post,
        final=True,
        controls=controls if retry else (*controls, "feedback"),
        about=answer_name(run.thread_id, run.id) if run is not None else "",
        kind="notice" if retry else "answer",
    )
