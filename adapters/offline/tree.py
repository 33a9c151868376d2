"""The expression tree: what the parser makes of mathematics, and all that code is ever built from.

Numbers are exact (`fractions.Fraction`) and never negative; a sign is a `Neg` around them.
Nothing here evaluates anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from adapters.offline.nodes import (
    Apply,
    Binary,
    Call,
    Const,
    Diff,
    Integral,
    Limit,
    Listing,
    Neg,
    Node,
    Num,
    Rate,
    Relation,
    Series,
    Sym,
)

__all__ = [
    "ONE",
    "PI",
    "TWO",
    "ZERO",
    "Apply",
    "Binary",
    "Call",
    "Const",
    "Diff",
    "E",
    "Integral",
    "Limit",
    "Listing",
    "Neg",
    "Node",
    "Num",
    "Rate",
    "Relation",
    "Series",
    "Sym",
    "add",
    "bound_letters",
    "bound_name",
    "call",
    "children",
    "div",
    "equation",
    "free",
    "has_decimal",
    "integer",
    "is_constant",
    "mul",
    "number",
    "power",
    "rebuild",
    "sub",
    "substitute",
    "walk",
]

ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))
TWO = Num(Fraction(2))
PI = Const("pi")
E = Const("e")


def number(value: int | Fraction, *, decimal: bool = False) -> Node:
    """A tree for any rational: a sign outside, a quotient where it is not whole."""
    fraction = Fraction(value)
    if fraction < 0:
        return Neg(number(-fraction, decimal=decimal))
    if fraction.denominator == 1 or decimal:
        return Num(fraction, decimal and fraction.denominator != 1)
    return Binary("/", Num(Fraction(fraction.numerator)), Num(Fraction(fraction.denominator)))


def add(left: Node, right: Node) -> Node:
    """`left + right`."""
    return Binary("+", left, right)


def sub(left: Node, right: Node) -> Node:
    """`left - right`."""
    return Binary("-", left, right)


def mul(left: Node, right: Node) -> Node:
    """`left * right`."""
    return Binary("*", left, right)


def div(left: Node, right: Node) -> Node:
    """`left / right`."""
    return Binary("/", left, right)


def power(base: Node, exponent: Node | int) -> Node:
    """`base ^ exponent`."""
    return Binary("^", base, number(exponent) if isinstance(exponent, int) else exponent)


def call(name: str, *args: Node) -> Node:
    """A known function."""
    return Call(name, args)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a tree, in reading order."""
    match node:
        case Neg(arg):
            return (arg,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, args) | Apply(_, args):
            return args
        case Diff(body):
            return (body,)
        case Integral(body, _, low, high):
            return tuple(part for part in (body, low, high) if part is not None)
        case Limit(body, _, point):
            return (body, point)
        case Series(body, _, low, high):
            return (body, low, high)
        case Relation(sides):
            return sides
        case Listing(items):
            return items
        case _:
            return ()


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """The same node with each part replaced by `change(part)`."""
    match node:
        case Neg(arg):
            return Neg(change(arg))
        case Binary(op, left, right):
            return Binary(op, change(left), change(right))
        case Call(name, args):
            return Call(name, tuple(map(change, args)))
        case Apply(name, args, primes):
            return Apply(name, tuple(map(change, args)), primes)
        case Diff(body, by, order):
            return Diff(change(body), by, order)
        case Relation(sides, ops):
            return Relation(tuple(map(change, sides)), ops)
        case Listing(items, opening, closing):
            return Listing(tuple(map(change, items)), opening, closing)
        case _:
            return _rebuild_bound(node, change)


def _rebuild_bound(node: Node, change: Callable[[Node], Node]) -> Node:
    match node:
        case Integral(body, by, low, high):
            return Integral(
                change(body), by, change(low) if low else None, change(high) if high else None
            )
        case Limit(body, by, point, side):
            return Limit(change(body), by, change(point), side)
        case Series(body, by, low, high, product):
            return Series(change(body), by, change(low), change(high), product)
        case _:
            return node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it, the outermost first."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """Put trees in place of variables."""
    if isinstance(node, Sym):
        return values.get(node.name, node)
    bound = bound_name(node)
    inner = {name: tree for name, tree in values.items() if name != bound} if bound else values
    return rebuild(node, lambda part: substitute(part, inner))


def bound_name(node: Node) -> str | None:
    """The variable that this node binds, if it binds one."""
    if isinstance(node, Series | Limit) or (isinstance(node, Integral) and node.low is not None):
        return node.by
    return None


def free(node: Node) -> tuple[str, ...]:
    """The names of the variables in it that nothing binds, sorted."""
    return tuple(sorted(_free(node)))


def _free(node: Node) -> set[str]:
    if isinstance(node, Sym):
        return {node.name}
    names: set[str] = set()
    for part in children(node):
        names |= _free(part)
    if isinstance(node, Diff) or (isinstance(node, Integral) and node.low is None):
        names.add(node.by)
    bound = bound_name(node)
    return names - {bound} if bound else names


def bound_letters(node: Node) -> tuple[str, ...]:
    """The letters that sums, limits and definite integrals in it run over, sorted."""
    return tuple(sorted({name for part in walk(node) if (name := bound_name(part))}))


def is_constant(node: Node) -> bool:
    """No free variable, no person's function, no relation and no list in it."""
    foreign = (Apply, Rate, Relation, Listing)
    return not free(node) and not any(isinstance(part, foreign) for part in walk(node))


def has_decimal(node: Node) -> bool:
    """Whether a number in it was written with a decimal point."""
    return any(isinstance(part, Num) and part.decimal for part in walk(node))


def integer(node: Node) -> int | None:
    """The whole number that the tree is, if it is literally one."""
    if isinstance(node, Neg):
        inner = integer(node.arg)
        return None if inner is None else -inner
    if isinstance(node, Num) and node.value.denominator == 1:
        return node.value.numerator
    return None


def equation(node: Node) -> tuple[Node, Node] | None:
    """The two sides, if the tree is one plain equation."""
    if isinstance(node, Relation) and node.ops == ("=",):
        return node.sides[0], node.sides[1]
    return None
