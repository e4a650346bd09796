"""The first layer's filters as pictures: before training, along the way and after it, all on one scale of colours."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from handgrad import plots
from handgrad.build import make_network
from handgrad.config import DenseConfig
from handgrad.errors import HandgradError, LoadError
from handgrad.filters import FilterLayer, filter_layer, load_snapshots
from handgrad.kernels.types import Array
from handgrad.report.facts import Facts
from handgrad.report.results import Section
from handgrad.report.words import count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRIP = 10  # filters followed over time: all where there are no more than these …
FEWER = 5  # … else the first few, as examples
_WIDEST = 8  # filters side by side
_LEVELS = 63  # shades; odd, so that 0 has its own. A page holds many pictures, and more shades weigh more
_VISIBLE = 0.1  # of the scale: initial weights below it cannot hide what was learned
_SHARE_INSIDE = 0.995  # of the weights, within the ends of the scale: one large weight must not pale all others

# From blue through near white to vermilion: apart for colour-blind readers, and light where a weight is 0.
COLOURS = np.array([[0, 62, 110], [64, 146, 197], [247, 247, 247], [236, 132, 62], [148, 46, 0]], np.float64)
_WHOLES = {"before": "Before training", "after": "After training"}


@dataclass(frozen=True)
class Filters:
    """What is drawn: `shots` in the order of time as (label, pictures (F, C, K, L)), the last one ending training.

    The first shot is "before"; the last is "after" where trained weights were left.
    """

    layer: FilterLayer
    shots: list[tuple[str, Array]]
    names: tuple[str, ...]
    problem: str = ""

    @property
    def change(self) -> Array | None:
        """What training added to every weight; None where the end is not known."""
        return self.shots[-1][1] - self.shots[0][1] if self.shots[-1][0] == "after" else None

    @property
    def followed(self) -> int:
        """How many are shown over time."""
        return self.layer.kept if self.layer.kept <= STRIP else FEWER

    @property
    def learned(self) -> list[tuple[str, Array]]:
        """Every later shot less the first one."""
        return [(label, pictures - self.shots[0][1]) for label, pictures in self.shots[1:]]

    @property
    def limit(self) -> float:
        """The weight at the ends of the scale of colours, which goes from −limit to +limit."""
        sizes = np.abs(np.concatenate([pictures.ravel() for _, pictures in (*self.shots, *self.learned)]))
        sizes = sizes[np.isfinite(sizes)]
        return float(np.quantile(sizes, _SHARE_INSIDE)) or float(sizes.max()) or 1.0 if len(sizes) else 1.0


def gather_filters(facts: Facts) -> Filters | None:
    """The pictures of a run's first layer; None where it cannot be drawn or nothing is known of it."""
    first = _initial(facts)
    if first is None:
        return None
    layer, before = first
    problem = ""
    try:
        recorded = load_snapshots(facts.run.folder, layer)
    except LoadError as error:
        recorded, problem = {}, str(error)
    last = facts.iterations
    between = {k: a for k, a in recorded.items() if k < last or facts.network is None}
    shots = [("before", before)]
    shots += [(label, a) for label, a in zip(_labels(facts, list(between)), between.values(), strict=True)]
    if facts.network is not None:
        shots.append(("after", layer.pictures(facts.network.parameters[layer.parameter])))
    if len(shots) == 1:
        return None
    return Filters(layer, shots, _names(facts, layer), problem)


def _initial(facts: Facts) -> tuple[FilterLayer, Array] | None:
    """The layer and its weights as they were drawn: the seed draws them again."""
    if facts.config is None:
        return None
    shape = facts.run.summary.get("input_shape") or (facts.data and facts.data.input_shape)
    if not shape:
        return None
    try:
        network = make_network(facts.config).build(tuple(shape), seed=facts.config.seed_for("init"))
    except HandgradError:
        return None
    layer = filter_layer(network)
    return None if layer is None else (layer, layer.pictures(network.parameters[layer.parameter]))


def _labels(facts: Facts, iterations: list[int]) -> list[str]:
    """Epochs where all moments end one, else updates."""
    images = facts.images_in("train")
    length = facts.config.training.batches_per_epoch if facts.config else None
    if length is None and images and facts.config:
        size = facts.config.training.batch_size
        length = 1 if size == "all" else ceil(images / size)
    if length and all(k % length == 0 for k in iterations):
        return [f"epoch {k // length}" for k in iterations]
    return [f"update {count(k)}" for k in iterations]


def _names(facts: Facts, layer: FilterLayer) -> tuple[str, ...]:
    """What each filter is called: its class where it alone speaks for one, else its number."""
    later = [c for c in facts.config.network.layers[layer.index + 1 :] if hasattr(c, "init")] if facts.config else []
    alone = all(isinstance(c, DenseConfig) and c.frozen and c.init and c.init.type == "identity" for c in later)
    if alone and len(facts.class_names) == layer.count:
        return facts.class_names[: layer.kept]
    return tuple(f"{'unit' if layer.units else 'filter'} {i + 1}" for i in range(layer.kept))


def filters(facts: Facts, folder: Path) -> Section | None:
    """The section's pictures, scale and captions; the same as one figure in `folder`."""
    found = gather_filters(facts)
    if found is None:
        return None
    plots.save_figure(filters_figure(found), folder, "filters")
    limit, change, followed = found.limit, found.change, found.followed
    wholes = [(_WHOLES[label], pictures) for label, pictures in found.shots if label in _WHOLES]
    if change is not None:
        wholes.append(("What was learned: after less before", change))
    return {
        "wholes": [{"source": png(mosaic(pictures, limit)), "label": label} for label, pictures in wholes],
        "scale": {"source": png(levels(np.linspace(-1, 1, 256)[None], 1.0)), "limit": f"{limit:.2g}"},
        "strips": _strips(found),
        "intro": _intro(found),
        "alike": alike(found),
        "cut": f"The first {followed} of {count(found.layer.count)}." if followed < found.layer.count else "",
        "problem": found.problem,
    }


