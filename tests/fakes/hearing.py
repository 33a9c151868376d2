"""`Hearing`, `Keeping`, `Homes` and `Loops` of one process."""

from __future__ import annotations

from collections import defaultdict

from core.chat.messages import ConversationKey, Json


class FakeHearing:
    """How far ears have heard."""

    def __init__(self) -> None:
        self._reached: dict[str, float] = {}
        self._met: dict[str, dict[str, float]] = defaultdict(dict)
        self._once: set[str] = set()

    async def reached(self, ear: str) -> float | None:
        return self._reached.get(ear)

    async def reach(self, ear: str, at: float) -> None:
        self._reached[ear] = max(at, self._reached.get(ear, 0.0))

    async def met(self, ear: str, place: str, at: float) -> bool:
        known = self._met[ear].get(place)
        self._met[ear][place] = max(at, known or 0.0)
        return known in (None, at)

    async def places(self, ear: str, since: float, limit: int) -> list[str]:
        found = [(at, place) for place, at in self._met[ear].items() if at >= since]
        return [place for _, place in sorted(found, reverse=True)][:limit]

    async def first(self, name: str) -> bool:
        first = name not in self._once
        self._once.add(name)
        return first


class FakeKeeping:
    """What is kept for a moment."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Json]] = defaultdict(dict)
        self._once: set[tuple[str, str]] = set()
        self._lent: dict[str, str] = {}

    async def keep(self, ear: str, name: str, body: Json) -> bool:
        if (ear, name) in self._once:
            return False
        self._once.add((ear, name))
        self._kept[ear][name] = body
        return True

    async def done(self, ear: str, name: str) -> None:
        self._kept[ear].pop(name, None)

    async def kept(self, ear: str) -> dict[str, Json]:
        return dict(self._kept[ear])

    async def lend(self, name: str, text: str) -> None:
        self._lent[name] = text

    async def lent(self, name: str) -> str | None:
        return self._lent.get(name)


class FakeHomes:
    """Whose conversation a post is."""

    def __init__(self) -> None:
        self._homes: dict[tuple[str, str], ConversationKey] = {}

    async def put(self, account: str, post: str, conversation: ConversationKey) -> None:
        self._homes[account, post] = conversation

    async def of(self, account: str, post: str) -> ConversationKey | None:
        return self._homes.get((account, post))


class FakeLoops:
    """Turns that programs started."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, int]] = defaultdict(dict)
        self._last: dict[str, float] = {}

    async def turn(self, place: str, post: str, at: float, person_at: float, most: int) -> int:
        if person_at > self._last.get(place, 0.0):
            self._rows.pop(place, None)
        row = self._rows[place]
        if post in row:
            return row[post]
        if len(row) > most:
            return most + 2
        row[post] = len(row) + 1
        self._last[place] = at
        return row[post]
