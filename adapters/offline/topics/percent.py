"""Percentages: shares, changes, discounts, tips, markups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import Call, Node, Num, add, call, div, is_constant, mul, sub

_HUNDRED: Final = Num(Fraction(100))
_OF: Final = r"(?:percent|percentage|%|what percent|what percentage|how many percent)"
_EXTRA: Final = wordset(
    "percent percentage % number amount bill price total cost original final "
    "discount off dollars dollar euros euro pounds much is what after new "
    "item meal sale rate tax tip restaurant dinner discounted reduced"
)


def _bare(node: Node) -> Node:
    """`10%` -> 10; a plain number stays."""
    return node.args[0] if isinstance(node, Call) and node.name == "percent" else node


def _is_percent(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "percent"


def _share(part: Node, whole: Node) -> Value:
    return Value(
        title=f"{pretty(part)} as a percentage of {pretty(whole)}",
        expression=mul(div(part, whole), _HUNDRED),
        name="percentage",
        unit="%",
        decimals=True,
    )


def _up(base: Node, percent: Node) -> Value:
    share = call("percent", _bare(percent))
    return Value(
        title=f"{pretty(base)} increased by {pretty(share)}",
        expression=add(base, mul(share, base)),
        name="result",
        decimals=True,
    )


def _down(base: Node, percent: Node) -> Value:
    share = call("percent", _bare(percent))
    return Value(
        title=f"{pretty(base)} reduced by {pretty(share)}",
        expression=sub(base, mul(share, base)),
        name="result",
        decimals=True,
    )


def _of(percent: Node, base: Node) -> Value:
    share = call("percent", _bare(percent))
    return Value(
        title=f"{pretty(share)} of {pretty(base)}", expression=mul(share, base), decimals=True
    )


def _change(old: Node, new: Node) -> Value:
    return Value(
        title=f"Percentage change from {pretty(old)} to {pretty(new)}",
        expression=mul(div(sub(new, old), old), _HUNDRED),
        name="change",
        unit="%",
        before=("change = (new - old)/old · 100",),
        decimals=True,
    )


def _whole(part: Node, percent: Node) -> Value:
    share = call("percent", _bare(percent))
    return Value(
        title=f"{pretty(part)} is {pretty(share)} of what?",
        expression=div(part, share),
        name="whole",
        before=(f"Divide by the percentage: {pretty(part)}/{pretty(share)}",),
        decimals=True,
    )


_Rule = tuple[str, Callable[[Node, Node], Value], bool]
_RULES: Final[tuple[_Rule, ...]] = (
    (rf"{_OF} of N is N", lambda a, b: _share(b, a), False),
    (rf"{_OF} is N (?:out )?of N", _share, False),
    (rf"N is {_OF} of N", _share, False),
    (rf"N is what {_OF}? ?of N", _share, False),
    (
        rf"N (?:out )?of N (?:is what |as |in |is |to |expressed as |written as )?{_OF}",
        _share,
        False,
    ),
    (rf"N as {_OF} of N", _share, False),
    (rf"(?:express|write|give) N as {_OF} of N", _share, False),
    (r"N is N of (?:what|which)(?: number)?", lambda a, b: _whole(a, b), True),
    (r"N of (?:what|which)(?: number)? (?:is|equals|gives) N", lambda a, b: _whole(b, a), True),
    (r"(?:what|which) number is N of N", _of, True),
    (
        (
            rf"{_OF} (?:change|increase|decrease|growth|difference|rise|drop|gain|"
            r"loss)? ?(?:from|between) N (?:to|and) N"
        ),
        _change,
        False,
    ),
    (r"(?:from|between) N (?:to|and) N", _change, False),
    (r"(?:increase|raise|raised|increased) N by N", _up, True),
    (r"N (?:increased|raised|grown|marked up|increases|grows|goes up) by N", _up, True),
    (r"(?:decrease|reduce|lower|reduced|decreased|discount) N by N", _down, True),
    (
        r"N (?:decreased|reduced|lowered|discounted|marked down|decreases|goes down) by N",
        _down,
        True,
    ),
    (
        (
            r"N (?:off|discount|off of|discount on|discount off|reduction on)(?: of| "
            r"from| on)? (?:price of |bill of )?N"
        ),
        lambda a, b: _down(b, a),
        True,
    ),
    (r"N (?:with|after|minus|less) (?:discount of )?N (?:off|discount|reduction)", _down, True),
    (
        (
            r"N (?:tip|vat|tax|sales tax|gratuity|commission|interest|markup|mark up) "
            r"(?:on|of|for|to) (?:bill of |price of |bill |check of |meal |meal of "
            r")?N(?: bill| meal| check)?"
        ),
        _of,
        True,
    ),
    (r"tip (?:of )?N (?:on|for) (?:bill of |bill )?N(?: bill)?", _of, True),
    (
        r"tip (?:on|for) (?:bill of |bill )?N(?: bill)?(?: at| of| with)? N",
        lambda a, b: _of(b, a),
        True,
    ),
    (r"add N (?:percent |tax |vat |tip |interest )?(?:to|on) N", lambda a, b: _up(b, a), True),
    (r"N (?:plus|with|and|including|\+) N (?:tax|vat|tip|sales tax|markup)", _up, True),
    (r"N (?:more|greater|higher|bigger|larger) than N", lambda a, b: _up(b, a), True),
    (r"N (?:less|lower|smaller|fewer) than N", lambda a, b: _down(b, a), True),
    (r"N of N", _of, True),
)


def read_percent(scan: Scan, setting: Setting) -> Question | None:
    """`what percent of 60 is 15?`, `20% off 50`, `increase 80 by 15%`."""
    words = {part.text for part in scan.parts}
    percents = any(part.node is not None and _is_percent(part.node) for part in scan.parts)
    if not (percents or words & {"percent", "percentage", "%"}):
        return None
    form = take_form(Scan(scan.parts)) if False else take_form(scan)
    if form.percent:
        scan = Scan(scan.parts)
    for pattern, make, needs_percent in _RULES:
        trial = Scan(scan.parts)
        take_form(trial) if form.rounds else None
        found = trial.take(pattern)
        if found is None or len(found) != 2 or not all(map(is_constant, found)):
            continue
        marked = [node for node in found if _is_percent(node)]
        if (
            needs_percent != bool(marked)
            or len(marked) > 1
            or not trial.done(_EXTRA)
            or trial.has("X")
        ):
            continue
        value = make(*found)
        if (
            marked
            and make in (_up, _down, _of)
            and not _is_percent(found[1] if make is not _of else found[0])
        ):
            continue
        return value_question(replace(value, form=form if form.rounds else value.form))
    return None


READERS = (read_percent,)