def _strips(found: Filters) -> list[Section]:
    """The weights over time, and where they did not begin near zero what was learned over time as well."""
    limit = found.limit
    strips = [("Over time", found.shots)]
    if np.abs(found.shots[0][1]).max() > _VISIBLE * limit:
        strips.append(("Over time, less the beginning", found.learned))
    return [
        {"heading": heading, "times": [time for time, _ in shots], "rows": _rows(found, shots, limit)}
        for heading, shots in strips
    ]


def _rows(found: Filters, shots: list[tuple[str, Array]], limit: float) -> list[Section]:
    return [
        {"name": name, "pictures": [png(mosaic(pictures[i : i + 1], limit)) for _, pictures in shots]}
        for i, name in enumerate(found.names[: found.followed])
    ]


def levels(values: NDArray[Any], limit: float) -> NDArray[np.uint8]:
    """Weights as entries of the palette: −limit is 1, 0 the middle, +limit the last; 0 (clear) if not finite.

    >>> levels(np.array([-2.0, -1.0, 0.0, 1.0, np.nan]), 1.0).tolist()
    [1, 1, 32, 63, 0]
    """
    known = np.isfinite(values)
    place = np.clip(np.where(known, values, 0.0) / limit, -1, 1)
    middle = _LEVELS // 2 + 1
    return np.where(known, np.rint(middle + place * (middle - 1)), 0).astype(np.uint8)


def mosaic(pictures: Array, limit: float) -> NDArray[np.uint8]:
    """Pictures (F, C, K, L) in rows, as entries of the palette, a clear line between them; channels lie side by side.

    >>> mosaic(np.zeros((2, 1, 3, 3)), 1.0).shape
    (3, 7)
    """
    F, C, K, L = pictures.shape
    across = _across(F)
    down, tall, wide = ceil(F / across), K + 1, C * L + 1
    pixels = np.zeros((down * tall - 1, across * wide - 1), np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // across * tall, i % across * wide
        pixels[top : top + K, left : left + C * L] = levels(beside(picture), limit)
    return pixels


def _across(F: int) -> int:
    """How many side by side: about as many as there are rows, in full rows where that is possible."""
    square = ceil(sqrt(F))
    return F if F <= 4 else next((n for n in range(square, _WIDEST + 1) if F % n == 0), min(_WIDEST, square))


def png(entries: NDArray[np.uint8]) -> str:
    """A picture of palette entries (H, W) as a `data:` address."""
    from PIL import Image

    picture = Image.fromarray(entries).convert("P")
    picture.putpalette(_palette().tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True, transparency=0)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _palette() -> NDArray[np.uint8]:
    place = np.linspace(0, len(COLOURS) - 1, _LEVELS)
    shades = np.stack([np.interp(place, np.arange(len(COLOURS)), COLOURS[:, c]) for c in range(3)], axis=1)
    return np.vstack([np.zeros((1, 3)), shades]).round().astype(np.uint8)


def beside(picture: Array) -> Array:
    """One picture (C, K, L) as (K, C·L): its channels side by side."""
    C, K, L = picture.shape
    return picture.transpose(1, 0, 2).reshape(K, C * L)


def filters_figure(found: Filters) -> Figure:
    """The strip over time as a figure for other documents: a row a filter, a column a moment, one scale."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    names, limit = found.names[: found.followed], found.limit
    shots = found.shots if found.change is None else [*found.shots, ("learned", found.change)]
    _, C, K, L = found.shots[0][1].shape
    tall, wide = K + 1, C * L + 1
    sheet = np.full((len(names) * tall, len(shots) * wide), np.nan)
    for row in range(len(names)):
        for column, (_, pictures) in enumerate(shots):
            sheet[row * tall : row * tall + K, column * wide : column * wide + C * L] = beside(pictures[row])
    with plots.style():
        figure = Figure(figsize=(0.85 * len(shots) * max(1, C) + 1.5, 0.85 * len(names) + 0.6), layout="constrained")
        axes = figure.add_subplot()
        colours = LinearSegmentedColormap.from_list("weights", COLOURS / 255)
        image = axes.imshow(sheet, colours, vmin=-limit, vmax=limit, interpolation="nearest")
        axes.set_xticks([(i + 0.5) * wide - 1 for i in range(len(shots))], [label for label, _ in shots])
        axes.set_yticks([(i + 0.5) * tall - 1 for i in range(len(names))], names)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, shrink=0.8)
    return figure


def _intro(found: Filters) -> str:
    layer = found.layer
    C, K, L = layer.shape
    what = f"{count(layer.count)} units, each with a weight a pixel" if layer.units else f"{count(layer.count)} filters"
    shown = f" (the first {layer.kept} are drawn)" if layer.kept < layer.count else ""
    channels = f" of {C} channels, side by side" if C > 1 else ""
    return f"Layer {layer.index} has {what} of {K} × {L}{channels}{shown}."


def alike(found: Filters) -> str:
    """How alike two filters became, said from their correlation; "" unless there are two and both ends are known."""
    change = found.change
    if change is None or found.layer.count != 2 or not np.isfinite(change).all():
        return ""
    first, second = (c.ravel() - c.mean() for c in change)
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not size:
        return "Training left them as they were."
    r = float(first @ second) / size
    said = (
        "one is nearly the other’s negative: both look for the same difference"
        if r < -0.8
        else "both look for the same"
        if r > 0.8
        else "they look for different things"
    )
    return f"What the two filters learned correlates by {r:.2f}: {said}.".replace("-", "−")
