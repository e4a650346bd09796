"""Programs without functions: one turn of the training loop at the top level gives (before - after) / rate."""

import ast
from types import ModuleType
from typing import Any

import numpy as np


def turn(m: ModuleType, **values: Any) -> None:
    """Runs the body of the last top-level loop once, with these names set; its variable is 1."""
    m.__dict__.update({"print": lambda *a, **k: None, **values})
    loops = [n for n in ast.parse(m.__source__).body if isinstance(n, ast.For | ast.While)]
    if isinstance(loops[-1], ast.For) and isinstance(loops[-1].target, ast.Name):
        m.__dict__.setdefault(loops[-1].target.id, 1)
    exec(compile(ast.Module(loops[-1].body, []), "loop", "exec"), m.__dict__)


def moved(m: ModuleType, parameters: dict[str, np.ndarray], rate: float, **values: Any) -> list[np.ndarray]:
    """What one turn takes from each parameter, divided by the rate."""
    before = {k: p.copy() for k, p in parameters.items()}
    turn(m, **values, **{k: p.copy() for k, p in parameters.items()})
    return [(before[k] - np.asarray(m.__dict__[k])) / rate for k in parameters]
