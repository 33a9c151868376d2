"""One splitter for every platform: Markdown in parts that stand on their own, and nothing lost.

    parts = split(text, 2000)
    join(parts) == text

A part is `prefix + body + suffix`. The bodies, one after another, are the text; prefix and suffix
are what had to be added so that the part reads right by itself: an open fence is closed and
opened again, a table's header is repeated, a list item is named again by its marker.

A part's end depends only on the text up to where the part overflows. So a text that grows never
changes a part once there is another after it (`StreamingSplitter`), and splitting at the end
gives the same parts as splitting on the way.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from core.chat.text.blocks import LONGEST_CLOSER, START, Line, State, advance, scan
from core.chat.text.continuation import closing, reopening
from core.chat.text.cuts import best_cut

MINIMUM_LIMIT: Final = 64
"""The smallest limit that a part with everything that may be added to it fits into."""

Measure = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Part:
    """One message's worth of text. `text` is what is sent."""

    body: str
    prefix: str = ""
    suffix: str = ""

    @property
    def text(self) -> str:
        """The part as Markdown that stands on its own."""
        return self.prefix + self.body + self.suffix

    @property
    def is_blank(self) -> bool:
        """Whether a reader would see nothing of the text in it, so that it need not be sent."""
        rest = self.body.strip()
        is_mark = "\n" not in rest and not rest.strip("`~$> \t")
        return not rest or (bool(self.prefix) and is_mark)


def join(parts: Iterable[Part]) -> str:
    """The text that `parts` were split from, without what was added."""
    return "".join(part.body for part in parts)


def split(text: str, limit: int, *, measure: Measure = len, overhead: int = 0) -> tuple[Part, ...]:
    """Split `text` into parts of which none is longer than `limit - overhead` under `measure`.

    `measure` gives the length that the platform counts (characters, UTF-16 units, characters
    after escaping). It must not fall when text is appended or grow by more than 8 for one
    character; limits hold for any measure, but only such a one keeps a growing text's parts.

    Raises:
        ValueError: `limit - overhead` is below `MINIMUM_LIMIT`.
    """
    return StreamingSplitter(limit, measure=measure, overhead=overhead).update(text)


class StreamingSplitter:
    """Splits a text that is still growing.

    Parts that are `closed` are final: later text never changes them, and `update` returns them
    first, in the same place, for ever.
    """

    def __init__(self, limit: int, *, measure: Measure = len, overhead: int = 0) -> None:
        if limit - overhead < MINIMUM_LIMIT:
            raise ValueError(
                f"a limit of {limit} with an overhead of {overhead} leaves less than "
                f"{MINIMUM_LIMIT}: parts that small cannot be closed and opened again"
            )
        self._room = _Room(limit - overhead, measure)
        self._closed: list[Part] = []
        self._prefix = ""
        self._start = 0

    @property
    def closed(self) -> tuple[Part, ...]:
        """The parts that are final so far."""
        return tuple(self._closed)

    def update(self, text: str, settled: int | None = None) -> tuple[Part, ...]:
        """The parts of the whole text so far; all but those in `closed` may still change.

        Each call's text begins with the one before, up to its first `settled` characters (None:
        all of it). What lies behind may be replaced by the next call's.
        """
        final = text if settled is None else text[:settled]
        while (cut := self._room.cut(final, self._start, self._prefix)) is not None:
            part, self._prefix = cut
            self._closed.append(part)
            self._start += len(part.body)
        return (*self._closed, *self._tentative(text))

    def _tentative(self, text: str) -> Iterable[Part]:
        start, prefix = self._start, self._prefix
        while (cut := self._room.cut(text, start, prefix)) is not None:
            part, prefix = cut
            yield part
            start += len(part.body)
        if start < len(text):
            yield self._room.last(text[start:], prefix)


@dataclass(frozen=True, slots=True)
class _Room:
    """How much a part holds, and how one is filled."""

    limit: int
    measure: Measure

    def cut(self, text: str, start: int, prefix: str) -> tuple[Part, str] | None:
        """The part that begins at `start` and the next one's prefix; None if the rest fits."""
        overflow = self.overflow(text, start, prefix)
        if overflow is None:
            return None
        window, lines = overflow
        first = len(prefix)
        if len(window) < first + 2:
            if prefix:
                return self.cut(text, start, "")
            return Part(text[start : start + 1]), ""
        at = best_cut(window, first, lines)
        part, state = self.ended(window, first, at, lines)
        while self.measure(part.text) > self.limit and at > first + 1:
            at = first + (at - first) // 2
            part, state = self.ended(window, first, at, lines)
        return part, self.affordable(reopening(state, window[:at], _line_at(window, at)))

    def ended(self, window: str, first: int, at: int, lines: Sequence[Line]) -> tuple[Part, State]:
        """The part that ends at `at` in `window`, and what is open there."""
        line = lines[bisect_right(lines, at, key=lambda each: each.start) - 1]
        state = line.before
        if at > line.start:
            state = advance(state, window[line.start : min(at, line.end)])[1]
        shown = window[:at]
        return Part(shown[first:], shown[:first], closing(state, shown)), state

    def last(self, body: str, prefix: str) -> Part:
        """The part that the text ends with."""
        if not body.strip():
            return Part(body)
        shown = prefix + body
        if "```" not in shown and "~~~" not in shown:
            return Part(body, prefix)
        return Part(body, prefix, closing(_state_after(shown), shown, mathematics=False))

    def overflow(self, text: str, start: int, prefix: str) -> tuple[str, Sequence[Line]] | None:
        """The part up to the first end where it is too long with what closes it there.

        With its lines, of which the last may be incomplete. None if the whole rest fits.
        """
        end = self.reach(text, start, prefix)
        if end == len(text):
            return None
        shown = prefix + text[start:end]
        lines = list(scan(shown))
        if lines and not shown.endswith("\n"):
            line = lines.pop()
            line_start, state = line.start, line.before
        else:
            line_start, state = len(shown), lines[-1].after if lines else START
        while end < len(text):
            end += 1
            shown += text[end - 1]
            line_end = len(shown) - shown.endswith("\n")
            kind, after = advance(state, shown[line_start:line_end])
            line = Line(line_start, line_end, kind, state, after)
            if self.measure(shown + closing(after, shown)) > self.limit:
                return shown, [*lines, line]
            if shown.endswith("\n"):
                lines.append(line)
                state, line_start = after, len(shown)
        return None

    def reach(self, text: str, start: int, prefix: str) -> int:
        """The last end at which the part fits, whatever is open there; `start` if none does."""

        def fits(end: int) -> bool:
            return self.measure(prefix + text[start:end] + LONGEST_CLOSER) <= self.limit

        low, high = start, start + self.limit
        while high < len(text) and fits(high):
            low, high = high, high + (high - start)
        if high >= len(text):
            high = len(text)
            if fits(high):
                return high
        while high - low > 1:
            middle = (low + high) // 2
            if fits(middle):
                low = middle
            else:
                high = middle
        return low

    def affordable(self, choices: Iterable[str]) -> str:
        """The first of `choices` that leaves two thirds of the part to the text."""
        return next((each for each in choices if self.measure(each) * 3 <= self.limit), "")


def _state_after(text: str) -> State:
    state = START
    for line in scan(text):
        state = line.after
    return state


def _line_at(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[at : end if end >= 0 else len(text)]
