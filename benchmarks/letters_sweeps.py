"""Report B's three sweeps as tables, with their published numbers; results in docs/evidence/letters-sweeps.md.

    python benchmarks/letters_sweeps.py [SWEEP …] [--out FOLDER]

Without names it runs them first: the hidden units (twelve runs), L2 and dropout (three each, of 50 epochs); about
forty minutes on two cores. Names are sweep folders that are there already. Needs notMNIST (HANDGRAD_DATA).
"""

import argparse
from pathlib import Path

from handgrad.compare.sources import compare
from handgrad.report import words
from handgrad.report.comparison import result_row
from handgrad.report.comparison_table import as_markdown
from handgrad.report.findings import findings
from handgrad.report.published import find_published
from handgrad.report.sweep import published_row
from handgrad.report.wording import wording_of
from handgrad.run_folder import describe_machine
from handgrad.sweep import run_sweep

ROOT = Path(__file__).parent.parent
SWEEPS = ("letters-mlp-units", "letters-cnn-l2", "letters-cnn-dropout")
COLUMNS = {
    "label": "point",
    "trials": "trials",
    "train": "training accuracy",
    "test": "test accuracy",
    "loss": "test loss",
    "penalty": "penalty",
    "seconds": "time",
    "published test": "published accuracy",
    "published loss": "published loss",
    "published seconds": "published time",
}


def section(name: str, out: Path) -> list[str]:
    """One sweep's tables and sentences, in Markdown."""
    comparison, _ = compare([name], out, wording_of)
    published = find_published(comparison.name)
    rows = [
        result_row(judged)
        | {f"published {key}": value for key, value in published_row(published, judged.point).items()}
        for judged in comparison.judged
    ]
    columns = {key: head for key, head in COLUMNS.items() if any(row[key] != words.MISSING for row in rows)}
    lines = [f"## {comparison.title}", "", f"| {' | '.join(columns.values())} |", "| --- " * len(columns) + "|"]
    lines += [f"| {' | '.join(str(row[key]) for key in columns)} |" for row in rows]
    lines += ["", *(f"- {sentence}" for sentence in findings(comparison)), "", as_markdown(comparison), ""]
    return lines


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweeps", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    args = parser.parse_args()
    names = args.sweeps or [str(run_sweep(name, out=args.out).folder) for name in SWEEPS]
    machine = describe_machine()
    lines = [
        "# Evidence: report B's sweeps",
        "",
        f"{machine['cpu']}, {machine['cores']} cores. Written by `python benchmarks/letters_sweeps.py`.",
        "",
    ]
    for name in names:
        lines += section(name, args.out)
    (ROOT / "docs" / "evidence" / "letters-sweeps.md").write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
