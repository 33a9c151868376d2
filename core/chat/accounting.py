"""Counting what a turn's Run cost, for the people who asked in it.

Serial: behind the Run, before the turn is settled. Survives a crash: a turn that was not settled is
done again and tells the same; a Run counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core.assistants import Run
from core.chat.messages import Inbound
from core.chat.people import Accounts, Spent, day_of, person_of
from core.chat.ports import TurnClaim
from core.clock import Clock

Price = Callable[[str], tuple[float, float] | None]
"""US dollars per million tokens read and written by a model; None where nobody said."""


class Accounting:
    """Tells the accounts of people what turns were."""

    def __init__(self, accounts: Accounts, clock: Clock, price: Price | None = None) -> None:
        self._accounts = accounts
        self._clock = clock
        self._price = price

    async def note(
        self, claim: TurnClaim, run: Run | None, *, settled: bool, workspaces: bool
    ) -> None:
        """Count a Run that ended, if there is one. A turn that is over (`settled`) leaves
        something in its conversation, which is remembered where it is a person's own.

        Raises:
            StoreError: not everything was told; do the turn again.
        """
        where = claim.conversation
        askers = list(dict.fromkeys(mail.author.id for mail in claim.mail))
        own = where if settled and _is_own(claim.mail) else None
        today = day_of(self._clock.now())
        parts = [None] * len(askers) if run is None else _divided(run, today, askers, self._price)
        if run is None and own is None:
            return
        await asyncio.gather(
            *(
                self._accounts.note(
                    person_of(where, asker, workspaces=workspaces), spent=spent, own=own
                )
                for asker, spent in zip(askers, parts, strict=True)
            )
        )


def _is_own(mail: tuple[Inbound, ...]) -> bool:
    """Whether one person is alone with Bobbin there. A Regenerate does not say where it stands."""
    return all(one.kind == "message" and not one.setting.shared for one in mail)


def _divided(run: Run, day: int, askers: Sequence[str], price: Price | None) -> list[Spent]:
    """Each asker's part; what does not divide goes to the first ones."""
    usage = run.usage or {}
    read, written = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    known = price(run.model) if price is not None else None
    micros = round(read * known[0] + written * known[1]) if known else 0
    count = len(askers)

    def share(total: int, place: int) -> int:
        return total // count + (1 if place < total % count else 0)

    return [
        Spent(
            run_id=run.id,
            day=day,
            read=share(read, place),
            written=share(written, place),
            micros=share(micros, place),
        )
        for place in range(count)
    ]
