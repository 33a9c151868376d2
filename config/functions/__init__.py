"""The operator's own functions: each module beside this file holds some (docs/functions.md).

    # config/functions/weather.py
    from typing import Annotated

    def forecast(place: Annotated[str, "a town"], days: int = 1) -> str:
        '''The weather of the coming days.'''
        ...

and `functions = ["weather.forecast"]` in a file of config/assistants/. What is here for such
modules needs nothing but the standard library, so they can be tried without Bobbin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Assistant", "Conversation", "Declared", "User", "declared", "function"]


@dataclass(frozen=True, slots=True)
class User:
    """Who asked. A parameter of this type is filled in by Bobbin and unknown to the model."""

    id: str
    name: str
    platform: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where it was asked: `slack:T1:C1:1700.1`. Filled in by Bobbin, unknown to the model."""

    key: str
    platform: str


@dataclass(frozen=True, slots=True)
class Assistant:
    """Which Assistant calls; `name` is that of its file. Filled in by Bobbin."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What `@function(...)` says of a function. `timeout_s` in seconds."""

    approval: bool = False
    idempotent: bool = False
    timeout_s: float = 30.0


_F = TypeVar("_F", bound=Callable[..., Any])
_MARK = "__bobbin_declared__"


def function(
    *, approval: bool = False, idempotent: bool = False, timeout_s: float = 30.0
) -> Callable[[_F], _F]:
    """Say more of a function than its signature does; it stays the function that it is.

    Args:
        approval: ask a person in the chat before each call.
        idempotent: calling it twice does no more than calling it once, so that it may be called
            again after a crash in the middle of a call.
        timeout_s: seconds after which the model is told that no answer came.
    """

    def mark(given: _F) -> _F:
        setattr(
            given, _MARK, Declared(approval=approval, idempotent=idempotent, timeout_s=timeout_s)
        )
        return given

    return mark


def declared(given: Callable[..., Any]) -> Declared:
    """What was said of it; the defaults where nothing was."""
    return getattr(given, _MARK, Declared())
