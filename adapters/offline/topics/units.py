"""Conversion of common units: length, mass, time, volume, area, speed, temperature, angles."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import PI, Call, Node, Num, add, div, is_constant, mul, number, sub

_TABLE: Final[dict[str, tuple[str, str]]] = {
    # name in the answer: (kind, size in the kind's base unit)
    "mm": ("length", "1/1000"),
    "cm": ("length", "1/100"),
    "dm": ("length", "1/10"),
    "m": ("length", "1"),
    "km": ("length", "1000"),
    "inches": ("length", "127/5000"),
    "feet": ("length", "381/1250"),
    "yards": ("length", "1143/1250"),
    "miles": ("length", "201168/125"),
    "mg": ("mass", "1/1000"),
    "g": ("mass", "1"),
    "kg": ("mass", "1000"),
    "tonnes": ("mass", "1000000"),
    "ounces": ("mass", "45359237/1600000"),
    "pounds": ("mass", "45359237/100000"),
    "seconds": ("time", "1"),
    "minutes": ("time", "60"),
    "hours": ("time", "3600"),
    "days": ("time", "86400"),
    "weeks": ("time", "604800"),
    "ml": ("volume", "1/1000"),
    "cl": ("volume", "1/100"),
    "litres": ("volume", "1"),
    "cubic metres": ("volume", "1000"),
    "cubic cm": ("volume", "1/1000"),
    "gallons": ("volume", "473176473/125000000"),
    "pints": ("volume", "473176473/1000000000"),
    "quarts": ("volume", "473176473/500000000"),
    "cups": ("volume", "473176473/2000000000"),
    "square metres": ("area", "1"),
    "hectares": ("area", "10000"),
    "acres": ("area", "316160658/78125"),
    "square km": ("area", "1000000"),
    "square cm": ("area", "1/10000"),
    "square feet": ("area", "145161/1562500"),
    "km/h": ("speed", "5/18"),
    "m/s": ("speed", "1"),
    "mph": ("speed", "1397/3125"),
    "bytes": ("data", "1"),
    "kB": ("data", "1000"),
    "MB": ("data", "1000000"),
    "GB": ("data", "1000000000"),
    "TB": ("data", "1000000000000"),
}
_SPELLINGS: Final[dict[str, str]] = {
    "mm": r"mm|millimet(?:er|re)s?",
    "cm": r"cms?|centimet(?:er|re)s?",
    "dm": r"dm|decimet(?:er|re)s?",
    "km": r"kms?|kilomet(?:er|re)s?",
    "m": r"m|met(?:er|re)s?",
    "inches": r"inch|inches|in",
    "feet": r"feet|foot|ft",
    "yards": r"yards?|yd",
    "miles": r"miles?|mi",
    "mg": r"mg|milligrams?",
    "g": r"g|grams?|gm",
    "kg": r"kgs?|kilograms?|kilos?",
    "tonnes": r"tonnes?|metric tons?|t",
    "ounces": r"oz|ounces?",
    "pounds": r"lbs?|pounds?",
    "seconds": r"s|secs?|seconds?",
    "minutes": r"mins?|minutes?",
    "hours": r"h|hrs?|hours?",
    "days": r"days?",
    "weeks": r"weeks?",
    "ml": r"ml|millilit(?:er|re)s?",
    "cl": r"cl|centilit(?:er|re)s?",
    "litres": r"l|lit(?:er|re)s?",
    "cubic metres": r"cubic met(?:er|re)s?",
    "cubic cm": r"cubic (?:cm|centimet(?:er|re)s?)|cc",
    "gallons": r"gallons?|gal",
    "pints": r"pints?",
    "quarts": r"quarts?",
    "cups": r"cups?",
    "square metres": r"(?:square|sq) (?:m|met(?:er|re)s?)",
    "hectares": r"hectares?",
    "acres": r"acres?",
    "square km": r"(?:square|sq) (?:km|kilomet(?:er|re)s?)",
    "square cm": r"(?:square|sq) (?:cm|centimet(?:er|re)s?)",
    "square feet": r"(?:square|sq) (?:feet|foot|ft)",
    "km/h": r"km / ?h|kmh|kph|kilomet(?:er|re)s per hour|km per hour",
    "m/s": r"m / ?s|met(?:er|re)s per second|m per second|mps",
    "mph": r"mph|miles per hour",
    "bytes": r"bytes?",
    "kB": r"kb|kilobytes?",
    "MB": r"mb|megabytes?",
    "GB": r"gb|gigabytes?",
    "TB": r"tb|terabytes?",
}
_NUMBER: Final = r"(?P<n>-?\d+(?:\.\d+)?(?: \d+/\d+|/\d+)?)"
_UNIT: Final = "|".join(f"(?:{pattern})" for pattern in _SPELLINGS.values())
_DEGREES: Final = r"(?:°|deg(?:rees?)?)? ?"
_TEMPERATURES: Final = {
    "Celsius": rf"{_DEGREES}(?:c|celsius|centigrade)",
    "Fahrenheit": rf"{_DEGREES}(?:f|fahrenheit)",
    "Kelvin": rf"{_DEGREES}(?:k|kelvin)",
}
_LEAD: Final = re.compile(
    r"\b(?:please|convert|conversion|what is|whats|what are|how much is|how "
    r"many|change|express|can you|could you|tell me|give me|the|is|are|there|"
    r"equals?|calculate|compute|find|thanks?|thank you|hi|hello|hey|i need|me|"
    r"a|an|equal|do|does|you|turn|make|have|contain|contains|value of|find|"
    r"work out|write)\b"
)


def read_units(scan: Scan, setting: Setting) -> Question | None:
    """`convert 5 km to miles`, `how many feet are in 3 yards`, `100 °F in Celsius`."""
    text = setting.text.lower().replace(",", "")
    text = re.sub(r"[?!]|\.(?!\d)", " ", text)
    many = re.search(
        (
            rf"how many ({_UNIT})(?: are| is|) ?(?:there )?(?:in|is|are|equal to|"
            rf"equals|make)? ?{_NUMBER}? ?(?:an? )?(?P<u>{_UNIT})\s*$"
        ),
        " ".join(text.split()),
    )
    if many:
        source, target, amount = many["u"], many[1], many["n"] or "1"
        if re.search(rf"how many ({_UNIT})", text) and text.strip().startswith(
            ("how many", "hi", "hello", "hey", "please")
        ):
            return _converted(amount, source, target, scan)
    plain = " ".join(_LEAD.sub(" ", text).split())
    match = re.fullmatch(rf"{_NUMBER} ?(?P<u>{_UNIT}) (?:in|to|into|as|=) ?(?P<v>{_UNIT})", plain)
    if match:
        return _converted(match["n"], match["u"], match["v"], scan)
    match = re.fullmatch(rf"(?P<u>{_UNIT}) (?:to|in|from) (?P<v>{_UNIT}) {_NUMBER}", plain)
    if match:
        return _converted(match["n"], match["u"], match["v"], scan)
    return _temperature(plain)


def _named(word: str) -> str | None:
    return next((name for name, pattern in _SPELLINGS.items() if re.fullmatch(pattern, word)), None)


def _value(text: str) -> Fraction:
    whole, _, part = text.partition(" ")
    return Fraction(whole) + (Fraction(part) if part else 0)


def _converted(amount: str, source: str, target: str, scan: Scan) -> Question | None:
    first, second = _named(source), _named(target)
    if first is None or second is None or first == second:
        return None
    (kind, size), (other, unit_size) = _TABLE[first], _TABLE[second]
    if kind != other:
        return None
    ratio = Fraction(size) / Fraction(unit_size)
    value = _value(amount)
    decimals = "." in amount
    form = take_form(scan)
    return value_question(
        Value(
            title=f"{amount} {first} in {second}",
            expression=mul(number(value, decimal=decimals), number(ratio)),
            name=f"{amount} {first}",
            unit=second,
            before=(f"1 {_one(first)} = {pretty(number(ratio))} {second}",)
            if ratio.denominator < 1000
            else (),
            decimals=True,
            show_working=False,
            form=form,
        )
    )


def _one(name: str) -> str:
    singular = {"feet": "foot", "inches": "inch"}
    return singular.get(name, name.removesuffix("s") if len(name) > 3 else name)


def _temperature(text: str) -> Question | None:
    words = "|".join(_TEMPERATURES.values())
    match = re.fullmatch(
        rf"(?P<n>-?\d+(?:\.\d+)?) ?(?P<u>{words}) (?:in|to|into|as) ?(?P<v>{words})", text
    )
    if match is None:
        return None
    source, target = (
        next(n for n, p in _TEMPERATURES.items() if re.fullmatch(p, match[g])) for g in "uv"
    )
    value: Node = number(Fraction(match["n"]), decimal="." in match["n"])
    if source == target:
        return None
    nine_fifths, five_ninths = div(number(9), number(5)), div(number(5), number(9))
    shift, kelvin = number(32), Num(Fraction("273.15"), decimal=True)
    celsius = {
        "Celsius": value,
        "Fahrenheit": mul(sub(value, shift), five_ninths),
        "Kelvin": sub(value, kelvin),
    }[source]
    out = {
        "Celsius": celsius,
        "Fahrenheit": add(mul(celsius, nine_fifths), shift),
        "Kelvin": add(celsius, kelvin),
    }[target]
    return value_question(
        Value(
            title=f"{match['n']} degrees {source} in {target}",
            expression=out,
            name="temperature",
            unit=f"degrees {target}" if target != "Kelvin" else "kelvin",
            decimals=True,
        )
    )


_ANGLE_EXTRA: Final = wordset("degrees degree radians radian angle convert express change measure")


def read_angle(scan: Scan, setting: Setting) -> Question | None:
    """`convert 60° to radians`, `π/3 radians in degrees`."""
    to_radians = scan.cue(r"(?:to|in|into|as) radians?(?: measure)?")
    to_degrees = scan.cue(r"(?:to|in|into|as) degrees?(?: measure)?")
    asked = scan.word(r"how many (?:radians|degrees) (?:is|are|in|are in|are there in)")
    to_radians = to_radians or (asked is not None and "radians" in asked)
    to_degrees = to_degrees or (asked is not None and "degrees" in asked)
    if to_radians == to_degrees:
        return None
    scan.cue(r"radians?|rad")
    nodes = scan.rest("N")
    if len(nodes) != 1 or scan.has("X") or not scan.done(_ANGLE_EXTRA):
        return None
    node = nodes[0]
    if not is_constant(node):
        return None
    if to_radians:
        inner = node.args[0] if isinstance(node, Call) and node.name == "deg" else node
        return value_question(
            Value(
                title=f"{pretty(inner)}° in radians",
                expression=div(mul(inner, PI), number(180)),
                name=f"{pretty(inner)}°",
                unit="radians",
                before=("Multiply by π/180.",),
            )
        )
    radians = str(setting.text.lower()).count("radian") > 0
    names = any(isinstance(part, type(PI)) for part in (node, *getattr(node, "args", ())))
    if not radians and not names and "pi" not in setting.text.lower():
        return None
    return value_question(
        Value(
            title=f"{pretty(node)} radians in degrees",
            expression=div(mul(node, number(180)), PI),
            name=f"{pretty(node)} radians",
            unit="degrees",
            before=("Multiply by 180/π.",),
            decimals=True,
        )
    )


READERS = (read_angle, read_units)
