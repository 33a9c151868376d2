"""Expression tree -> Python for SymPy that a student can read.

Only trees become code; no text that a person typed ever does. Whole numbers stay plain where
Python's own arithmetic on them is exact, and become `Rational` where it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from adapters.offline.lexicon import wordset
from adapters.offline.show import decimal_text
from adapters.offline.tree import (
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
    Relation,
    Series,
    Sym,
    bound_letters,
    free,
    integer,
    walk,
)

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_Code = tuple[str, int]

_NAMES: Final = {
    "abs": "Abs",
    "ceil": "ceiling",
    "ln": "log",
    "max": "Max",
    "min": "Min",
    "permutations": "ff",
    "deg": "rad",
}
_RELATIONS: Final = {"=": "Eq", "!=": "Ne", "<": "Lt", "<=": "Le", ">": "Gt", ">=": "Ge"}
_CONSTANTS: Final = {"pi": "pi", "e": "E", "i": "I", "oo": "oo"}

SYMPY_NAMES: Final[frozenset[str]] = wordset(
    "Abs Add And Eq Ne Lt Le Gt Ge E Float FiniteSet Function GreaterThan I "
    "Intersection Integer Integral"
    " Interval Limit LessThan Matrix Max Min Mod Mul N Or Poly Product Rational S Sum Union acos"
    " acosh acot acsc apart arg asec asin asinh atan atanh binomial cancel cbrt ceiling collect"
    " conjugate continuous_domain cos cosh cot csc cse count_ops degree "
    "denom diff discriminant div divisors"
    " dsolve erf exp expand expand_log expand_trig factor factorial factorint factorlist ff floor"
    " gamma gcd idiff igcd im integer_nthroot inflection integrate isprime lambdify latex lcm "
    "limit linsolve log logcombine"
    " nextprime nroots nsimplify nsolve numer oo periodicity pi primerange prime prevprime rad"
    " radsimp rationaltest re real_root real_roots reduce_inequalities resultant root roots rsolve"
    " sec series sign simplify sin singularities sinh solve solveset sqrt srepr stationary_points"
    " summation symbols symify tan tanh together totient trigsimp zeta zoo function_range"
    " totient is_increasing ConditionSet ImageSet nan divisor_count degree "
    "LC deg"
) - {"symify", "rationaltest", "factorlist", "inflection", "is_increasing"}
"""What generated code may import from SymPy."""

_CALCULUS: Final = frozenset({"continuous_domain", "function_range"})
_WORD: Final = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*(?=[\s(.,*/+\-)\]:%]|$)")


def identifier(name: str) -> str:
    """The Python name of a variable."""
    return "lamda" if name.startswith("lambda") else name


def expression(node: Node) -> str:
    """SymPy code for an expression, a relation or a list."""
    return _code(node)[0]


def exact(node: Node) -> str:
    """Code whose value is always a SymPy object, also for a bare whole number."""
    text = expression(node)
    return f"Integer({text})" if _is_int(node) else text


def symbols_line(names: Iterable[str], assumptions: str = "") -> str:
    """`x, y = symbols("x y")`, or nothing where there is no variable."""
    spelled = [identifier(name) for name in names]
    if not spelled:
        return ""
    extra = f", {assumptions}" if assumptions else ""
    return f'{", ".join(spelled)} = symbols("{" ".join(spelled)}"{extra})'


def letters(*nodes: Node) -> list[str]:
    """Every letter that code for these trees mentions, bound ones too."""
    return sorted({name for node in nodes for name in (*free(node), *bound_letters(node))})


def program(*lines: str) -> str:
    """A whole piece of code: the imports that its lines need, then the lines."""
    body = "\n".join(line for line in lines if line)
    unquoted = re.sub(r"#.*|\"[^\"]*\"|'[^']*'", "", body)
    used = {match[0] for match in _WORD.finditer(unquoted)} & SYMPY_NAMES
    defined = set(re.findall(r"^(\w+) = ", body, re.MULTILINE))
    head = ["import json"]
    used -= defined
    from_calculus = sorted(used & _CALCULUS)
    used -= _CALCULUS
    if from_calculus:
        head.append(f"from sympy.calculus.util import {', '.join(from_calculus)}")
    if used:
        head.append(f"from sympy import {', '.join(sorted(used, key=str.lower))}")
    return "\n".join([*head, "", body]) + "\n"


def _at(node: Node, level: int) -> str:
    text, own = _code(node)
    return text if own >= level else f"({text})"


def _code(node: Node) -> _Code:
    match node:
        case Num(value, decimal):
            if decimal:
                return f'Rational("{decimal_text(value)}")', _ATOM
            return str(value.numerator), _ATOM
        case Const(name):
            return _CONSTANTS[name], _ATOM
        case Sym(name):
            return identifier(name), _ATOM
        case Neg(arg):
            return f"-{_at(arg, _PRODUCT)}", _SIGN if isinstance(arg, Num | Sym) else _SUM
        case Binary(op, left, right):
            return _binary(op, left, right)
        case Call(name, args):
            return _call(name, args), _ATOM
        case Relation(sides, ops):
            return _relation(sides, ops), _ATOM
        case Listing(items):
            return f"[{', '.join(map(exact, items))}]", _ATOM
        case _:
            return _notation(node), _ATOM


def _is_int(node: Node) -> bool:
    """Whether the code for it computes with Python's own whole numbers, which `/` would spoil."""
    match node:
        case Num(_, decimal):
            return not decimal
        case Neg(arg):
            return _is_int(arg)
        case Binary("+" | "-" | "*", left, right):
            return _is_int(left) and _is_int(right)
        case Binary("^", left, right):
            return _is_int(left) and (integer(right) or -1) >= 0
        case _:
            return False


