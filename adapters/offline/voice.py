"""The fixed sentences of the tutor. What it is, what it can do, and how to get a model."""

from __future__ import annotations

from typing import Final

MARK: Final = "— offline tutor, no AI model"
"""The last line of every answer."""

WAY_OUT: Final = (
    "For a model that reads anything, set `OPENAI_API_KEY` or `OPENAI_BASE_URL`, "
    "or run `bobbin model pull`."
)
CAN_DO: Final = "I can do, for example, `solve 3x + 11 = 14` or `derivative of x^2 sin x`."
NOT_UNDERSTOOD: Final = (
    "I am the offline tutor: fixed rules for mathematics, no AI model, and this is outside what "
    f"they understand (so are word problems and general questions). {CAN_DO} {WAY_OUT}"
)
OFF: Final = "The code interpreter is off here, so I worked this out with my own exact arithmetic."
NEEDS_INTERPRETER: Final = (
    "I understood this, but it needs the code interpreter, which is off here. Without it I only "
    "answer arithmetic, linear and quadratic equations and small linear systems."
)
CODE_FAILED: Final = (
    "The Python that I ran for this failed or ran out of time, so I have no result from it."
)
TOO_LONG: Final = (
    "That message is too long for me: I read up to {limit} characters. "
    "Please send the question alone."
)
JOY: Final = (
    "I cannot tell whether the `!` at the end is a factorial. Please write `(2!)` for one, or "
    "leave the mark out."
)
TOO_MANY: Final = "That is too many questions for one message. Please send a few at a time."
TOO_LARGE: Final = (
    "I understood this, but the numbers in it are too large to work out (a value of thousands of "
    "digits), so I did not start."
)
NO_PICTURES: Final = "I cannot see pictures. Please type the question."
NOTHING_BEFORE: Final = (
    "I do not know what this refers to. Please write the whole expression or equation."
)

GREETING: Final = (
    "Hello! I am Bobbin's offline tutor: I do school and college mathematics by fixed rules, with "
    "no AI model behind me. Ask me, for example, `solve x^2 - 5x + 6 = 0` or `plot sin x`."
)
THANKS: Final = "You are welcome. Send me the next one whenever you like."
GOODBYE: Final = "Goodbye, and good luck with your mathematics."
WELL: Final = "I am a program of fixed rules, so always the same. What shall we work out?"
PRAISE: Final = "Good. Send me the next one whenever you like."
IDENTITY: Final = (
    "I am Bobbin's offline tutor. No AI model answers here: a grammar reads the mathematics, "
    "Python (SymPy) in a sandbox works it out, and fixed rules explain the steps. " + WAY_OUT
)
ABILITIES: Final = (
    """I understand mathematics in plain words or symbols, for example:
- equations, inequalities and systems: `solve 2x + y = 5, x - y = 1`
- derivatives, integrals, limits, series: `integrate x e^x from 0 to 1`
- simplify, expand, factor: `factor x^2 - 9`
- statistics: `mean and standard deviation of 2, 4, 4, 5`
- plots: `plot y = x^2 - 3 from -3 to 3`
- arithmetic, percentages, primes, matrices, geometry formulas, units: `15% of 80`

I do not understand word problems or general questions, because no AI model reads them. """
    + WAY_OUT
)


def partly(understood: str, words: tuple[str, ...]) -> str:
    """A refusal that says how far the reading came."""
    shown = ", ".join(f"“{word[:24]}”" for word in words[:3])
    return (
        f"I can read `{understood}` in this, but not {shown}, and I do not guess. I am the offline "
        f"tutor: fixed rules, no AI model. If it changes nothing, ask again without it. {WAY_OUT}"
    )
