"""Functions of the bot's own for tests of the chat side: they note what they were called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.chat.function_ports import Call, Caller, Traits
from core.chat.functions import unknown_function

Body = Callable[[str], Awaitable[str]]


async def done(arguments: str) -> str:
    """Says what it was given."""
    return f"done: {arguments}"


@dataclass(slots=True)
class FakeFunctions:
    """`OwnFunctions` in memory. They outlive the processes that call them, as effects do."""

    bodies: dict[str, Body] = field(default_factory=dict[str, Body])
    declared: dict[str, Traits] = field(default_factory=dict[str, Traits])
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    callers: list[Caller] = field(default_factory=list[Caller])

    def add(self, name: str, body: Body = done, traits: Traits | None = None) -> None:
        """A function of that name."""
        self.bodies[name] = body
        self.declared[name] = traits or Traits()

    def traits(self, name: str) -> Traits | None:
        return self.declared.get(name)

    async def call(self, call: Call, caller: Caller) -> str:
        if call.name not in self.bodies:
            return unknown_function(call.name)
        self.calls.append((call.name, call.arguments))
        self.callers.append(caller)
        try:
            return await self.bodies[call.name](call.arguments)
        except Exception as error:  # noqa: BLE001  (whatever a body raises, as the port says)
            return f"It failed: {type(error).__name__}"
