"""What is added where a text is cut: how an open block is closed, and how it is opened again."""

from __future__ import annotations

from core.chat.text.blocks import Fence, Item, Kind, State, advance

ELLIPSIS = "…"
_LONGEST_INFO = 24


def closing(state: State, text: str, *, mathematics: bool = True) -> str:
    """What closes the fence that is open after `text`; `text` may end in the middle of a line.

    `mathematics` says whether display mathematics is closed too, rather than code only.
    """
    fence = state.fence
    if fence is None or (fence.is_math and not mathematics):
        return ""
    return fence.closer if not text or text.endswith("\n") else "\n" + fence.closer


def reopening(state: State, text: str, upcoming: str) -> tuple[str, ...]:
    """What may stand before the rest of a text that was cut after `text`; the best first.

    `state` is what is open after `text`, `upcoming` what is known of the next line when `text`
    ends with a line. A fence is opened again with its info string (cut to a sane length), a
    table with its header, and a list item by its marker and an ellipsis, so that indentation
    and numbering mean the same as before. "" is always the last resort.
    """
    at_line_start = text.endswith("\n")
    quote = "" if at_line_start else state.quote
    if state.fence is not None:
        return _fenced(state, state.fence, quote)
    if state.table:
        header = "\n".join(state.table) + "\n" + quote
        return _unique(_items(state.items, state.quote) + header, header)
    if not at_line_start:
        return _unique(_same_line(state), quote)
    return _unique(_next_line(state, upcoming))


def _fenced(state: State, fence: Fence, quote: str) -> tuple[str, ...]:
    info = fence.info
    if len(info) > _LONGEST_INFO:
        info = info.split()[0] if info.split() else ""
        info = info if len(info) <= _LONGEST_INFO else ""
    bare = fence.opener.removesuffix(fence.info)
    opener = f"{bare}{info}\n{quote}"
    return _unique(_items(state.items, fence.quote) + opener, opener, f"{bare}\n{quote}")


def _same_line(state: State) -> str:
    if not state.items:
        return state.quote
    *outer, last = state.items
    return _items(tuple(outer), state.quote) + _item(last, state.quote) + " "


def _next_line(state: State, upcoming: str) -> str:
    if not state.items:
        return ""
    kind, after = advance(state, upcoming)
    if after.quote != state.quote or kind in (Kind.HEADING, Kind.RULE, Kind.BLANK):
        return ""
    if kind is Kind.ITEM:
        return _items(after.items[:-1], state.quote)
    return _items(after.items, state.quote)


def _items(items: tuple[Item, ...], quote: str) -> str:
    return "".join(_item(item, quote) + "\n" for item in items)


def _item(item: Item, quote: str) -> str:
    return f"{quote}{' ' * item.indent}{item.marker} {ELLIPSIS}"


def _unique(*choices: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*choices, "")))
