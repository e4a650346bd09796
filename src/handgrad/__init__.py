"""Small neural networks with gradients written by hand: see them, check them, run them fast."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from handgrad import check
    from handgrad.check.notebook import load_ipython_extension
    from handgrad.config_file import load_config
    from handgrad.data import Data, Examples, load_data
    from handgrad.errors import HandgradError
    from handgrad.experiment import fit, train
    from handgrad.layers import Dense, Flatten, Identity, ReLU, Sigmoid, Softmax, Tanh
    from handgrad.network import Network
    from handgrad.runs import Run, list_runs, load_run

# Resolved on first use (PEP 562), so that `import handgrad` costs no NumPy.
_HOME = {
    "Data": "data",
    "Dense": "layers",
    "Examples": "data",
    "Flatten": "layers",
    "HandgradError": "errors",
    "Identity": "layers",
    "Network": "network",
    "ReLU": "layers",
    "Run": "runs",
    "Sigmoid": "layers",
    "Softmax": "layers",
    "Tanh": "layers",
    "fit": "experiment",
    "list_runs": "runs",
    "load_config": "config_file",
    "load_data": "data",
    "load_ipython_extension": "check.notebook",
    "load_run": "runs",
    "train": "experiment",
}
_MODULES = ("check",)  # it can be called: handgrad.check(backward)

__all__ = [
    "Data",
    "Dense",
    "Examples",
    "Flatten",
    "HandgradError",
    "Identity",
    "Network",
    "ReLU",
    "Run",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "check",
    "fit",
    "list_runs",
    "load_config",
    "load_data",
    "load_ipython_extension",
    "load_run",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"handgrad.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'handgrad' has no attribute {name!r}")
    return getattr(import_module(f"handgrad.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, *_MODULES])
