"""Charts of data: histograms, bar charts, box plots."""

from __future__ import annotations

from typing import Final

from adapters.offline import arrays, code, show
from adapters.offline.lexicon import wordset
from adapters.offline.question import Answer, Question
from adapters.offline.scan import Scan, flat
from adapters.offline.topics.common import Setting, report
from adapters.offline.tree import is_constant

_EXTRA: Final = wordset(
    "plot draw make create graph show chart data dataset set numbers values scores sketch list"
    " following given sample with"
)
_KINDS: Final = (
    (r"histogram", "histogram", "plt.hist(data, bins=np.arange(min(data) - 0.5, max(data) + 1.5))"),
    (r"bar (?:chart|graph|plot|diagram)", "bar chart", "plt.bar(range(1, len(data) + 1), data)"),
    (r"box(?: and whisker)? ?plot", "box plot", "plt.boxplot(data)"),
    (r"line (?:chart|graph|plot)", "line chart", "plt.plot(range(1, len(data) + 1), data)"),
)


def read_chart(scan: Scan, _setting: Setting) -> Question | None:
    """`histogram of 1, 2, 2, 3`."""
    for pattern, name, call in _KINDS:
        if scan.cue(pattern):
            data = flat(scan.rest("X"))
            if not 2 <= len(data) <= 400 or not all(map(is_constant, data)):
                return None
            if not scan.done(_EXTRA):
                return None
            try:
                numbers = ", ".join(map(arrays.expression, data))
            except code.Unwritable:
                return None
            lines = [
                "import json",
                "import matplotlib.pyplot as plt",
                "import numpy as np",
                "",
                f"data = [{numbers}]",
                call,
                "plt.grid(True, alpha=0.3)",
                "plt.show()",
                report(drawn="len(data)"),
            ]
            shown = ", ".join(map(show.pretty, data[:20])) + (", …" if len(data) > 20 else "")
            return Question(
                kind="chart",
                title=f"{name[0].upper()}{name[1:]} of {shown}",
                code="\n".join(lines) + "\n",
                explain=lambda _, name=name: Answer((f"The {name} is drawn.",)),
            )
    return None


READERS = (read_chart,)
