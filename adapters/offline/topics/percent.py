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


_Rule = tuple[str, Callable[[Node, Node], Value], int | None]
_TIPS: Final = r"(?:tip|vat|tax|sales tax|gratuity|commission|interest|markup|mark up)"
_BILLS: Final = r"(?:bill of |price of |bill |check of |meal |meal of )"
_CHANGES: Final = r"(?:change|increase|decrease|growth|difference|rise|drop|gain|loss)"
_OFF: Final = r"(?:off|discount|off of|discount on|discount off|reduction on)"
_RULES: Final[tuple[_Rule, ...]] = (
    # pattern, formula of its two numbers, which of them is a percentage
    (rf"{_OF} of N is N", lambda whole, part: _share(part, whole), None),
    (rf"{_OF} is N (?:out )?of N", _share, None),
    (rf"N is {_OF} of N", _share, None),
    (rf"N is what {_OF}? ?of N", _share, None),
    (
        rf"N (?:out )?of N (?:is what |as |in |is |to |expressed as |written as )?{_OF}",
        _share,
        None,
    ),
    (rf"(?:express |write |give )?N as {_OF} of N", _share, None),
    (r"N is N of (?:what|which)(?: number)?", _whole, 1),
    (
        r"N of (?:what|which)(?: number)? (?:is|equals|gives) N",
        lambda percent, part: _whole(part, percent),
        0,
    ),
    (r"(?:what|which) number is N of N", _of, 0),
    (rf"{_OF} {_CHANGES}? ?(?:from|between) N (?:to|and) N", _change, None),
    (r"(?:from|between) N (?:to|and) N", _change, None),
    (r"(?:increase|raise|raised|increased) N by N", _up, 1),
    (r"N (?:increased|raised|grown|marked up|increases|grows|goes up) by N", _up, 1),
    (r"(?:decrease|reduce|lower|reduced|decreased|discount) N by N", _down, 1),
    (
        r"N (?:decreased|reduced|lowered|discounted|marked down|decreases|goes down) by N",
        _down,
        1,
    ),
    (
        rf"N {_OFF}(?: of| from| on)? (?:price of |bill of )?N",
        lambda percent, base: _down(base, percent),
        0,
    ),
    (r"N (?:with|after|minus|less) (?:discount of )?N (?:off|discount|reduction)", _down, 1),
    (rf"N {_TIPS} (?:on|of|for|to) {_BILLS}?N(?: bill| meal| check)?", _of, 0),
    (r"tip (?:of )?N (?:on|for) (?:bill of |bill )?N(?: bill)?", _of, 0),
    (
        r"tip (?:on|for) (?:bill of |bill )?N(?: bill)?(?: at| of| with)? N",
        lambda base, percent: _of(percent, base),
        1,
    ),
    (
        r"add N (?:percent |tax |vat |tip |interest )?(?:to|on) N",
        lambda percent, base: _up(base, percent),
        0,
    ),
    (r"N (?:plus|with|and|including|\+) N (?:tax|vat|tip|sales tax|markup)", _up, 1),
    (
        r"N (?:more|greater|higher|bigger|larger) than N",
        lambda percent, base: _up(base, percent),
        0,
    ),
    (r"N (?:less|lower|smaller|fewer) than N", lambda percent, base: _down(base, percent), 0),
    (r"N of N", _of, 0),
)


def read_percent(scan: Scan, _setting: Setting) -> Question | None:
    """`what percent of 60 is 15?`, `20% off 50`, `increase 80 by 15%`."""
    words = {part.text for part in scan.parts}
    percents = any(part.node is not None and _is_percent(part.node) for part in scan.parts)
    if not (percents or words & {"percent", "percentage", "%"}):
        return None
    form = take_form(scan)
    for pattern, make, percent in _RULES:
        trial = Scan(scan.parts)
        if form.rounds:
            take_form(trial)
        found = trial.take(pattern)
        if found is None or len(found) != 2 or not all(map(is_constant, found)):
            continue
        marked = [index for index, node in enumerate(found) if _is_percent(node)]
        fits = marked == ([] if percent is None else [percent])
        if fits and trial.done(_EXTRA) and not trial.has("X"):
            value = make(*found)
            return value_question(replace(value, form=form if form.rounds else value.form))
    return None


READERS = (read_percent,)
