"""Which rule of calculus takes an expression apart, by its outermost shape."""

from __future__ import annotations

from adapters.offline.show import pretty
from adapters.offline.tree import Binary, Call, Const, Neg, Node, Sym, free

_CHAIN = "Chain rule: (u(v))' = u'(v)·v'"


def derivative(node: Node, name: str) -> tuple[str, ...]:
    """The rules that a derivative needs, the outermost first, each once."""
    found: dict[str, None] = {}
    _collect(node, name, found)
    return tuple(found)


def _collect(node: Node, name: str, found: dict[str, None]) -> None:
    if name not in free(node):
        found.setdefault("A constant has the derivative 0.")
        return
    match node:
        case Neg(arg):
            _collect(arg, name, found)
        case Binary("+" | "-", left, right):
            found.setdefault("Sum rule: differentiate term by term.")
            _collect_varying((left, right), name, found)
        case Binary("*", left, right):
            _product(left, right, name, found)
        case Binary("/", left, right):
            _quotient(left, right, name, found)
        case Binary("^", left, right):
            _power(left, right, name, found)
        case Call(function, args):
            _call(function, args[0], name, found)
        case _:
            return


def _collect_varying(parts: tuple[Node, ...], name: str, found: dict[str, None]) -> None:
    for part in parts:
        if name in free(part):
            _collect(part, name, found)


def _quotient(left: Node, right: Node, name: str, found: dict[str, None]) -> None:
    if name not in free(right):
        _collect(left, name, found)
        return
    found.setdefault(
        "Quotient rule: (u/v)' = (u'·v - u·v')/v², "
        f"with u = {pretty(left)} and v = {pretty(right)}."
    )
    _collect_varying((left, right), name, found)


def _product(left: Node, right: Node, name: str, found: dict[str, None]) -> None:
    if name in free(left) and name in free(right):
        found.setdefault(
            f"Product rule: (u·v)' = u'·v + u·v', with u = {pretty(left)} and v = {pretty(right)}."
        )
    else:
        found.setdefault("A constant factor stays.")
    for part in (left, right):
        if name in free(part):
            _collect(part, name, found)


def _power(base: Node, exponent: Node, name: str, found: dict[str, None]) -> None:
    if name in free(base) and name not in free(exponent):
        letter = base if isinstance(base, Sym) else None
        found.setdefault(
            f"Power rule: ({pretty(letter) if letter else 'u'}ⁿ)' = "
            f"n·{pretty(letter) if letter else 'u'}ⁿ⁻¹."
        )
        if letter is None:
            found.setdefault(f"{_CHAIN}, here with the inner function {pretty(base)}.")
            _collect(base, name, found)
        return
    if base == Const("e"):
        found.setdefault("The exponential function is its own derivative: (eˣ)' = eˣ.")
    elif name not in free(base):
        found.setdefault("Exponential rule: (aˣ)' = aˣ·ln(a).")
    else:
        found.setdefault("Both base and exponent vary: write u^v as e^(v·ln(u)).")
    if not isinstance(exponent, Sym):
        found.setdefault(f"{_CHAIN}, here with the inner function {pretty(exponent)}.")
        _collect(exponent, name, found)


_KNOWN = {
    "sin": "(sin x)' = cos x.",
    "cos": "(cos x)' = -sin x.",
    "tan": "(tan x)' = 1/cos²x = 1 + tan²x.",
    "ln": "(ln x)' = 1/x.",
    "log": "(log x)' = 1/(x·ln 10).",
    "sqrt": "(√x)' = 1/(2√x).",
    "asin": "(arcsin x)' = 1/√(1 - x²).",
    "acos": "(arccos x)' = -1/√(1 - x²).",
    "atan": "(arctan x)' = 1/(1 + x²).",
    "sec": "(sec x)' = sec x·tan x.",
    "csc": "(csc x)' = -csc x·cot x.",
    "cot": "(cot x)' = -csc²x.",
    "sinh": "(sinh x)' = cosh x.",
    "cosh": "(cosh x)' = sinh x.",
}


def _call(function: str, inner: Node, name: str, found: dict[str, None]) -> None:
    if function in _KNOWN:
        found.setdefault(f"Known derivative: {_KNOWN[function]}")
    if not isinstance(inner, Sym):
        found.setdefault(f"{_CHAIN}, here with the inner function {pretty(inner)}.")
        _collect(inner, name, found)


def integral(node: Node, name: str) -> tuple[str, ...]:
    """The rules that an antiderivative plainly needs; silent where a method must be found."""
    lines: list[str] = []
    if isinstance(node, Binary) and node.op in "+-":
        lines.append("Integrate term by term.")
    if _has_power(node, name):
        lines.append("Power rule: the integral of xⁿ is xⁿ⁺¹/(n + 1) for n ≠ -1.")
    if (
        isinstance(node, Binary)
        and node.op == "*"
        and all(name in free(p) for p in (node.left, node.right))
    ):
        lines.append(
            "A product of two functions: try integration by parts, ∫u·v' = u·v - "
            "∫u'·v, or a substitution."
        )
    return tuple(lines)


def _has_power(node: Node, name: str) -> bool:
    match node:
        case Sym(symbol):
            return symbol == name
        case Binary("^", left, right):
            return isinstance(left, Sym) and left.name == name and name not in free(right)
        case Binary("+" | "-", left, right):
            return _has_power(left, name) or _has_power(right, name)
        case Binary("*" | "/", left, right):
            plain = name not in free(left) or name not in free(right)
            return plain and (
                _has_power(left, name) or (node.op == "*" and _has_power(right, name))
            )
        case Neg(arg):
            return _has_power(arg, name)
        case _:
            return False
