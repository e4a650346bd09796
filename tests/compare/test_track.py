"""Am I on track? Verdicts on logs made from a reference's own curves, and where the reference comes from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_runs import write_run

from handgrad.compare.own_log import Log
from handgrad.compare.reference import bundled_references, find_reference, fingerprint, reference_of, write_reference
from handgrad.compare.track import Track, judge_log
from handgrad.config_file import load_config
from handgrad.errors import UsageError
from handgrad.report.on_track import as_json, as_text, headline, save_track

REFERENCE = find_reference("digits-mlp-constant", "nowhere")


def mean(measure: str) -> tuple[np.ndarray, np.ndarray]:
    x, values = REFERENCE.curves[measure]
    return x, values.mean(axis=0)


def log(axis: str = "iteration", x: np.ndarray | None = None, **curves: np.ndarray) -> Log:
    return Log(Path("mine.csv"), axis, mean("test_error")[0] if x is None else x, curves)


def test_a_run_of_the_reference_itself_is_on_track() -> None:
    """Each seed left out in turn and set against the four others; 95 % of places are expected inside."""
    for left_out in range(REFERENCE.runs):
        curves = {m: (x, np.delete(values, left_out, axis=0)) for m, (x, values) in REFERENCE.curves.items()}
        others = replace(REFERENCE, curves=curves, runs=REFERENCE.runs - 1)
        own = {m: values[left_out] for m, (_, values) in REFERENCE.curves.items()}
        assert judge_log(log(**own), others).verdict == "on track"


def test_half_the_way_is_on_track_as_far_as_it_goes() -> None:
    x, test = mean("test_error")
    track = judge_log(log(x=x[:20], test_error=test[:20]), REFERENCE)
    assert track.verdict == "on track"
    assert "as far as it goes (the reference goes on to 10,000)" in headline(track)


def test_too_slow_names_the_iteration_from_which() -> None:
    x, test = mean("test_error")
    track = judge_log(log(test_error=np.where(x >= 4000, 2 * test, test)), REFERENCE)
    assert track.verdict == "too slow"
    assert headline(track).startswith("Too slow from iteration 4,000: at iteration 10,000 your test error is 4.")


def test_better_asks_for_test_images_in_the_training_set() -> None:
    track = judge_log(log(test_error=mean("test_error")[1] * 0.3), REFERENCE)
    assert track.verdict == "better"
    assert "no test images are among the training images" in headline(track)


def test_a_lower_training_loss_alone_is_no_alarm() -> None:
    own = log(train_loss=mean("train_loss")[1] * 0.3, test_error=mean("test_error")[1])
    assert judge_log(own, REFERENCE).verdict == "on track"
    assert judge_log(log(train_loss=mean("train_loss")[1] * 0.3), REFERENCE).verdict == "on track"


def test_divergence_is_told_before_anything_else() -> None:
    x, loss = mean("train_loss")
    broken = np.where(x >= 2000, np.inf, loss)
    track = judge_log(log(train_loss=broken, test_error=mean("test_error")[1]), REFERENCE)
    assert track.verdict == "diverges"
    assert "no longer a finite number from iteration 2,000" in headline(track)
    rising = judge_log(log(train_loss=np.where(x > 1000, x / 500, loss)), REFERENCE)
    assert rising.verdict == "diverges"
    assert "rises from iteration 1,000" in headline(rising)


def test_epochs_become_iterations_and_a_learned_epoch_0_is_the_first_one() -> None:
    x, test = mean("test_error")
    at = np.array([1200.0, 2400.0, 3600.0, 4800.0])
    values = np.interp(at, x, test)
    after = judge_log(log("epoch", np.arange(4.0), test_error=values), REFERENCE)
    assert after.curves[0].x.tolist() == at.tolist()
    assert any("taken as the end of the first epoch" in text for text in after.assumed)
    before = judge_log(log("epoch", np.arange(5.0), test_error=np.array([0.9, *values])), REFERENCE)
    assert before.curves[0].x.tolist() == [0.0, *at]


def test_sums_over_a_batch_are_divided_and_said_so() -> None:
    track = judge_log(log(train_loss=50 * mean("train_loss")[1]), REFERENCE)
    assert track.verdict == "on track"
    assert any("a sum over a batch of 50 images" in text for text in track.assumed)


def test_a_log_of_every_batch_is_averaged() -> None:
    x = np.arange(3000.0)
    noise = np.random.default_rng(0).normal(0, 0.05, len(x))
    track = judge_log(log(x=x, train_loss=np.interp(x, *mean("train_loss")) + noise), REFERENCE)
    assert len(track.curves[0].x) == 15
    assert track.verdict == "on track"


def test_validation_is_set_against_the_test_and_said_so() -> None:
    track = judge_log(log(valid_error=mean("test_error")[1]), REFERENCE)
    assert track.curves[0].against == "test_error"
    assert any("set against the reference's test error" in text for text in track.assumed)


def test_nothing_in_common_is_a_usage_error() -> None:
    beyond = log(x=np.array([90000.0, 95000.0]), test_error=np.array([0.1, 0.1]))
    with pytest.raises(UsageError, match="nothing to compare with digits-mlp-constant"):
        judge_log(beyond, REFERENCE)


def made_track(name: str = "mine.csv") -> Track:
    track = judge_log(log(test_error=mean("test_error")[1], train_loss=mean("train_loss")[1]), REFERENCE)
    return replace(track, log=replace(track.log, path=Path(name)))


@pytest.mark.parametrize("to", ["html", "csv", "markdown", "latex"])
def test_every_format_is_written(tmp_path: Path, to: str) -> None:
    text = save_track(made_track(), tmp_path, to).read_text("utf-8")
    assert "on track" in text.lower()
    assert ("10000.0" if to == "csv" else "10,000") in text


def test_the_page_escapes_the_name_and_needs_no_network(tmp_path: Path) -> None:
    page = save_track(made_track("<script>alert(1)</script>.csv"), tmp_path).read_text("utf-8")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_the_json_is_json_whatever_diverged() -> None:
    x, loss = mean("train_loss")
    track = judge_log(log(train_loss=np.where(x > 500, np.inf, loss)), REFERENCE)
    document = json.loads(json.dumps(as_json(track), allow_nan=False))
    assert document["verdict"] == "diverges"
    assert document["curves"][0]["own"][-1] is None
    assert "Reference: digits-mlp-constant" in as_text(track)


# ------------------------------------------------------------------------------------------------ the reference


@pytest.mark.parametrize("name", bundled_references())
def test_a_bundled_band_belongs_to_its_experiment_as_it_is_now(name: str) -> None:
    from importlib import resources

    stored = json.loads((resources.files("handgrad") / "experiments" / f"{name}.reference.json").read_text("utf-8"))
    assert stored["config_sha256"] == fingerprint(load_config(name)[1])
    assert stored["runs"] >= 3


def test_own_runs_go_before_the_bundled_band(tmp_path: Path) -> None:
    config = load_config("digits-mlp-constant")[1].model_dump(exclude_none=True)
    sections = {key: config[key] for key in ("data", "network", "loss", "optimizer", "training")}
    for seed in range(4):
        sampled = {"sampled": seed == 3}
        write_run(
            tmp_path / f"r{seed}",
            0.1,
            seed=seed,
            told=sampled,
            status={"experiment": "digits-mlp-constant"},
            **sections,
        )
    found = find_reference("digits-mlp-constant", tmp_path)
    assert found.runs == 3  # the one on a sample does not count
    assert str(tmp_path) in found.origin
    path = write_reference("digits-mlp-constant", tmp_path, tmp_path)
    assert json.loads(path.read_text())["curves"]["test_error"]["iteration"][-1] == 100


def test_other_settings_are_not_the_experiment(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path / f"r{seed}", 0.1, seed=seed, status={"experiment": "digits-mlp-constant"})
    assert find_reference("digits-mlp-constant", tmp_path).origin.startswith("bundled")
    with pytest.raises(UsageError, match="a band needs 3"):
        find_reference("letters-mlp-units", tmp_path)


def test_a_band_of_full_batches_counts_all_images(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(s), 0.1, seed=s, training={"epochs": 10, "batch_size": "all"}) for s in range(3)]
    found = reference_of(runs, "here")
    assert (found.batch_size, found.updates_per_epoch) == (100, 10.0)
