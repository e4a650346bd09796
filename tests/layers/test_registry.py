"""No layer escapes the harness."""

import importlib
from pathlib import Path

import harness

from handgrad.layers import LAYERS


def test_every_layer_of_the_registry_has_a_case() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(path.stem)
    missing = set(LAYERS) - harness.COVERED
    assert not missing, f"no case in tests/layers for: {', '.join(sorted(missing))}"
