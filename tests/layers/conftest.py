"""Runs the layer contract (harness.py) once for each case and mode of each class that has cases."""

import pytest

pytest.register_assert_rewrite("harness")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"case", "train"} <= set(metafunc.fixturenames):
        pairs = [(case, train) for case in metafunc.cls.cases for train in case.modes]
        ids = [f"{case.name}-{'train' if train else 'inference'}" for case, train in pairs]
        metafunc.parametrize(("case", "train"), pairs, ids=ids)
