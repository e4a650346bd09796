"""Configs: strict, every error named with its key, and back to TOML without loss."""

import tomllib

import pytest

from handgrad.config_file import (
    apply_override,
    experiment_names,
    load_config,
    make_config,
    parse_value,
    to_toml,
)
from handgrad.errors import ConfigError, UsageError

NAME = "digits-mlp-constant"


@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_is_valid_and_survives_toml(name: str) -> None:
    config = load_config(name)[1]
    assert make_config(tomllib.loads(to_toml(config))) == config


@pytest.mark.parametrize(
    ("override", "key", "said"),
    [
        ("training.epoch=3", "training.epoch", "did you mean 'epochs'?"),
        ("network.layers.1.unitz=3", "network.layers.1.unitz", "did you mean 'units'?"),
        ("network.layers.1.type=Dens", "network.layers.1.type", "did you mean 'Dense'?"),
        ("network.layers.1.type=os.system", "network.layers.1.type", "there is no 'os.system'"),
        ("network.layers.1.units=0.5", "network.layers.1.units", "received 0.5"),
        ("network.layers.1.init.sd=1", "network.layers.1.init.sd", "did you mean 'std'?"),
        ("optimizer.schedule.type=step", "optimizer.schedule.factor", "missing"),
        ("optimizer.learning_rate=nan", "optimizer.learning_rate", "finite"),
        ("data.train_images=-5", "data.train_images", "received -5"),
        ("loss.type=hinge", "loss.type", "received 'hinge'"),
        ("seed=-1", "seed", "received -1"),
        ("format=2", "format", "received 2"),
        ("loss.type=cross_entropy", "", "the last layer must be Softmax, it is Dense"),
        ('training.evaluate=["valid"]', "", "data.valid_images is 0"),
        ("training.early_stopping.patience=3", "", "needs data.valid_images"),
    ],
)
def test_an_error_names_key_and_remedy(override: str, key: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(NAME, [override])
    message = str(caught.value)
    assert message.startswith(f"{NAME}: {key}")
    assert said in message


def test_softmax_twice_is_refused() -> None:
    table = tomllib.loads(to_toml(load_config(NAME)[1]))
    table["network"]["layers"].append({"type": "Softmax"})
    with pytest.raises(ConfigError, match="contains the softmax"):
        make_config(table)


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(NAME, ["optimizer.learning_rate=fast", "loss.type=hinge", "lr=2"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{NAME}: ") for line in lines)


def test_syntax_errors_name_the_line(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("format = 1\nseed = = 2\n")
    with pytest.raises(ConfigError, match="line 2"):
        load_config(str(path))


def test_duplicate_keys_are_errors(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 1\nseed = 2\n")
    with pytest.raises(ConfigError, match="line 2"):
        load_config(str(path))


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path) -> None:
    text = to_toml(load_config(NAME)[1])
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_config(str(path)) == ("mine", load_config(NAME)[1])


def test_unknown_experiment_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'digits-mlp-constant'"):
        load_config("digits-mlp-constan")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("adam", "adam"),
        ('"a b"', "a b"),
        ("", ""),
    ],
)
def test_values_are_toml_or_plain_text(text: str, value: object) -> None:
    assert parse_value(text) == value


@pytest.mark.parametrize(
    "override", ["no equals", "=3", "network.layers.9.units=5", "network.layers.x=5", "seed.deeper=1"]
)
def test_overrides_that_lead_nowhere(override: str) -> None:
    table = tomllib.loads(to_toml(load_config(NAME)[1]))
    with pytest.raises(UsageError):
        apply_override(table, override)


def test_override_by_list_index() -> None:
    config = load_config(NAME, ["network.layers.1.units=50", "seeds.init=7"])[1]
    assert config.network.layers[1].units == 50
    assert (config.seed_for("init"), config.seed_for("order")) == (7, 0)
