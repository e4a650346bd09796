"""The native exp, log and tanh, seen through the kernels that use them, against the exact values."""

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("variant")


def ulps(received: np.ndarray, exact: np.ndarray) -> float:
    """The largest error in units in the last place. `exact` is of a longer type."""
    unit = np.spacing(np.abs(exact.astype(received.dtype))).astype(exact.dtype)
    return float((np.abs(received - exact) / unit).max())


def run(kernel: str, x: np.ndarray) -> np.ndarray:
    from handgrad.kernels import native

    y = np.full_like(x, np.nan)
    getattr(native, kernel)(y, x)
    return y


def spread(dtype: str, reach: float) -> np.ndarray:
    """Both signs, evenly and down to the smallest magnitudes."""
    x = np.concatenate([np.linspace(0, reach, 40001), np.geomspace(1e-30, reach, 20001)])
    return np.concatenate([x, -x]).astype(dtype)


@pytest.mark.parametrize(("dtype", "longer", "reach"), [("float32", "float64", 12), ("float64", "longdouble", 25)])
def test_tanh(dtype: str, longer: str, reach: float) -> None:
    x = spread(dtype, reach)
    assert ulps(run("tanh_forward", x), np.tanh(x.astype(longer))) < 4


@pytest.mark.parametrize(("dtype", "longer", "reach"), [("float32", "float64", 87), ("float64", "longdouble", 707)])
def test_sigmoid(dtype: str, longer: str, reach: float) -> None:
    x = spread(dtype, reach)
    e = np.exp(-np.abs(x.astype(longer)))
    assert ulps(run("sigmoid_forward", x), np.where(x >= 0, 1, e) / (1 + e)) < 4


@pytest.mark.parametrize(("dtype", "least", "tiny"), [("float32", -103.9, 1.4e-45), ("float64", -745.1, 5e-324)])
def test_exp_of_the_smallest_results_is_within_one_subnormal(dtype: str, least: float, tiny: float) -> None:
    x = np.linspace(least - 5, 0, 5001).astype(dtype)
    exact = np.exp(x.astype("longdouble"))
    exact = exact / (1 + exact)
    assert (np.abs(run("sigmoid_forward", x) - exact) <= 2 * tiny + 4e-7 * exact).all()


@pytest.mark.parametrize(("dtype", "longer"), [("float32", "float64"), ("float64", "longdouble")])
def test_log(dtype: str, longer: str) -> None:
    from handgrad.kernels import native

    info = np.finfo(dtype)
    p = np.concatenate([np.geomspace(info.tiny, info.max / 2, 40001), np.linspace(0.5, 2, 40001)]).astype(dtype)[
        :, None
    ]
    losses, ones = np.full(len(p), np.nan, dtype), np.ones(len(p), dtype)
    native.cross_entropy(losses, None, p, np.ones_like(p), ones)
    exact = -np.log(p[:, 0].astype(longer))
    assert ulps(losses[exact != 0], exact[exact != 0]) < 4
    np.testing.assert_array_equal(losses[exact == 0], 0)