def _binary(op: str, left: Node, right: Node) -> _Code:
    match op:
        case "+" | "-":
            return f"{_at(left, _SUM)} {op} {_at(right, _PRODUCT)}", _SUM
        case "*":
            return f"{_at(left, _PRODUCT)}*{_at(right, _SIGN)}", _PRODUCT
        case "/" if _is_int(left) and _is_int(right):
            return f"Rational({expression(left)}, {expression(right)})", _ATOM
        case "/":
            return f"{_at(left, _PRODUCT)}/{_at(right, _POWER)}", _PRODUCT
        case "mod":
            return f"Mod({expression(left)}, {expression(right)})", _ATOM
        case _:
            return _power(left, right)


def _power(base: Node, exponent: Node) -> _Code:
    if base == Const("e"):
        return f"exp({expression(exponent)})", _ATOM
    foot = _at(base, _ATOM)
    if _is_int(base) and not (_is_int(exponent) and (integer(exponent) or -1) >= 0):
        foot = f"Integer({expression(base)})"
    return f"{foot}**{_at(exponent, _ATOM)}", _POWER


def _call(name: str, args: tuple[Node, ...]) -> str:
    first = expression(args[0])
    match name:
        case "percent":
            if _is_int(args[0]):
                return f"Rational({first}, 100)"
            return f"({_at(args[0], _PRODUCT)}/100)"
        case "log":
            return f"log({first}, {expression(args[1]) if len(args) > 1 else 10})"
        case "root" | "cbrt":
            constant = not any(isinstance(part, Sym) for part in walk(args[0]))
            index = expression(args[1]) if len(args) > 1 else "3"
            odd = (integer(args[1]) or 0) % 2 == 1 if len(args) > 1 else True
            return f"{'real_root' if odd and constant else 'root'}({first}, {index})"
        case _:
            return f"{_NAMES.get(name, name)}({', '.join(map(expression, args))})"


def _relation(sides: tuple[Node, ...], ops: tuple[str, ...]) -> str:
    parts = [
        f"{_RELATIONS[op]}({expression(low)}, {expression(high)})"
        for op, low, high in zip(ops, sides, sides[1:], strict=False)
    ]
    return parts[0] if len(parts) == 1 else f"And({', '.join(parts)})"


def _notation(node: Node) -> str:
    match node:
        case Diff(body, by, order):
            times = f", {order}" if order > 1 else ""
            return f"diff({exact(body)}, {identifier(by)}{times})"
        case Integral(body, by, low, high):
            if low is None or high is None:
                return f"integrate({exact(body)}, {identifier(by)})"
            bounds = f"({identifier(by)}, {expression(low)}, {expression(high)})"
            return f"integrate({exact(body)}, {bounds})"
        case Limit(body, by, point, side):
            way = f', "{side or "+-"}"' if point != Const("oo") else ""
            return f"limit({exact(body)}, {identifier(by)}, {expression(point)}{way})"
        case Series(body, by, low, high, product):
            name = "Product" if product else "Sum"
            bounds = f"({identifier(by)}, {expression(low)}, {expression(high)})"
            return f"{name}({exact(body)}, {bounds}).doit()"
        case Apply(name):
            raise Unwritable(name)
        case _:
            raise Unwritable(type(node).__name__)


class Unwritable(ValueError):
    """The tree holds something that has no value of its own, such as an undefined `f(3)`."""
