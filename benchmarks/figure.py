"""The README's one figure: how long each rival takes, with handgrad's time as 1."""

from __future__ import annotations

import textwrap
from pathlib import Path

FIGURE = Path(__file__).parent.parent / "docs" / "benchmarks.svg"
COLOURS = {"torch": "#c44e52", "jax": "#8172b3", "scikit-learn": "#dd8452"}
NAMES = {"torch": "PyTorch, its best setting", "jax": "JAX, one compiled scan", "scikit-learn": "scikit-learn"}


def draw(rows: list[tuple[str, dict[str, float]]], path: Path = FIGURE) -> None:
    """Bars on a logarithmic axis.

    Args:
        rows: a title for each workload, and by rival family how many times as long as handgrad it takes.
        path: of the SVG.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "handgrad", "font.family": "sans-serif", "font.size": 10}
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 0.75 + 0.62 * len(rows)), layout="constrained")
    place, ticks, seen = 0.0, [], set()
    for title, ratios in rows:
        first = place
        for rival, ratio in ratios.items():
            label = NAMES[rival] if rival not in seen else None
            seen.add(rival)
            axes.barh(place, ratio - 1, left=1, color=COLOURS[rival], label=label, height=0.8)
            axes.annotate(f"{ratio:.1f}×" if ratio < 10 else f"{ratio:.0f}×", (max(ratio, 1), place), (4, 0),
                          textcoords="offset points", va="center")  # fmt: skip
            place += 1
        ticks.append(((first + place - 1) / 2, title))
        place += 0.8
    axes.axvline(1, color="#222", linewidth=1.2)
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 1.6)
    axes.set_xticks([0.3, 1, 3, 10, 30, 100], ["0.3×", "handgrad = 1", "3×", "10×", "30×", "100×"])
    axes.minorticks_off()
    axes.set_yticks(
        [where for where, _ in ticks], [textwrap.fill(title.split(";")[0], 34) for _, title in ticks], fontsize=8
    )
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("time, as a multiple of handgrad's")
    axes.legend(loc="center right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
