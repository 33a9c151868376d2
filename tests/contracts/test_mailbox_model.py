"""The mailbox against a plain model of one: whatever happens in whatever order, they agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Literal, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from adapters.redis.mailbox import MailLimits
from core.chat.messages import Inbound, Json
from core.chat.ports import Answered, GivenUp, HandedOver, Outcome, TryAgain, TurnClaim
from core.errors import ClaimLost
from tests.contracts.chat import ADMIN, ANN, BOB, Chat, chat_on, message, place
from tests.contracts.mailbox_model import DEPTH, MOST, Model, Turn
from tests.servers import Server

T = TypeVar("T")

NAMES = ("C1", "C2", "C3")
PLACES = {name: place(name) for name in NAMES}

names = st.sampled_from(NAMES)
events = st.integers(0, 11)
authors = st.sampled_from([ANN, BOB, ADMIN])
_NOTHING: Any = cast("Callable[[], Any]", multiple)()
states: st.SearchStrategy[Json] = st.fixed_dictionaries({"step": st.integers(0, 9)})


class MailboxMachine(RuleBasedStateMachine):
    """Every rule acts on both and compares the answers."""

    claims = Bundle("claims")

    def __init__(self, server: Server) -> None:
        super().__init__()
        server.ask("FLUSHALL")
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        limits = MailLimits(depth=DEPTH, turn_mails=MOST)
        self._chat: Chat = self._do(
            self._stack.enter_async_context(chat_on(server.url, 1, limits=limits))
        )
        self._model = Model(NAMES)
        self._epochs: list[int] = []
        self._settled: dict[int, Outcome] = {}

    def _do(self, wait: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(wait)

    def teardown(self) -> None:
        """Answer what is left: everything that was accepted comes out, and no key stays behind."""
        try:
            self._answer_all()
            left = {name for name, ttl, _ in self._do(self._chat.stored()) if ttl < 0}
            sessions = {f"sessions:{where}" for where in PLACES.values()}
            assert left <= {"epoch", *sessions}
        finally:
            self._do(self._stack.aclose())
            self._runner.close()

    def _answer_all(self) -> None:
        for name in NAMES:
            self.lease_runs_out(name)
            self.delay_is_over(name)
        while turns := self._claim("last", 3):
            for turn, claim in turns:
                self._do(self._chat.mailbox.settle(claim, Answered(claim.session)))
                assert self._model.settle(turn, Answered(claim.session))
        assert all(not here.mail for here in self._model.all.values())
        for name in NAMES:
            self._pending_agrees(name)

    def _matches(self, turn: Turn, claim: TurnClaim) -> None:
        assert claim.conversation == PLACES[turn.name]
        assert list(claim.mail) == turn.mail
        assert claim.session.ordinal == turn.ordinal
        assert (claim.lost, claim.attempts) == (turn.lost, turn.attempts)
        assert (claim.checkpoint, claim.stop) == (turn.checkpoint, turn.stop)
        assert not self._epochs or claim.epoch > self._epochs[-1]
        self._epochs.append(claim.epoch)

    def _claim(self, owner: str, limit: int) -> list[tuple[Turn, TurnClaim]]:
        real = self._do(self._chat.mailbox.claim(owner, limit))
        turns = self._model.claim(limit)
        assert len(real) == len(turns)
        for turn, claim in zip(turns, real, strict=True):
            self._matches(turn, claim)
        return list(zip(turns, real, strict=True))

    def _fenced(self, allowed: bool, write: Callable[[], Awaitable[None]]) -> None:
        async def attempt() -> bool:
            try:
                await write()
            except ClaimLost:
                return False
            return True

        assert self._do(attempt()) == allowed

    # ----------------------------------------------------------------- rules

    @initialize()
    def ask_first(self) -> None:
        """The first claim visits an empty store."""
        assert self._claim("first", 2) == []

    @rule(
        target=claims,
        name=names,
        event=events,
        author=authors,
        kind=st.sampled_from(["message", "message", "message", "regenerate"]),
        claims_it=st.booleans(),
        interrupt=st.booleans(),
    )
    def accept(
        self,
        name: str,
        event: int,
        author: Any,
        kind: Literal["message", "regenerate"],
        claims_it: bool,
        interrupt: bool,
    ) -> Any:
        """New mail, or mail that was there before."""
        inbound = message(PLACES[name], f"e{event}", author=author, kind=kind)
        accepted = self._do(
            self._chat.mailbox.accept(
                inbound, claim_as="acceptor" if claims_it else None, interrupt=interrupt
            )
        )
        status, busy, turn = self._model.accept(name, inbound, claims_it, interrupt)
        assert (accepted.status, accepted.busy) == (status, busy)
        assert (accepted.claim is None) == (turn is None)
        if turn is None or accepted.claim is None:
            return _NOTHING
        self._matches(turn, accepted.claim)
        return turn, accepted.claim

    @rule(target=claims, limit=st.integers(1, 3))
    def claim(self, limit: int) -> Any:
        """Whatever waits, longest first."""
        return multiple(*self._claim("worker", limit))

    @rule(some=st.lists(claims, min_size=1, max_size=4))
    def renew(self, some: list[tuple[Turn, TurnClaim]]) -> None:
        """Old and new claims together."""
        real = self._do(self._chat.mailbox.renew([claim for _, claim in some]))
        assert real == [self._model.renew(turn) for turn, _ in some]

    @rule(one=claims, state=states)
    def checkpoint(self, one: tuple[Turn, TurnClaim], state: Json) -> None:
        """By an owner, or by one that lost it."""
        turn, claim = one
        allowed = self._model.checkpoint(turn, state)
        self._fenced(allowed, lambda: self._chat.mailbox.checkpoint(claim, state))

    @rule(
        one=claims,
        kind=st.sampled_from(["answered", "answered", "given up", "again", "at once", "handed"]),
        counts=st.booleans(),
        state=states,
    )
    def settle(self, one: tuple[Turn, TurnClaim], kind: str, counts: bool, state: Json) -> None:
        """By an owner, by one that lost it, or once more."""
        turn, claim = one
        outcomes: dict[str, Outcome] = {
            "answered": Answered(claim.session),
            "given up": GivenUp("a reason", claim.session),
            "again": TryAgain(500.0, counts, state),
            "at once": TryAgain(0.0, counts, state),
            "handed": HandedOver(),
        }
        allowed = self._model.settle(turn, outcomes[kind])
        self._fenced(allowed, lambda: self._chat.mailbox.settle(claim, outcomes[kind]))

    @rule(name=names)
    def lease_runs_out(self, name: str) -> None:
        """The owner is gone; the next claim finds out."""
        assert self._do(self._chat.expire(PLACES[name])) == self._model.expire(name)

    @rule(name=names)
    def delay_is_over(self, name: str) -> None:
        """A turn that was put off is due."""
        assert self._do(self._chat.expire(PLACES[name], "due")) == self._model.ripen(name)

    @rule(name=names, event=events, author=authors, removal=st.booleans())
    def revise(self, name: str, event: int, author: Any, removal: bool) -> None:
        """An edit or a delete of something that may be anywhere."""
        post = f"post-e{event}"
        inbound = None
        if not removal:
            edit = f"e{event}@2"
            inbound = message(PLACES[name], edit, message_id=post, author=author, text="new")
        real = self._do(self._chat.control.revise(PLACES[name], post, inbound))
        assert real == self._model.revise(name, post, inbound)

    @rule(name=names, author=authors)
    def stop(self, name: str, author: Any) -> None:
        """By an asker, an admin, or somebody else."""
        real = self._do(self._chat.control.request_stop(PLACES[name], author))
        assert real == self._model.request_stop(name, author.id, author.is_admin)

    @rule(name=names)
    def new_session(self, name: str) -> None:
        """What comes from now on belongs to it."""
        real = self._do(self._chat.sessions.start(PLACES[name], 1.0))
        assert real.ordinal == self._model.start(name)

    @rule(name=names, ordinal=st.integers(1, 3))
    def earlier_session(self, name: str, ordinal: int) -> None:
        """What comes from now on belongs to that one."""
        real = self._do(self._chat.sessions.resume(PLACES[name], ordinal))
        assert (real is not None) == self._model.resume(name, ordinal)

    @rule(index=st.integers(0, 5))
    def retry(self, index: int) -> None:
        """An operator tries a dead letter again."""
        letters = self._do(self._chat.letters.list(100))
        model = [waiting.inbound for _, waiting in self._model.dead]
        assert [letter.inbound for letter in letters] == model[::-1]
        if index < len(letters):
            assert self._do(self._chat.letters.retry(letters[-1 - index].id))
            self._model.retry(index)

    @invariant()
    def both_say_the_same(self) -> None:
        """What waits, and where."""
        for name in NAMES:
            self._pending_agrees(name)
            assert self._do(self._chat.control.ahead(PLACES[name])) == self._model.ahead(name)

    def _pending_agrees(self, name: str) -> None:
        real: tuple[Inbound, ...] = self._do(self._chat.control.pending(PLACES[name]))
        assert list(real) == [waiting.inbound for waiting in self._model.all[name].mail]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_mailbox_does_what_its_model_does(chat_server: Server) -> None:
    """Random sequences of everything that can happen to a mailbox."""
    run: Callable[..., None] = run_state_machine_as_test
    run(
        lambda: MailboxMachine(chat_server),
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
