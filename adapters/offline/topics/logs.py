"""The logarithm of calculus."""

from __future__ import annotations

from adapters.offline.tree import (
    Call,
    Node,
    rebuild,
)


def natural_logs(node: Node) -> Node:
    """In calculus a `log` without a base is the natural one."""
    if isinstance(node, Call) and node.name == "log" and len(node.args) == 1:
        return Call("ln", tuple(map(natural_logs, node.args)))
    return rebuild(node, natural_logs)
