"""Exact arithmetic of our own, for where no sandbox is: trees in, fractions out, within bounds.

It also guards the sandbox: a tree whose value would fill memory is refused before any code is
written for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from adapters.offline.tree import Binary, Call, Const, Neg, Node, Num, Sym, integer, walk

MAX_BITS: Final = 12_000
"""About 3,600 digits: more than anyone reads, and instant to compute."""
MAX_FACTORIAL: Final = 1_000
MAX_EXPONENT: Final = 60
"""For powers of sums, which a student may ask to expand."""


class NotRational(ValueError):
    """The value is no fraction, or it is not known (a variable, a root, a sine)."""


class TooLarge(ValueError):
    """The value has more digits than `MAX_BITS` allows."""


class Undefined(ValueError):
    """Division by zero, or the root of a negative number: no value at all."""


def exact(node: Node) -> Fraction:
    """The value as a fraction.

    Raises:
        NotRational: roots, π, variables.
        TooLarge: more digits than the bound.
        Undefined: a division by zero.
    """
    match node:
        case Num(value):
            return value
        case Neg(arg):
            return -exact(arg)
        case Binary(op, left, right):
            return _bounded(_binary(op, left, right))
        case Call(name, args):
            return _bounded(_call(name, args))
        case _:
            raise NotRational


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise TooLarge
    return value


def _binary(op: str, left: Node, right: Node) -> Fraction:
    a, b = exact(left), exact(right)
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "^":
            return _power(a, b)
        case _:
            if b == 0:
                raise Undefined
            return a / b if op == "/" else a % b


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        root = _root(base, exponent.denominator)
        return _power(root, Fraction(exponent.numerator))
    if base == 0 and exponent <= 0:
        raise Undefined
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base not in (0, 1, -1) and abs(exponent) * (bits - 1 or 1) > MAX_BITS:
        raise TooLarge
    if base in (0, 1, -1):
        return base ** int(exponent % 2) if base == -1 else base
    return base ** int(exponent)


def _root(value: Fraction, index: int) -> Fraction:
    """The rational root of that index, if there is one."""
    if value < 0 or index > 20:
        raise NotRational
    top, bottom = _integer_root(value.numerator, index), _integer_root(value.denominator, index)
    if top is None or bottom is None:
        raise NotRational
    return Fraction(top, bottom)


def _integer_root(value: int, index: int) -> int | None:
    if index == 2:
        root = math.isqrt(value)
    else:
        root = round(value ** (1 / index)) if value.bit_length() < 900 else 0
    for candidate in (root - 1, root, root + 1):
        if candidate >= 0 and candidate**index == value:
            return candidate
    return None


def _call(name: str, args: tuple[Node, ...]) -> Fraction:
    values = [exact(arg) for arg in args]
    first = values[0]
    single: dict[str, Callable[[], Fraction]] = {
        "percent": lambda: first / 100,
        "abs": lambda: abs(first),
        "sqrt": lambda: _root(first, 2),
        "cbrt": lambda: -_root(-first, 3) if first < 0 else _root(first, 3),
        "floor": lambda: Fraction(math.floor(first)),
        "ceil": lambda: Fraction(math.ceil(first)),
        "factorial": lambda: _factorial(first),
        "max": lambda: max(values),
        "min": lambda: min(values),
    }
    if name in single:
        return single[name]()
    whole = [int(value) for value in values if value.denominator == 1]
    if len(whole) != len(values):
        raise NotRational
    return _whole_call(name, whole)


def _whole_call(name: str, values: list[int]) -> Fraction:
    match name:
        case "gcd":
            return Fraction(math.gcd(*values))
        case "lcm":
            return Fraction(math.lcm(*values))
        case "root":
            return _root(Fraction(values[0]), values[1]) if values[1] > 0 else _unfit()
        case "binomial" | "permutations":
            n, k = values
            if max(abs(n), abs(k)) > MAX_FACTORIAL * 10:
                raise TooLarge
            if n < 0 or k < 0:
                raise NotRational
            return Fraction(math.comb(n, k) if name == "binomial" else math.perm(n, k))
        case _:
            raise NotRational


def _unfit() -> Fraction:
    raise NotRational


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise NotRational
    if value > MAX_FACTORIAL:
        raise TooLarge
    return Fraction(math.factorial(int(value)))


_FLOATS: Final[dict[str, Callable[[float], float]]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "ln": math.log,
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "abs": abs,
    "deg": math.radians,
    "percent": lambda value: value / 100,
    "sec": lambda value: 1 / math.cos(value),
    "csc": lambda value: 1 / math.sin(value),
    "cot": lambda value: 1 / math.tan(value),
}


def approximate(node: Node) -> float:
    """The value as a floating-point number.

    Raises:
        NotRational: a variable, or a function that is not known here.
        TooLarge, Undefined: as for `exact`, also for an overflow or a domain error.
    """
    try:
        return _approximate(node)
    except OverflowError:
        raise TooLarge from None
    except (ZeroDivisionError, NotRational):
        raise
    except ValueError:
        raise Undefined from None


def _approximate(node: Node) -> float:
    match node:
        case Num(value):
            return float(value)
        case Const("pi"):
            return math.pi
        case Const("e"):
            return math.e
        case Neg(arg):
            return -_approximate(arg)
        case Binary(op, left, right):
            return _float_binary(op, _approximate(left), _approximate(right))
        case Call("log", args):
            value = _approximate(args[0])
            base = _approximate(args[1]) if len(args) > 1 else 10.0
            return math.log10(value) if base == 10 else math.log(value) / math.log(base)
        case Call("root", (radicand, index)):
            return _approximate(radicand) ** (1 / _approximate(index))
        case Call(name, args) if name in _FLOATS:
            return _FLOATS[name](_approximate(args[0]))
        case Call():
            return float(exact(node))
        case _:
            raise NotRational


def _float_binary(op: str, left: float, right: float) -> float:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            if right == 0:
                raise Undefined
            return left / right
        case "mod":
            return left % right
        case _:
            value: complex | float = left**right
            if isinstance(value, complex):
                raise Undefined
            return value


def guard(node: Node) -> None:
    """Refuse a tree that would make the sandbox compute without end.

    Raises:
        TooLarge: a power, a factorial or a tree beyond the bounds.
    """
    for count, part in enumerate(walk(node)):
        if count > 600:
            raise TooLarge
        if isinstance(part, Binary) and part.op == "^":
            _guard_power(part)
        elif isinstance(part, Call) and part.name in {"factorial", "binomial", "permutations"}:
            try:
                exact(part)
            except (NotRational, Undefined):
                continue


def _guard_power(node: Binary) -> None:
    try:
        exact(node)
    except (NotRational, Undefined):
        whole = _whole(node.right)
        limit = 1_000 if isinstance(node.left, Sym | Const) else MAX_EXPONENT
        if whole is not None and abs(whole) > limit:
            raise TooLarge from None


def _whole(node: Node) -> int | None:
    literal = integer(node)
    if literal is not None:
        return literal
    try:
        value = exact(node)
    except (NotRational, Undefined):
        return None
    return int(value)
