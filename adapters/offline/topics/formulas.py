"""Named formulas whose every quantity is given by its name: z-score, interest."""

from __future__ import annotations

from typing import Final

from adapters.offline.form import take_form
from adapters.offline.lexicon import wordset
from adapters.offline.question import Question
from adapters.offline.scan import Scan
from adapters.offline.show import pretty
from adapters.offline.topics.common import Setting, Value, value_question
from adapters.offline.tree import (
    ONE,
    Call,
    Node,
    add,
    div,
    equation,
    integer,
    mul,
    power,
    sub,
)

_IS: Final = r"(?:of |is |= |equals |equal to )*"
_EXTRA: Final = wordset(
    "zscore score z if with where given when and value normal distribution interest simple compound"
    " compounded annually yearly principal amount rate per year years after over p a total final"
    " deposited invested investment earned"
)


def read_z_score(scan: Scan, _setting: Setting) -> Question | None:
    """`z-score of 85 if the mean is 70 and the standard deviation is 10`."""
    form = take_form(scan)
    if not scan.cue(r"zscores?|z scores?|standard score"):
        return None
    mean = scan.take(rf"(?:mean|average|mu) {_IS}N") or scan.take(r"N (?:mean|average)")
    spread = scan.take(rf"(?:standard deviation|sigma) {_IS}N") or scan.take(
        r"N standard deviation"
    )
    values = [node for node in scan.rest("X") if equation(node) is None]
    if mean is None or spread is None or len(values) != 1 or not scan.done(_EXTRA):
        return None
    x, mu, sigma = values[0], mean[0], spread[0]
    return value_question(
        Value(
            title=f"z-score of {pretty(x)} for mean {pretty(mu)} and deviation {pretty(sigma)}",
            expression=div(sub(x, mu), sigma),
            name="z",
            before=("z = (x - mean)/(standard deviation)",),
            form=form,
            decimals=True,
        )
    )


def read_interest(scan: Scan, _setting: Setting) -> Question | None:
    """`simple interest on 1000 at 5% for 3 years`, `compound interest …` (yearly)."""
    form = take_form(scan)
    kind = scan.word(r"(?:simple|compound) interest")
    if kind is None:
        return None
    years = scan.take(r"(?:for|over|after|in) N years?") or scan.take(r"N years?")
    rate = scan.take(
        r"(?:at|rate of|with|at rate of|interest rate of) N(?: per year| annually| p a)?"
    )
    base = scan.take(r"(?:on|of|principal of|for|investing) (?:principal of )?N")
    if years is None or rate is None or base is None or scan.has("X") or not scan.done(_EXTRA):
        return None
    percent = rate[0]
    if not (isinstance(percent, Call) and percent.name == "percent"):
        return None
    return _interest(kind, base[0], percent, years[0], form=form)


def _interest(
    kind: str, base: Node, percent: Node, years: Node, *, form: object
) -> Question | None:
    from adapters.offline.form import PLAIN, Form

    wish = form if isinstance(form, Form) else PLAIN
    shown = f"{pretty(base)} at {pretty(percent)} for {pretty(years)} years"
    if "simple" in kind:
        node = mul(mul(base, percent), years)
        text = "I = P·r·t"
    else:
        if integer(years) is None:
            return None
        node = sub(mul(base, power(add(ONE, percent), years)), base)
        text = "I = P·(1 + r)ᵗ - P, compounded once a year"
    return value_question(
        Value(
            title=f"{kind.strip().capitalize()} on {shown}",
            expression=node,
            name="interest",
            before=(text,),
            form=wish,
            decimals=True,
            show_working=False,
        )
    )


READERS = (read_z_score, read_interest)
