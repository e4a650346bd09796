"""Shared by the tests of data: nothing may be unpickled, and the machine's own data is out of sight unless wanted."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handgrad.data import Data, load_data, lookup


@pytest.fixture(autouse=True)
def no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read here, nothing is unpickled; NumPy reaches pickle through these names."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("something was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data folder anywhere; returns where HANDGRAD_DATA points, an empty folder."""
    place = tmp_path / "data folder"
    place.mkdir()
    monkeypatch.setenv("HANDGRAD_DATA", str(place))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lookup, "SYSTEM_FOLDER", tmp_path / "system")
    return place


@pytest.fixture(scope="session")
def real() -> Data:
    """Real digits: MNIST where HANDGRAD_DATA has it, else the 5,000 of the sample."""
    return load_data("mnist")


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether `real` is the whole MNIST by right: HANDGRAD_DATA has it."""
    stated = os.environ.get("HANDGRAD_DATA")
    return bool(stated) and (Path(stated) / "mnist").is_dir()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
