"""What the imports of a program that is run whole find: NumPy, small data sets, and things that take any call."""

from __future__ import annotations

import argparse
import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from handgrad.check.reading.imports import ALLOWED
from handgrad.check.reading.imports import make_import as careful_import
from handgrad.check.reading.rounds.tables import KERAS, PANDAS, Table, data_set
from handgrad.kernels.types import Array


class Anything:
    """A plot, a progress bar's module, a logger: whatever is called on it, it gives itself."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        single = len(arguments) == 1 and callable(arguments[0]) and not isinstance(arguments[0], Anything)
        return arguments[0] if single else self

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class _Images(Anything):
    """Keras, of which only the data sets are real."""

    def __getattr__(self, name: str) -> Any:
        return KERAS if "mnist" in name else super().__getattr__(name)


def make_import(beside: Callable[[str], Any]) -> Callable[..., Any]:
    """An `__import__` for a program that is run from its first line on."""
    careful = careful_import(beside)

    def pretending(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        root = name.split(".")[0]
        if root in ALLOWED or root == "scipy" or (root and beside(root) is not None):
            return careful(name, globals, locals, fromlist, level)
        if root == "argparse":
            return builtins.__import__(name, globals, locals, fromlist, level) and argparse
        if root == "tqdm":
            return SimpleNamespace(tqdm=_passed, trange=range, auto=SimpleNamespace(tqdm=_passed, trange=range),
                                   notebook=SimpleNamespace(tqdm=_passed))  # fmt: skip
        if root == "sklearn":
            return _SKLEARN if not fromlist else _parts_of(name)
        if root == "pandas":
            return PANDAS
        if root in ("keras", "tensorflow", "torchvision"):
            return _Images()
        return Anything()

    return pretending


def _passed(values: Any, *_: Any, **__: Any) -> Any:
    return values


class _DataSets:
    """scikit-learn's data sets."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("load_", "fetch_", "make_")):
            raise AttributeError(name)
        x, y = (made.view(Table) for made in data_set(name))
        made = SimpleNamespace(data=x, target=y, images=x, feature_names=[], target_names=["a", "b", "c"])
        bare = name.startswith("make_")
        return lambda *_, return_X_y=bare, **__: (x.copy(), y.copy()) if return_X_y else made


def _split(*arrays: Any, **_: Any) -> list[Any]:
    return [part for a in arrays for part in (np.asarray(a)[: 3 * len(a) // 4], np.asarray(a)[3 * len(a) // 4 :])]


class _OneHot:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def fit_transform(self, labels: Any) -> Array:
        made = np.asarray(labels, int).ravel()
        one_hot: Array = np.eye(int(made.max()) + 1)[made]
        return one_hot

    transform = fit_transform


class _Scaler:
    def __init__(self, *_: Any, **__: Any) -> None:
        self.mean_: Any = 0.0
        self.scale_: Any = 1.0

    def fit(self, x: Any, _: Any = None) -> _Scaler:
        self.mean_, self.scale_ = np.mean(x, axis=0), np.std(x, axis=0) + 1e-9
        return self

    def transform(self, x: Any) -> Array:
        made: Array = (np.asarray(x) - self.mean_) / self.scale_
        return made

    def fit_transform(self, x: Any, _: Any = None) -> Array:
        return self.fit(x).transform(x)


_SKLEARN = SimpleNamespace(
    datasets=_DataSets(),
    model_selection=SimpleNamespace(train_test_split=_split),
    preprocessing=SimpleNamespace(
        StandardScaler=_Scaler,
        MinMaxScaler=_Scaler,
        scale=_Scaler().fit_transform,
        OneHotEncoder=_OneHot,
        LabelBinarizer=_OneHot,
    ),
    metrics=Anything(),
)


def _parts_of(name: str) -> Any:
    return getattr(_SKLEARN, name.split(".")[1], Anything()) if "." in name else _SKLEARN
