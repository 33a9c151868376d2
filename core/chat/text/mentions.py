"""Text that a model or a person wrote pings nobody.

A zero-width space goes right after the `<` or `@` that makes a mention of a piece of text. What a
reader sees stays the same; what the platform looks for is not there any more.

What belongs to the platforms, not here:

- Slack: `render` escapes `&`, `<` and `>` in mrkdwn *after* this and never unescapes; it sends
  with `link_names` off. In `markdown_text` Slack turns Markdown into mrkdwn by itself, so
  `<!here>` in the text would live; there this module is the guard.
- Discord: every send carries `allowed_mentions: {"parse": []}`; this module is the second guard,
  for a way of sending that forgets it.

Code. A mention inside a fenced block is left alone where the platform does not act on it there,
because a zero-width space in code that somebody copies breaks it unseen. Nothing says that Slack
leaves `<!here>` alone in code, so its tokens are broken there as well, and only bare `@here` is
not. Only blocks count of which all readings agree that they are code: three backticks at the
start of a line, no stray ``` before them, up to the first ``` that follows. Inline code never
counts: whether a backtick opens code is known only later, and a text that grows must not change
where it has been shown already (`settled` text in, a prefix of the final text out).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

from core.chat.text.blocks import START, Kind, advance

Platform = Literal["slack", "discord", "generic"]

ZERO_WIDTH_SPACE: Final = "\u200b"

_BARE: Final = r"@(?=everyone|here|channel)"
_SLACK: Final = r"<(?=[@!])"
_SLACK_IN_CODE: Final = r"<(?=@[UWB][A-Z0-9]+[|>]|!(?:channel|here|everyone|group|subteam))"
_DISCORD: Final = r"<(?=@[!&]?\d|/[^>\n]{1,100}?:\d)"

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")

_PROSE: Final = {
    "slack": re.compile(f"{_SLACK}|{_BARE}", re.IGNORECASE),
    "discord": re.compile(f"{_DISCORD}|{_BARE}", re.IGNORECASE),
    "generic": re.compile(f"{_SLACK}|{_DISCORD}|{_BARE}", re.IGNORECASE),
}
_CODE: Final = {
    "slack": re.compile(_SLACK_IN_CODE),
    "discord": None,
    "generic": None,
}


def neutralise(text: str, platform: Platform) -> str:
    """`text` with every mention broken by a zero-width space that nobody sees.

    Idempotent; removing the added characters gives back the text. For Slack: `<!…>` and `<@…>`;
    for Discord: `<@id>`, `<@!id>`, `<@&id>`, `</command:id>`; for both `@everyone`, `@here` and
    `@channel`; `generic` breaks them all. Links to channels and plain `@name` ping nobody.
    """
    if "@" not in text and "<" not in text:
        return text
    prose = _breaker(_PROSE[platform])
    in_code = _CODE[platform]
    code = _breaker(in_code) if in_code is not None else _unchanged
    pieces: list[str] = []
    state, trusted = START, True
    for line in _LINE.findall(text) if "```" in text else ():
        kind, after = advance(state, line.removesuffix("\n"))
        fence = state.fence
        is_code = fence is not None and fence.marker == "```"
        if kind is Kind.FENCED and is_code and trusted and "```" not in line:
            pieces.append(code(line))
        else:
            if "```" in line and not (
                (kind is Kind.FENCE_CLOSE and is_code) or _opens_plainly(line, kind)
            ):
                trusted = False
            pieces.append(prose(line))
        state = after
    return "".join(pieces) if pieces else prose(text)


def _opens_plainly(line: str, kind: Kind) -> bool:
    return kind is Kind.FENCE_OPEN and line.lstrip(" \t").startswith("```") and "````" not in line


def _breaker(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: pattern.sub(_broken, text)


def _broken(found: re.Match[str]) -> str:
    return found[0] + ZERO_WIDTH_SPACE


def _unchanged(text: str) -> str:
    return text
