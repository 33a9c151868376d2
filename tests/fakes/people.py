"""What is known of people, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from core.chat.messages import ConversationKey
from core.chat.people import Parting, Spent, Used, Wish


class FakeAccounts:
    """`Accounts` of one process. `places` are shared with the `FakePartings` beside it."""

    def __init__(self, places: dict[str, set[ConversationKey]] | None = None) -> None:
        self._used: dict[str, dict[int, Used]] = defaultdict(lambda: defaultdict(Used))
        self._counted: dict[str, set[str]] = defaultdict(set)
        self._own = {} if places is None else places

    async def note(
        self, person: str, *, spent: Spent | None = None, own: ConversationKey | None = None
    ) -> None:
        if own is not None:
            self._own.setdefault(person, set()).add(own)
        if spent is None or spent.run_id in self._counted[person]:
            return
        self._counted[person].add(spent.run_id)
        self._used[person][spent.day] += Used(
            answers=1, read=spent.read, written=spent.written, micros=spent.micros
        )

    async def used(self, person: str, days: Sequence[int]) -> list[Used]:
        return [self._used[person].get(day, Used()) for day in days]

    async def own(self, person: str) -> list[ConversationKey]:
        return sorted(self._own.get(person, ()), key=str)

    async def forget(self, person: str, days: Sequence[int]) -> None:
        self._counted.pop(person, None)
        for day in days:
            self._used[person].pop(day, None)


class FakePartings:
    """`Partings` of one process."""

    def __init__(self, places: dict[str, set[ConversationKey]]) -> None:
        self._wishes: dict[str, Wish] = {}
        self._begun: dict[tuple[str, str], Parting] = {}
        self._own = places

    async def ask(self, person: str, wish: Wish) -> None:
        self._wishes[person] = wish

    async def asked(self, person: str) -> Wish | None:
        return self._wishes.get(person)

    async def begin(self, parting: Parting) -> bool:
        name = (parting.person, parting.name)
        if name in self._begun:
            return True
        if self._wishes.pop(parting.person, None) is None:
            return False
        self._begun[name] = parting
        if not parting.shared:
            self._own.get(parting.person, set()).difference_update(parting.conversations)
        return True

    async def begun(self) -> list[Parting]:
        return list(self._begun.values())

    async def done(self, parting: Parting) -> None:
        self._begun.pop((parting.person, parting.name), None)
