"""Plots of equations between x and y, and of points."""

from __future__ import annotations

from adapters.offline import arrays, code, show
from adapters.offline.question import Answer, Question
from adapters.offline.topics.common import report
from adapters.offline.tree import (
    Listing,
    Node,
    Relation,
    free,
    sub,
)


def implicit_plot(relations: list[Relation], window: tuple[Node, Node] | None) -> Question | None:
    """Curves in x and y, by their zero line."""
    if any(relation.ops != ("=",) for relation in relations):
        return None
    if any(set(free(relation)) - {"x", "y"} for relation in relations):
        return None
    try:
        zeros = [arrays.expression(sub(*relation.sides[:2])) for relation in relations]
        low, high = (arrays.expression(edge) for edge in window) if window else ("-10", "10")
    except code.Unwritable:
        return None
    lines = [
        "import json",
        "import matplotlib.pyplot as plt",
        "import numpy as np",
        "",
        f"x, y = np.meshgrid(np.linspace({low}, {high}, 601), np.linspace({low}, {high}, 601))",
        'with np.errstate(all="ignore"):',
        *(
            f'    plt.contour(x, y, {zero} + 0*x, levels=[0], colors=["C{index}"])'
            for index, zero in enumerate(zeros)
        ),
        'plt.axhline(0, color="gray", linewidth=0.8)',
        'plt.axvline(0, color="gray", linewidth=0.8)',
        "plt.grid(True, alpha=0.3)",
        'plt.gca().set_aspect("equal")',
        "plt.show()",
        report(drawn=str(len(zeros))),
    ]
    shown = " and ".join(show.pretty(relation) for relation in relations)
    return Question(
        kind="plot",
        title=f"Plot {shown}",
        code="\n".join(lines) + "\n",
        explain=lambda _: Answer(
            (f"The plot of {shown} is drawn, for x and y from {low} to {high}.",)
        ),
        subject=relations[0],
    )


def point_plot(nodes: tuple[Node, ...]) -> Question:
    """Points as dots."""
    points = [node.items for node in nodes if isinstance(node, Listing)]
    xs = ", ".join(arrays.expression(point[0]) for point in points)
    ys = ", ".join(arrays.expression(point[1]) for point in points)
    lines = [
        "import json",
        "import matplotlib.pyplot as plt",
        "",
        f"xs = [{xs}]",
        f"ys = [{ys}]",
        "plt.scatter(xs, ys)",
        'plt.axhline(0, color="gray", linewidth=0.8)',
        'plt.axvline(0, color="gray", linewidth=0.8)',
        "plt.grid(True, alpha=0.3)",
        "plt.show()",
        report(drawn="len(xs)"),
    ]
    shown = ", ".join(map(show.pretty, nodes))
    return Question(
        kind="plot",
        title=f"Plot the points {shown}",
        code="\n".join(lines) + "\n",
        explain=lambda _: Answer((f"The plot of the points {shown} is drawn.",)),
        subject=nodes[0],
    )
