"""How a quadratic equation is solved: by a root, by factors, by a square, by the formula."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from adapters.offline.polynomial import Poly, degree, polynomial, square_root, tree
from adapters.offline.show import pretty
from adapters.offline.tree import Binary, Node, Num, Sym, add, call, mul, number, power, sub


def standard(left: Node, right: Node, name: str) -> Poly | None:
    """`left - right` as a polynomial, with whole coefficients and a positive lead."""
    poly = polynomial(sub(left, right), name)
    if poly is None or not poly:
        return None
    common = lcm(*(value.denominator for value in poly.values()))
    if common > 10_000:
        return poly
    scaled = {k: v * common for k, v in poly.items()}
    sign = -1 if scaled[degree(scaled)] < 0 else 1
    return {k: v * sign for k, v in scaled.items()}


def steps(left: Node, right: Node, name: str, method: str = "") -> tuple[str, ...]:
    """The steps that suit the equation, or those of the `method` that was asked for."""
    poly = standard(left, right, name)
    if poly is None or degree(poly) != 2:
        return ()
    lines: list[str] = []
    if tree(poly, name) != left or right != Num(Fraction(0)):
        lines.append(f"Bring it to the form ax² + bx + c = 0: {pretty(tree(poly, name))} = 0")
    disc = poly.get(1, Fraction(0)) ** 2 - 4 * poly[2] * poly.get(0, Fraction(0))
    if method == "square":
        return (*lines, *_completed(poly, name))
    if 1 not in poly and method != "formula":
        return (*lines, *_by_root(poly, name))
    outer, inner = square_root(disc) if disc >= 0 else (Fraction(0), 2)
    if disc >= 0 and (inner == 1 or not disc) and method != "formula":
        return (*lines, *_by_factors(poly, name, outer))
    return (*lines, *_by_formula(poly, disc))


def _by_root(poly: Poly, name: str) -> tuple[str, ...]:
    value = -poly.get(0, Fraction(0)) / poly[2]
    lines = [f"Isolate the square: {name}² = {pretty(number(value))}"]
    if value < 0:
        lines.append("A square of a real number is never negative, so there is no real solution")
    elif value == 0:
        lines.append(f"Only 0 has the square 0: {name} = 0")
    else:
        outer, inner = square_root(value)
        exact = f" = ±{outer}" if inner == 1 else ""
        lines.append(
            f"Take the square root, with both signs: {name} = ±√{_root_text(value)}{exact}"
        )
    return tuple(lines)


def _root_text(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"({value})"


def factored(poly: Poly, name: str, first: Fraction, second: Fraction) -> Node:
    """`a(x - p)(x - q)` with whole coefficients in the brackets."""
    brackets: list[Node] = []
    lead = poly[2]
    for root in (first, second):
        scale = root.denominator
        lead /= scale
        head: Node = Sym(name) if scale == 1 else mul(number(scale), Sym(name))
        shift = root * scale
        brackets.append(
            head
            if not shift
            else sub(head, number(shift))
            if shift > 0
            else add(head, number(-shift))
        )
    product = power(brackets[0], 2) if brackets[0] == brackets[1] else mul(brackets[0], brackets[1])
    if lead == 1:
        return product
    if isinstance(product, Binary) and product.op == "*":
        return mul(mul(number(lead), product.left), product.right)
    return mul(number(lead), product)


def _by_factors(poly: Poly, name: str, root: Fraction) -> tuple[str, ...]:
    a, b = poly[2], poly.get(1, Fraction(0))
    first, second = (-b - root) / (2 * a), (-b + root) / (2 * a)
    lines = [f"Factor: {pretty(factored(poly, name, first, second))} = 0"]
    if first == second:
        lines.append(
            f"The bracket is zero when {name} = {pretty(number(first))} (a double solution)"
        )
    else:
        both = f"{name} = {pretty(number(first))} or {name} = {pretty(number(second))}"
        lines.append(f"A product is zero when one of its factors is: {both}")
    return tuple(lines)


def _by_formula(poly: Poly, disc: Fraction) -> tuple[str, ...]:
    a, b, c = (poly.get(i, Fraction(0)) for i in (2, 1, 0))
    minus = f"({b})" if b < 0 else f"{b}"
    lines = [
        f"Use the quadratic formula (-b ± √(b² - 4ac))/(2a) with a = {a}, b = {b}, c = {c}",
        f"The discriminant is b² - 4ac = {minus}² - 4·{_signed(a)}·{_signed(c)} = {disc}",
    ]
    if disc < 0:
        lines.append("It is negative, so there is no real solution, only a pair of complex ones")
    else:
        lines.append(f"Put it in: ({-b} ± √{disc})/{2 * a}")
    return tuple(lines)


def _signed(value: Fraction) -> str:
    return f"({value})" if value < 0 else str(value)


def _completed(poly: Poly, name: str) -> tuple[str, ...]:
    a, b, c = (poly.get(i, Fraction(0)) for i in (2, 1, 0))
    half, rest = b / (2 * a), (b / (2 * a)) ** 2 - c / a
    lines: list[str] = []
    if a != 1:
        lines.append(f"Divide by {a}: {_monic(b / a, c / a, name)} = 0")
    bracket = add(Sym(name), number(half)) if half >= 0 else sub(Sym(name), number(-half))
    lines.append(f"Move the constant: {_monic(b / a, Fraction(0), name)} = {-c / a}")
    lines.append(
        f"Add (half of {b / a})² = {half * half} to both sides: "
        f"{pretty(power(bracket, 2))} = {rest}"
    )
    if rest < 0:
        lines.append("A square is never negative, so there is no real solution")
    else:
        root = call("sqrt", number(rest))
        lines.append(f"Take the square root: {pretty(bracket)} = ±{pretty(root)}")
    return tuple(lines)


def _monic(middle: Fraction, last: Fraction, name: str) -> str:
    """`x² + middle·x + last`, without what is zero."""
    poly = {2: Fraction(1), 1: middle, 0: last}
    return pretty(tree({k: v for k, v in poly.items() if v}, name))
