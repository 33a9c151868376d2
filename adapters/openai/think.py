"""Keeps a model's thinking out of what people see, while it streams.

Models without a reasoning parser in front of them open their text with `<think>...</think>`
(DeepSeek R1, Qwen 3, QwQ). Only blocks at the very start are dropped: further on, the same
letters may be what the answer is about.
"""

from __future__ import annotations

_OPENINGS = {"<think>": "</think>", "<thinking>": "</thinking>"}
_LONGEST = max(len(tag) for tag in _OPENINGS)


class ThinkFilter:
    """Feed it pieces of text; it gives back what may be shown, as early as can be told."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._open = False
        self._dropped = False

    def feed(self, text: str) -> str:
        """What may be shown now. Held back: what may yet turn out to be a tag."""
        if self._open:
            return text
        self._held += text
        while True:
            if self._closing:
                before, tag, after = self._held.partition(self._closing)
                if not tag:
                    self._held = before[1 - len(self._closing) :]
                    return ""
                self._closing, self._held, self._dropped = "", after, True
            start = self._held.lstrip()
            tag = next((tag for tag in _OPENINGS if start.startswith(tag)), None)
            if tag is None:
                break
            self._closing, self._held = _OPENINGS[tag], start[len(tag) :]
        if len(start) < _LONGEST and any(tag.startswith(start) for tag in _OPENINGS):
            return ""
        self._open = True
        return start if self._dropped else self._held

    def end(self) -> str:
        """What was held back when the text is over."""
        if self._open or self._closing:
            return ""
        self._open = True
        return self._held.lstrip() if self._dropped else self._held
