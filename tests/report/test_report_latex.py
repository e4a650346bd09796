"""The LaTeX folder: structure and escaping, without LaTeX."""

import re

import pytest
from synthetic import MakeRun, config_table, synthetic_data

from handgrad.report import write_latex
from handgrad.report.latex import escape_latex

pytestmark = pytest.mark.slow

NASTY = r"50% & #1 _{x}^2 ~ \input{/etc/passwd} $a$ <b>"


def test_the_folder_holds_figures_tables_and_a_document(make_run: MakeRun) -> None:
    run = make_run(experiment="digits-mlp-constant")
    folder = write_latex(run, run.folder / "latex")
    assert {path.name for path in folder.iterdir()} == {
        "loss.pdf",
        "error.pdf",
        "filters.pdf",
        "classes.pdf",
        "confusion.pdf",
        "mistakes.pdf",
        "table.tex",
        "results.tex",
        "network.tex",
        "settings.tex",
        "published.tex",
        "main.tex",
    }
    main = (folder / "main.tex").read_text("utf-8")
    for name in re.findall(r"\\(?:input|includegraphics\[[^]]*\]){([^}]*)}", main):
        assert (folder / name).exists() or (folder / f"{name}.tex").exists()
    assert set(re.findall(r"\\usepackage(?:\[[^]]*\])?{([^}]*)}", main)) == {"inputenc", "geometry", "graphicx"}


def test_every_row_has_as_many_cells_as_its_table(make_run: MakeRun) -> None:
    run = make_run(experiment="digits-mlp-inverse-sqrt", config=config_table(display={"loss": "sum"}))
    folder = write_latex(run, run.folder / "latex")
    for name in ("table", "results", "network", "settings", "published"):
        text = (folder / f"{name}.tex").read_text("utf-8")
        columns = re.findall(r"\\begin{tabular}{(.*)}\n", text)[0]
        width = len(re.sub(r"p{[^}]*}", "p", columns))
        rows = [line for line in text.splitlines() if line.endswith(r"\\")]
        assert len(rows) > 1
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {width}


def test_names_are_text(make_run: MakeRun) -> None:
    names = (NASTY, "1", "2")
    run = make_run(config=config_table(title=NASTY), data=synthetic_data(class_names=names))
    folder = write_latex(run, run.folder / "latex")
    for name in ("main", "table"):
        text = (folder / f"{name}.tex").read_text("utf-8")
        assert escape_latex(NASTY) in text
        assert r"\input{/etc" not in text


@pytest.mark.parametrize("letter", list("\\{}$&#%_^~<>|"))
def test_no_special_letter_stays_special(letter: str) -> None:
    escaped = escape_latex(f"a{letter}b")
    assert escaped != f"a{letter}b"
    assert escaped.startswith("a\\")
    assert escape_latex("a\x00\x1bb") == "ab"


def test_a_run_with_nothing_gives_a_document_without_tables_of_nothing(make_run: MakeRun) -> None:
    run = make_run(state="failed", metrics=[], weights=False)
    folder = write_latex(run, run.folder / "latex")
    main = (folder / "main.tex").read_text("utf-8")
    assert "includegraphics" not in main
    assert r"\input{table}" not in main
    assert r"\input{settings}" in main
    assert "tabular" not in (folder / "table.tex").read_text("utf-8")
