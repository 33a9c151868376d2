"""What a mailbox is, in plain Python: lists and dicts, no time, no store.

The state machine in `test_mailbox_model.py` does everything to this and to the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.chat.messages import Inbound, Json
from core.chat.ports import Answered, GivenUp, HandedOver, Outcome, Renewal, TryAgain

MOST = 3
"""Inbounds of a turn."""
DEPTH = 6
"""Inbounds of a conversation."""


@dataclass
class Turn:
    """A claim as its owner remembers it."""

    name: str
    number: int
    mail: list[Inbound]
    ordinal: int
    lost: int
    attempts: int
    checkpoint: Json
    stop: bool


@dataclass
class Waiting:
    """One mail: its place in the mailbox has a name of its own, which no edit changes."""

    place: str
    ordinal: int
    inbound: Inbound


def _no_mail() -> list[Waiting]:
    return []


@dataclass
class Conversation:
    """All of one conversation."""

    mail: list[Waiting] = field(default_factory=_no_mail)
    state: str = "absent"
    size: int = 0
    """Of the turn that was begun; 0: none."""
    owner: int = 0
    """The number of the claim that holds it."""
    settled: int = 0
    lost: int = 0
    attempts: int = 0
    checkpoint: Json = field(default_factory=dict[str, object])
    stop: bool = False
    session: int = 1
    newest: int = 1

    def ended(self) -> None:
        """No turn any more."""
        self.size, self.lost, self.attempts, self.checkpoint, self.stop = 0, 0, 0, {}, False


class Model:
    """The mailboxes of several conversations in one partition."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.all = {name: Conversation() for name in names}
        self.ready: list[str] = []
        self.seen: set[tuple[str, str]] = set()
        self.posts: dict[tuple[str, str], str] = {}
        self.tombs: dict[tuple[str, str], str] = {}
        self.dead: list[tuple[str, Waiting]] = []
        self.expired: set[str] = set()
        self.ripe: set[str] = set()
        self.claims = 0

    # ----------------------------------------------------------------- Mailbox

    def accept(
        self, name: str, inbound: Inbound, claims: bool, interrupt: bool
    ) -> tuple[str, bool, Turn | None]:
        """Status, busy, the turn."""
        here = self.all[name]
        busy = here.state == "leased"
        editable = inbound.kind == "message"
        known = (name, inbound.id) in self.seen
        self.seen.add((name, inbound.id))
        if editable and (name, inbound.message_id) in self.tombs:
            return "deleted", busy, None
        if known:
            return "duplicate", busy, None
        if len(here.mail) >= DEPTH:
            self.seen.discard((name, inbound.id))
            return "full", busy, None
        here.mail.append(Waiting(inbound.id, here.session, inbound))
        if editable:
            self.posts[name, inbound.message_id] = inbound.id
        if interrupt and here.size:
            self._stop(name)
        if here.state == "absent":
            if claims and not self.ready:
                return "stored", False, self._take(name)
            self._offer(name)
        return "stored", busy, None

    def claim(self, limit: int) -> list[Turn]:
        """Sweep, then take from the front."""
        for name in sorted(self.expired):
            self.all[name].lost += 1
            self._to_front(name)
        for name in sorted(self.ripe):
            self._offer(name)
        self.expired.clear()
        self.ripe.clear()
        taken, self.ready = self.ready[:limit], self.ready[limit:]
        return [self._take(name) for name in taken]

    def renew(self, turn: Turn) -> Renewal:
        """The lease of a turn that was thought lost is there again if nobody took it."""
        here = self.all[turn.name]
        if not self._held(turn):
            return "lost"
        self.expired.discard(turn.name)
        return "stop" if here.stop else "kept"

    def checkpoint(self, turn: Turn, state: Json) -> bool:
        """False: lost."""
        if not self._held(turn):
            return False
        self.expired.discard(turn.name)
        self.all[turn.name].checkpoint = state
        return True

    def settle(self, turn: Turn, outcome: Outcome) -> bool:
        """False: lost."""
        here = self.all[turn.name]
        if here.settled == turn.number:
            return True
        if not self._held(turn):
            return False
        self.expired.discard(turn.name)
        here.settled = turn.number
        match outcome:
            case Answered():
                self._finish(turn.name, dead=False)
            case GivenUp():
                self._finish(turn.name, dead=True)
            case TryAgain(delay_s, counts, checkpoint):
                here.checkpoint = checkpoint
                here.attempts += counts
                if delay_s:
                    here.state = "due"
                else:
                    self._offer(turn.name)
            case HandedOver():
                self._to_front(turn.name)
        return True

    # ----------------------------------------------------------------- MailControl

    def revise(self, name: str, message_id: str, inbound: Inbound | None) -> str:
        """What became of it."""
        here, post = self.all[name], (name, message_id)
        if post not in self.posts:
            if inbound is None:
                return self.tombs.setdefault(post, "unknown")
            return "unknown"
        waiting = [one for one in here.mail[here.size :] if one.place == self.posts[post]]
        if not waiting:
            return "begun"
        if inbound is not None:
            waiting[0].inbound = inbound
            self.seen.add((name, inbound.id))
            return "changed"
        here.mail.remove(waiting[0])
        del self.posts[post]
        self.tombs[post] = "changed"
        if not here.mail:
            here.state = "absent"
            self.ready.remove(name)
        return "changed"

    def request_stop(self, name: str, author: str, admin: bool) -> str:
        """What became of it."""
        here = self.all[name]
        if not here.size:
            return "idle"
        if not admin and author not in {one.inbound.author.id for one in here.mail[: here.size]}:
            return "refused"
        self._stop(name)
        return "stopping"

    def ahead(self, name: str) -> int | None:
        """How many wait before it."""
        return self.ready.index(name) if name in self.ready else None

    # ----------------------------------------------------------------- Sessions, DeadLetters

    def start(self, name: str) -> int:
        """The new ordinal."""
        here = self.all[name]
        here.newest += 1
        here.session = here.newest
        return here.session

    def resume(self, name: str, ordinal: int) -> bool:
        """Whether there is such a one."""
        here = self.all[name]
        if ordinal > here.newest:
            return False
        here.session = ordinal
        return True

    def retry(self, index: int) -> None:
        """Put a letter back."""
        name, waiting = self.dead.pop(index)
        here = self.all[name]
        self.seen.add((name, waiting.inbound.id))
        here.mail.append(waiting)
        if waiting.inbound.kind == "message":
            self.posts[name, waiting.inbound.message_id] = waiting.place
        if here.state == "absent":
            self._offer(name)

    # ----------------------------------------------------------------- time

    def expire(self, name: str) -> bool:
        """Its lease runs out; whether it had one."""
        if self.all[name].state == "leased":
            self.expired.add(name)
            return True
        return False

    def ripen(self, name: str) -> bool:
        """Its delay is over; whether it was put off."""
        if self.all[name].state == "due":
            self.ripe.add(name)
            return True
        return False

    # ----------------------------------------------------------------- inside

    def _held(self, turn: Turn) -> bool:
        here = self.all[turn.name]
        return here.state == "leased" and here.owner == turn.number

    def _offer(self, name: str) -> None:
        self.all[name].state = "ready"
        self.ready.append(name)

    def _to_front(self, name: str) -> None:
        self.all[name].state = "ready"
        self.ready.insert(0, name)

    def _stop(self, name: str) -> None:
        here = self.all[name]
        here.stop = True
        if here.state == "due":
            self.ripe.discard(name)
            self._offer(name)

    def _take(self, name: str) -> Turn:
        here = self.all[name]
        self.claims += 1
        here.state, here.owner = "leased", self.claims
        first = here.mail[0]
        if not here.size:
            here.size = 1
            for one in here.mail[1:MOST]:
                kinds = {first.inbound.kind, one.inbound.kind}
                if "regenerate" in kinds or one.ordinal != first.ordinal:
                    break
                here.size += 1
        mail = [one.inbound for one in here.mail[: here.size]]
        return Turn(
            name,
            here.owner,
            mail,
            first.ordinal,
            here.lost,
            here.attempts,
            here.checkpoint,
            here.stop,
        )

    def _finish(self, name: str, *, dead: bool) -> None:
        here = self.all[name]
        turn, here.mail = here.mail[: here.size], here.mail[here.size :]
        if dead:
            self.dead += [(name, one) for one in turn]
        here.ended()
        here.state = "absent"
        if here.mail:
            self._offer(name)
