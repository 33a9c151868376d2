"""What the rules of whole numbers share."""

from __future__ import annotations

from typing import Final

from adapters.offline.lexicon import wordset
from adapters.offline.scan import Scan
from adapters.offline.tree import integer

LONE: Final = wordset(
    "number integer whole primes prime into express write as product its "
    "form list all tree using decomposition down completely up"
)


def one_integer(scan: Scan, extra: frozenset[str]) -> int | None:
    """The one whole number of a sentence of which only `extra` and harmless words are left."""
    nodes = scan.rest("X")
    if len(nodes) != 1 or not scan.done(extra):
        return None
    value = integer(nodes[0])
    return value if value is not None and value.bit_length() < 200 else None
