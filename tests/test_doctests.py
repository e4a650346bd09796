"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import handgrad

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(handgrad.__path__, "handgrad.")
    if not m.name.endswith(("__main__", "_native"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"np": np, "tmp_path": tmp_path})
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = sum(len(t.examples) for name in MODULES for t in finder.find(importlib.import_module(name)))
    assert examples > 100
