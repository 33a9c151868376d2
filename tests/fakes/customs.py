"""`Customs` of one process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from core.chat.customs import MOST, Changed
from core.errors import InvalidRequest


class FakeCustoms:
    """What moderators have set, in memory."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[tuple[str, str], str]] = defaultdict(dict)
        self._revisions: dict[str, dict[str, int]] = defaultdict(dict)

    async def put(
        self, account: str, home: str, place: str, values: Mapping[str, str | None]
    ) -> None:
        changed = dict(self._values[account, home])
        for name, value in values.items():
            if value:
                changed[place, name] = value
            else:
                changed.pop((place, name), None)
        if len(changed) > MOST and len(changed) > len(self._values[account, home]):
            raise InvalidRequest("too many settings")
        self._values[account, home] = changed
        revisions = self._revisions[account]
        revisions[home] = max(revisions.values(), default=0) + 1

    async def since(self, account: str, revision: int, limit: int) -> tuple[int, list[Changed]]:
        revisions = self._revisions[account]
        homes = sorted((at, home) for home, at in revisions.items() if at > revision)
        changed: list[Changed] = []
        for at, home in homes[:limit]:
            values: dict[str, dict[str, str]] = defaultdict(dict)
            for (place, name), value in self._values[account, home].items():
                values[place][name] = value
            changed.append(Changed(home, at, dict(values)))
        return max(revisions.values(), default=0), changed
