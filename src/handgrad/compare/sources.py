"""What a person names to be compared: runs, sweeps, or a mixture, by path, prefix, `last` or `@2`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from handgrad.compare.judgement import Comparison, compare_points
from handgrad.compare.points import points_of_runs, points_of_sweep
from handgrad.errors import UsageError
from handgrad.listing import find_sweep, run_folders, sweep_folders
from handgrad.settings import PLAIN, Wording


def sweep_folder(name: str | Path, out: str | Path) -> Path | None:
    """The folder of a sweep: a path, or a unique prefix of its name; None where a run is meant."""
    path, text = Path(name), str(name)
    if (path / "sweep.toml").is_file():
        return path
    named_runs = [folder for folder in run_folders(out) if folder.name.startswith(text)]
    named_sweeps = [folder for folder in sweep_folders(out) if folder.name.startswith(text)]
    if (path / "config.toml").is_file() or named_runs or not named_sweeps:
        return None
    return find_sweep(name, out)


def compare(
    names: Sequence[str | Path], out: str | Path = "runs", wording_of: Callable[[str], Wording] = lambda name: PLAIN
) -> tuple[Comparison, Path | None]:
    """Compare a sweep's points, or runs with each other; several sweeps or a mixture are taken as their runs.

    Args:
        names: each a path, a unique prefix, `last` or `@2`.
        out: where runs lie.
        wording_of: from an experiment's name to its report's own words for settings.

    Returns:
        the comparison, and the sweep's folder where it is one sweep's.

    Raises:
        UsageError: if there is no such run or sweep, or only a single run.

    >>> from handgrad import train
    >>> runs = [train("digits-mlp-constant", {"training.iterations": 5, "seed": s}, out=tmp_path, quiet=True)
    ...         for s in (0, 1)]
    >>> compare(["last", "@2"], out=tmp_path)[0].best.estimate.count
    2
    """
    from handgrad.runs import Run, find_run
    from handgrad.sweep import load_sweep

    sweeps = [sweep_folder(name, out) for name in names]
    if len(sweeps) == 1 and sweeps[0] is not None:
        result = load_sweep(sweeps[0])
        return compare_points(result.name, result.title, points_of_sweep(result), wording_of(result.name)), sweeps[0]
    runs: list[Run] = []
    for name, sweep in zip(names, sweeps, strict=True):
        runs += [run for _, run in load_sweep(sweep).trials] if sweep is not None else [Run(find_run(name, out))]
    if len(runs) < 2:
        raise UsageError(
            "there is nothing to compare one run with: name two or more, or a sweep; "
            "`handgrad report` shows one run, --with EXPERIMENT sets your own log against an experiment"
        )
    points = points_of_runs([run for run in runs if (run.folder / "config.toml").is_file()])
    experiments = list(dict.fromkeys(run.name for run in runs))
    title = f"{len(runs)} runs compared" if len(points) > 1 else f"{len(runs)} runs of the same settings"
    return compare_points(" and ".join(experiments), title, points, wording_of(experiments[0])), None
