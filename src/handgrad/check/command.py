"""What `handgrad check` does with what it is given: a configured net, a program, or a sheet of formulas."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from handgrad.check import log as check_log
from handgrad.check.layout import explanations_of, lay_out, verdict_of
from handgrad.check.levels import choose_level, find_cap
from handgrad.check.reading.wishes import Wishes
from handgrad.check.runner import SECONDS, run_child
from handgrad.errors import UsageError

EXIT_CODES = {"right": 0, "mistake": 1, "error": 2, "undecided": 4}
_SAMPLES = ("", "rows", "columns", "vector", "column", "row")
_LABELS = ("", "onehot", "numbers", "flat")


@dataclass
class Result:
    """For people, for programs, and for the shell."""

    verdict: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def exit_code(self) -> int:
        """0 right, 1 mistake, 2 a sheet's line that cannot be read, 4 undecided."""
        return EXIT_CODES[self.verdict]

    def __str__(self) -> str:
        return self.text


def check_anything(
    what: str, kind: str, wishes: dict[str, str], *, level: int | None, more: bool, log: bool, seconds: int = SECONDS
) -> Result:
    """Check NAME, FILE.toml, FILE.py[:thing], FILE.ipynb[:thing] or FILE.txt.

    Raises:
        UsageError: no such thing.
        NotReadError: the program could not be run.
    """
    if not what:
        raise UsageError("check what? Expected an experiment's NAME, FILE.toml, net.py, net.ipynb or sheet.txt")
    name, _, thing = what.partition(":") if not Path(what).is_file() else (what, "", "")
    path = Path(name)
    if path.suffix in (".py", ".ipynb"):
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        return check_program(
            path, make_wishes(path, thing, wishes), kind, level=level, more=more, log=log, seconds=seconds
        )
    if path.suffix == ".txt":
        return _check_sheet(path, level, more, log)
    return check_configured(what)


def make_wishes(path: Path, thing: str, given: dict[str, str]) -> Wishes:
    """Options, over what a `check.toml` beside the file says.

    Raises:
        UsageError: an unknown key or value.
    """
    file, values = path.parent / "check.toml", {}
    if file.is_file():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}") from error
        values = {**values, **values.pop(path.name, {})} if isinstance(values.get(path.name), dict) else values
        values = {k: v for k, v in values.items() if not isinstance(v, dict)}
    known = ("forward", "backward", "update", "loss", "samples", "labels", "sizes", "reg", "thing")
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UsageError(f"{file}: unknown key {unknown[0]!r}; there are {', '.join(known)}, and a table a file name")
    merged: dict[str, Any] = {**values, **{k: v for k, v in given.items() if v}}
    if thing:
        merged["thing"] = thing
    for key, allowed in (("samples", _SAMPLES), ("labels", _LABELS)):
        if merged.get(key, "") not in allowed:
            raise UsageError(f"--{key}: expected {', '.join(allowed[1:])}; received {merged[key]}")
    merged["sizes"] = _sizes(merged.get("sizes", ""))
    return Wishes(**merged)


def _sizes(text: Any) -> tuple[int, ...]:
    parts = text if isinstance(text, list) else [p for p in str(text).replace("-", ",").split(",") if p.strip()]
    try:
        sizes = tuple(int(p) for p in parts)
    except ValueError:
        raise UsageError(f"--sizes: expected whole numbers such as 20,8,5; received {text}") from None
    if sizes and (len(sizes) < 2 or min(sizes) < 1):
        raise UsageError(f"--sizes: expected inputs, hidden units and outputs, such as 20,8,5; received {text}")
    return sizes


def check_program(
    path: Path, wishes: Wishes, kind: str = "", *, level: int | None = None, more: bool = False, log: bool = True,
    seconds: int = SECONDS, cells: list[str] | None = None,
) -> Result:  # fmt: skip
    """Which mistakes are in a program's gradients.

    Raises:
        NotReadError: it could not be read or run.
        UsageError: a course.toml that cannot be read, a level out of range.
    """
    cap = find_cap(path.parent)
    chosen = choose_level(level, more, check_log.last_level(path) if more else None, cap)
    answer = run_child(path, wishes, kind, cells, seconds)
    verdict = verdict_of(answer)
    if log:
        check_log.append(path, verdict, explanations_of(answer), chosen)
    data = {"file": path.name, "verdict": verdict, "level": chosen, **_cut(answer, chosen)}
    return Result(verdict, lay_out(path.name, answer, chosen, cap), data)


_FROM_LEVEL = {
    "explanation": 3, "words": 3, "mathematics": 3, "others": 3, "ruled_out": 3, "accuracy": 3, "change": 4,
    "symptom": 2,
    "question": 2, "expected": 2, "received": 2, "index": 2,
}  # fmt: skip


def _cut(answer: dict[str, Any], level: int) -> dict[str, Any]:
    """For programs: no more than the level allows."""
    if level == 0:
        return {
            "said": answer["said"],
            "parts": [{k: p[k] for k in ("name", "kind", "said", "verdict")} for p in answer["parts"]],
        }
    parts = []
    for part in answer["parts"]:
        findings = [_cut_finding(found, level) for found in part["findings"]]
        parts.append({**part, "findings": findings})
    return {**answer, "parts": parts}


def _cut_finding(found: dict[str, Any], level: int) -> dict[str, Any]:
    return {k: v for k, v in found.items() if level >= _FROM_LEVEL.get(k, 1)}


def check_configured(what: str) -> Result:
    """Every gradient of an experiment's net, with its loss and penalty, against central differences."""
    from handgrad.build import make_loss, make_network
    from handgrad.check.gradient import check_network
    from handgrad.config_file import load_config

    _, config = load_config(what)
    shape = _input_shape(config)
    report = check_network(make_network(config), shape, make_loss(config), l1=config.loss.l1, l2=config.loss.l2)
    return Result("right" if report.passed else "mistake", report.format(), report.to_json())


def _input_shape(config: Any) -> tuple[int, ...]:
    """Of one image: (1, 28, 28) for the registered sources, else that of the data."""
    from handgrad.build import read_data
    from handgrad.data.registry import REGISTRY

    if config.data.source in REGISTRY:
        return (1, 28, 28)
    train = read_data(config.data, 0).train
    if train is None:
        raise UsageError(f"{config.data.source}: there are no training images to take the size from")
    return tuple(train.images.shape[1:])


def _check_sheet(path: Path, level: int | None, more: bool, log: bool) -> Result:
    from handgrad.check.sheet import check_sheet

    cap = find_cap(path.parent)
    chosen = choose_level(level, more, check_log.last_level(path) if more else None, cap)
    report = check_sheet(path)
    if log:
        check_log.append(path, report.verdict, [found.explanation for found in report.findings], chosen)
    lines = [
        line | {"finding": line["finding"] and _cut_finding(line["finding"], chosen)}
        for line in report.as_dict()["lines"]
    ]
    return Result(report.verdict, report.text(chosen), {**report.as_dict(), "level": chosen, "lines": lines})


TEMPLATES = ("functions", "class", "updates", "layer", "optimizer", "example")


def template(form: str) -> str:
    """A program to start from, in one of the forms.

    Raises:
        UsageError: no such form.
    """
    if form not in TEMPLATES:
        raise UsageError(f"--template: expected {', '.join(TEMPLATES)}; received {form}")
    return resources.files("handgrad.check").joinpath(f"templates/{form}.txt").read_text(encoding="utf-8").rstrip()
