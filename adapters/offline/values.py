"""A number as an answer: exact, decimal, rounded, the way it was asked for."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from fractions import Fraction
from typing import Final

from adapters.offline.form import Form
from adapters.offline.question import decimal, display
from adapters.offline.show import decimal_text

_LONG: Final = 46
"""An exact form longer than this is shown after its decimal value, or not at all."""


def rational(text: str) -> Fraction | None:
    """The fraction that a printed value is, if it is one."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def terminates(value: Fraction) -> bool:
    """Whether its decimal form ends."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def rounded(text: str, form: Form) -> str:
    """A decimal text, rounded half up to the places or figures that were asked for."""
    with localcontext() as context:
        context.prec = 400
        try:
            fraction = rational(text)
            value = (
                Decimal(fraction.numerator) / Decimal(fraction.denominator)
                if fraction is not None
                else Decimal(text)
            )
        except InvalidOperation:
            return text
        places = form.places
        if places is None and form.figures is not None:
            places = form.figures - 1 - (value.adjusted() if value else 0)
        if places is None:
            return decimal(str(value))
        places = max(-50, min(places, 100))
        out = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        return f"{out:f}"


def rounding_name(form: Form) -> str:
    """`to 2 decimal places`."""
    if form.figures is not None:
        return f"to {form.figures} significant figures"
    places = form.places or 0
    if places == 0:
        return "to the nearest whole number"
    if places < 0:
        return f"to the nearest {10**-places}"
    return f"to {places} decimal place{'s' if places > 1 else ''}"


def value_text(exact: str, approx: str, form: Form, *, decimals: bool = False) -> str:
    """`7/3 ≈ 2.333333`, `0.75`, `√2 ≈ 1.414214`: what the closing line says after the `=`."""
    fraction = rational(exact)
    if "." in exact and len(exact) > 13:  # a floating-point number: the code found no exact form
        return rounded(exact, form) if form.rounds else f"≈ {decimal(exact)}"
    if form.rounds:
        near = rounded(exact if fraction is not None else approx, form)
        return f"≈ {near} ({rounding_name(form)})" if near != exact else near
    if form.mixed and fraction is not None:
        return _mixed(fraction)
    if form.scientific and _is_number(approx):
        return _scientific(exact, approx)
    if form.percent and fraction is not None:
        return f"{decimal_or_near(fraction * 100)}%"
    if fraction is not None:
        return _rational_text(fraction, form, decimals=decimals)
    shown = display(exact)
    if "RootOf" in exact or (len(shown) > _LONG and "I" in approx):
        return f"≈ {_complex_text(approx)}"
    if "I" in approx and re.search(r"sqrt|\*\*|pi|log|exp|sin|cos", exact) and not form.fraction:
        return f"{shown} ≈ {_complex_text(approx)}"
    if not _is_number(approx) or form.fraction:
        return shown
    near = decimal(approx)
    if form.decimal:
        return f"{near} (rounded; exactly {shown})" if len(shown) <= _LONG else near
    return f"{shown} ≈ {near}" if len(shown) <= _LONG else f"≈ {near}"


def _complex_text(text: str) -> str:
    """`-0.18123 + 1.08395*I`, each part cut to what one reads."""
    cut = re.sub(r"\d+\.\d+(?:e-?\d+)?", lambda match: decimal(match[0]), text)
    return display(cut)


def _mixed(fraction: Fraction) -> str:
    """`7/4` as `1 3/4`."""
    whole, rest = divmod(abs(fraction.numerator), fraction.denominator)
    sign = "-" if fraction < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    part = f"{rest}/{fraction.denominator}"
    return f"{sign}{whole} {part}" if whole else f"{sign}{part}"


def _scientific(exact: str, approx: str) -> str:
    """`45000` as `4.5·10⁴`."""
    fraction = rational(exact)
    with localcontext() as context:
        context.prec = 12
        value = (
            Decimal(fraction.numerator) / Decimal(fraction.denominator)
            if fraction is not None
            else Decimal(approx)
        )
    if not value:
        return "0"
    exponent = value.adjusted()
    mantissa = f"{value.scaleb(-exponent).normalize():f}"
    power = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}·10{power}"


def _rational_text(fraction: Fraction, form: Form, *, decimals: bool) -> str:
    if fraction.denominator == 1:
        return str(fraction)
    shown = str(fraction)
    if len(shown) > _LONG:
        return f"≈ {decimal(str(float(fraction)))}"
    if not terminates(fraction) or len(decimal_text(fraction)) > 14:
        near = decimal(str(float(fraction)))
        if decimals and fraction.denominator > 999:
            return f"≈ {near}"
        return f"{near} (rounded; exactly {shown})" if form.decimal else f"{shown} ≈ {near}"
    exact = decimal_text(fraction)
    if form.fraction:
        return f"{shown} = {exact}"
    return exact if decimals or form.decimal else f"{shown} = {exact}"


def decimal_or_near(fraction: Fraction) -> str:
    """A decimal number, with all digits where it ends soon."""
    if terminates(fraction) and len(decimal_text(fraction)) <= 14:
        return decimal_text(fraction)
    return f"≈ {decimal(str(float(fraction)))}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "nan" not in text and "inf" not in text
