"""Expression tree -> NumPy code for plots, from the tree alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from adapters.offline.code import Unwritable, identifier
from adapters.offline.show import decimal_text
from adapters.offline.tree import ONE, Binary, Call, Const, Neg, Node, Num, Sym

_SUM, _PRODUCT, _POWER, _ATOM = range(4)
_NAMES: Final = {
    **{
        name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "sqrt", "floor")
    },
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "ln": "log",
    "abs": "abs",
    "ceil": "ceil",
    "cbrt": "cbrt",
    "sign": "sign",
    "deg": "deg2rad",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "log10": "log10",
}
_RECIPROCALS: Final = {"sec": "cos", "csc": "sin", "cot": "tan"}


def expression(node: Node) -> str:
    """NumPy code for the values of an expression over arrays.

    Raises:
        Unwritable: a sign or a function that has no plain NumPy form.
    """
    return _code(node)[0]


def _at(node: Node, level: int) -> str:
    text, own = _code(node)
    return text if own >= level else f"({text})"


def _code(node: Node) -> tuple[str, int]:
    match node:
        case Num(value):
            return decimal_text(value), _ATOM
        case Const("pi"):
            return "np.pi", _ATOM
        case Const("e"):
            return "np.e", _ATOM
        case Sym(name):
            return identifier(name), _ATOM
        case Neg(arg):
            return f"-{_at(arg, _PRODUCT)}", _SUM
        case Binary("^", Const("e"), right):
            return f"np.exp({expression(right)})", _ATOM
        case Binary("^", left, right):
            return _power(left, right)
        case Binary("mod", left, right):
            return f"np.mod({expression(left)}, {expression(right)})", _ATOM
        case Binary("+" | "-", left, right):
            return f"{_at(left, _SUM)} {node.op} {_at(right, _PRODUCT)}", _SUM
        case Binary(op, left, right):
            return f"{_at(left, _PRODUCT)}{op}{_at(right, _POWER)}", _PRODUCT
        case Call(name, args):
            return _call(name, args), _ATOM
        case _:
            raise Unwritable(type(node).__name__)


def _power(base: Node, exponent: Node) -> tuple[str, int]:
    if exponent == Binary("/", ONE, Num(Fraction(3))):
        return f"np.cbrt({expression(base)})", _ATOM
    foot = f"np.float64({expression(base)})" if isinstance(base, Num) else _at(base, _ATOM)
    return f"{foot}**{_at(exponent, _ATOM)}", _POWER


def _call(name: str, args: tuple[Node, ...]) -> str:
    first = expression(args[0])
    if name in _RECIPROCALS:
        return f"(1/np.{_RECIPROCALS[name]}({first}))"
    if name == "log":
        return (
            f"np.log10({first})"
            if len(args) == 1
            else f"(np.log({first})/np.log({expression(args[1])}))"
        )
    if name == "root":
        return f"np.power({first}, 1/{_at(args[1], _ATOM)})"
    if name == "percent":
        return f"({first}/100)"
    if name in _NAMES:
        return f"np.{_NAMES[name]}({first})"
    raise Unwritable(name)
