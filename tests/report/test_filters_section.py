"""Filters on the page: every picture on one scale of colours, before and after right, names escaped, gaps said."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic import MakeRun, config_table, evaluations, synthetic_data

from handgrad.build import make_network
from handgrad.filters import FILE
from handgrad.report.facts import gather
from handgrad.report.filters import alike, beside, filters, gather_filters, levels, mosaic
from handgrad.report.html import write_report
from handgrad.runs import Run
from handgrad.storage import arrays_to_bytes

CONV = [
    {"type": "Conv2D", "filters": 2, "kernel": 8, "init": {"type": "normal", "std": 0.1}},
    {"type": "Flatten"},
    {"type": "Dense", "units": 3},
]


def network_of(layers: list) -> dict:
    return config_table(network={"layers": layers})


def entries(source: str) -> np.ndarray:
    content = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)))


def trained(run: Run, scale: float = 3.0) -> Run:
    """Give the run's net other weights than those it began with."""
    run.network.parameters[next(n for n in run.network.parameters if n.endswith(".W"))][...] *= -scale
    return run


def recorded(run: Run, shape: tuple, iterations: tuple = (200, 400)) -> list:
    rng = np.random.default_rng(0)
    arrays = {f"{k:09d}": rng.normal(0, 0.2, shape).astype(np.float32) for k in iterations}
    (run.folder / FILE).write_bytes(arrays_to_bytes(arrays))
    return list(arrays.values())


@pytest.mark.parametrize("layers", [CONV, None])
def test_before_during_and_after_on_one_scale(make_run: MakeRun, tmp_path: Path, layers: list | None) -> None:
    run = trained(make_run(config=network_of(layers) if layers else None))
    count = 2 if layers else 12
    between = recorded(run, (count, 1, 8, 8))
    facts = gather(run, None)
    section = filters(facts, tmp_path)
    before = make_network(run.config).build((1, 8, 8), seed=0).parameters["0.W" if layers else "1.W"]
    first = before if layers else before.T.reshape(count, 1, 8, 8)
    shots = [first, *between, -3 * first]
    limit = gather_filters(facts).limit
    everything = np.abs(np.concatenate([a.ravel() for a in (*shots, *(s - first for s in shots[1:]))]))
    assert limit == pytest.approx(np.quantile(everything, 0.995))
    plain, learned = section["strips"]
    assert plain["times"] == ["before", "epoch 50", "epoch 100", "after"]
    for number, row in enumerate(plain["rows"]):
        for source, shot in zip(row["pictures"], shots, strict=True):
            np.testing.assert_array_equal(entries(source), levels(shot[number, 0], limit))
    for number, row in enumerate(learned["rows"]):
        for source, shot in zip(row["pictures"], shots[1:], strict=True):
            np.testing.assert_array_equal(entries(source), levels((shot - first)[number, 0], limit))
    assert [entries(whole["source"]).tolist() for whole in section["wholes"]] == [
        mosaic(shot, limit).tolist() for shot in (first, shots[-1], shots[-1] - first)
    ]
    assert section["scale"]["limit"] == f"{limit:.2g}"
    assert (tmp_path / "filters.png").stat().st_size > 1000


def test_the_page_shows_them(make_run: MakeRun) -> None:
    run = trained(make_run(config=network_of(CONV)))
    recorded(run, (2, 1, 8, 8))
    page = write_report(run).read_text()
    assert "What the first layer looks for" in page
    assert "Before training" in page
    assert "After training" in page
    assert 'alt="filter 2, epoch 100"' in page


def test_a_folder_without_recorded_filters_shows_both_ends(make_run: MakeRun, tmp_path: Path) -> None:
    section = filters(gather(trained(make_run()), None), tmp_path)
    assert section["strips"][0]["times"] == ["before", "after"]
    assert len(section["wholes"]) == 3
    assert section["cut"] == "The first 5 of 12."


def test_a_damaged_file_is_named_and_both_ends_stay(make_run: MakeRun) -> None:
    run = make_run(config=network_of(CONV))
    (run.folder / FILE).write_bytes(b"not safetensors")
    page = write_report(run).read_text()
    assert "Before training" in page
    assert "expected safetensors" in page


def test_a_run_without_weights_shows_its_beginning_and_what_was_recorded(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(state="diverged", weights=False, config=network_of(CONV))
    recorded(run, (2, 1, 8, 8))
    section = filters(gather(run, None), tmp_path)
    assert section["strips"][0]["times"] == ["before", "epoch 50", "epoch 100"]
    assert [whole["label"] for whole in section["wholes"]] == ["Before training"]


def test_a_run_that_only_began_has_no_such_section(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(state="failed", weights=False, metrics=evaluations(0))
    assert filters(gather(run, None), tmp_path) is None


def test_weights_that_are_not_finite_are_left_clear(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(config=network_of(CONV))
    run.network.parameters["0.W"][0, 0, 2, 3] = np.nan
    section = filters(gather(run, None), tmp_path)
    picture = entries(section["strips"][0]["rows"][0]["pictures"][-1])
    assert picture[2, 3] == 0
    assert (picture == 0).sum() == 1


IDENTITY = [
    {"type": "Conv2D", "filters": 3, "kernel": 8},
    {"type": "Flatten"},
    {"type": "Dense", "units": 3, "init": {"type": "identity"}, "frozen": True},
]


def test_filters_that_answer_for_a_class_bear_its_name_escaped(make_run: MakeRun) -> None:
    names = ("<script>alert(1)</script>", 'a "b"', "c")
    run = make_run(config=network_of(IDENTITY), data=synthetic_data(class_names=names))
    assert gather_filters(gather(run, None)).names == names
    page = write_report(run).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;, after" in page


def test_colour_channels_lie_side_by_side() -> None:
    picture = np.arange(3 * 2 * 2).reshape(3, 2, 2)
    assert beside(picture).tolist() == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]]


def test_a_net_that_does_not_see_an_image_first_has_none(make_run: MakeRun, tmp_path: Path) -> None:
    layers = [{"type": "Conv2D", "filters": 3, "kernel": 1}, {"type": "Flatten"}, {"type": "Dense", "units": 3}]
    assert filters(gather(make_run(config=network_of(layers)), None), tmp_path) is None


@pytest.mark.parametrize(("factor", "said"), [(1.0, "both look for the same."), (-1.0, "other’s negative")])
def test_what_two_filters_share_is_said(make_run: MakeRun, factor: float, said: str) -> None:
    run = make_run(config=network_of(CONV))
    learned = np.random.default_rng(0).normal(0, 1, (8, 8))
    W = run.network.parameters["0.W"]
    W[0, 0] += learned
    W[1, 0] += factor * learned
    assert said in alike(gather_filters(gather(run, None)))


def test_every_picture_of_a_page_of_many_units_stays_small(make_run: MakeRun, tmp_path: Path) -> None:
    section = filters(gather(trained(make_run()), None), tmp_path)
    sources = re.findall(r"data:image/png;base64,[^']+", str(section))
    assert len(sources) == 3 + 1 + 5 * 3
    assert max(map(len, sources)) < 4000
