"""Published numbers of a report: a small TOML file beside its experiment, and their comparison with a run.

A file holds `values` (what was printed, the metric of `summary.json` it answers to, its unit), `ranges` (what others
got with the same protocol), `flags` (what is wrong or open in the report) and `parameters` (the report's own names of
settings). Numbers are compared, never copied into results.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from handgrad.errors import ConfigError

Unit = Literal["fraction", "percent", "per_image", "sum", "seconds"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Correction(_Table):
    """One entry of a printed list that cannot be right, and what it must be."""

    index: int = Field(ge=0)
    value: float
    why: str


class PublishedValue(_Table):
    """One printed number, or a list of one number a class.

    `metric` is the key of `summary.json` (or `batch_loss`, the last line of `metrics.jsonl`) it is compared with; None
    where handgrad measures nothing of the kind. `unit` sum needs `images`, the number summed over. `measures` accuracy
    says that 1 − value is the error the metric holds.
    """

    label: str
    metric: str | None = None
    value: float | None = None
    values: list[float] | None = None
    unit: Unit
    images: int | None = Field(default=None, gt=0)
    measures: Literal["error", "accuracy"] = "error"
    corrections: list[Correction] = []

    @model_validator(mode="after")
    def _consistent(self) -> PublishedValue:
        if (self.value is None) == (self.values is None):
            raise ValueError("expected exactly one of `value` and `values`")
        if (self.unit == "sum") != (self.images is not None):
            raise ValueError('`images`, the number summed over, belongs to unit "sum" and only to it')
        if any(correction.index >= len(self.values or []) for correction in self.corrections):
            raise ValueError("a correction's `index` lies outside `values`")
        return self

    def comparable(self, printed: float) -> float:
        """`printed` in the unit of the metric: a fraction wrong, a loss per image, or seconds."""
        value = printed / 100 if self.unit == "percent" else printed
        if self.images is not None:
            value /= self.images
        return 1 - value if self.measures == "accuracy" else value


class PublishedRange(_Table):
    """What runs of the same protocol by others gave for a metric."""

    metric: str
    low: float
    high: float
    unit: Literal["fraction", "percent", "per_image"]
    about: str

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends in the unit of the metric."""
        factor = 0.01 if self.unit == "percent" else 1.0
        return self.low * factor, self.high * factor


class PublishedPoint(_Table):
    """What was printed for one point of a sweep: `value` is that of the first key of the grid, fractions, seconds."""

    value: int | float | str
    test_accuracy: float | None = None
    test_loss: float | None = None
    seconds: float | None = None


class Flag(_Table):
    """What a reader must know: `wrong` in the report, left open by it (`caution`), or worth knowing (`note`)."""

    kind: Literal["wrong", "caution", "note"]
    text: str


class Parameter(_Table):
    """A setting under the report's own name: `key` is its place in the config, `name` and `value` what was printed.

    `times` is a further key whose value multiplies it. `words` maps a value of the config, as text, to the report's.
    `loosely` says that the report printed a part only, so that ours need but begin with it.
    """

    name: str
    means: str
    key: str
    times: str | None = None
    value: int | float | str | None = None
    words: dict[str, str] = {}
    loosely: bool = False


class Published(_Table):
    """All that one report printed about one experiment.

    `parameters_of` names the experiment whose parameters these are too, so that a sweep need not repeat them.
    """

    format: Literal[1]
    report: str
    about: str
    values: list[PublishedValue] = []
    ranges: list[PublishedRange] = []
    points: list[PublishedPoint] = []
    flags: list[Flag] = []
    parameters: list[Parameter] = []
    parameters_of: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One line of the comparison; `ours` and `theirs` share the unit of the metric, `difference` is ours − theirs.

    `printed` repeats what the report says in its own unit; `corrected` says why `theirs` differs from it.
    """

    label: str
    metric: str | None
    printed: str
    theirs: float
    ours: float | None
    corrected: str | None = None

    @property
    def difference(self) -> float | None:
        """Ours − theirs, None where we have nothing to set against it."""
        return None if self.ours is None else self.ours - self.theirs


def load_published(path: Path) -> Published:
    """Read one file of published numbers; raises `ConfigError` naming file and key where it is not as it must be."""
    try:
        return Published.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def find_published(experiment: str) -> Published | None:
    """The published numbers that come with handgrad for an experiment of that name, None where there are none."""
    folder = resources.files("handgrad") / "experiments"
    known = {Path(entry.name).name: entry for entry in folder.iterdir()} if folder.is_dir() else {}
    entry = known.get(f"{experiment}.published.toml")
    if entry is None:
        return None
    with resources.as_file(entry) as path:
        found = load_published(path)
    other = find_published(found.parameters_of) if found.parameters_of else None
    return found if other is None else found.model_copy(update={"parameters": other.parameters})


def compare(published: Published, results: Mapping[str, Any]) -> list[Comparison]:
    """Every single published number beside ours; `results` maps a metric's key to our value (see `PublishedValue`)."""
    return [
        Comparison(
            label=value.label,
            metric=value.metric,
            printed=_as_printed(value, value.value),
            theirs=value.comparable(value.value),
            ours=_number(results.get(value.metric or "")),
        )
        for value in published.values
        if value.value is not None
    ]


def compare_classes(published: Published, results: Mapping[str, Any], class_names: Sequence[str]) -> list[Comparison]:
    """The published list of one number a class beside ours, corrected where the file says so; [] without a list."""
    value = next((value for value in published.values if value.values is not None), None)
    if value is None or value.values is None or len(value.values) != len(class_names):
        return []
    ours = results.get(value.metric or "") or [None] * len(class_names)
    fixed = {correction.index: correction for correction in value.corrections}
    return [
        Comparison(
            label=str(name),
            metric=value.metric,
            printed=_as_printed(value, printed),
            theirs=value.comparable(fixed[index].value if index in fixed else printed),
            ours=_number(mine),
            corrected=fixed[index].why if index in fixed else None,
        )
        for index, (name, printed, mine) in enumerate(zip(class_names, value.values, ours, strict=False))
    ]


def _as_printed(value: PublishedValue, printed: float) -> str:
    text = {"percent": f"{printed:g} %", "seconds": f"{printed:g} s"}.get(value.unit, f"{printed:g}")
    return f"{text}, a sum over {value.images:,} images" if value.images is not None else text


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
